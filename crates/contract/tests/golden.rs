//! One helper, many cases: a contract, a file, and what the check says of it.
#![allow(missing_docs)]

use decide::finding::Finding;
use ringfence_contract as contract;

use contract::{Contract, check};
use std::path::Path;

fn load(text: &str) -> Contract {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("c.toml");
    std::fs::write(&path, text).expect("written");
    Contract::load(&path).unwrap_or_else(|faults| panic!("{faults:?}"))
}

const JSON: &str = r#"
schema = "ringfence/contract/v1"
channel = "rules"
format = "json"
limits = { records = "/rules", records_max = 3, bytes_max = 4096, repeated_permille_max = 100 }
growth = { bytes_percent_max = 150, records_percent_min = 50 }
[[field]]
path = "/rules/*"
type = "object"
closed = true
[[field]]
path = "/rules/*/name"
type = "string"
required = true
unique = true
pattern = "[a-z-]+"
length_max = 12
[[field]]
path = "/rules/*/level"
type = "integer"
min = 1
max = 5
[[field]]
path = "/rules/*/action"
one_of = ["observe", "detect", "block"]
"#;

/// `code line:column field` of each finding.
fn brief(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|f| {
            let place = &f.place;
            let at =
                place.line.map_or(String::new(), |l| format!(" {l}:{}", place.column.unwrap_or(0)));
            format!(
                "{}{at}{}",
                f.code,
                place.field.as_ref().map_or(String::new(), |f| format!(" {f}"))
            )
        })
        .collect()
}

#[test]
fn json_findings_and_their_places() {
    let contract = load(JSON);
    let rule = |inner: &str| format!("{{\"rules\": [\n {{{inner}}}\n]}}");
    let good = r#""name": "a", "level": 1, "action": "block""#;
    let cases: Vec<(String, Vec<&str>)> = vec![
        (rule(good), vec![]),
        (String::new(), vec!["RF0101"]),
        (" ".repeat(5000), vec!["RF0102", "RF0103 1:5001"]),
        ("{\"rules\": [\n {]}".into(), vec!["RF0103 2:3"]),
        ("{\"rules\": [] x".into(), vec!["RF0103 1:14"]),
        (rule(r#""level": 1"#), vec!["RF0104 2:2 /rules/0"]),
        (rule(r#""name": "  ""#), vec!["RF0104 2:11 /rules/0/name"]),
        (rule(r#""name": 7"#), vec!["RF0105 2:11 /rules/0/name"]),
        (rule(r#""name": "a", "level": 9"#), vec!["RF0106 2:25 /rules/0/level"]),
        (rule(r#""name": "a", "action": "blok""#), vec!["RF0108 2:26 /rules/0/action"]),
        (rule(r#""name": "A""#), vec!["RF0109 2:11 /rules/0/name"]),
        (rule(r#""name": "abcdefghijklm""#), vec!["RF0110 2:11 /rules/0/name"]),
        (rule(r#""name": "a", "levle": 1"#), vec!["RF0111 2:16 /rules/0/levle"]),
        (rule(r#""name": "a", "level": 1, "level": 2"#), vec!["RF0112 2:28"]),
        (
            rule(r#""name": "a", "level": 9007199254740993"#),
            vec!["RF0113 2:25", "RF0106 2:25 /rules/0/level"],
        ),
        (rule(r#""name": "a", "level": 1e400"#), vec!["RF0113 2:25", "RF0105 2:25 /rules/0/level"]),
        (format!("{}1{}", "[".repeat(200), "]".repeat(200)), vec!["RF0114 1:129"]),
        ("{\"rules\": []}".into(), vec!["RF0115"]),
        ("{\"rule\": []}".into(), vec!["RF0104", "RF0115"]),
        (format!("\u{feff}{}", rule(good)), vec!["RF0103 1:1"]),
        (rule("\"name\": \"a\u{1}\""), vec!["RF0103 2:13"]),
        (rule(r#""name": "\ud800""#), vec!["RF0113 2:12", "RF0109 2:11 /rules/0/name"]),
    ];
    for (text, expected) in cases {
        let report = check(&contract, "f.json", text.as_bytes(), None);
        assert_eq!(brief(&report.findings), expected, "{text:.80}");
        assert_eq!(report.verdict.opens_gate(), expected.is_empty());
    }
}

#[test]
fn growth_and_repetition_against_the_last_good_release() {
    let contract = load(JSON);
    let rules = |n: usize, name: fn(usize) -> String| {
        let rules: Vec<String> = (0..n).map(|i| format!("{{\"name\": \"{}\"}}", name(i))).collect();
        format!("{{\"rules\": [{}]}}", rules.join(", "))
    };
    let letter = |i: usize| char::from(b'a' + i as u8).to_string();
    let good = rules(3, letter);
    let codes = |text: &str| -> Vec<String> {
        brief(&check(&contract, "f", text.as_bytes(), Some(good.as_bytes())).findings)
    };
    assert_eq!(codes(&good), Vec::<String>::new());
    assert_eq!(codes(&rules(1, letter)), ["RF0116"]);
    let doubled = rules(6, |i| char::from(b'a' + (i % 3) as u8).to_string());
    let found = codes(&doubled);
    for code in ["RF0112", "RF0115", "RF0116", "RF0117"] {
        assert!(found.iter().any(|line| line.starts_with(code)), "{code} in {found:?}");
    }
}

#[test]
fn csv_and_lines() {
    let csv = load(
        r#"
schema = "ringfence/contract/v1"
channel = "bots"
format = "csv"
[[column]]
name = "id"
type = "integer"
required = true
unique = true
max = 100
[[column]]
name = "feature"
required = true
"#,
    );
    let cases = [
        ("id,feature\n1,a\n2,b\n", vec![]),
        ("id,feature\n1,a\n1,b\n", vec!["RF0112 3:1 id"]),
        (
            "id,feature\n1,\nx,b\n101,c\n",
            vec!["RF0104 2:3 feature", "RF0105 3:1 id", "RF0106 4:1 id"],
        ),
        ("id,feature\n1,a,z\n", vec!["RF0103 2:1"]),
        ("id,fature\n1,a\n", vec!["RF0104 1:1"]),
        ("id,feature\n", vec!["RF0115"]),
    ];
    for (text, expected) in cases {
        assert_eq!(
            brief(&check(&csv, "f.csv", text.as_bytes(), None).findings),
            expected,
            "{text}"
        );
    }
    let lines = load(
        r##"
schema = "ringfence/contract/v1"
channel = "include"
format = "lines"
lines = { comment = "#", length_max = 10, forbid = ["^include"] }
"##,
    );
    let cases: [(&[u8], Vec<&str>); 5] = [
        (b"# c\nok\n\n", vec![]),
        (b"include x\n", vec!["RF0109 1:1"]),
        (b"ok\n01234567890\n", vec!["RF0110 2:1"]),
        (b"ok\n\xff\n", vec!["RF0103 2:1"]),
        (b"# only\n", vec!["RF0115"]),
    ];
    for (text, expected) in cases {
        assert_eq!(brief(&check(&lines, "f", text, None).findings), expected);
    }
}

fn sensor(name: &str) -> Contract {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts");
    Contract::load(&root.join(name)).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// A channel file of one instance: criteria as (field, operator, value).
fn channel_file(criteria: &[(u8, u8, &str)]) -> Vec<u8> {
    let mut payload = 7u32.to_le_bytes().to_vec();
    payload.extend((criteria.len() as u16).to_le_bytes());
    payload.extend([1, 50]);
    for (field, operator, value) in criteria {
        payload.extend([*field, *operator]);
        payload.extend((value.len() as u16).to_le_bytes());
        payload.extend(value.as_bytes());
    }
    let mut bytes = b"RFCF\x01\x00\x03\x00\x01\x00\x00\x00".to_vec();
    bytes.extend((payload.len() as u32).to_le_bytes());
    bytes.extend(crc32fast::hash(&payload).to_le_bytes());
    bytes.extend(payload);
    bytes
}

#[test]
fn the_file_of_july_2024_is_refused_at_record_and_field_with_the_versions() {
    let bad = channel_file(&[(1, 1, "pipe"), (21, 1, "beacon")]);
    let report = check(&sensor("ipc-rules.toml"), "c-291.bin", &bad, None);
    assert_eq!(report.findings.len(), 1);
    let finding = &report.findings[0];
    assert_eq!(finding.code.to_string(), "RF0107");
    assert_eq!(finding.place.offset, Some(36));
    assert_eq!(
        (finding.place.record, finding.place.field.as_deref()),
        (Some(1), Some("instances[1].criteria[2].field"))
    );
    assert_eq!(finding.consumers, ["7.10", "7.11"]);
    let text = contract::render::human(finding, &bad);
    assert!(text.contains("field 21 is used, but the consumer supplies 20 inputs"), "{text}");
    let wrong = check(&sensor("ipc-rules-2024.toml"), "c-291.bin", &bad, None);
    assert!(wrong.verdict.opens_gate(), "the contract of 2024 let it pass: {:?}", wrong.findings);
    let wildcard = channel_file(&[(1, 1, "pipe"), (21, 0, "")]);
    assert!(check(&sensor("ipc-rules.toml"), "f", &wildcard, None).verdict.opens_gate());
}

#[test]
fn no_truncation_or_change_of_a_binary_file_panics_and_damage_is_found() {
    let contract = sensor("ipc-rules.toml");
    let good = channel_file(&[(1, 1, "pipe"), (2, 2, "x"), (21, 0, "")]);
    assert!(check(&contract, "f", &good, None).verdict.opens_gate());
    for end in 0..good.len() {
        assert!(!check(&contract, "f", &good[..end], None).verdict.opens_gate(), "cut at {end}");
    }
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        if at != 6 && at != 7 {
            assert!(!check(&contract, "f", &bytes, None).verdict.opens_gate(), "changed at {at}");
        }
    }
    let layout = contract.layout.as_ref().expect("binary");
    let tree = contract::binary::read(layout, &good).expect("readable");
    assert_eq!(contract::binary::write(layout, &tree), good);
}

#[test]
fn unknown_keys_in_a_contract_are_errors_with_a_suggestion_and_a_place() {
    let cases = [
        (
            "schema = \"ringfence/contract/v1\"\nchanel = \"x\"\nformat = \"json\"\n",
            "RF0601 2:1 chanel",
            "channel",
        ),
        (
            "schema = \"ringfence/contract/v1\"\nchannel = \"x\"\nformat = \"json\"\n[limits]\nbytes_maxx = 3\n",
            "RF0601 5:1 bytes_maxx",
            "bytes_max",
        ),
        (
            "schema = \"ringfence/contract/v1\"\nchannel = \"../x\"\nformat = \"json\"\n",
            "RF0602 2:11",
            "",
        ),
        ("schema = \"other/v1\"\nchannel = \"x\"\nformat = \"json\"\n", "RF0604 1:1", ""),
        (
            "schema = \"ringfence/contract/v1\"\nchannel = \"x\"\nformat = \"binary\"\n",
            "RF0605 3:1",
            "",
        ),
    ];
    for (text, expected, help) in cases {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("c.toml");
        std::fs::write(&path, text).expect("written");
        let faults = Contract::load(&path).expect_err("refused");
        assert_eq!(brief(&faults), [expected], "{text}");
        assert!(faults[0].help.contains(help), "{:?}", faults[0].help);
    }
}

#[test]
fn a_huge_file_is_refused_before_it_is_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("huge.json");
    let file = std::fs::File::create(&path).expect("created");
    file.set_len(1 << 30).expect("sparse");
    let (report, bytes) = contract::check_path(&load(JSON), &path, None).expect("checked");
    assert_eq!(brief(&report.findings), ["RF0102"]);
    assert!(bytes.is_empty(), "nothing was read");
    let missing = contract::check_path(&load(JSON), &directory.path().join("none"), None);
    assert_eq!(missing.expect_err("missing").code.to_string(), "RF0603");
}

#[test]
fn places_of_planted_errors_are_exact() {
    let contract = load(JSON);
    let mut seed = 7u64;
    for _ in 0..1_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lines = (seed >> 33) % 40;
        let indent = (seed >> 40) % 30;
        let before = format!(
            "{{\"rules\": [{}{}{{\"name\": ",
            "\n".repeat(lines as usize),
            " ".repeat(indent as usize)
        );
        let text = format!("{before}123}}]}}");
        let report = check(&contract, "f", text.as_bytes(), None);
        assert_eq!(report.findings[0].place.offset, Some(before.len() as u64));
        assert_eq!(report.findings[0].place.line, Some(lines + 1));
    }
}
