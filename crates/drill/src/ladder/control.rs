//! The control plane of a drill: the production rollout, and a place where tests put a broken one.

use decide::rollout::{Action, Event, Rollout, Start};
use decide::time::Time;

/// Who decides. Production changes nothing; a test double may change what goes in or comes out.
pub(crate) trait Rollouts {
    /// What the rollout is started with.
    fn start(&mut self, start: Start) -> Start {
        start
    }
    /// One event.
    fn fold(&mut self, rollout: &mut Rollout, event: &Event, now: Time) -> Vec<Action> {
        rollout.fold(event, now)
    }
}

/// The production decisions.
pub(crate) struct Production;

impl Rollouts for Production {}
