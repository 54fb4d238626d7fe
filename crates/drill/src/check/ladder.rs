//! The ladder as a checker reads it from the policy: which gate bounds exposure now.

use decide::id::Ring;
use decide::policy::Size;
use decide::rollout::Start;

/// One gate in machines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    pub machines: u64,
    pub wait_ms: u64,
    pub ring: Ring,
}

/// The gates of this fleet: sizes rise, a gate that a small fleet has passed already falls away.
pub(super) fn gates(start: &Start, sizes: &[u64]) -> Vec<Gate> {
    let Some(ladder) = start.policy.ladder(start.lane) else { return Vec::new() };
    let populated = || sizes.iter().zip(&start.rings).filter(|(size, _)| **size > 0);
    let Some(earliest) = populated().map(|(_, ring)| *ring).min() else { return Vec::new() };
    let mut gates: Vec<Gate> = Vec::new();
    for gate in &ladder.gates {
        let ring = if gate.ring < earliest { earliest } else { gate.ring };
        let (mut machines, mut strata) = (0, 0);
        for (size, _) in populated().filter(|(_, of)| **of <= ring) {
            machines += size;
            strata += 1;
        }
        let size = match gate.size {
            Size::Machines(count) => count,
            Size::EachStratum => strata,
            Size::Permille(share) => machines * u64::from(share) / 1_000,
        };
        let size = size.max(1).min(machines);
        if gates.last().is_none_or(|last| size > last.machines) {
            gates.push(Gate { machines: size, wait_ms: gate.wait.0, ring });
        }
    }
    gates
}
