//! The verdict: evidence, blindness, weather, suspicion, in that order.
//!
//! Rule numbers are those of `docs/explanation/decision-statistics.md`.

use super::event::Action;
use super::view::Phase;
use super::{Rollout, codes};
use crate::health::Endpoint;
use crate::health::liveness::MISSES;
use crate::reason::{Code, Reason};
use crate::time::{Span, Time};
use crate::verdict::Verdict;

/// Heartbeat intervals that the weather guard looks back; five minutes in production.
const WEATHER_INTERVALS: u64 = 5;
/// Control events in the window under which there is no weather.
const WEATHER_EVENTS_MIN: u64 = 5;
/// How many times the usual rate of control events is weather.
const WEATHER_TIMES: f64 = 5.0;
/// Windows that must be clear before weather is over.
const WEATHER_CLEAR_WINDOWS: u64 = 2;
/// Exposed machines up to which the first harm may halt; beyond it chance alone would halt good
/// releases too often (32 machines at 1e-3 crashes an hour: under 3 % in an hour).
pub(super) const FIRST_HARM_MACHINES_MAX: u64 = 32;
/// Harms that must suffice for the statistic; where they cannot, it is powerless.
const FIRST_HARM_POWER: u64 = 2;

/// Why growth is braked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrakeKind {
    Blind,
    Weather,
    Suspicion,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Brake {
    pub kind: BrakeKind,
    pub since: Time,
}

/// Counts of control events in two windows, to tell a bad hour from a bad release.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    window: Span,
    began: Time,
    window_began: Time,
    in_window: u64,
    in_last: u64,
    before: u64,
    clear_since: Option<Time>,
}

impl Weather {
    pub(super) fn new(heartbeat: Span, now: Time) -> Weather {
        Weather {
            window: heartbeat.times(WEATHER_INTERVALS),
            began: now,
            window_began: now,
            in_window: 0,
            in_last: 0,
            before: 0,
            clear_since: None,
        }
    }
    fn roll(&mut self, now: Time) {
        if now.since(self.window_began) >= self.window {
            let skipped = now.since(self.window_began) >= self.window.times(2);
            self.before += self.in_last + if skipped { self.in_window } else { 0 };
            self.in_last = if skipped { 0 } else { self.in_window };
            self.in_window = 0;
            self.window_began = now;
        }
    }
    pub(super) fn control_event(&mut self, now: Time) {
        self.roll(now);
        self.in_window += 1;
    }
    /// Control events in the last one to two windows.
    pub(super) fn recent(&self) -> u64 {
        self.in_window + self.in_last
    }
    /// (is there weather, events in the window, events expected in it).
    fn look(&mut self, now: Time) -> (bool, u64, f64) {
        self.roll(now);
        let windows = now.since(self.began).0 as f64 / self.window.0.max(1) as f64;
        let expected = self.before as f64 / (windows - 1.0).max(1.0);
        let recent = self.in_window.max(self.in_last);
        let bad = recent >= WEATHER_EVENTS_MIN && recent as f64 > WEATHER_TIMES * expected.max(0.2);
        if bad {
            self.clear_since = Some(now.plus(self.window.times(WEATHER_CLEAR_WINDOWS)));
        }
        let holds = self.clear_since.is_some_and(|until| now < until);
        (holds, recent, expected)
    }
}

/// Odds as people read them.
pub(super) fn odds(log_e: f64) -> String {
    match libm::exp(log_e.min(60.0)) {
        e if !e.is_finite() => "not a number".into(),
        e if e < 10.0 => format!("{e:.1}"),
        e => format!("{e:.0}"),
    }
}

impl Rollout {
    fn log_limit(&self) -> f64 {
        libm::log(self.start.policy.false_halt_one_in as f64)
    }

    /// Rule 1 and the first-harm rule, right after an exposed machine's event.
    pub(super) fn judge_harm(
        &mut self,
        machine: u32,
        confirmed_harm: bool,
        now: Time,
        actions: &mut Vec<Action>,
    ) {
        if self.halted_at.is_some() {
            return;
        }
        let log_e = self.evidence.log_e();
        if log_e >= self.log_limit() {
            let reason = self.evidence_reason(log_e);
            self.roll_back(now, vec![reason], actions);
        } else if confirmed_harm && self.powerless(machine) && self.weather.recent() == 0 {
            let reason = self.first_harm_reason(machine);
            self.roll_back(now, vec![reason], actions);
        } else if self.powerless(machine) {
            self.suspect |= confirmed_harm;
            self.brake(BrakeKind::Suspicion, now);
        }
    }

    /// True where even two harms could not reach the odds, and so few machines are exposed that
    /// chance is no explanation for the first.
    fn powerless(&self, machine: u32) -> bool {
        let counts = self.machines.totals();
        if counts.assigned > FIRST_HARM_MACHINES_MAX || self.phase == Phase::Soaking {
            return false;
        }
        let (treated, control) = self.machines.risk_of(machine);
        // The machine's own event has already left the risk set; put it back for the question.
        let stratum = self.machines.stratum(machine);
        let fresh = crate::health::evidence::Evidence::new(self.start.strata.len());
        let best =
            fresh.log_e_after(stratum, treated + FIRST_HARM_POWER, control, FIRST_HARM_POWER);
        best < self.log_limit()
    }

    /// Rules 1 to 6, on every tick.
    pub(super) fn judge(&mut self, feed_age: Option<Span>, now: Time, actions: &mut Vec<Action>) {
        let log_e = self.evidence.log_e();
        let stale = self.start.policy.heartbeat.times(MISSES);
        let blind = log_e.is_nan() || feed_age.is_none_or(|age| age > stale);
        let (weather, recent, expected) = self.weather.look(now);
        if log_e >= self.log_limit() {
            let reason = self.evidence_reason(log_e);
            return self.roll_back(now, vec![reason], actions);
        }
        if blind {
            self.brake(BrakeKind::Blind, now);
            let age = feed_age.map_or_else(|| "never".to_owned(), |age| age.to_string());
            let sentence =
                format!("the newest report is {age} old, limit {stale}: nobody grows blind");
            self.hold(codes::HOLD_BLIND, sentence, age, stale.to_string(), Verdict::NoSignal);
        } else if weather {
            self.brake(BrakeKind::Weather, now);
            let sentence = format!(
                "{recent} control machines had events in {}, about {expected:.1} are usual: this is \
                 not the release's doing, wait until it is over",
                self.start.policy.heartbeat.times(WEATHER_INTERVALS)
            );
            let limit = format!("{WEATHER_TIMES} times the usual");
            self.hold(
                codes::HOLD_WEATHER,
                sentence,
                recent.to_string(),
                limit,
                Verdict::Inconclusive,
            );
        } else {
            self.suspicion(log_e, now);
        }
        let held = self.brake.map_or(Span::ZERO, |brake| now.since(brake.since));
        let suspicious = self.brake.is_some_and(|brake| brake.kind == BrakeKind::Suspicion);
        if suspicious && held > self.ladder.hold_max {
            let reason = Reason::new(
                codes::HOLD_TOO_LONG,
                format!(
                    "suspicion has lasted {held}, limit {}: halted, a person decides",
                    self.ladder.hold_max
                ),
            )
            .measured(held.to_string(), self.ladder.hold_max.to_string())
            .next(format!("ringfence why {}", self.start.rollout));
            self.halt(now, vec![reason], actions);
        }
    }

    /// Rules 4 and 5: hold at 20, resume under 10, a harm in a powerless place keeps holding.
    fn suspicion(&mut self, log_e: f64, now: Time) {
        let policy = &self.start.policy;
        let (hold_at, resume_at) = (policy.hold_at as f64, policy.resume_at as f64);
        let harmed = self.machines.totals().harmed;
        let small = self.machines.totals().assigned <= FIRST_HARM_MACHINES_MAX;
        let held = self.brake.is_some_and(|brake| brake.kind == BrakeKind::Suspicion);
        let odds_hold = log_e >= libm::log(if held { resume_at } else { hold_at });
        // Weather and blindness brake in place of a suspicion, and end; the suspicion does not end
        // with them.
        self.suspect = self.suspect && small && harmed > 0;
        if odds_hold || self.suspect || (held && small && harmed > 0) {
            self.brake(BrakeKind::Suspicion, now);
            let sentence = format!(
                "odds of {} to 1 that the release harms (hold at {hold_at}); {harmed} of {} exposed \
                 machines had events; growth is braked",
                odds(log_e),
                self.machines.totals().assigned
            );
            let limit = format!("{hold_at} to 1");
            self.hold(codes::HOLD_SUSPICION, sentence, odds(log_e), limit, Verdict::Inconclusive);
        } else {
            self.brake = None;
            if self.phase == Phase::Holding {
                self.enter(Phase::Advancing, now);
            }
            self.verdict = Verdict::Pass;
            self.reasons.clear();
        }
    }

    fn brake(&mut self, kind: BrakeKind, now: Time) {
        if self.brake.is_none_or(|brake| brake.kind != kind) {
            self.brake = Some(Brake { kind, since: now });
        }
        if self.phase == Phase::Advancing {
            self.enter(Phase::Holding, now);
        }
    }

    fn hold(
        &mut self,
        code: Code,
        sentence: String,
        measured: String,
        limit: String,
        verdict: Verdict,
    ) {
        let next = format!("ringfence why {}", self.start.rollout);
        self.verdict = verdict;
        self.reasons = vec![Reason::new(code, sentence).measured(measured, limit).next(next)];
    }

    fn evidence_reason(&self, log_e: f64) -> Reason {
        let counts = self.machines.totals();
        let limit = self.start.policy.false_halt_one_in;
        let top = self.evidence.terms().max_by(|a, b| a.log_weighted.total_cmp(&b.log_weighted));
        let (word, ratio, place) = top.map_or(("crash", 0.0, "the fleet".into()), |term| {
            let place =
                term.stratum.map_or("the fleet".to_owned(), |s| self.start.strata[s].to_string());
            (term.endpoint.word(), term.ratio, place)
        });
        Reason::new(
            codes::EVIDENCE_REVERT,
            format!(
                "{} of {} exposed machines had events; odds against chance {} to 1 (limit {limit} \
                 to 1), carried by {word} in {place}, about {ratio:.0} times as often as control",
                counts.harmed,
                counts.assigned,
                odds(log_e)
            ),
        )
        .measured(format!("{} to 1", odds(log_e)), format!("{limit} to 1"))
        .count(counts.harmed, counts.assigned)
        .next(format!("ringfence why {}", self.start.rollout))
    }

    fn first_harm_reason(&self, machine: u32) -> Reason {
        let counts = self.machines.totals();
        let (_, control) = self.machines.risk().total(Endpoint::Crash);
        let stratum = self.machines.stratum(machine);
        let verb = if self.machines.has_attempted(machine) { "was harmed by" } else { "refused" };
        Reason::new(
            codes::FIRST_HARM,
            format!(
                "{} of {} exposed machines {verb} the release ({}), limit 0: with 0 of {control} \
                 control machines harmed and so few exposed, no statistic can say more in time",
                counts.harmed, counts.assigned, self.start.strata[stratum]
            ),
        )
        .measured(counts.harmed.to_string(), "0")
        .count(counts.harmed, counts.assigned)
        .next(format!("ringfence why {}", self.start.rollout))
    }
}
