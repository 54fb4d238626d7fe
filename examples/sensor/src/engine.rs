//! The interpreter: instances against events.

use crate::event::Event;
use crate::file::{ChannelFile, Criterion, Operator};
use crate::table::{Supplied, Table};
use crate::{INPUTS_SUPPLIED, Version};
use serde::Serialize;

/// What an engine has counted since it loaded its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Events evaluated.
    pub events: u64,
    /// Instances that matched with action detect or block.
    pub decisions: u64,
    /// Criteria on inputs that are not supplied; counted by 7.12 only.
    pub unsupplied: u64,
}

/// A loaded file and its interpreter.
pub struct Engine {
    version: Version,
    file: ChannelFile,
    table: Table,
    counts: Counts,
}

impl Engine {
    /// An engine for `file`.
    ///
    /// # Errors
    /// When the system gives no memory for the table of inputs.
    pub fn new(version: Version, file: ChannelFile) -> Result<Engine, rustix::io::Errno> {
        Ok(Engine { version, file, table: Table::new()?, counts: Counts::default() })
    }

    /// Criteria that look at an input which is never supplied.
    pub fn beyond_supply(&self) -> usize {
        let criteria = self.file.instances.iter().flat_map(|instance| &instance.criteria);
        criteria
            .filter(|c| c.operator != Operator::Wildcard && usize::from(c.field) > INPUTS_SUPPLIED)
            .count()
    }

    /// Evaluates one event.
    pub fn evaluate(&mut self, event: &Event) {
        let inputs = self.table.supply(&event.inputs);
        for instance in &self.file.instances {
            let mut matched = true;
            for criterion in &instance.criteria {
                let (is_match, supplied) = matches(self.version, &inputs, criterion);
                self.counts.unsupplied += u64::from(!supplied);
                if !is_match {
                    matched = false;
                    break;
                }
            }
            self.counts.decisions += u64::from(matched && instance.action > 0);
        }
        self.counts.events += 1;
    }

    /// What was counted.
    pub fn counts(&self) -> Counts {
        self.counts
    }
}

/// Whether the criterion matches, and whether its input was supplied.
fn matches(version: Version, inputs: &Supplied<'_, '_>, criterion: &Criterion) -> (bool, bool) {
    if criterion.operator == Operator::Wildcard {
        return (true, true);
    }
    let input = if version.checks_bound() {
        match inputs.checked(criterion.field) {
            Some(input) => input,
            // A criterion on an input that is not supplied never matches.
            None => return (false, false),
        }
    } else {
        inputs.unchecked(criterion.field)
    };
    let value = criterion.value.as_bytes();
    let is_match = match criterion.operator {
        Operator::Wildcard => true,
        Operator::Equals => input == value,
        Operator::Prefix => input.starts_with(value),
        Operator::Contains => input.windows(value.len()).any(|window| window == value),
    };
    (is_match, true)
}
