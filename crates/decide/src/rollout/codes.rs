//! The stable codes of rollout reasons; explained in the catalogue.

use crate::reason::Code;

/// Exposure grows.
pub const GROWING: Code = Code(401);
/// A gate's wait is not over.
pub const GATE_WAITS: Code = Code(402);
/// Growth waits for machines to prove themselves healthy.
pub const WAITS_FOR_CONFIRMED: Code = Code(403);
/// A gate stays closed: a stratum has nobody confirmed.
pub const WAITS_FOR_QUORUM: Code = Code(404);
/// Reports are stale.
pub const HOLD_BLIND: Code = Code(410);
/// Control itself fails more than usual.
pub const HOLD_WEATHER: Code = Code(411);
/// The evidence is suspicious.
pub const HOLD_SUSPICION: Code = Code(412);
/// Halted and reverted by evidence.
pub const EVIDENCE_REVERT: Code = Code(420);
/// Halted and reverted by the first harm, where the statistic is powerless.
pub const FIRST_HARM: Code = Code(421);
/// A hold lasted too long.
pub const HOLD_TOO_LONG: Code = Code(422);
/// A stratum whose canaries all failed stays where it is.
pub const QUARANTINED: Code = Code(423);
/// A person ordered a halt.
pub const ORDERED_HALT: Code = Code(430);
/// A person ordered a revert.
pub const ORDERED_REVERT: Code = Code(431);
/// A person ordered a withdrawal.
pub const ORDERED_WITHDRAW: Code = Code(432);
/// A person lifted a halt.
pub const ORDERED_RESUME: Code = Code(433);
/// An order cannot be carried out in this phase.
pub const ORDER_REFUSED: Code = Code(434);
/// Everybody has it; probation runs.
pub const SOAKING: Code = Code(440);
/// Known good.
pub const KNOWN_GOOD: Code = Code(441);
/// Everybody that can be heard is back.
pub const REVERTED: Code = Code(442);
/// Machines are going back.
pub const REVERTING: Code = Code(443);
/// The policy has no such ladder.
pub const NO_LADDER: Code = Code(450);
/// A plan leaves machines out.
pub const LEFT_OUT: Code = Code(451);
