//! Licences and sources of everything that is linked in, and the size of the agent's tree.

use super::Repository;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Licences that a dependency may be used under.
const ACCEPTED: &[&str] = &[
    "Apache-2.0",
    "MIT",
    "MIT-0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unlicense",
    "Zlib",
    "0BSD",
    "Unicode-3.0",
    "CC0-1.0",
    "OpenSSL",
    "BSL-1.0",
    "CDLA-Permissive-2.0",
];

/// Crates in the agent's tree (normal dependencies, ours included). A new one is a design
/// decision: raise the ceiling in the same commit that says why.
const AGENT_CRATES_MAX: usize = 130;

fn accepted(expression: &str) -> bool {
    // Old crates write `MIT/Apache-2.0`; the lax mode reads that as OR.
    spdx::Expression::parse_mode(expression, spdx::ParseMode::LAX).is_ok_and(|parsed| {
        parsed.evaluate(|requirement| match &requirement.license {
            spdx::LicenseItem::Spdx { id, .. } => ACCEPTED.contains(&id.name),
            spdx::LicenseItem::Other { .. } => false,
        })
    })
}

pub fn check(repository: &Repository) {
    let metadata = repository.metadata();
    let packages = metadata["packages"].as_array().expect("packages");
    let mut faults = Vec::new();
    for package in packages {
        let name = format!("{} {}", text(package, "name"), text(package, "version"));
        let source = package["source"].as_str();
        if source.is_some_and(|source| !source.starts_with("registry+")) {
            faults.push(format!("{name}: comes from {}", source.unwrap_or_default()));
        }
        if !accepted(package["license"].as_str().unwrap_or_default()) {
            faults.push(format!("{name}: licence {}", package["license"]));
        }
    }
    assert!(packages.len() > 50, "cargo metadata shows {} packages", packages.len());
    assert!(faults.is_empty(), "dependencies that are not accepted:\n{}", faults.join("\n"));
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Packages reachable from `root` over normal dependencies of this platform.
pub fn reachable(metadata: &Value, root: &str) -> BTreeSet<String> {
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .map(|node| (text(node, "id"), node))
        .collect();
    let start = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .find(|package| text(package, "name") == root)
        .map(|package| text(package, "id"))
        .expect("the package exists");
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        if !seen.insert(id.to_owned()) {
            continue;
        }
        for dependency in nodes[id]["deps"].as_array().into_iter().flatten() {
            let normal = dependency["dep_kinds"].as_array().into_iter().flatten().any(|kind| {
                kind["kind"].is_null()
                    && kind["target"].as_str().is_none_or(|target| !target.contains("windows"))
            });
            if normal {
                open.push(text(dependency, "pkg"));
            }
        }
    }
    seen
}

pub fn agent_tree(repository: &Repository) {
    let tree = reachable(&repository.metadata(), "ringfence-agent");
    assert!(tree.len() > 10, "the tree has only {} crates: {tree:?}", tree.len());
    assert!(
        tree.len() <= AGENT_CRATES_MAX,
        "the agent's tree has {} crates, limit {AGENT_CRATES_MAX}",
        tree.len()
    );
    for banned in ["tokio", "rusqlite", "ringfence-server", "ringfence-trial", "reqwest"] {
        assert!(
            !tree.iter().any(
                |id| id.contains(&format!("#{banned}@")) || id.contains(&format!("/{banned}#"))
            ),
            "the agent must not depend on {banned}"
        );
    }
}
