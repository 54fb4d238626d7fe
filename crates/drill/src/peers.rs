//! Other rollout tools' policies, for side-by-side drills.
//!
//! Each is data from its documentation ([`catalogue`]) and one small pure judge per family
//! (`judge`): what that tool can see, and what it does about it. Where its documentation leaves
//! a number open, the entry says what is assumed. None of them has a taste before the start or a
//! rescue on the machine unless its documentation says so, so hands are needed accordingly.

pub mod catalogue;
mod judge;
mod world;

pub use catalogue::PEERS;

use judge::Judge;
pub(crate) use world::run;

/// One policy of another tool.
#[derive(Debug, PartialEq)]
pub struct Peer {
    /// The name for `--policy`.
    pub id: &'static str,
    /// The tool.
    pub product: &'static str,
    /// Where its numbers are from.
    pub source: &'static str,
    /// What is our assumption.
    pub assumed: &'static str,
    steps: Steps,
    judge: Judge,
    stop: Stop,
    /// Seconds between two looks of a machine.
    poll_s: u64,
    /// Seconds for which the judge goes on after everybody was offered it.
    bake_s: u64,
    /// A machine that cannot reach its server after the change undoes it.
    undoes_when_cut_off: bool,
}

/// How exposure grows.
#[derive(Debug, PartialEq)]
enum Steps {
    /// So many of 1,000, at so many seconds from the start.
    Clock(&'static [(u64, u64)]),
    /// Evenly over so many seconds.
    Linear(u64),
    /// So many equal groups; the judge opens the next.
    Groups(u64),
    /// So many of 1,000 (0 is one machine); the judge opens the next.
    Shares(&'static [u64]),
    /// A rate in machines a minute that doubles with each thousand machines, up to a limit.
    Rate { a_minute: u64, limit: u64 },
}

/// What a stop does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// Nobody further gets it; those that have it keep it.
    Pause,
    /// Those that have it get the previous file.
    RollBack,
}

impl Steps {
    /// Machines that may have it at step `step` (from 0), `now_s` after the start.
    fn target(&self, total: u64, step: usize, now_s: u64, granted: u64) -> u64 {
        let share = |permille: u64| (total * permille / 1_000).clamp(1, total.max(1));
        match self {
            Steps::Clock(steps) => {
                let due = steps.iter().rev().find(|(_, at)| *at <= now_s);
                due.map_or(0, |(permille, _)| share(*permille))
            }
            Steps::Linear(over_s) => total * now_s.min(*over_s) / over_s,
            Steps::Groups(groups) => (total * (step as u64 + 1)).div_ceil(*groups).min(total),
            Steps::Shares(shares) => shares.get(step).map_or(total, |permille| share(*permille)),
            Steps::Rate { a_minute, limit } => {
                let doublings = (granted / 1_000).min(20);
                (granted + (a_minute << doublings).min(*limit)).min(total)
            }
        }
    }
}

/// The policy of that name.
pub fn find(id: &str) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.id == id)
}
