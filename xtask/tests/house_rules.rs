//! House rules as tests: imports between crates, sizes, purity of `decide`, no `unwrap` outside
//! tests, no leftovers, licences and sources of dependencies.
#![allow(missing_docs, unreachable_pub)]

mod house;

use house::{Repository, Source};

#[test]
fn imports_follow_the_table_in_the_architecture() {
    house::imports::check(&Repository::open());
}

#[test]
fn dependencies_have_an_accepted_licence_and_source() {
    house::licences::check(&Repository::open());
}

#[test]
fn the_agent_tree_stays_small() {
    house::licences::agent_tree(&Repository::open());
}

#[test]
fn files_and_functions_fit_a_screen() {
    let faults: Vec<String> =
        Repository::open().sources().iter().flat_map(house::size::faults).collect();
    assert!(faults.is_empty(), "too long:\n{}", faults.join("\n"));
}

#[test]
fn decide_is_pure() {
    let repository = Repository::open();
    let faults: Vec<String> = repository
        .sources()
        .iter()
        .filter(|source| source.is_under("crates/decide/src"))
        .flat_map(house::purity::faults)
        .collect();
    assert!(faults.is_empty(), "decide must stay pure:\n{}", faults.join("\n"));
}

#[test]
fn nothing_unwraps_outside_tests() {
    let faults: Vec<String> =
        Repository::open().sources().iter().flat_map(house::purity::unwraps).collect();
    assert!(faults.is_empty(), "unwrap outside tests:\n{}", faults.join("\n"));
}

#[test]
fn every_crate_but_the_example_forbids_unsafe() {
    let faults: Vec<String> = Repository::open()
        .sources()
        .iter()
        .filter(|source| source.is_crate_root() && !source.is_under("examples/sensor"))
        .filter(|source| !source.text.contains("#![forbid(unsafe_code)]"))
        .map(|source| source.name.clone())
        .collect();
    assert!(faults.is_empty(), "#![forbid(unsafe_code)] is missing in:\n{}", faults.join("\n"));
}

#[test]
fn modules_say_what_they_answer_for() {
    let undocumented = |source: &&Source| !source.text.trim_start().starts_with("//!");
    let faults: Vec<String> = Repository::open()
        .sources()
        .iter()
        .filter(|source| !source.is_test())
        .filter(undocumented)
        .map(|source| source.name.clone())
        .collect();
    assert!(faults.is_empty(), "no module documentation in:\n{}", faults.join("\n"));
}

#[test]
fn nothing_is_left_over() {
    let faults = house::leftovers::faults(&Repository::open());
    assert!(faults.is_empty(), "left over:\n{}", faults.join("\n"));
}

#[test]
fn the_rules_bite() {
    let long = format!("//! x\nfn long() {{\n{}}}\n", "    let _ = 1;\n".repeat(71));
    assert_eq!(house::size::faults(&Source::example("a.rs", &long)).len(), 1);
    let impure = "//! x\nuse std::collections::HashMap;\nfn f() { std::time::Instant::now(); }\n";
    assert_eq!(house::purity::faults(&Source::example("a.rs", impure)).len(), 2);
    let unwraps = "//! x\nfn f() { Some(1).unwrap(); }\n#[cfg(test)] mod t { fn g() { Some(1).unwrap(); } }\n";
    assert_eq!(house::purity::unwraps(&Source::example("a.rs", unwraps)).len(), 1);
}
