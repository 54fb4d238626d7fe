//! Bytes that nobody means well: nothing panics, nothing takes long, damage is found.
#![allow(missing_docs)]

use ringfence_contract as contract;

use contract::{Contract, check};
use std::path::Path;

/// Random numbers from a seed (splitmix64).
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^= value >> 31;
        (value % bound.max(1) as u64) as usize
    }
}

fn golden(name: &str) -> Contract {
    let path = Path::new("tests/golden").join(name).join("contract.toml");
    Contract::load(&path).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn shipped(name: &str) -> Contract {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts");
    Contract::load(&root.join(name)).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// A contract of every format, and a file that it has nothing against.
fn subjects() -> Vec<(Contract, Vec<u8>)> {
    let json = "{\n  \"rules\": [\n    {\"name\": \"a\", \"level\": 1, \"action\": \"block\"},\n    \
                {\"name\": \"b\", \"level\": 3}\n  ]\n}\n";
    let csv = "id,action\r\n1,block\r\n2,\"detect\"\r\n3,observe\r\n";
    let include = "# served\nlocation /a {\n  return 200;\n}\n";
    let layout = golden("RF0107-binary-consumer").layout.expect("binary");
    let rows = b"GOLD\x02\x00\0\0\0\0\x01\x02\x05alpha\x01\x03\x04beta";
    let tree = contract::binary::read(&layout, rows).expect("of this layout");
    // Writing makes the checksum right.
    let binary = contract::binary::write(&layout, &tree);
    vec![
        (golden("RF0107-json-consumer"), json.into()),
        (golden("RF0112-csv-duplicate"), csv.into()),
        (shipped("nginx-include.toml"), include.into()),
        (golden("RF0107-binary-consumer"), binary),
    ]
}

fn mutate(good: &[u8], draws: &mut Draws) -> Vec<u8> {
    let mut bytes = good.to_vec();
    for _ in 0..1 + draws.below(4) {
        let at = draws.below(bytes.len());
        let end = (at + draws.below(16)).min(bytes.len());
        match draws.below(7) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << draws.below(8),
            1 if !bytes.is_empty() => bytes[at] = draws.below(256) as u8,
            2 => bytes.truncate(at),
            3 => {
                bytes.drain(at..end);
            }
            4 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            5 => {
                let odd: [&[u8]; 6] = [b"\0", b"\"", b"\xef\xbb\xbf", b"\xff\xff", b"[[[", b"\\u"];
                bytes.splice(at..at, odd[draws.below(6)].iter().copied());
            }
            _ => bytes.extend_from_slice(&good[..end.min(good.len())]),
        }
    }
    bytes
}

#[test]
fn twenty_thousand_damaged_files_are_read_to_a_verdict() {
    let subjects = subjects();
    for (contract, good) in &subjects {
        let found = check(contract, "f", good, Some(good)).findings;
        assert!(found.is_empty(), "the file is good: {found:?}");
    }
    let mut draws = Draws(20_240_719);
    let mut refused = 0;
    for round in 0..20_000 {
        let (contract, good) = &subjects[round % subjects.len()];
        let bytes = mutate(good, &mut draws);
        let report = check(contract, "f", &bytes, Some(good));
        refused += u32::from(!report.verdict.opens_gate());
        for finding in &report.findings {
            let offset = finding.place.offset.unwrap_or(0) as usize;
            assert!(offset <= bytes.len(), "round {round}: {finding:?}");
            contract::render::human(finding, &bytes);
        }
    }
    assert!(refused > 10_000, "{refused} of 20,000 were refused");
}

#[test]
fn every_truncation_of_every_format_is_read_to_a_verdict() {
    for (contract, good) in subjects() {
        for end in 0..good.len() {
            let report = check(&contract, "f", &good[..end], None);
            if contract.layout.is_some() {
                assert!(!report.verdict.opens_gate(), "cut at {end}");
                let place = &report.findings[0].place;
                assert!(end == 0 || place.offset.is_some_and(|at| at <= end as u64), "{place:?}");
            }
        }
    }
}

#[test]
fn a_million_faults_in_a_large_file_are_counted_and_not_looked_up_one_by_one() {
    let lines = Contract::load(Path::new("tests/golden/RF0121-more/contract.toml")).expect("good");
    let report = check(&lines, "f", &b"bad\n".repeat(500_000), None);
    assert_eq!(report.findings.len(), 201);
    let json = golden("RF0105-type");
    let mut rules = b"{\"rules\": [".to_vec();
    rules.extend(b"{\"name\": 1, \"odd\": \"\\ud800\", \"odd\": 1e999},".repeat(50_000));
    rules.extend(b"{}]}");
    let mut contract = json;
    contract.limits.bytes_max = 1 << 30;
    assert_eq!(check(&contract, "f", &rules, None).findings.len(), 201);
    let csv = golden("RF0112-csv-duplicate");
    let rows = [b"id,action\n".to_vec(), b"7,block,\n".repeat(200_000)].concat();
    assert_eq!(check(&csv, "f", &rows, None).findings.len(), 201);
}

#[test]
fn counts_and_lengths_that_lie_cost_nothing() {
    let contract = golden("RF0118-checksum");
    // 65,535 rows are stated, none is there; then a text of 255 bytes with three.
    let cases: [&[u8]; 2] = [b"GOLD\xff\xff\0\0\0\0", b"GOLD\x01\x00\0\0\0\0\x01\x01\xffabc"];
    for bytes in cases {
        let report = check(&contract, "f", bytes, None);
        assert_eq!(report.findings[0].code.to_string(), "RF0103");
        assert_eq!(report.findings[0].place.record, Some(1));
    }
}

#[test]
fn nesting_of_every_kind_is_refused_and_overflows_no_stack() {
    let contract = golden("RF0114-depth");
    for open in ["[", "{\"a\":", "[{\"a\":["] {
        let report = check(&contract, "f", open.repeat(100_000).as_bytes(), None);
        assert_eq!(report.findings[0].code.to_string(), "RF0114", "{open}");
    }
}

#[test]
fn what_a_file_says_controls_no_terminal() {
    let contract = golden("RF0109-pattern");
    let text = "{\"rules\": [{\"name\": \"\\u001b[2J\u{7f}\u{9b}31m\", \"\u{9b}x\": 1}]}";
    let report = check(&contract, "f\u{1b}[2J.json", text.as_bytes(), None);
    for finding in &report.findings {
        let said = contract::render::human(finding, text.as_bytes());
        let control = said.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "{said:?}");
    }
    assert!(report.findings.len() >= 2);
}

#[test]
fn line_ends_of_windows_change_no_verdict_and_no_place() {
    for (contract, good) in subjects().into_iter().filter(|(c, _)| c.layout.is_none()) {
        let unix = String::from_utf8(good).expect("text").replace("\r\n", "\n");
        let windows = unix.replace('\n', "\r\n");
        let report = check(&contract, "f", windows.as_bytes(), None);
        assert!(report.findings.is_empty(), "{:?}", report.findings);
    }
    let csv = golden("RF0106-range");
    let text = "{\r\n \"rules\": [\r\n {\"name\": \"a\", \"level\": 9}]}";
    let report = check(&csv, "f", text.as_bytes(), None);
    assert_eq!(
        (report.findings[0].place.line, report.findings[0].place.column),
        (Some(3), Some(25))
    );
}
