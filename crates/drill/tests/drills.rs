//! Drills through the public door: the same seed gives the same bytes, figures are plausible.
#![allow(missing_docs)]

use ringfence_drill as drill;

use drill::report::{Outcome, RunReport};
use drill::scenario::Wall;
use drill::{
    DrillError, IncidentsRequest, Request, Unwatched, Watch, incidents, list, policies, render, run,
};

fn request(scenario: &str, policy: &str, machines: u64, seed: u64) -> Request {
    Request {
        scenario: scenario.into(),
        library: None,
        policy: policies::choose(policy).expect("a policy"),
        machines: Some(machines),
        seed,
        fleet: None,
    }
}

fn report(scenario: &str, policy: &str, machines: u64, seed: u64) -> RunReport {
    run(&request(scenario, policy, machines, seed), &mut Unwatched).expect("a report")
}

fn outcome(scenario: &str, policy: &str, machines: u64, seed: u64) -> Outcome {
    report(scenario, policy, machines, seed).outcome
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    for policy in ["all-at-once", "standard"] {
        let text = |seed| {
            let report = report("crowdstrike_channel_291", policy, 5_000, seed);
            (render::json(&report), render::run_text(&report))
        };
        assert_eq!(text(7), text(7), "{policy}");
        assert_ne!(text(7), text(8), "{policy}");
    }
}

#[test]
fn as_it_happened_nearly_everybody_is_harmed_and_most_need_hands() {
    let outcome = outcome("crowdstrike_channel_291", "all-at-once", 20_000, 1);
    assert!(outcome.exposed > 19_500 && outcome.harmed > 19_500, "{outcome:?}");
    assert!(outcome.hands_needed > 12_000 && outcome.hands_needed < outcome.harmed);
    assert_eq!(outcome.healed_alone + outcome.hands_needed, outcome.harmed);
    assert_eq!(outcome.halted_s, Some(78 * 60));
    let hours = outcome.hands_needed as f64 / 4.0;
    assert!((outcome.hands_hours as f64 - hours).abs() <= 1.0, "15 minutes each: {outcome:?}");
}

#[test]
fn the_same_file_along_the_ladder_harms_a_handful_and_needs_nobody() {
    for seed in 0..8 {
        let outcome = outcome("crowdstrike_channel_291", "standard", 20_000, seed);
        assert_eq!(outcome.stopped_by, Some(Wall::Rollout), "seed {seed}: {outcome:?}");
        assert!((1..=6).contains(&outcome.harmed), "seed {seed}: {outcome:?}");
        assert_eq!(outcome.hands_needed, 0, "seed {seed}: {outcome:?}");
        assert!(outcome.halted_s.is_some());
    }
}

#[test]
fn a_good_file_arrives_in_every_lane_and_an_outage_does_not_stop_it() {
    for (lane, minutes) in
        [("emergency", 40..240), ("standard", 120..420), ("cautious", 1_500..6_000)]
    {
        for scenario in ["good", "region_outage"] {
            let outcome = outcome(scenario, lane, 5_000, 3);
            assert_eq!((outcome.harmed, outcome.stopped_by), (0, None), "{scenario}, {lane}");
            let everywhere = outcome.everywhere_s.expect("everywhere") / 60;
            assert!(minutes.contains(&everywhere), "{scenario}, {lane}: {everywhere} min");
            assert_eq!(outcome.phase, "done", "{scenario}, {lane}");
        }
    }
}

#[test]
fn one_machine_more_reshuffles_none_of_the_others() {
    let smaller = outcome("hidden_half_percent", "all-at-once", 4_000, 5);
    let larger = outcome("hidden_half_percent", "all-at-once", 4_001, 5);
    assert!(larger.exposed - smaller.exposed <= 1);
    assert!(larger.harmed - smaller.harmed <= 1);
    assert!(larger.heartbeats - smaller.heartbeats <= 110);
}

#[test]
fn the_library_says_honestly_what_no_rollout_holds() {
    let request = IncidentsRequest {
        library: None,
        name: "shipped".into(),
        policy: policies::Choice::standard(),
        machines: Some(1_000),
        seed: 1,
    };
    let report = incidents(&request, &mut Unwatched).expect("a report");
    assert_eq!(report.incidents.len(), 43);
    let row = |id: &str| report.incidents.iter().find(|row| row.id == id).expect("is there");
    let held = row("facebook_ios_sdk_2020");
    assert!(held.shown && held.wall == Some(Wall::Rollout) && held.harmed <= 3, "{held:?}");
    for (id, wall) in [
        ("rogers_2022", Wall::Check),
        ("spamassassin_2010", Wall::Check),
        ("defender_asr_2023", Wall::Trial),
        ("cloudflare_1111_2023", Wall::Trial),
    ] {
        let row = row(id);
        assert!(!row.shown && row.wall == Some(wall), "{row:?}");
        assert!(!row.why.is_empty());
    }
    let totals = report.totals;
    let sum = totals.stopped_by_rollout + totals.undone_by_agents + totals.not_held;
    assert_eq!((totals.incidents, sum), (43, 43));
    let text = render::incidents_text(&report);
    assert!(text.contains("rogers_2022: not held by the rollout"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&render::json(&report)).expect("JSON");
    assert_eq!(json["schema"], "ringfence/drill-incidents/v1");
    assert_eq!(json["incidents"][0]["id"], "crowdstrike_channel_291");
}

#[test]
fn names_and_numbers_that_cannot_be_are_refused_with_a_hint() {
    let refused =
        |request: &Request| run(request, &mut Unwatched).expect_err("refused").to_string();
    let mut wrong = request("crowdstrike_chanel_291", "standard", 10, 1);
    assert!(refused(&wrong).contains("did you mean 'crowdstrike_channel_291'?"));
    wrong = request("good", "standard", 0, 1);
    assert!(refused(&wrong).starts_with("RF0621: 0 machines"));
    wrong = request("good", "standard", 30_000_000, 1);
    assert!(refused(&wrong).contains("along a ladder a drill takes up to 20000000"));
    let error = policies::choose("standart").expect_err("no such policy").to_string();
    assert!(error.contains("did you mean 'standard'?"), "{error}");
}

#[test]
fn a_policy_file_is_followed_and_a_faulty_one_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: String| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    };
    let mut policy = decide::policy::builtin::standard();
    policy.name = "ours".into();
    let text = toml::to_string(&policy).expect("TOML");
    let path = write("ours.toml", text.clone());
    let mut request = request("crash_on_load", "standard", 2_000, 1);
    request.policy = policies::choose(&path).expect("a policy");
    let report = run(&request, &mut Unwatched).expect("a report");
    assert_eq!(report.policy, "ours, standard lane");
    assert_eq!(report.outcome.stopped_by, Some(Wall::Rollout));
    let path = write("typo.toml", text.replace("hold_at", "hold_att"));
    let error = policies::choose(&path).expect_err("a typo").to_string();
    assert!(error.contains("unknown key 'hold_att', did you mean 'hold_at'?"), "{error}");
    let mut open = policy;
    open.lanes.values_mut().for_each(|ladder| ladder.gates.clear());
    let path = write("open.toml", toml::to_string(&open).expect("TOML"));
    let error = policies::choose(&path).expect_err("no gates").to_string();
    assert!(error.starts_with("RF0610") && error.contains("never ungated"), "{error}");
}

#[test]
fn lists_can_be_filtered_and_a_drill_can_be_stopped() {
    assert_eq!(list(None, "").expect("a list").scenarios.len(), 66);
    let clam = list(None, "CLAMAV").expect("a list");
    assert_eq!(clam.scenarios.len(), 4);
    assert!(render::list_text(&clam).contains("clamav_eol_2010"));

    struct Impatient;
    impl Watch for Impatient {
        fn progress(&mut self, _: u64, _: u64, _: &str) {}
        fn interrupted(&self) -> bool {
            true
        }
    }
    for policy in ["all-at-once", "standard"] {
        let error = run(&request("good", policy, 1_000, 1), &mut Impatient).expect_err("stopped");
        assert_eq!((error.clone(), error.exit()), (DrillError::Interrupted, 130));
    }
}
