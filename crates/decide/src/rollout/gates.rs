//! The gates of a ladder in machines of this fleet.

use super::event::Start;
use super::machines::Machines;
use crate::id::Ring;
use crate::policy::{Ladder, Size};
use crate::time::{Span, Time};

/// One gate as this fleet meets it.
#[derive(Clone, Debug)]
pub(super) struct FleetGate {
    pub size: Size,
    /// Machines exposed when the size is reached.
    pub machines: u64,
    pub ring: Ring,
    pub wait: Span,
    pub reached: Option<Time>,
    pub opened: Option<Time>,
}

/// The gates and which of them is next.
#[derive(Clone, Debug)]
pub(super) struct Gates {
    gates: Vec<FleetGate>,
    current: usize,
}

impl Gates {
    /// Gates whose size this fleet has already passed at the gate before are dropped (small
    /// fleets); a gate that opens only empty rings takes the earliest ring that has machines, so
    /// that no gate is out of reach.
    pub(super) fn new(ladder: &Ladder, start: &Start, machines: &Machines) -> Gates {
        let populated = |stratum: &usize| machines.counts(*stratum).machines > 0;
        let strata: Vec<usize> = (0..start.strata.len()).filter(populated).collect();
        let earliest = strata.iter().map(|stratum| start.rings[*stratum]).min();
        let Some(earliest) = earliest else { return Gates { gates: Vec::new(), current: 0 } };
        let mut gates: Vec<FleetGate> = Vec::new();
        for gate in &ladder.gates {
            let ring = gate.ring.max(earliest);
            let open = strata.iter().filter(|stratum| start.rings[**stratum] <= ring);
            let in_rings: u64 =
                open.clone().map(|stratum| machines.counts(*stratum).machines).sum();
            let wanted = match gate.size {
                Size::Machines(count) => count,
                Size::EachStratum => open.count() as u64,
                Size::Permille(share) => in_rings * u64::from(share) / 1_000,
            };
            let wanted = wanted.clamp(1, in_rings);
            if gates.last().is_some_and(|last| wanted <= last.machines) {
                continue;
            }
            gates.push(FleetGate {
                size: gate.size,
                machines: wanted,
                ring,
                wait: gate.wait,
                reached: None,
                opened: None,
            });
        }
        Gates { gates, current: 0 }
    }
    pub(super) fn is_empty(&self) -> bool {
        self.gates.is_empty()
    }
    pub(super) fn all(&self) -> &[FleetGate] {
        &self.gates
    }
    /// The gate that growth is on its way to or waits at; `None` once the last has opened.
    pub(super) fn current(&self) -> Option<&FleetGate> {
        self.gates.get(self.current)
    }
    pub(super) fn reach(&mut self, now: Time) {
        if let Some(gate) = self.gates.get_mut(self.current) {
            gate.reached.get_or_insert(now);
        }
    }
    pub(super) fn open(&mut self, now: Time) {
        if let Some(gate) = self.gates.get_mut(self.current) {
            gate.opened = Some(now);
            self.current += 1;
        }
    }
}
