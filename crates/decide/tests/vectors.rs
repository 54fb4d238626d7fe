//! The health judgement against reference values that other programs computed.
#![allow(missing_docs)]

use ringfence_decide as decide;

use decide::health::evidence::{Capital, RATIOS};
use decide::health::zero_failures_limit;
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    av_logrank: Group<Logrank>,
    ratio_mixture: Group<Mixture>,
    zero_failures: Group<Zero>,
}

#[derive(Deserialize)]
struct Group<T> {
    source: String,
    tolerance: f64,
    cases: Vec<T>,
}

#[derive(Deserialize)]
struct Logrank {
    control_at_risk: Vec<u64>,
    treated_at_risk: Vec<u64>,
    control_events: Vec<u64>,
    treated_events: Vec<u64>,
    ratio: f64,
    log_e_steps: Vec<f64>,
}

type Event = (bool, u64, u64);

#[derive(Deserialize)]
struct Mixture {
    stream: Option<Vec<Event>>,
    repeat: Option<Repeat>,
    e_after_each: Vec<f64>,
}

#[derive(Deserialize)]
struct Repeat {
    event: Event,
    times: usize,
}

#[derive(Deserialize)]
struct Zero {
    healthy: u64,
    failed: u64,
    confidence: f64,
    upper: f64,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors.json")).expect("our own file")
}

fn near(measured: f64, expected: f64, tolerance: f64, what: &str) {
    let limit = tolerance * expected.abs().max(1.0);
    assert!((measured - expected).abs() <= limit, "{what}: {measured}, expected {expected}");
}

#[test]
fn the_factor_of_one_event_is_that_of_the_exact_logrank_test() {
    let group = vectors().av_logrank;
    assert_eq!(group.cases.len(), 5);
    for case in &group.cases {
        let k = RATIOS.iter().position(|ratio| *ratio == case.ratio).expect("a ratio we bet on");
        let mut capital = Capital::default();
        for step in 0..case.log_e_steps.len() {
            let (treated, control) = (case.treated_at_risk[step], case.control_at_risk[step]);
            assert_eq!(case.treated_events[step] + case.control_events[step], 1, "single events");
            let before = capital.0[k];
            capital.event(case.treated_events[step] == 1, treated, control);
            let what = format!("{}, ratio {}, step {step}", group.source, case.ratio);
            near(capital.0[k] - before, case.log_e_steps[step], group.tolerance, &what);
        }
    }
}

#[test]
fn the_mixture_gives_the_reference_odds_after_each_event() {
    let group = vectors().ratio_mixture;
    assert_eq!(group.cases.len(), 4);
    for (index, case) in group.cases.iter().enumerate() {
        let repeated = case.repeat.as_ref().map(|repeat| vec![repeat.event; repeat.times]);
        let stream = case.stream.clone().or(repeated).expect("a stream");
        let mut capital = Capital::default();
        let mut odds = Vec::new();
        for (treated, n1, n0) in stream {
            capital.event(treated, n1, n0);
            odds.push(libm::exp(capital.log_e()));
        }
        // A long stream is held against its last value only.
        let skip = odds.len() - case.e_after_each.len();
        for (step, (measured, expected)) in
            odds.iter().skip(skip).zip(&case.e_after_each).enumerate()
        {
            let what = format!("{}, case {index}, step {step}", group.source);
            near(*measured, *expected, group.tolerance, &what);
        }
    }
}

#[test]
fn no_failures_among_n_bound_the_share_as_clopper_and_pearson_do() {
    let group = vectors().zero_failures;
    assert_eq!(group.cases.len(), 12);
    for case in &group.cases {
        assert_eq!(case.failed, 0);
        let what = format!("{}, {} healthy", group.source, case.healthy);
        let limit = zero_failures_limit(case.healthy, case.confidence);
        assert!(
            (limit / case.upper - 1.0).abs() < 1e-9,
            "{what}: {limit}, expected {}",
            case.upper
        );
        near(limit, case.upper, group.tolerance, &what);
    }
    assert_eq!(zero_failures_limit(0, 0.95), 1.0);
}
