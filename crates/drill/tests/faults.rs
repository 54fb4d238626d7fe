//! The fault catalogue, F1 to F15 and more, along the ladder: what comes of each is data.
#![allow(missing_docs)]

use ringfence_drill as drill;

use drill::report::Outcome;
use drill::scenario::builtin;
use drill::{Request, Unwatched, policies, run};

const MACHINES: u64 = 4_000;
const SEEDS: std::ops::Range<u64> = 0..5;

fn outcome(scenario: &str, policy: &str, seed: u64) -> Outcome {
    let request = Request {
        scenario: scenario.into(),
        library: None,
        policy: policies::choose(policy).expect("a policy"),
        machines: Some(MACHINES),
        seed,
        fleet: None,
    };
    run(&request, &mut Unwatched).unwrap_or_else(|error| panic!("{scenario}: {error}")).outcome
}

/// How a drill of a scenario must end: most machines harmed in any run, and in how many of the
/// runs it may end other than it should.
enum Ends {
    /// Everybody gets it.
    Everywhere(usize),
    /// It is stopped before everybody has it.
    Stopped(u64, usize),
    /// Too slow for this ladder: agents alone undo it, without hands.
    Undone,
}
use Ends::{Everywhere, Stopped, Undone};

const EXPECTED: [(&str, Ends); 22] = [
    ("good", Everywhere(0)),
    ("goes_dark", Stopped(6, 0)),
    ("crash_on_load", Stopped(6, 0)),
    ("crash_two_percent", Stopped(25, 0)),
    ("one_percent_stratum", Stopped(25, 1)),
    ("hidden_half_percent", Stopped(20, 2)),
    ("one_stratum", Stopped(25, 0)),
    ("delayed_20_min", Stopped(25, 0)),
    ("at_reboot", Stopped(60, 1)),
    ("slow_leak", Undone),
    ("region_outage", Everywhere(0)),
    ("telemetry_loss", Everywhere(0)),
    ("noisy_good", Everywhere(0)),
    // A fleet of this size that crashes this often is at the edge of what can be told apart.
    ("noisy_half_percent", Everywhere(2)),
    ("false_success", Stopped(8, 0)),
    ("control_plane_dead", Stopped(25, 0)),
    ("poisoned_known_good", Stopped(6, 0)),
    ("good_emergency", Everywhere(0)),
    ("overlap_good", Everywhere(2)),
    ("overlap_bad", Stopped(25, 0)),
    ("stale_relay", Stopped(25, 0)),
    ("owners_hold", Stopped(6, 0)),
];

#[test]
fn every_fault_ends_as_it_should_along_the_standard_ladder() {
    for (scenario, ends) in EXPECTED {
        let mut otherwise = 0;
        for seed in SEEDS {
            let outcome = outcome(scenario, "standard", seed);
            let at = format!("{scenario}, seed {seed}: {outcome:#?}");
            assert_eq!(outcome.hands_needed, 0, "{at}");
            let good = match ends {
                Everywhere(_) => outcome.everywhere_s.is_some() && outcome.harmed == 0,
                Stopped(harmed, _) => outcome.halted_s.is_some() && outcome.harmed <= harmed,
                Undone => outcome.healed_alone * 100 >= outcome.harmed * 99,
            };
            if !good {
                otherwise += 1;
                let (Everywhere(allowed) | Stopped(_, allowed)) = ends else { panic!("{at}") };
                assert!(otherwise <= allowed, "{at}");
            }
        }
    }
}

#[test]
fn the_fault_catalogue_is_complete_and_found_by_number() {
    let numbers = |scenario: &drill::scenario::Scenario| scenario.shapes.clone();
    let all: Vec<String> = builtin().iter().flat_map(numbers).collect();
    for number in 1..=15 {
        let name = format!("F{number}");
        assert!(all.contains(&name), "{name} is missing");
    }
    assert_eq!(outcome("f2", "standard", 1), outcome("crash_on_load", "standard", 1));
}

#[test]
fn machines_that_their_owners_hold_never_get_it() {
    let shape = drill::fleet::Shape { held: 0.2, ..drill::fleet::Shape::default() };
    let request = Request {
        scenario: "good".into(),
        library: None,
        policy: policies::choose("standard").expect("a policy"),
        machines: Some(MACHINES),
        seed: 1,
        fleet: Some(shape),
    };
    let outcome = run(&request, &mut Unwatched).expect("a report").outcome;
    assert!((3_100..3_300).contains(&outcome.exposed), "{outcome:?}");
    assert_eq!(outcome.phase, "done");
}

#[test]
fn a_slow_leak_needs_the_cautious_ladder() {
    let outcome = outcome("slow_leak", "cautious", 1);
    assert!(outcome.halted_s.is_some() && outcome.harmed < 100, "{outcome:#?}");
}
