//! The import table of ARCHITECTURE.md against `cargo metadata`.

use super::Repository;
use std::collections::{BTreeMap, BTreeSet};

/// Rows `| crate | may import |` between the two marks in ARCHITECTURE.md.
fn table(architecture: &str) -> BTreeMap<String, BTreeSet<String>> {
    let begin = architecture.find("<!-- imports -->").expect("the table begins with its mark");
    let end = architecture.find("<!-- /imports -->").expect("the table ends with its mark");
    architecture[begin..end]
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let names = |cell: &str| -> BTreeSet<String> {
                cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
            };
            (names(cells[1]).into_iter().next().expect("a crate's name"), names(cells[2]))
        })
        .collect()
}

pub fn check(repository: &Repository) {
    let architecture = std::fs::read_to_string(repository.root.join("ARCHITECTURE.md"))
        .expect("ARCHITECTURE.md is there");
    let wanted = table(&architecture);
    let metadata = repository.metadata();
    let ours: BTreeSet<&str> = metadata["workspace_members"]
        .as_array()
        .expect("members")
        .iter()
        .filter_map(|id| id.as_str())
        .collect();
    let mut actual: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in metadata["packages"].as_array().expect("packages") {
        if !ours.contains(package["id"].as_str().unwrap_or_default()) {
            continue;
        }
        let imports = package["dependencies"].as_array().expect("dependencies").iter();
        let imports = imports
            .filter(|dependency| dependency["kind"].is_null() && dependency["path"].is_string())
            .map(|dependency| dependency["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        actual.insert(package["name"].as_str().unwrap_or_default().to_owned(), imports);
    }
    assert_eq!(actual, wanted, "left: Cargo.toml files, right: the table in ARCHITECTURE.md");
}
