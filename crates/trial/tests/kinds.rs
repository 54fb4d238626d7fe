//! Every kind of mutation is made, every variant is of a kind, and the manual names them all.
#![allow(missing_docs)]

use contract::Contract;
use ringfence_trial as trial;

use std::collections::BTreeSet;
use std::path::Path;
use trial::mutate::{Draws, KINDS, Variant, random, systematic};

const JSON: &str = "schema = \"ringfence/contract/v1\"\nchannel = \"rules\"\nformat = \"json\"\n";

fn shipped(name: &str) -> Contract {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts");
    Contract::load(&root.join(name)).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn written(text: &str) -> Contract {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.toml");
    std::fs::write(&path, text).expect("written");
    Contract::load(&path).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// A channel file of three instances, each with 21 criteria.
fn channel_file() -> Vec<u8> {
    let mut payload = Vec::new();
    for id in 0..3u32 {
        payload.extend(id.to_le_bytes());
        payload.extend([21, 0, 1, 50]);
        for field in 1..=21 {
            let text: &[u8] = if field == 1 { b"pipe" } else { b"" };
            payload.extend([field, u8::from(field == 1), text.len() as u8, 0]);
            payload.extend(text);
        }
    }
    let mut bytes = b"RFCF\x01\x00\x03\x00\x03\x00\x00\x00".to_vec();
    bytes.extend((payload.len() as u32).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(payload);
    // Writing it again makes the checksum right.
    let contract = shipped("ipc-rules.toml");
    let layout = contract.layout.as_ref().expect("binary");
    contract::binary::write(layout, &contract::binary::read(layout, &bytes).expect("readable"))
}

fn made(contract: &Contract, bytes: &[u8], most: usize) -> Vec<Variant> {
    let words = ["pipe".to_owned()];
    let mut variants = systematic(contract, bytes, &words, 7, most);
    assert!(variants.len() <= most);
    let mut draws = Draws::new(7);
    variants.extend((0..400).map(|_| random(contract, bytes, &mut draws)));
    variants
}

#[test]
fn every_kind_is_made_and_every_variant_is_of_a_kind() {
    let include = b"# served\nlocation /a {\n  return 200;\n}\n".to_vec();
    let rules = br#"{"rules": [{"name": "a", "level": 1}, {"name": "b/c", "level": 2}]}"#;
    let subjects = [
        (shipped("ipc-rules.toml"), channel_file()),
        (shipped("nginx-include.toml"), include),
        (written(JSON), rules.to_vec()),
    ];
    let all: Vec<Variant> =
        subjects.iter().flat_map(|(contract, bytes)| made(contract, bytes, 2_000)).collect();
    let kinds: BTreeSet<&str> = all.iter().map(|variant| variant.kind.as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(KINDS));
    for variant in &all {
        assert!(!variant.change.is_empty() && !variant.cause.is_empty(), "{variant:?}");
    }
}

#[test]
fn a_small_budget_has_a_dozen_kinds_and_reaches_the_last_item() {
    let contract = shipped("ipc-rules.toml");
    let bytes = channel_file();
    let variants = systematic(&contract, &bytes, &[], 1, 45);
    let kinds: BTreeSet<&str> = variants.iter().map(|variant| variant.kind.as_str()).collect();
    assert!(kinds.len() >= 12, "{kinds:?}");
    for name in ["equals (1)", "prefix (2)", "contains (3)"] {
        let wanted = format!("criteria[21].op is {name} instead of wildcard (0)");
        assert!(variants.iter().any(|v| v.change.contains(&wanted)), "{wanted}");
    }
}

#[test]
fn variants_of_a_binary_file_have_sound_checksums_and_most_are_read() {
    let contract = shipped("ipc-rules.toml");
    let layout = contract.layout.as_ref().expect("binary");
    let variants = systematic(&contract, &channel_file(), &[], 1, 200);
    let sound = |variant: &&Variant| match contract::binary::read(layout, &variant.bytes) {
        Ok(tree) => contract::binary::write(layout, &tree) == variant.bytes,
        Err(_) => false,
    };
    let count = variants.iter().filter(sound).count();
    assert!(count * 10 >= variants.len() * 9, "{count} of {}", variants.len());
}

#[test]
fn hostile_files_are_mutated_without_a_panic_within_the_budget() {
    let files: [&[u8]; 6] =
        [b"", b"\0", b"\xff\xfe", b"RFCF", b"{\"a\": [[[[[[]]]]]]}", b"\xef\xbb\xbf{}\r\n"];
    for name in ["ipc-rules.toml", "nginx-include.toml"] {
        for file in files {
            made(&shipped(name), file, 50);
            made(&written(JSON), file, 50);
        }
    }
}

#[test]
fn large_files_have_variants_of_a_bounded_size() {
    // One line of 400 kB, and 20,000 lines.
    let long = format!("{{\"rules\": [{}1]}}", "1,".repeat(200_000));
    let many = "location /a {\n}\n".repeat(10_000);
    for (contract, text) in [(written(JSON), &long), (shipped("nginx-include.toml"), &many)] {
        let variants = systematic(&contract, text.as_bytes(), &[], 3, 24);
        assert_eq!(variants.len(), 24);
        let largest = variants.iter().map(|variant| variant.bytes.len()).max();
        assert!(largest < Some(64 << 20), "{largest:?}");
    }
    // A binary file with 20,000 items in one record is read, and its last items are changed.
    let contract = shipped("ipc-rules.toml");
    let layout = contract.layout.as_ref().expect("binary");
    let mut tree = contract::binary::read(layout, &channel_file()).expect("readable");
    let item = tree.records[0].items[1].clone();
    tree.records[0].items = vec![item; 20_000];
    let variants = systematic(&contract, &contract::binary::write(layout, &tree), &[], 3, 24);
    assert!(variants.iter().any(|variant| variant.change.contains("criteria[20000]")));
}

#[test]
fn the_manual_names_every_kind_and_no_other() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/mutations.md");
    let text = std::fs::read_to_string(path).expect("the manual");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(rows.collect::<BTreeSet<_>>(), BTreeSet::from(KINDS));
}
