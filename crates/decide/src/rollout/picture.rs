//! A rollout as people and pages see it.

use super::Rollout;
use super::gates::FleetGate;
use super::judge::odds;
use super::view::{GateView, Phase, StratumView, View};
use crate::policy::Size;
use crate::reason::Reason;
use crate::rollout::codes;
use crate::time::Time;
use crate::verdict::Verdict;

/// The size of a gate in words.
pub(super) fn size_words(size: Size) -> String {
    match size {
        Size::Machines(1) => "1 machine".into(),
        Size::Machines(count) => format!("{count} machines"),
        Size::EachStratum => "each stratum once".into(),
        Size::Permille(share) if share % 10 == 0 => format!("{} %", share / 10),
        Size::Permille(share) => format!("{}.{} %", share / 10, share % 10),
    }
}

impl Rollout {
    /// What people see.
    pub fn view(&self, now: Time) -> View {
        let counts = self.machines.totals();
        let evidence = self.evidence.log_e();
        View {
            phase: self.phase,
            since: self.since,
            withdrawn: self.withdrawn,
            verdict: self.verdict,
            reasons: self.present_reasons(now),
            gates: self.gates.all().iter().map(|gate| self.gate_view(gate)).collect(),
            strata: (0..self.start.strata.len()).map(|s| self.stratum_view(s)).collect(),
            machines: counts.machines,
            assigned: counts.assigned,
            attempted: counts.attempted,
            confirmed: counts.confirmed,
            harmed: counts.harmed,
            reverted: counts.reverted,
            down: counts.down,
            refused: counts.refused,
            evidence: odds(evidence),
            first_harm: self.first_harm,
            halted_at: self.halted_at,
        }
    }

    /// The reasons of the last step; while machines go back, how many are back.
    fn present_reasons(&self, now: Time) -> Vec<Reason> {
        let mut reasons = self.reasons.clone();
        if self.phase == Phase::Reverting {
            let counts = self.machines.totals();
            let sentence = format!(
                "{} of {} machines that attempted it are back, {} still to be heard of, for {}",
                counts.reverted,
                counts.attempted,
                self.machines.outstanding(),
                now.since(self.since)
            );
            let going = Reason::new(codes::REVERTING, sentence);
            reasons.push(going.count(counts.reverted, counts.attempted));
        }
        reasons
    }

    fn gate_view(&self, gate: &FleetGate) -> GateView {
        let verdict = match (gate.opened, gate.reached) {
            (Some(_), _) => Verdict::Pass,
            (None, Some(_)) => self.verdict.worst(Verdict::Inconclusive),
            (None, None) => Verdict::NoSignal,
        };
        GateView {
            size: size_words(gate.size),
            machines: gate.machines,
            ring: gate.ring,
            wait: gate.wait,
            reached: gate.reached,
            opened: gate.opened,
            verdict,
        }
    }

    fn stratum_view(&self, stratum: usize) -> StratumView {
        let counts = self.machines.counts(stratum);
        StratumView {
            name: self.start.strata[stratum].to_string(),
            ring: self.start.rings[stratum],
            machines: counts.machines,
            assigned: counts.assigned,
            attempted: counts.attempted,
            confirmed: counts.confirmed,
            harmed: counts.harmed,
            reverted: counts.reverted,
            down: counts.down,
            refused: counts.refused,
            quarantined: self.probes[stratum].quarantined,
        }
    }
}
