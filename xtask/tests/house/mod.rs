//! The repository as the rules see it.

pub mod imports;
pub mod leftovers;
pub mod licences;
pub mod purity;
pub mod size;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The work tree.
pub struct Repository {
    pub root: PathBuf,
}

/// One Rust source file.
pub struct Source {
    /// Path from the root of the repository.
    pub name: String,
    pub text: String,
}

impl Repository {
    pub fn open() -> Repository {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask has a parent");
        Repository { root: root.to_owned() }
    }

    /// Every file that is part of the project: tracked, or new and not ignored. Outside a
    /// checkout (a source archive) every file but build output.
    pub fn files(&self) -> Vec<String> {
        let git = Command::new("git")
            .args(["ls-files", "--cached", "--others", "--exclude-standard"])
            .current_dir(&self.root)
            .output();
        let mut files: Vec<String> = match git {
            Ok(output) if output.status.success() => {
                String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
            }
            _ => walk(&self.root, &self.root),
        };
        files.retain(|name| self.root.join(name).is_file());
        files
    }

    pub fn sources(&self) -> Vec<Source> {
        self.files()
            .into_iter()
            .filter(|name| name.ends_with(".rs"))
            .map(|name| Source {
                text: std::fs::read_to_string(self.root.join(&name)).expect("readable source"),
                name,
            })
            .collect()
    }

    /// `cargo metadata` of the workspace with every dependency.
    pub fn metadata(&self) -> serde_json::Value {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked"])
            .current_dir(&self.root)
            .output()
            .expect("cargo runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("cargo prints JSON")
    }
}

fn walk(root: &Path, directory: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).expect("readable directory").flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if name == "target" || name == ".git" {
            continue;
        }
        if path.is_dir() {
            files.extend(walk(root, &path));
        } else if let Ok(name) = path.strip_prefix(root) {
            files.push(name.to_string_lossy().into_owned());
        }
    }
    files
}

impl Source {
    pub fn example(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), text: text.to_owned() }
    }
    pub fn is_under(&self, directory: &str) -> bool {
        self.name.starts_with(directory)
    }
    /// Test code: integration tests, and modules that only tests compile.
    pub fn is_test(&self) -> bool {
        self.name.contains("/tests/") || self.name.ends_with("/tests.rs")
    }
    pub fn is_crate_root(&self) -> bool {
        (self.name.ends_with("src/lib.rs") || self.name.ends_with("src/main.rs"))
            || self.name.contains("src/bin/")
    }
    pub fn parse(&self) -> syn::File {
        syn::parse_file(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }
}
