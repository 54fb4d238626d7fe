//! Other tools' policies beside ours.
#![allow(missing_docs)]

use ringfence_drill as drill;

use drill::peers::PEERS;
use drill::policies::{Choice, choose};
use drill::report::{CompareReport, Compared};
use drill::{CompareRequest, SweepRequest, Unwatched, compare, render, sweep};

fn everybody(scenario: &str, machines: u64, seeds: u64) -> CompareReport {
    let names = ["standard", "all-at-once"].into_iter().chain(PEERS.iter().map(|peer| peer.id));
    let request = CompareRequest {
        scenario: scenario.into(),
        library: None,
        policies: names.map(|name| choose(name).expect("a policy")).collect(),
        machines: Some(machines),
        seed: 1,
        seeds,
        fleet: None,
    };
    compare(&request, &mut Unwatched).expect("a report")
}

fn row<'a>(report: &'a CompareReport, policy: &str) -> &'a Compared {
    report.policies.iter().find(|row| row.policy == policy).expect("a row")
}

#[test]
fn ours_harms_no_more_than_any_other_and_needs_no_hands() {
    for scenario in ["crash_on_load", "crowdstrike_channel_291", "delayed_20_min", "goes_dark"] {
        let report = everybody(scenario, 2_000, 3);
        let ours = row(&report, "standard");
        assert_eq!(ours.hands_needed.p95, 0, "{scenario}");
        for other in &report.policies {
            let at = format!("{scenario}: {other:#?}");
            assert!(ours.harmed.median <= other.harmed.median, "{at}");
            assert!(other.harmed.median <= other.exposed.p95, "{at}");
        }
    }
}

#[test]
fn each_peer_does_what_its_documentation_says() {
    let good = everybody("good", 2_000, 2);
    for peer in &PEERS {
        let row = row(&good, peer.id);
        assert!(row.good_everywhere_s.is_some() && row.false_halts == 0, "{row:#?}");
        assert!(!peer.source.is_empty() && !peer.assumed.is_empty());
    }
    let minutes = |id: &str| row(&good, id).good_everywhere_s.map(|figure| figure.median / 60);
    assert_eq!(minutes("appconfig_linear"), Some(24));
    assert_eq!(minutes("appconfig_canary"), Some(20));
    assert_eq!(minutes("fcos_ramp"), Some(48 * 60));
    assert_eq!(minutes("mender_typical"), Some(96 * 60));
    assert_eq!(minutes("growthbook_safe"), Some(360));
    let crash = everybody("crash_on_load", 2_000, 2);
    // Judges that look stop it soon; ramps that nobody watches wait for people.
    for (id, seconds) in
        [("appconfig_linear", 0..300), ("flagger", 300..900), ("fcos_ramp", 5_000..7_000)]
    {
        let halt = row(&crash, id).first_harm_to_halt_s.expect("it halts").median;
        assert!(seconds.contains(&halt), "{id}: {halt}");
    }
    let dark = everybody("crowdstrike_channel_291", 2_000, 2);
    assert!(row(&dark, "hawkbit_default").hands_needed.median > 50, "it sees no silence");
    assert_eq!(row(&dark, "mender_typical").hands_needed.median, 0, "cut off, it rolls back");
}

#[test]
fn a_comparison_is_the_same_bytes_for_the_same_seed() {
    let draw = || {
        let report = everybody("hidden_half_percent", 600, 2);
        (render::json(&report), render::compare_text(&report), render::compare_html(&report))
    };
    let (json, text, html) = draw();
    assert_eq!(draw(), (json.clone(), text.clone(), html.clone()));
    assert!(json.contains("\"schema\": \"ringfence/drill-compare/v1\""));
    assert!(html.starts_with("<!doctype html>") && html.matches("<svg").count() == 2);
    for outside in ["http://", "https://", "<script", "src="] {
        assert!(!html.contains(outside), "{outside}");
    }
}

#[test]
fn a_comparison_reads_as_it_did() {
    let names = ["standard", "all-at-once", "hawkbit_default", "fcos_ramp"];
    let request = CompareRequest {
        scenario: "crash_on_load".into(),
        library: None,
        policies: names.map(|name| choose(name).expect("a policy")).to_vec(),
        machines: Some(1_000),
        seed: 1,
        seeds: 3,
        fleet: None,
    };
    let text = render::compare_text(&compare(&request, &mut Unwatched).expect("a report"));
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/compare.txt");
    if std::env::var_os("RINGFENCE_BLESS").is_some() {
        std::fs::write(&golden, &text).expect("written");
    }
    assert_eq!(text, std::fs::read_to_string(&golden).expect("the golden text"));
}

#[test]
fn a_sweep_has_a_row_a_scenario() {
    let request = SweepRequest {
        library: None,
        filter: "F".into(),
        policy: Choice::standard(),
        machines: Some(300),
        seed: 1,
        seeds: 1,
        fleet: None,
    };
    let report = sweep(&request, &mut Unwatched).expect("a report");
    assert!(report.scenarios.len() >= 16, "{}", report.scenarios.len());
    assert!(render::sweep_text(&report).contains("control_plane_dead"));
    assert_eq!(report, sweep(&request, &mut Unwatched).expect("a report"));
}
