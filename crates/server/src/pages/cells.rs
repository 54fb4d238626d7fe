//! Which cell of the waffle stands for which machines: counts in, cells out, nothing drawn.
//!
//! Works on counts for each ring and stratum, so a fleet of a million costs what sixty cost.

use decide::id::Ring;
use decide::rollout::{StratumView, View};

/// Cells drawn at most; more would be grains, not cells.
pub(crate) const CELLS_MAX: u64 = 480;
/// Rows drawn at most before the smaller strata of a ring are drawn as one.
pub(crate) const ROWS_MAX: usize = 20;
/// Strata of one ring that keep their own row when rows are folded.
const ROWS_KEPT: usize = 3;
/// Kinds of cell.
pub(crate) const KINDS: usize = 11;

/// What a cell says about its machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    /// Exposed, crashed or fell silent, not back.
    Down,
    /// Its agent refused the release.
    Refused,
    /// Back on the previous file.
    Back,
    /// Runs it and proved healthy.
    Healthy,
    /// Loads or runs it, not yet proved healthy.
    Trying,
    /// Offered, nothing heard of it yet.
    Offered,
    /// Not offered.
    Waiting,
    /// Heard of lately.
    Heard,
    /// Not heard of for longer than it should be.
    Silent,
    /// Enrolled and never heard of.
    Never,
    /// Pinned by its owner.
    Held,
}

impl Cell {
    /// All kinds in the order in which a row shows them.
    pub(crate) const ALL: [Cell; KINDS] = [
        Cell::Down,
        Cell::Refused,
        Cell::Back,
        Cell::Healthy,
        Cell::Trying,
        Cell::Offered,
        Cell::Waiting,
        Cell::Silent,
        Cell::Never,
        Cell::Held,
        Cell::Heard,
    ];
    /// The word of the legend.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Cell::Down => "down, not back",
            Cell::Refused => "refused by its agent",
            Cell::Back => "back on the previous file",
            Cell::Healthy => "has it, healthy",
            Cell::Trying => "has it, not yet proved",
            Cell::Offered => "offered, no signal yet",
            Cell::Waiting => "not offered",
            Cell::Heard => "heard lately",
            Cell::Silent => "silent",
            Cell::Never => "never heard",
            Cell::Held => "held by its owner",
        }
    }
    /// The class that carries fill and stroke.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Cell::Down => "c-down",
            Cell::Refused => "c-refused",
            Cell::Back => "c-back",
            Cell::Healthy => "c-healthy",
            Cell::Heard => "c-heard",
            Cell::Trying => "c-trying",
            Cell::Offered | Cell::Never => "c-offered",
            Cell::Waiting => "c-waiting",
            Cell::Silent => "c-silent",
            Cell::Held => "c-held",
        }
    }
    /// True for the machines behind the rollout's front.
    pub(crate) fn exposed(self) -> bool {
        self <= Cell::Offered
    }
}

/// Machines of one stratum, by kind of cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its ring.
    pub(crate) ring: Ring,
    /// The stratum's name without the ring.
    pub(crate) name: String,
    /// Machines, indexed by [`Cell`].
    pub(crate) counts: [u64; KINDS],
}

impl Row {
    /// A row without machines.
    pub(crate) fn new(ring: Ring, name: impl Into<String>) -> Row {
        Row { ring, name: name.into(), counts: [0; KINDS] }
    }
    /// Machines of the row.
    pub(crate) fn total(&self) -> u64 {
        self.counts.iter().sum()
    }
    /// Machines of one kind.
    pub(crate) fn of(&self, cell: Cell) -> u64 {
        self.counts[cell as usize]
    }
    /// Machines behind the front.
    pub(crate) fn exposed(&self) -> u64 {
        Cell::ALL.iter().filter(|cell| cell.exposed()).map(|cell| self.of(*cell)).sum()
    }
}

/// One stratum of a rollout as a row. The counts overlap (a harmed machine may be back), so each
/// machine is shown once, by what is true of it now.
pub(crate) fn row(stratum: &StratumView) -> Row {
    let ring = format!("/{}", stratum.ring);
    let name = stratum.name.strip_suffix(&ring).unwrap_or(&stratum.name);
    let mut row = Row::new(stratum.ring, name);
    let mut left = stratum.assigned.min(stratum.machines.max(stratum.assigned));
    let mut take = |cell: Cell, wanted: u64| {
        let taken = wanted.min(left);
        left -= taken;
        row.counts[cell as usize] += taken;
        taken
    };
    let down = take(Cell::Down, stratum.down);
    take(Cell::Refused, stratum.refused);
    let back = take(Cell::Back, stratum.reverted);
    let running = stratum.attempted.saturating_sub(back).saturating_sub(down);
    let healthy = take(Cell::Healthy, stratum.confirmed.min(running));
    take(Cell::Trying, running.saturating_sub(healthy));
    take(Cell::Offered, u64::MAX);
    row.counts[Cell::Waiting as usize] = stratum.machines.saturating_sub(stratum.assigned);
    row
}

/// All strata of a rollout, ordered by ring, then by name; folded where there are too many.
pub(crate) fn rows(view: &View) -> Vec<Row> {
    fold(view.strata.iter().map(row).filter(|row| row.total() > 0).collect())
}

/// Orders rows by ring and name. Beyond [`ROWS_MAX`], each ring keeps the rows with most harm,
/// then the largest; the rest become one row that says how many it stands for.
pub(crate) fn fold(mut rows: Vec<Row>) -> Vec<Row> {
    if rows.len() > ROWS_MAX {
        rows.sort_by(|a, b| {
            (a.ring, b.of(Cell::Down), b.total(), &a.name).cmp(&(
                b.ring,
                a.of(Cell::Down),
                a.total(),
                &b.name,
            ))
        });
        let mut folded: Vec<Row> = Vec::new();
        let mut others: Vec<(Row, usize)> = Vec::new();
        for row in rows {
            if folded.iter().filter(|kept| kept.ring == row.ring).count() < ROWS_KEPT {
                folded.push(row);
                continue;
            }
            match others.last_mut().filter(|(other, _)| other.ring == row.ring) {
                Some((other, strata)) => {
                    other.counts.iter_mut().zip(row.counts).for_each(|(a, b)| *a += b);
                    *strata += 1;
                }
                None => others.push((row, 1)),
            }
        }
        for (mut other, strata) in others {
            other.name = format!("~ {strata} more strata");
            folded.push(other);
        }
        rows = folded;
    }
    rows.sort_by(|a, b| (a.ring, &a.name).cmp(&(b.ring, &b.name)));
    rows
}

/// Machines that one cell stands for: 1, 2, 5, 10, 20, ... so that all rows fit.
pub(crate) fn machines_per_cell(rows: &[Row]) -> u64 {
    let mut decade = 1u64;
    loop {
        for step in [1, 2, 5] {
            let per_cell = decade.saturating_mul(step);
            if rows.iter().map(|row| row.total().div_ceil(per_cell)).sum::<u64>() <= CELLS_MAX
                || per_cell >= u64::MAX / 10
            {
                return per_cell;
            }
        }
        decade = decade.saturating_mul(10);
    }
}

/// Divides a row into cells. Sums are exact; every kind that has a machine keeps at least one
/// cell as far as cells go, the worst kind first, so that harm never vanishes in a share.
pub(crate) fn allot(row: &Row, per_cell: u64) -> [u64; KINDS] {
    let total = row.total();
    let cells = total.div_ceil(per_cell.max(1));
    let mut allotted = [0u64; KINDS];
    if total == 0 {
        return allotted;
    }
    let exact = |kind: usize| u128::from(row.counts[kind]) * u128::from(cells);
    for (kind, share) in allotted.iter_mut().enumerate() {
        *share = (exact(kind) / u128::from(total)) as u64;
    }
    let mut by_remainder: Vec<usize> = (0..KINDS).collect();
    by_remainder.sort_by_key(|kind| std::cmp::Reverse(exact(*kind) % u128::from(total)));
    let missing = cells.saturating_sub(allotted.iter().sum());
    by_remainder.iter().take(missing as usize).for_each(|kind| allotted[*kind] += 1);
    for cell in Cell::ALL {
        let kind = cell as usize;
        let largest = (0..KINDS).max_by_key(|kind| allotted[*kind]).unwrap_or(kind);
        if row.counts[kind] > 0 && allotted[kind] == 0 && allotted[largest] > 1 {
            allotted[largest] -= 1;
            allotted[kind] = 1;
        }
    }
    allotted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(ring: Ring, name: &str, counts: &[(Cell, u64)]) -> Row {
        let mut row = Row::new(ring, name);
        counts.iter().for_each(|(cell, n)| row.counts[*cell as usize] = *n);
        row
    }

    #[test]
    fn one_harmed_machine_in_a_million_keeps_its_cell() {
        let row = counted(Ring::Standard, "linux", &[(Cell::Down, 1), (Cell::Waiting, 999_999)]);
        let per_cell = machines_per_cell(std::slice::from_ref(&row));
        let cells = allot(&row, per_cell);
        assert_eq!(cells[Cell::Down as usize], 1);
        assert_eq!(cells.iter().sum::<u64>(), 1_000_000u64.div_ceil(per_cell));
        assert!(cells.iter().sum::<u64>() <= CELLS_MAX);
    }

    #[test]
    fn a_small_fleet_is_drawn_machine_by_machine() {
        let row = counted(Ring::Early, "linux", &[(Cell::Back, 3), (Cell::Waiting, 57)]);
        assert_eq!(machines_per_cell(std::slice::from_ref(&row)), 1);
        assert_eq!(allot(&row, 1), row.counts);
    }

    #[test]
    fn cells_add_up_for_every_mixture() {
        for seed in 1..500u64 {
            let mut row = Row::new(Ring::Late, "x");
            for (kind, count) in row.counts.iter_mut().enumerate() {
                *count = seed.wrapping_mul(2_654_435_761 + kind as u64 * 97) % (seed * 7);
            }
            for per_cell in [1, 2, 10, 500] {
                let sum: u64 = allot(&row, per_cell).iter().sum();
                assert_eq!(sum, row.total().div_ceil(per_cell), "seed {seed}, 1 to {per_cell}");
            }
        }
    }

    #[test]
    fn too_many_strata_fold_into_one_row_for_each_ring_and_keep_harm_visible() {
        let rows: Vec<Row> = (0..200)
            .map(|i| {
                let ring = Ring::ALL[i % 5];
                let kind = if i == 77 { Cell::Down } else { Cell::Waiting };
                counted(ring, &format!("s{i:03}"), &[(kind, 1 + i as u64)])
            })
            .collect();
        let machines: u64 = rows.iter().map(Row::total).sum();
        let folded = fold(rows);
        assert_eq!(folded.len(), 5 * (ROWS_KEPT + 1));
        assert_eq!(folded.iter().map(Row::total).sum::<u64>(), machines);
        assert!(folded.iter().any(|row| row.name == "s077"), "the harmed stratum has its row");
        assert!(folded.iter().any(|row| row.name == "~ 37 more strata"));
        assert!(folded.windows(2).all(|pair| pair[0].ring <= pair[1].ring));
    }

    #[test]
    fn every_machine_of_a_stratum_is_shown_once() {
        let stratum = StratumView {
            name: "linux/7.11/early".into(),
            ring: Ring::Early,
            machines: 60,
            assigned: 12,
            attempted: 10,
            confirmed: 6,
            harmed: 3,
            reverted: 4,
            down: 1,
            refused: 1,
            quarantined: false,
        };
        let row = row(&stratum);
        assert_eq!((row.name.as_str(), row.total(), row.exposed()), ("linux/7.11", 60, 12));
        let shown = [Cell::Down, Cell::Refused, Cell::Back, Cell::Healthy, Cell::Trying];
        assert_eq!(shown.map(|cell| row.of(cell)), [1, 1, 4, 5, 0]);
        assert_eq!((row.of(Cell::Offered), row.of(Cell::Waiting)), (1, 48));
    }
}
