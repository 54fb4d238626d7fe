//! Which release this machine should run, from a fence that it has verified.

use super::record::{Phase, Record};
use crate::exposure::{Salt, Threshold, bucket};
use crate::id::{Digest, MachineId, ReleaseRef, StratumName};
use crate::reason::{Code, Reason};
use crate::time::Span;

/// Keeps what it runs: nothing newer is offered to it.
pub const UP_TO_DATE: Code = Code(501);
/// Keeps what it runs: it is not exposed yet.
pub const DEFERRED: Code = Code(502);
/// Keeps what it runs: the fence has expired or is older than one already seen.
pub const STALE: Code = Code(503);
/// Keeps what it runs: the owner holds it.
pub const HELD: Code = Code(504);
/// Keeps what it runs: the offered release is banned here.
pub const BANNED: Code = Code(505);
/// Keeps what it runs: a release is still on probation.
pub const ON_PROBATION: Code = Code(506);
/// Goes back: the release is withdrawn or reverted.
pub const TAKEN_BACK: Code = Code(507);
/// Takes a release.
pub const TAKES: Code = Code(508);

/// Keeps what it runs: the offered release has failed here without a witness, and its one retry
/// comes later.
pub const RETRY_WAITS: Code = Code(509);
/// Keeps what it runs: the consumer that is installed here refused the offered release.
pub const REFUSED: Code = Code(510);
/// Keeps what it runs: its rollout is halted, nobody further takes it.
pub const HALTED: Code = Code(516);
/// Keeps what it runs, though it should go: there is nothing else on this machine.
pub const NOTHING_ELSE: Code = Code(517);
/// Keeps what it runs: something was put back and is not healthy yet, so the blame is open.
pub const NOT_SETTLED: Code = Code(518);

/// How long a release waits for its one retry after silent resets. A file that resets the machine
/// costs a second set of starts, so the control plane gets a day to take it back first.
pub const RETRY_AFTER: Span = Span::hours(24);

/// The fence as the decision needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct FenceView {
    /// Its number.
    pub number: u64,
    /// False once it has expired, or when the timestamp is stale.
    pub fresh: bool,
    /// What everybody runs whom no offer exposes.
    pub base: Option<ReleaseRef>,
    /// The rollouts.
    pub offers: Vec<OfferView>,
    /// Digests that can never be installed again.
    pub withdrawn: Vec<Digest>,
}

/// One rollout as an agent sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferView {
    /// What it offers.
    pub release: ReleaseRef,
    /// Makes the random order.
    pub salt: Salt,
    /// May be taken.
    pub open: bool,
    /// Must be given back.
    pub reverting: bool,
    /// Exposure of this machine's stratum.
    pub below: Threshold,
}

/// Who this machine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// Its name.
    pub machine: MachineId,
    /// Its stratum.
    pub stratum: StratumName,
    /// Held by its owner.
    pub held: bool,
}

/// What this machine remembers besides its record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The newest fence number it has verified.
    pub fence_seen: u64,
    /// Digests that are banned here.
    pub banned: Vec<Digest>,
    /// Digests that the installed consumer refused in the taste. Kept until the agent starts
    /// again, which it does when the consumer changes.
    pub refused: Vec<Digest>,
    /// How long this machine has been up since a release became due for its retry.
    pub retry_waited: Span,
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    /// Nothing, and why.
    Keep(Reason),
    /// Fetch, verify, taste and activate this release.
    Take(ReleaseRef, Reason),
    /// Take the current release away.
    GoBack(Digest, Reason),
}

/// Chooses. Going back is possible with a stale fence, going on never is.
pub fn choose(fence: &FenceView, me: &Me, record: &Record, standing: &Standing) -> Choice {
    let current = record.current.digest;
    if fence.number < standing.fence_seen {
        let sentence = format!(
            "the fence is number {}, number {} was seen before: it is ignored",
            fence.number, standing.fence_seen
        );
        return Choice::Keep(Reason::new(STALE, sentence));
    }
    let reverting = fence.offers.iter().any(|o| o.reverting && o.release.digest == current);
    if fence.withdrawn.contains(&current) || reverting {
        let why = if reverting { "reverted" } else { "withdrawn" };
        let sentence =
            format!("release {} is {why} by fence {}", record.current.number, fence.number);
        if record.kept().iter().all(|kept| kept.digest == current) {
            let sentence = format!("{sentence}, but nothing else is on this machine");
            return Choice::Keep(Reason::new(NOTHING_ELSE, sentence));
        }
        return Choice::GoBack(current, Reason::new(TAKEN_BACK, sentence));
    }
    if !fence.fresh {
        let sentence = "the fence has expired: this machine keeps what it runs and never advances";
        return Choice::Keep(Reason::new(STALE, sentence));
    }
    if me.held {
        return Choice::Keep(Reason::new(HELD, "its owner holds this machine"));
    }
    if matches!(record.phase, Phase::Reverted | Phase::Seed) {
        let number = record.current.number;
        let sentence = format!("release {number} was put back and is not healthy yet");
        return Choice::Keep(Reason::new(NOT_SETTLED, sentence));
    }
    wanted(fence, me, record, standing)
}

/// The newest release that this machine is exposed to and that nothing speaks against; else the
/// base, unless what runs here is still being rolled out.
fn wanted(fence: &FenceView, me: &Me, record: &Record, standing: &Standing) -> Choice {
    let current = record.current.digest;
    let exposes = |offer: &&OfferView| offer.below.exposes(bucket(&offer.salt, &me.machine));
    let open = || fence.offers.iter().filter(|offer| offer.open);
    let mut offered: Vec<&ReleaseRef> = open().filter(exposes).map(|o| &o.release).collect();
    offered.sort_by_key(|release| std::cmp::Reverse(release.number));
    let running = fence.offers.iter().find(|o| !o.reverting && o.release.digest == current);
    let exposed = offered.len();
    offered.extend(fence.base.iter().filter(|_| running.is_none()));
    let mut refused = None;
    for (place, release) in offered.into_iter().enumerate() {
        if release.digest == current {
            let sentence = format!("runs release {}, which is offered to it", release.number);
            let reason = refused.unwrap_or(Reason::new(UP_TO_DATE, sentence));
            return Choice::Keep(reason);
        }
        if let Some(reason) = against(release, fence, record, standing) {
            refused.get_or_insert(reason);
            continue;
        }
        // Known-good content is never replaced while another release is on probation
        // (invariant 5), unless by a release that is being rolled out to this machine.
        if record.phase == Phase::Probation && place >= exposed {
            let sentence = format!("release {} is on probation here", record.current.number);
            return Choice::Keep(Reason::new(ON_PROBATION, sentence));
        }
        let sentence = format!("release {} is offered to it", release.number);
        return Choice::Take(release.clone(), Reason::new(TAKES, sentence));
    }
    Choice::Keep(refused.unwrap_or_else(|| idle(me, running, open().next())))
}

/// Why a machine that nothing is offered to stays where it is.
fn idle(me: &Me, running: Option<&OfferView>, open: Option<&OfferView>) -> Reason {
    match (running, open) {
        (Some(offer), _) if !offer.open => {
            let sentence =
                format!("runs release {}, whose rollout is halted", offer.release.number);
            Reason::new(HALTED, sentence)
        }
        (Some(offer), _) => {
            let sentence =
                format!("runs release {}, which is being rolled out", offer.release.number);
            Reason::new(UP_TO_DATE, sentence)
        }
        (None, Some(offer)) => {
            let number = offer.release.number;
            let sentence =
                format!("release {number} is deferred: {} is not exposed so far", me.stratum);
            Reason::new(DEFERRED, sentence)
        }
        (None, None) => Reason::new(UP_TO_DATE, "no release is offered"),
    }
}

/// What speaks against taking a release on this machine.
fn against(
    release: &ReleaseRef,
    fence: &FenceView,
    record: &Record,
    standing: &Standing,
) -> Option<Reason> {
    let (number, digest) = (release.number, release.digest);
    if standing.banned.contains(&digest) || fence.withdrawn.contains(&digest) {
        return Some(Reason::new(BANNED, format!("release {number} is banned here")));
    }
    if standing.refused.contains(&digest) {
        let sentence =
            format!("release {number} was refused by the consumer that is installed here");
        return Some(Reason::new(REFUSED, sentence));
    }
    let due = record.retried && record.accused.is_some_and(|accused| accused.digest == digest);
    (due && standing.retry_waited < RETRY_AFTER).then(|| {
        let sentence =
            format!("release {number} failed here without a witness; it is tried once more later");
        let (waited, after) = (standing.retry_waited.to_string(), RETRY_AFTER.to_string());
        Reason::new(RETRY_WAITS, sentence).measured(waited, after)
    })
}
