//! What a tool can see of a rollout, and what its documentation says that it does about it.

/// What can be seen at one moment. Counts are machines.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Picture {
    /// Seconds since the present step began.
    pub step_s: u64,
    /// Machines of the present step.
    pub step: u64,
    /// Of those: said that they are done.
    pub step_done: u64,
    /// Of those: said that they failed.
    pub step_failed: u64,
    /// Of those: loaded it and then fell silent before they said anything.
    pub step_lost: u64,
    /// Exposed in all.
    pub exposed: u64,
    /// Said that they are done, in all.
    pub done: u64,
    /// Said that they failed, in all.
    pub failed: u64,
    /// Loaded it longer ago than the timeout and never said anything.
    pub timed_out: u64,
    /// Exposed machines whose metrics arrive.
    pub heard: u64,
    /// Exposed machines whose metrics say that their consumer is down, or crashed lately.
    pub failing: u64,
    /// Crashes seen on exposed machines so far, each machine once.
    pub crashed: u64,
    /// Exposed machines that fell silent at least three hours ago.
    pub long_silent: u64,
    /// Machines without it, and the crashes seen on them so far.
    pub control: u64,
    pub control_crashed: u64,
}

/// A rate is so many machines in this time.
const RATE_S: u64 = 60;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Say {
    Wait,
    Next,
    Stop,
}

/// A family of judges with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Judge {
    /// Nobody looks.
    None,
    /// An alarm on the share of failing machines in the whole fleet; no data at all alarms too.
    Alarm { permille: u64 },
    /// Status of a group: errors above a share stop, successes from a share open the next.
    Thresholds { done: u64, failed_above: u64 },
    /// Failed and timed out machines of those that were executed, once there are enough.
    Abort { permille: u64, executed_min: u64 },
    /// Every so often a check of the success rate; so many failed checks stop.
    Checks { every_s: u64, success: u64, strikes: u32, no_data_fails: bool, advances: bool },
    /// Canary against as large a baseline every so often, only by what both report.
    Compare { every_s: u64, rounds: u32, ratio: f64 },
    /// Is the failure rate higher than of the others, at this many standard deviations?
    Sequential { deviations: f64 },
    /// A batch is over when each of its machines was done, failed or could not be reached.
    Batch { failed_above: u64, patience_s: u64 },
    /// Either a share or a number of failed machines.
    Failures { permille: u64, count: u64 },
    /// Failures compared with the others within minutes, silence within hours.
    TwoHorizons { deviations: f64 },
}

/// What a judge remembers between two looks.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Memory {
    /// Failed checks, or rounds passed.
    pub count: u32,
    /// When it looked last, in seconds of the step; periodic judges look no more often.
    pub looked_s: u64,
}

/// The standard deviations by which exposed machines fail more often than the others.
fn excess(p: &Picture) -> f64 {
    let (n, m) = (p.exposed as f64, p.control as f64);
    if n < 1.0 || m < 1.0 {
        return 0.0;
    }
    let (a, b) = (p.crashed as f64, p.control_crashed as f64);
    // Half an event more on each side: no division by nothing, and no verdict on one event.
    let pooled = (a + b + 1.0) / (n + m + 2.0);
    let spread = libm::sqrt(pooled * (1.0 - pooled) * (1.0 / n + 1.0 / m));
    (a / n - b / m) / spread.max(1e-12)
}

/// The whole step has spoken, one way or the other.
fn terminal(p: &Picture) -> bool {
    p.step_done + p.step_failed >= p.step
}

impl Judge {
    /// Judges. Nothing but the picture, the numbers and the memory matters.
    pub(super) fn judge(&self, p: &Picture, memory: &mut Memory) -> Say {
        match *self {
            Judge::None => Say::Wait,
            Judge::Alarm { permille } => {
                let fleet = p.heard + p.control;
                stop_if(fleet == 0 || p.failing * 1_000 > permille * fleet)
            }
            Judge::Thresholds { done, failed_above } => thresholds(p, done, failed_above),
            Judge::Abort { permille, executed_min } => {
                let bad = p.failed + p.timed_out;
                let executed = p.done + bad;
                let stop = executed >= executed_min && bad * 1_000 >= permille * executed;
                match (stop, p.step_s < RATE_S) {
                    (true, _) => Say::Stop,
                    (false, true) => Say::Wait,
                    (false, false) => Say::Next,
                }
            }
            Judge::Checks { every_s, success, strikes, no_data_fails, advances } => {
                if p.step_s < memory.looked_s + every_s {
                    return Say::Wait;
                }
                memory.looked_s = p.step_s;
                let fails = if p.heard == 0 {
                    no_data_fails
                } else {
                    (p.heard - p.failing.min(p.heard)) * 1_000 < success * p.heard
                };
                memory.count += u32::from(fails);
                match (memory.count >= strikes, fails || !advances) {
                    (true, _) => Say::Stop,
                    (false, true) => Say::Wait,
                    (false, false) => Say::Next,
                }
            }
            Judge::Compare { every_s, rounds, ratio } => {
                if p.step_s < memory.looked_s + every_s {
                    return Say::Wait;
                }
                memory.looked_s = p.step_s;
                memory.count += 1;
                compare(p, memory, rounds, ratio)
            }
            Judge::Sequential { deviations } => stop_if(p.crashed >= 2 && excess(p) > deviations),
            Judge::Batch { failed_above, patience_s } => batch(p, failed_above, patience_s),
            Judge::Failures { permille, count } => {
                let executed = p.done + p.failed;
                let share = executed > 0 && p.failed * 1_000 > permille * executed;
                stop_if(p.failed >= count || share && p.failed >= 5)
            }
            Judge::TwoHorizons { deviations } => {
                let fast = p.crashed >= 3 && excess(p) > deviations;
                stop_if(fast || p.long_silent >= 3 && p.long_silent * 100 > p.exposed)
            }
        }
    }
}

fn stop_if(stop: bool) -> Say {
    if stop { Say::Stop } else { Say::Wait }
}

/// Shares of the present step.
fn thresholds(p: &Picture, done: u64, failed_above: u64) -> Say {
    if p.step_failed * 1_000 > failed_above * p.step {
        Say::Stop
    } else if p.step_done * 1_000 >= done * p.step || terminal(p) {
        Say::Next
    } else {
        Say::Wait
    }
}

/// Who has said nothing when patience ends could not be reached.
fn batch(p: &Picture, failed_above: u64, patience_s: u64) -> Say {
    let patient = p.step_s < patience_s;
    let lost = if patient { p.step_failed } else { p.step.saturating_sub(p.step_done) };
    if p.step_done + lost < p.step {
        Say::Wait
    } else if lost * 1_000 > failed_above * p.step {
        Say::Stop
    } else {
        Say::Next
    }
}

/// Two samples of equal size by what they report; a group of metrics without data passes.
fn compare(p: &Picture, memory: &Memory, rounds: u32, ratio: f64) -> Say {
    let rate = |crashed: u64, of: u64| crashed as f64 / (of.max(1)) as f64;
    // Fifty samples are what it takes to see a difference at 98 %.
    let enough = p.heard >= 50;
    let worse = rate(p.crashed, p.exposed) > ratio * rate(p.control_crashed, p.control);
    if enough && worse && excess(p) > 2.33 {
        Say::Stop
    } else if memory.count >= rounds {
        Say::Next
    } else {
        Say::Wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(judge: &Judge, picture: Picture) -> Say {
        judge.judge(&picture, &mut Memory::default())
    }

    #[test]
    fn silence_is_seen_as_each_family_sees_it() {
        let dark =
            Picture { step_s: 7_200, step: 100, exposed: 100, control: 900, ..Picture::default() };
        let cases = [
            (Judge::None, Say::Wait),
            (Judge::Alarm { permille: 10 }, Say::Wait),
            (Judge::Thresholds { done: 500, failed_above: 500 }, Say::Wait),
            (Judge::Abort { permille: 200, executed_min: 200 }, Say::Next),
            (Judge::Compare { every_s: 60, rounds: 1, ratio: 1.25 }, Say::Next),
            (Judge::Batch { failed_above: 100, patience_s: 600 }, Say::Stop),
            (Judge::Failures { permille: 100, count: 30 }, Say::Wait),
        ];
        for (judge, wanted) in cases {
            assert_eq!(say(&judge, dark), wanted, "{judge:?}");
        }
        let checks = |no_data_fails| Judge::Checks {
            every_s: 60,
            success: 990,
            strikes: 1,
            no_data_fails,
            advances: true,
        };
        assert_eq!(say(&checks(true), dark), Say::Stop);
        assert_eq!(say(&checks(false), dark), Say::Next);
        let judge = Judge::TwoHorizons { deviations: 3.0 };
        assert_eq!(say(&judge, dark), Say::Wait);
        assert_eq!(say(&judge, Picture { long_silent: 90, ..dark }), Say::Stop);
    }

    #[test]
    fn failures_that_are_said_stop_every_judge_that_looks() {
        let bad = Picture {
            step_s: 7_200,
            step: 300,
            step_failed: 300,
            exposed: 300,
            failed: 300,
            heard: 300,
            failing: 300,
            crashed: 300,
            control: 900,
            ..Picture::default()
        };
        for judge in [
            Judge::Alarm { permille: 10 },
            Judge::Thresholds { done: 500, failed_above: 500 },
            Judge::Abort { permille: 200, executed_min: 200 },
            Judge::Compare { every_s: 60, rounds: 3, ratio: 1.25 },
            Judge::Sequential { deviations: 3.0 },
            Judge::Batch { failed_above: 100, patience_s: 600 },
            Judge::Failures { permille: 100, count: 30 },
            Judge::TwoHorizons { deviations: 3.0 },
        ] {
            assert_eq!(say(&judge, bad), Say::Stop, "{judge:?}");
        }
    }
}
