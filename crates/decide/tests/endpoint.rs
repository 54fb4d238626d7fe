//! What a machine chooses, and how it walks down and up again.
#![allow(missing_docs)]

use decide::endpoint::choice::{
    BANNED, DEFERRED, HALTED, HELD, NOT_SETTLED, NOTHING_ELSE, ON_PROBATION, REFUSED, RETRY_WAITS,
    STALE, TAKEN_BACK, TAKES, UP_TO_DATE,
};
use decide::endpoint::{
    CRASHES_MAX, Choice, Evidence, FenceView, Generation, Me, OfferView, Phase, RETRY_AFTER,
    Record, START_ATTEMPTS_MAX, Settled, Standing, choose,
};
use decide::exposure::{Salt, Threshold};
use decide::id::{Digest, ReleaseRef};
use decide::reason::Code;
use ringfence_decide as decide;

const ENOUGH: Evidence = Evidence { age_ms: 10, heartbeats: 2, events: None, polls: 1 };
/// Healthy once, and not long enough for anything more.
const ONCE: Evidence = Evidence { age_ms: 1, heartbeats: 1, events: None, polls: 0 };

fn generation(number: u64) -> Generation {
    Generation { number, digest: Digest::of(&number.to_le_bytes()) }
}

fn release(number: u64) -> ReleaseRef {
    let channel = "rules".parse().expect("a name");
    ReleaseRef { channel, number, digest: generation(number).digest, length: 8 }
}

/// `open`, `halted`, `reverting`; `!` in front: this machine's stratum is not exposed.
fn offer(number: u64, state: &str) -> OfferView {
    let (below, state) = match state.strip_prefix('!') {
        Some(state) => (Threshold::NONE, state),
        None => (Threshold::ALL, state),
    };
    OfferView {
        release: release(number),
        salt: Salt(format!("salt-{number}")),
        open: state == "open",
        reverting: state == "reverting",
        below,
    }
}

fn fence(base: Option<u64>, offers: &[(u64, &str)]) -> FenceView {
    FenceView {
        number: 7,
        fresh: true,
        base: base.map(release),
        offers: offers.iter().map(|(number, state)| offer(*number, state)).collect(),
        withdrawn: Vec::new(),
    }
}

fn known_good(number: u64) -> Record {
    let record = Record::seeded(generation(0));
    if number == 0 { record } else { record.activate(generation(number)).healthy(ENOUGH, ENOUGH).0 }
}

fn me(held: bool) -> Me {
    let (machine, stratum) = ("m-1".parse().expect("a name"), "linux/lab".parse().expect("a name"));
    Me { machine, stratum, held }
}

fn code(choice: &Choice) -> (Code, Option<u64>) {
    match choice {
        Choice::Keep(reason) | Choice::GoBack(_, reason) => (reason.code, None),
        Choice::Take(release, reason) => (reason.code, Some(release.number)),
    }
}

#[test]
fn a_fresh_fence_is_followed_and_every_answer_has_its_code() {
    let cases: [(u64, FenceView, (Code, Option<u64>)); 12] = [
        (1, fence(None, &[]), (UP_TO_DATE, None)),
        (1, fence(Some(1), &[]), (UP_TO_DATE, None)),
        (0, fence(Some(1), &[]), (TAKES, Some(1))),
        (1, fence(Some(1), &[(2, "open")]), (TAKES, Some(2))),
        (1, fence(Some(1), &[(2, "!open")]), (UP_TO_DATE, None)),
        (1, fence(None, &[(2, "!open")]), (DEFERRED, None)),
        (1, fence(Some(1), &[(2, "halted")]), (UP_TO_DATE, None)),
        // Those that have a halted or no longer exposed release keep it: nothing goes down to the base.
        (2, fence(Some(1), &[(2, "halted")]), (HALTED, None)),
        (2, fence(Some(1), &[(2, "!open")]), (UP_TO_DATE, None)),
        (2, fence(Some(1), &[(2, "reverting")]), (TAKEN_BACK, None)),
        // The newest offer wins, wherever it stands.
        (1, fence(Some(1), &[(3, "open"), (2, "open")]), (TAKES, Some(3))),
        (3, fence(Some(1), &[(2, "open"), (3, "open")]), (UP_TO_DATE, None)),
    ];
    for (runs, fence, expected) in cases {
        let choice = choose(&fence, &me(false), &known_good(runs), &Standing::default());
        assert_eq!(code(&choice), expected, "runs {runs}, {fence:?}");
    }
}

#[test]
fn what_speaks_against_a_release_lets_the_next_best_one_in() {
    let two = generation(2).digest;
    let plain = fence(Some(1), &[(2, "open")]);
    let withdrawn = FenceView { withdrawn: vec![two], ..plain.clone() };
    let banned = Standing { banned: vec![two], ..Standing::default() };
    let refused = Standing { refused: vec![two], ..Standing::default() };
    for (fence, standing, against) in [
        (&withdrawn, Standing::default(), BANNED),
        (&plain, banned, BANNED),
        (&plain, refused, REFUSED),
    ] {
        let on_base = choose(fence, &me(false), &known_good(1), &standing);
        assert_eq!(code(&on_base), (against, None));
        let on_seed = choose(fence, &me(false), &known_good(0), &standing);
        assert_eq!(code(&on_seed), (TAKES, Some(1)), "the base is better than the seed");
    }
}

#[test]
fn stale_old_and_held_never_advance_but_still_go_back() {
    let take = fence(None, &[(2, "open")]);
    let back = fence(None, &[(1, "reverting")]);
    let stale = |fence: &FenceView| FenceView { fresh: false, ..fence.clone() };
    let record = known_good(1);
    let standing = Standing { fence_seen: 7, ..Standing::default() };
    let newer = Standing { fence_seen: 8, ..Standing::default() };
    let cases = [
        (&stale(&take), false, &standing, STALE),
        (&stale(&back), false, &standing, TAKEN_BACK),
        (&take, true, &standing, HELD),
        (&back, true, &standing, TAKEN_BACK),
        (&take, false, &newer, STALE),
        (&back, false, &newer, STALE),
    ];
    for (fence, held, standing, expected) in cases {
        let choice = choose(fence, &me(held), &record, standing);
        assert_eq!(code(&choice), (expected, None), "{fence:?} held {held}");
    }
}

#[test]
fn probation_and_open_blame_wait() {
    let base = fence(Some(3), &[]);
    let offered = fence(None, &[(3, "open")]);
    let probation = known_good(1).activate(generation(2));
    let standing = Standing::default();
    assert_eq!(code(&choose(&base, &me(false), &probation, &standing)), (ON_PROBATION, None));
    assert_eq!(code(&choose(&offered, &me(false), &probation, &standing)), (TAKES, Some(3)));
    let (reverted, _) = probation.crash_seen();
    let again = fence(None, &[(2, "open")]);
    assert_eq!(code(&choose(&again, &me(false), &reverted, &standing)), (NOT_SETTLED, None));
}

#[test]
fn a_release_without_a_witness_is_tried_once_more_a_day_later() {
    let mut record = known_good(1).activate(generation(2));
    for _ in 0..=START_ATTEMPTS_MAX {
        record = record.before_start().0;
    }
    let (record, settled) = record.healthy(ONCE, ENOUGH);
    assert_eq!(settled, Settled::Retry(generation(2)));
    let early =
        Standing { retry_waited: decide::time::Span(RETRY_AFTER.0 - 1), ..Standing::default() };
    let due = Standing { retry_waited: RETRY_AFTER, ..Standing::default() };
    let open = fence(Some(1), &[(2, "open")]);
    assert_eq!(code(&choose(&open, &me(false), &record, &early)), (RETRY_WAITS, None));
    assert_eq!(code(&choose(&open, &me(false), &record, &due)), (TAKES, Some(2)));
    let halted = fence(Some(1), &[(2, "halted")]);
    assert_eq!(code(&choose(&halted, &me(false), &record, &due)), (UP_TO_DATE, None));
    let other = fence(Some(1), &[(3, "open")]);
    assert_eq!(code(&choose(&other, &me(false), &record, &early)), (TAKES, Some(3)));
}

#[test]
fn nothing_else_is_no_reason_to_run_nothing() {
    let withdrawn = FenceView { withdrawn: vec![generation(0).digest], ..fence(None, &[]) };
    let record = known_good(0);
    let choice = choose(&withdrawn, &me(false), &record, &Standing::default());
    assert_eq!(code(&choice), (NOTHING_ELSE, None));
    assert_eq!(record.clone().taken_back(generation(0).digest), (record, None));
}

/// Healthy after each start, and dead a moment later, again and again: the count of starts never
/// sees it, the count of crashes does.
#[test]
fn a_known_good_release_that_dies_after_each_healthy_start_is_given_up() {
    let mut record = known_good(2);
    record.known_good_before = generation(1);
    for crash in 1..=CRASHES_MAX {
        record = record.before_start().0.healthy(ONCE, ENOUGH).0;
        assert_eq!((record.attempts, record.current), (0, generation(2)));
        let (next, taken) = record.crash_seen();
        assert_eq!(taken.is_some(), crash == CRASHES_MAX, "crash {crash}");
        record = next;
    }
    assert_eq!((record.current, record.phase), (generation(1), Phase::Reverted));
    let (record, settled) = record.before_start().0.healthy(ONCE, ENOUGH);
    assert_eq!(
        settled,
        Settled::Retry(generation(2)),
        "what is older runs: that is the counterfactual"
    );
    assert_eq!((record.known_good, record.known_good_before), (generation(1), generation(0)));
    // A steady stretch forgets.
    let steady = known_good(2).crash_seen().0.healthy(ENOUGH, ENOUGH).0;
    assert_eq!(steady.crashes, 0);
}

/// With a consumer that dies of everything the seed goes on being restarted: crashes alone never
/// lead to off, starts without any health do.
#[test]
fn crashes_after_health_end_at_the_seed_and_not_off() {
    let mut record = known_good(1);
    for _ in 0..50 {
        record = record.before_start().0.healthy(ONCE, ENOUGH).0.crash_seen().0;
    }
    assert_eq!(record.current, generation(0));
    assert_ne!(record.phase, Phase::Off);
}

/// The known-good release stops starting for good: the machine ends on the seed in a bounded
/// number of starts, however often the same release is offered.
#[test]
fn an_offer_of_what_just_failed_does_not_turn_in_circles() {
    let mut record = known_good(1);
    let mut starts = 0;
    let open = fence(Some(1), &[]);
    for _ in 0..100 {
        record = record.before_start().0;
        starts += u32::from(record.current == generation(1));
        if record.current == generation(0) {
            record = record.healthy(ONCE, ENOUGH).0;
            if let Choice::Take(taken, _) = choose(&open, &me(false), &record, &Standing::default())
            {
                record = record.activate(generation(taken.number));
            }
        }
    }
    assert_eq!(starts, u32::from(START_ATTEMPTS_MAX));
    assert_eq!((record.current, record.phase), (generation(0), Phase::Stable));
}

#[test]
fn a_clean_stop_is_not_a_failed_start() {
    let mut record = known_good(1).activate(generation(2));
    for _ in 0..20 {
        record = record.before_start().0.stopped();
    }
    assert_eq!((record.current, record.attempts), (generation(2), 0));
}

#[test]
fn a_withdrawn_release_is_nothing_to_fall_back_to() {
    let record = known_good(1).activate(generation(2)).forgotten(generation(1).digest);
    let (record, _) = record.crash_seen();
    assert_eq!(record.current, generation(0));
    let running = known_good(1);
    assert_eq!(running.clone().forgotten(generation(1).digest), running, "that is for taken_back");
}

#[test]
fn off_ends_with_another_consumer_and_not_by_itself() {
    let mut record = known_good(1);
    for _ in 0..20 {
        record = record.before_start().0;
    }
    assert_eq!(record.phase, Phase::Off);
    let (revived, _) = record.revived().before_start();
    assert_eq!((revived.current, revived.phase, revived.attempts), (generation(0), Phase::Seed, 1));
    let running = known_good(1);
    assert_eq!(running.clone().revived(), running);
}
