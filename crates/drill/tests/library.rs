//! The incident library: its facts, and how any file of the schema is read.
#![allow(missing_docs)]

use ringfence_drill as drill;

use drill::library::{Incident, Library, parse, read, shipped};
use std::collections::BTreeSet;

const FACTS: &str = include_str!("facts.txt");

fn fact_line(incident: &Incident) -> String {
    let number = |value: Option<f64>| value.map_or("-".into(), |value| value.to_string());
    let word = |value: &Option<String>| value.clone().unwrap_or("-".into());
    [
        incident.id.clone(),
        incident.date.clone(),
        incident.group.clone(),
        word(&incident.sim_trigger),
        number(incident.sim_trigger_p50_s),
        number(incident.sim_trigger_p99_s),
        number(incident.sim_affected_fraction),
        word(&incident.sim_state_after),
        word(&incident.sim_reports_after),
        number(incident.sim_p_self_heal_per_boot),
        word(&incident.sim_recovery_mode),
        word(&incident.sim_spread),
        number(incident.time_to_detect_min),
        number(incident.time_to_halt_min),
        number(incident.time_to_recover_min),
        number(incident.time_to_full_recover_min),
        word(&incident.min_canary_level),
        word(&incident.evidence),
        word(&incident.confidence),
    ]
    .join(" ")
}

#[test]
fn the_shipped_library_has_43_incidents_with_their_figures() {
    let library = shipped().expect("the shipped library reads");
    assert_eq!(library.incidents.len(), 43);
    let ids: BTreeSet<&str> = library.incidents.iter().map(|i| i.id.as_str()).collect();
    assert_eq!(ids.len(), 43);
    let expected: Vec<&str> = FACTS.lines().filter(|line| !line.starts_with('#')).collect();
    let measured: Vec<String> = library.incidents.iter().map(fact_line).collect();
    assert_eq!(measured, expected);
    for incident in &library.incidents {
        let said = |text: &Option<String>| text.as_ref().is_some_and(|text| text.len() > 5);
        assert!(said(&incident.defect) && said(&incident.missed), "{}", incident.id);
        assert!(!incident.guards.is_empty() && !incident.sources.is_empty(), "{}", incident.id);
    }
    let counted = library.incident("crowdstrike_channel_291").expect("is there");
    assert_eq!((counted.affected_count, counted.cost_usd), (Some(8_500_000), Some(5_400_000_000)));
    assert_eq!(counted.recovery_curve.len(), 4);
}

#[test]
fn a_record_needs_no_more_than_its_name() {
    let library = parse("schema_version = 1\n[[incident]]\nid = \"mine\"\n", "mine.toml");
    let library = library.expect("an id is enough");
    assert_eq!(library.incidents.len(), 1);
    let scenario = drill::scenario::Scenario::of(&library.incidents[0], &library);
    let assumed = scenario.assumptions.join("\n");
    for word in ["no trigger on record", "state afterwards", "reports afterwards", "time to halt"] {
        assert!(assumed.contains(word), "'{word}' is assumed in silence: {assumed}");
    }
}

#[test]
fn words_that_are_new_are_said_and_not_swallowed() {
    let text = "schema_version = 1\n[[incident]]\nid = \"mine\"\nsim_trigger = \"on_full_moon\"\n\
                sim_state_after = \"haunted\"\nsim_reports_after = \"knocks\"\nsim_spread = \"fog\"\n";
    let library = parse(text, "mine.toml").expect("words are free");
    let scenario = drill::scenario::Scenario::of(&library.incidents[0], &library);
    let assumed = scenario.assumptions.join("\n");
    for word in ["on_full_moon", "haunted", "knocks", "fog"] {
        assert!(assumed.contains(word), "'{word}' is swallowed: {assumed}");
    }
}

#[test]
fn a_file_that_is_wrong_is_refused_at_its_place() {
    let head = "schema_version = 1\n[[incident]]\nid = \"a\"\n";
    let cases = [
        (
            format!("{head}sim_triger = \"on_load\"\n"),
            "RF0601: x.toml:4:1: unknown key 'sim_triger', did you mean 'sim_trigger'?",
        ),
        (
            "schema_version = 1\n[defaults]\nheartbeat_interval = 60\n".into(),
            "RF0601: x.toml:3:1: unknown key 'heartbeat_interval', did you mean 'heartbeat_interval_s'?",
        ),
        (
            format!("{head}affected_count = \"many\"\n"),
            "RF0602: x.toml:4:18: invalid type: string \"many\", expected u64",
        ),
        (
            format!("{head}[[incident]]\nid = \"a\"\n"),
            "RF0602: x.toml: incidents 1 and 2 are both 'a'",
        ),
        (
            "schema_version = 1\n[[incident]]\nname = \"no id\"\n".into(),
            "RF0602: x.toml: incident 1 needs a usable id: '' is not a usable name: it is empty",
        ),
        (
            format!("{head}sim_affected_fraction = 1.5\n"),
            "RF0602: x.toml: incident 'a': sim_affected_fraction must be between 0 and 1",
        ),
        (
            "schema_version = 2\n[[incident]]\nid = \"a\"\n".into(),
            "RF0604: x.toml: schema_version is 2, this version reads 1",
        ),
        (
            "schema_version = 1\n".into(),
            "RF0621: x.toml: 0 incidents, a library has 1 to 10000 of them",
        ),
        ("schema_version = \n".into(), "RF0602: x.toml:1:18:"),
        (String::new(), "RF0602: x.toml:1:1: missing field `schema_version`"),
    ];
    for (text, expected) in cases {
        let error = parse(&text, "x.toml").expect_err(expected).to_string();
        assert!(error.starts_with(expected), "\n got {error}\nwant {expected}");
    }
}

#[test]
fn files_are_bounded_and_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let missing = directory.path().join("none.toml");
    let error = read(&missing).expect_err("there is none").to_string();
    assert!(error.starts_with("RF0603: cannot read ") && error.contains("none.toml"), "{error}");
    let binary = directory.path().join("binary.toml");
    std::fs::write(&binary, [0xff, 0xfe, 0x00]).expect("written");
    let error = read(&binary).expect_err("not text").to_string();
    assert!(error.ends_with("it is not UTF-8 text"), "{error}");
    let error = read(directory.path()).expect_err("a directory").to_string();
    assert!(error.starts_with("RF0603"), "{error}");
}

#[test]
fn what_is_shipped_and_written_to_a_file_reads_the_same() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), drill::library::SHIPPED).expect("written");
    let again: Library = read(file.path()).expect("reads");
    assert_eq!(again, shipped().expect("reads"));
}
