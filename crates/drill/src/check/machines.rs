//! What machines do: known good stays good, every path ends, nobody comes in a herd.

use super::{Step, Violation, broken};
use decide::endpoint::{Generation, Phase, Record};
use decide::rollout::Start;

/// Starts without health that a machine may need to get rid of a bad file: as many as the record
/// counts, as many again for crashes that a living agent saw, and one.
const STARTS_MAX: u8 = 7;
/// Loads in one second that are no herd, whatever the size of the fleet.
const LOADS_MIN: u64 = 64;

/// The books of the machines' side.
pub(super) struct Machines {
    starts: Vec<u8>,
    /// What every machine was shipped with.
    seed: Generation,
    /// Loads allowed in one second.
    loads_max: u64,
    second: u64,
    loads: u64,
}

impl Machines {
    pub(super) fn new(start: &Start, seed: Generation) -> Machines {
        let machines = start.machines.len() as u64;
        let interval = (start.policy.heartbeat.0 / 1_000).max(1);
        Machines {
            seed,
            starts: vec![0; start.machines.len()],
            loads_max: LOADS_MIN + machines * 3 / 2 / interval,
            second: 0,
            loads: 0,
        }
    }

    pub(super) fn activated(&mut self, machine: u32, now_s: u64) -> Result<(), Violation> {
        self.starts[machine as usize] = 0;
        if self.second != now_s {
            self.second = now_s;
            self.loads = 0;
        }
        self.loads += 1;
        if self.loads > self.loads_max {
            let what =
                format!("{} machines load in one second, limit {}", self.loads, self.loads_max);
            return broken(10, what);
        }
        Ok(())
    }

    pub(super) fn stepped(
        &mut self,
        machine: u32,
        record: &Record,
        step: Step,
    ) -> Result<(), Violation> {
        if record.phase == Phase::Probation && record.known_good.digest == record.current.digest {
            return broken(
                5,
                format!("machine {machine} counts what is on probation as known good"),
            );
        }
        if record.seed != self.seed {
            return broken(5, format!("machine {machine} does not keep its seed"));
        }
        match step {
            Step::Healthy => self.starts[machine as usize] = 0,
            Step::Start => {
                let starts = &mut self.starts[machine as usize];
                *starts = starts.saturating_add(1);
                if *starts > STARTS_MAX {
                    let what = format!("machine {machine} has started {starts} times in vain");
                    return broken(6, what);
                }
            }
            Step::Other => {}
        }
        Ok(())
    }
}
