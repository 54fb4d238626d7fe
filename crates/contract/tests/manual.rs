//! The manual of contracts: every key has its line, and every example is a good contract.
#![allow(missing_docs)]

use ringfence_contract as contract;

use contract::{Contract, schema};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

fn manual() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/contract.md");
    std::fs::read_to_string(path).expect("the manual")
}

/// Every key that the schema names, at any depth.
fn keys(schema: &Value, keys: &mut BTreeSet<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        for (key, inner) in properties {
            keys.insert(key.clone());
            self::keys(inner, keys);
        }
    }
    if let Some(items) = schema.get("items") {
        self::keys(items, keys);
    }
}

#[test]
fn every_key_of_the_schema_is_in_the_manual() {
    let mut all = BTreeSet::new();
    keys(&schema::named("contract").expect("known"), &mut all);
    assert!(all.len() > 50, "{all:?}");
    let text = manual();
    let missing: Vec<&String> =
        all.iter().filter(|key| !text.contains(&format!("`{key}`"))).collect();
    let shown: Vec<&&String> =
        missing.iter().filter(|key| !text.contains(&format!("`[{key}]`"))).collect();
    let listed: Vec<&&&String> =
        shown.iter().filter(|key| !text.contains(&format!("`[[{key}]]`"))).collect();
    assert!(listed.is_empty(), "keys without a line: {listed:?}");
}

#[test]
fn every_example_is_a_good_contract_and_no_key_is_without_one() {
    let text = manual();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.toml");
    let examples: Vec<&str> =
        text.split("```toml\n").skip(1).filter_map(|part| part.split("```").next()).collect();
    assert!(examples.len() >= 8);
    for example in &examples {
        std::fs::write(&path, example).expect("written");
        if let Err(faults) = Contract::load(&path) {
            panic!("{example}\n{faults:?}");
        }
    }
    let mut all = BTreeSet::new();
    keys(&schema::named("contract").expect("known"), &mut all);
    let together = examples.concat();
    let without: Vec<&String> = all.iter().filter(|key| !together.contains(key.as_str())).collect();
    assert!(without.is_empty(), "keys without an example: {without:?}");
}

/// Keys at one level: those of the schema, and those that the reader knows, by its own message.
#[test]
fn the_schema_names_the_keys_that_the_reader_knows() {
    let schema = schema::named("contract").expect("known");
    let levels = [
        ("", "odd = 1", "/properties"),
        ("[limits]", "odd = 1", "/properties/limits/properties"),
        ("[growth]", "odd = 1", "/properties/growth/properties"),
        ("[csv]", "odd = 1", "/properties/csv/properties"),
        ("[lines]", "odd = 1", "/properties/lines/properties"),
        ("[[field]]", "odd = 1", "/properties/field/items/properties"),
        ("[[column]]", "odd = 1", "/properties/column/items/properties"),
        ("[[consumer]]", "odd = 1", "/properties/consumer/items/properties"),
        (
            "[[consumer]]\n[[consumer.takes]]",
            "odd = 1",
            "/properties/consumer/items/properties/takes/items/properties",
        ),
        ("[layout]", "odd = 1", "/properties/layout/properties"),
        ("[layout.records]", "odd = 1", "/properties/layout/properties/records/properties"),
        ("[[layout.header]]", "odd = 1", "/properties/layout/properties/header/items/properties"),
    ];
    for (section, line, pointer) in levels {
        let text = format!("{section}\n{line}\n");
        let error = toml::from_str::<Contract>(&text).expect_err("unknown key");
        let message = error.message();
        assert!(message.contains("unknown field `odd`"), "{section}: {message}");
        let known: BTreeSet<&str> = message.split('`').skip(3).step_by(2).collect();
        let named = schema.pointer(pointer).and_then(Value::as_object).expect(pointer);
        let named: BTreeSet<&str> = named.keys().map(String::as_str).collect();
        assert_eq!(named, known, "{section}");
    }
}

#[test]
fn the_shipped_contracts_are_good() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts");
    for entry in std::fs::read_dir(directory).expect("contracts") {
        let path = entry.expect("readable").path();
        assert!(Contract::load(&path).is_ok(), "{}", path.display());
    }
}
