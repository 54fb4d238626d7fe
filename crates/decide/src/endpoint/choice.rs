//! Which release this machine should run, from a fence that it has verified.

use super::record::{Phase, Record};
use crate::exposure::{Salt, Threshold, bucket};
use crate::id::{Digest, MachineId, ReleaseRef, StratumName};
use crate::reason::{Code, Reason};

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
        let sentence = format!("release {} is {why} by fence {}", record.current.number, fence.number);
        return Choice::GoBack(current, Reason::new(TAKEN_BACK, sentence));
    }
    if !fence.fresh {
        let sentence = "the fence has expired: this machine keeps what it runs and never advances";
        return Choice::Keep(Reason::new(STALE, sentence));
    }
    if me.held {
        return Choice::Keep(Reason::new(HELD, "its owner holds this machine"));
    }
    wanted(fence, me, record, standing)
}

fn wanted(fence: &FenceView, me: &Me, record: &Record, standing: &Standing) -> Choice {
    let exposed = fence.offers.iter().filter(|offer| offer.open).find(|offer| {
        offer.below.exposes(bucket(&offer.salt, &me.machine))
    });
    let Some(release) = exposed.map(|offer| &offer.release).or(fence.base.as_ref()) else {
        let deferred = fence.offers.iter().find(|offer| offer.open);
        return Choice::Keep(match deferred {
            Some(offer) => Reason::new(
                DEFERRED,
                format!("release {} is deferred: {} is not exposed so far", offer.release.number, me.stratum),
            ),
            None => Reason::new(UP_TO_DATE, "no release is offered"),
        });
    };
    if release.digest == record.current.digest {
        let sentence = format!("runs release {}, which is offered to it", release.number);
        return Choice::Keep(Reason::new(UP_TO_DATE, sentence));
    }
    if standing.banned.contains(&release.digest) || fence.withdrawn.contains(&release.digest) {
        let sentence = format!("release {} is banned here", release.number);
        return Choice::Keep(Reason::new(BANNED, sentence));
    }
    // A known-good release is never replaced while another one is on probation (invariant 5):
    // the newer one waits its turn, unless the fence takes the older one back first.
    if record.phase == Phase::Probation && exposed.is_none() {
        let sentence = format!("release {} is on probation here", record.current.number);
        return Choice::Keep(Reason::new(ON_PROBATION, sentence));
    }
    let sentence = format!("release {} is offered to it", release.number);
    Choice::Take(release.clone(), Reason::new(TAKES, sentence))
}
