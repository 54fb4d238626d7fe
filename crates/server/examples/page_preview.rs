//! Writes every page in every state to a directory, to be looked at in a browser.
//!
//! `cargo run -p ringfence-server --example page_preview -- DIR`, then serve DIR.

#[path = "../tests/pages_fixture/mod.rs"]
mod pages_fixture;

use pages_fixture::{large, stories, viewer};
use ringfence_server::model::{Role, Snapshot};
use ringfence_server::{pages, retro};
use std::fs;
use std::io;
use std::path::Path;

fn write(directory: &Path, name: &str, text: &str) -> io::Result<()> {
    fs::write(directory.join(format!("{name}.html")), text)
}

fn story(directory: &Path, name: &str, snapshot: &Snapshot) -> io::Result<()> {
    write(directory, name, &pages::now(snapshot, &viewer(Role::Operator)))?;
    let Some(first) = snapshot.rollouts.first() else { return Ok(()) };
    for role in Role::ALL {
        let page = pages::rollout(snapshot, &first.rollout, &viewer(role)).unwrap_or_default();
        write(directory, &format!("{name}-rollout-{role}"), &page)?;
    }
    let mut audit = snapshot.audit.clone();
    audit.reverse();
    fs::write(
        directory.join(format!("{name}-retro.md")),
        retro::markdown(first, &audit, snapshot.as_of),
    )
}

fn main() -> io::Result<()> {
    let directory = std::env::args().nth(1).unwrap_or_else(|| "page-preview".into());
    let directory = Path::new(&directory);
    fs::create_dir_all(directory.join("assets"))?;
    let login = pages::login(Some("that token is not known here"));
    for part in login.split("/assets/").skip(1) {
        let name = part.split('"').next().unwrap_or_default();
        if let Some(asset) = pages::asset(name) {
            fs::write(directory.join("assets").join(name), asset.bytes)?;
        }
    }
    write(directory, "login", &login)?;
    for (name, snapshot) in stories() {
        story(directory, name, &snapshot)?;
    }
    write(directory, "million", &pages::now(&large(200), &viewer(Role::Operator)))
}
