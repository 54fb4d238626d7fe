//! Four verbs of the fence: halt, revert, withdraw, hold.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use decide::endpoint::Phase;
use support::field::Options;
use support::{Field, Hub, content};
use wire::fence::OfferState;
use wire::report::What;

fn code(field: &Field) -> u16 {
    field.status().now.stays_because.map_or(0, |reason| reason.code.0)
}

fn until_fence(field: &Field, number: u64) {
    field.until("the newest fence", |status| status.fence == number);
}

#[test]
fn a_withdrawn_release_goes_and_never_comes_back() {
    for known_good in [false, true] {
        let mut hub = Hub::new();
        let release = hub.release(1, &content("fixed"));
        hub.offer(&release, OfferState::Open);
        let probation_ms = if known_good { 100 } else { 60_000 };
        let options = Options { probation_ms, ..Options::default() };
        let mut field = Field::with(&hub, &content("good"), options);
        field.start();
        let phase = if known_good { Phase::Stable } else { Phase::Probation };
        field.until("it runs", |s| s.current.number == 1 && s.phase == phase);
        hub.fence.withdrawn.push(release.digest);
        hub.publish_fence();
        field.until("gone", |s| s.current.number == 0 && s.attempts == 0);
        field.wait("the report", || hub.told(1).contains(&What::Reverted));
        assert_eq!(field.status().banned, [release.digest]);
        let kept = field.status();
        assert!([kept.known_good, kept.known_good_before].iter().all(|g| g.number == 0));
        // Not even a fence that has forgotten the withdrawal brings it back.
        hub.fence.withdrawn.clear();
        hub.publish_fence();
        field.kill();
        field.start();
        until_fence(&field, hub.fence.number);
        field.wait("banned", || code(&field) == 505);
        field.reads("good");
        assert_eq!(hub.told(1).iter().filter(|what| **what == What::Attempted).count(), 1);
    }
}

/// What is withdrawn is nothing to fall back to either.
#[test]
fn a_withdrawn_known_good_release_is_not_fallen_back_to() {
    let mut hub = Hub::new();
    let first = hub.release(1, &content("fixed"));
    let second = hub.release(2, &content("bad-292"));
    hub.offer(&first, OfferState::Open);
    let options = Options { probation_ms: 100, ..Options::default() };
    let mut field = Field::with(&hub, &content("good"), options);
    field.start();
    field.until("one is known good", |status| status.known_good.number == 1);
    hub.fence.offers.clear();
    hub.offer(&second, OfferState::Open);
    field.until("two runs", |status| status.current.number == 2);
    hub.fence.withdrawn = vec![first.digest];
    hub.publish_fence();
    until_fence(&field, hub.fence.number);
    field.until("one is forgotten", |status| {
        [status.known_good, status.known_good_before].iter().all(|g| g.number != 1)
    });
    hub.fence.withdrawn.push(second.digest);
    hub.publish_fence();
    field.until("the seed", |status| status.current.number == 0);
    field.reads("good");
}

#[test]
fn a_halted_offer_is_not_taken_and_not_given_back() {
    let mut hub = Hub::new();
    let base = hub.release(1, &content("good"));
    let release = hub.release(2, &content("fixed"));
    hub.fence.base = Some(base);
    hub.offer(&release, OfferState::Halted);
    let options = Options { probation_ms: 100, ..Options::default() };
    let mut field = Field::with(&hub, &content("good"), options);
    field.start();
    until_fence(&field, hub.fence.number);
    field.until("healthy", |status| status.attempts == 0);
    assert_eq!(hub.told(2), []);
    hub.offer(&release, OfferState::Open);
    field.until("known good", |s| s.known_good.number == 2 && s.phase == Phase::Stable);
    hub.offer(&release, OfferState::Halted);
    until_fence(&field, hub.fence.number);
    field.wait("halted", || code(&field) == 516);
    hub.publish_fence();
    until_fence(&field, hub.fence.number);
    field.reads("fixed");
}

#[test]
fn a_reverting_offer_goes_back_even_with_an_expired_fence_and_may_return() {
    let mut hub = Hub::new();
    let release = hub.release(1, &content("fixed"));
    hub.offer(&release, OfferState::Open);
    let options = Options { probation_ms: 60_000, ..Options::default() };
    let mut field = Field::with(&hub, &content("good"), options);
    field.start();
    field.until("it runs", |status| status.current.number == 1);
    hub.fence.expires = decide::time::Time(1);
    hub.offer(&release, OfferState::Reverting);
    field.until("back", |status| status.current.number == 0);
    field.wait("the report", || hub.told(1).contains(&What::Reverted));
    assert!(field.status().banned.is_empty(), "reverted is not withdrawn");
    hub.fence.expires = support::repo::now().plus(decide::time::Span::hours(1));
    hub.offer(&release, OfferState::Open);
    field.until("it may be taken again", |status| status.current.number == 1);
}

#[test]
fn a_held_machine_keeps_what_it_runs_but_still_gives_back() {
    for by_server in [false, true] {
        let mut hub = Hub::new();
        let release = hub.release(1, &content("fixed"));
        if by_server {
            hub.fence.held.push("m-1".parse().unwrap());
        }
        hub.offer(&release, OfferState::Open);
        let options = Options { held: !by_server, ..Options::default() };
        let mut field = Field::with(&hub, &content("good"), options);
        field.start();
        field.until("a fence", |status| status.fence == hub.fence.number);
        field.wait("held", || code(&field) == 504);
        field.wait("the report", || hub.told(0).contains(&What::Held));
        assert_eq!(hub.told(1), []);
        if by_server {
            hub.fence.held.clear();
            hub.publish_fence();
            field.until("lifted", |status| status.current.number == 1);
            hub.fence.held.push("m-1".parse().unwrap());
            hub.offer(&release, OfferState::Reverting);
            field.until("given back", |status| status.current.number == 0);
        }
    }
}
