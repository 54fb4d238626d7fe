//! The stable codes of trial findings; explained in the catalogue.

use decide::reason::Code;

/// The candidate kills a consumer version.
pub const CRASHED: Code = Code(201);
/// The candidate hangs a consumer version.
pub const HUNG: Code = Code(202);
/// A consumer version refuses the candidate.
pub const REFUSED: Code = Code(203);
/// A consumer version could not be run.
pub const NOT_RUN: Code = Code(204);
/// A variant kills a consumer version: a landmine.
pub const LANDMINE: Code = Code(205);
/// An ending that the contract does not declare.
pub const UNDECLARED: Code = Code(206);
/// The sandbox is weaker than it should be.
pub const WEAK_SANDBOX: Code = Code(207);
/// A version has no events to execute.
pub const NO_EVENTS: Code = Code(208);
/// The candidate uses up a consumer version's memory.
pub const OUT_OF_MEMORY: Code = Code(209);
/// The candidate makes a consumer version do what the sandbox forbids.
pub const VIOLATED: Code = Code(210);
/// A consumer version loads the candidate and complains about it.
pub const SAID: Code = Code(211);
