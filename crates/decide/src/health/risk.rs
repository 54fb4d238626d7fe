//! Risk sets: how many exposed and control machines could have an event right now, per cell.
//!
//! Counted per stratum and block, so that an outage of a region is compared with machines of the
//! same region. A machine is at risk of an endpoint while it is alive, was enrolled before the
//! rollout began, is not held, and has had no event of that endpoint since the rollout began. The
//! counter is never reset by exposure (a mistake that halts nearly every good release).

use super::Endpoint;

/// Counts of one cell, per endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Exposed machines at risk.
    pub treated: [u32; 2],
    /// Control machines at risk.
    pub control: [u32; 2],
}

/// All cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskSets {
    cells: Vec<Cell>,
    totals: Cell,
}

impl RiskSets {
    /// `cells` empty cells.
    pub fn new(cells: usize) -> RiskSets {
        RiskSets { cells: vec![Cell::default(); cells], totals: Cell::default() }
    }
    /// Adds one machine to an arm.
    pub fn add(&mut self, cell: usize, endpoint: Endpoint, treated: bool) {
        self.change(cell, endpoint, treated, |count| count.saturating_add(1));
    }
    /// Takes one machine out of an arm.
    pub fn remove(&mut self, cell: usize, endpoint: Endpoint, treated: bool) {
        self.change(cell, endpoint, treated, |count| count.saturating_sub(1));
    }
    fn change(&mut self, cell: usize, endpoint: Endpoint, treated: bool, to: fn(u32) -> u32) {
        let index = endpoint.index();
        let Some(cell) = self.cells.get_mut(cell) else { return };
        for counts in [cell, &mut self.totals] {
            let arm = if treated { &mut counts.treated } else { &mut counts.control };
            arm[index] = to(arm[index]);
        }
    }
    /// (exposed, control) at risk in one cell.
    pub fn at_risk(&self, cell: usize, endpoint: Endpoint) -> (u64, u64) {
        self.cells.get(cell).map_or((0, 0), |cell| counts(cell, endpoint))
    }
    /// (exposed, control) at risk in the fleet.
    pub fn total(&self, endpoint: Endpoint) -> (u64, u64) {
        counts(&self.totals, endpoint)
    }
}

fn counts(cell: &Cell, endpoint: Endpoint) -> (u64, u64) {
    let index = endpoint.index();
    (u64::from(cell.treated[index]), u64::from(cell.control[index]))
}
