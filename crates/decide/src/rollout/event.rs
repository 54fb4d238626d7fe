//! What goes into a rollout and what comes out.

use super::Rollout;
use crate::exposure::Bucket;
use crate::id::{BlockName, ReleaseRef, Ring, RolloutId, StratumName};
use crate::policy::{Lane, Policy};
use crate::reason::Reason;
use crate::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// Everything that is frozen into a rollout when it begins (sharp edge 21: weights, strata and
/// endpoints never change during a release).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// The rollout's name.
    pub rollout: RolloutId,
    /// What is rolled out.
    pub release: ReleaseRef,
    /// What machines run before it; `None` when they run their seed.
    pub previous: Option<ReleaseRef>,
    /// Which ladder of the policy.
    pub lane: Lane,
    /// The whole policy, frozen.
    pub policy: Policy,
    /// Names of strata, indexed by [`StartMachine::stratum`]; the last part is the ring's name.
    pub strata: Vec<StratumName>,
    /// The ring of each stratum, same index.
    pub rings: Vec<Ring>,
    /// Names of blocks, indexed by [`StartMachine::block`].
    pub blocks: Vec<BlockName>,
    /// The fleet when the rollout began. A machine is known by its index here.
    pub machines: Vec<StartMachine>,
}

/// One machine of the fleet as the rollout knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartMachine {
    /// Index into [`Start::strata`].
    pub stratum: u16,
    /// Index into [`Start::blocks`].
    pub block: u16,
    /// Its place in the random order of this rollout.
    pub bucket: Bucket,
    /// Held by its owner: never exposed, never in control.
    pub held: bool,
    /// Heard from lately when the rollout began.
    pub alive: bool,
}

/// One event. Time is the server's (sharp edge 12); the shell clamps ages before it logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// Time passed. `feed_age` is the age of the newest report from any control machine, or of
    /// any machine where no control is left; `None` when nothing was ever heard.
    Tick {
        /// See above.
        feed_age: Option<Span>,
    },
    /// Something happened on one machine.
    Machine {
        /// Index into [`Start::machines`], or the index given by an earlier `Enrolled`.
        machine: u32,
        /// What.
        what: MachineEvent,
    },
    /// A machine enrolled after the start; it gets the next index and counts in no risk set.
    Enrolled {
        /// The machine.
        machine: StartMachine,
    },
    /// A person spoke.
    Order {
        /// What they ordered.
        order: Order,
        /// Who.
        by: String,
        /// Why, in their words.
        reason: String,
    },
}

/// What a machine did, in the order in which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineEvent {
    /// Last words: it is about to load the release ("granted").
    Attempted,
    /// The consumer has loaded the release.
    Loaded,
    /// A heartbeat that says healthy, running the release (treated) or what it ran before.
    Healthy,
    /// The consumer crashed or hung while running what this machine runs.
    Crashed,
    /// The agent refused the release: taste failed or bytes were wrong.
    Refused,
    /// The agent put the previous file back by itself.
    Reverted,
    /// No heartbeat for three intervals, without a goodbye.
    Silent,
    /// It is heard again.
    Back,
    /// It said goodbye: a clean shutdown or sleep; censored, not silent.
    Goodbye,
    /// Its owner holds it.
    Held,
}

/// What a person can order. Four verbs, never mixed, and `Resume`, which takes a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Nobody further gets it.
    Halt,
    /// Those that have it go back. Implies halt.
    Revert,
    /// That digest can never be installed again. Implies revert.
    Withdraw,
    /// Lift a halt that a person ordered; refused for a halt by evidence.
    Resume,
}

/// What the shell has to do, in this order, after it has persisted the decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Raise the threshold of one stratum so that exactly `assigned` of its machines (in bucket
    /// order, held ones left out) are exposed. `close` is set when everybody is, also later ones.
    Expose {
        /// Index into [`Start::strata`].
        stratum: u16,
        /// Machines exposed from now on; never fewer than before.
        assigned: u64,
        /// Everybody, including machines that enrol later.
        close: bool,
    },
    /// Publish that nobody further gets it.
    Halt,
    /// Publish that those that have it go back to the previous release, or to what the agent
    /// knows is good.
    Revert,
    /// Publish that the digest can never be installed again.
    Withdraw,
    /// The release is everybody's now; it becomes the channel's base, still on probation.
    Complete,
    /// The probation is over: the release is known good.
    KnownGood,
    /// Tell people.
    Notify,
}

/// The result of one step.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The next state.
    pub rollout: Rollout,
    /// What to do, in order; empty most of the time.
    pub actions: Vec<Action>,
    /// Why, also when nothing is done.
    pub reasons: Vec<Reason>,
}

impl Start {
    /// When the machines were frozen: used by shells to label the log.
    pub fn label(&self, at: Time) -> String {
        format!("{} {} from {}", self.rollout, self.release, at.0)
    }
}
