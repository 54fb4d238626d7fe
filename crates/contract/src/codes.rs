//! The stable codes of check findings; explained in the catalogue.

use decide::reason::Code;

/// The file is empty.
pub const EMPTY: Code = Code(101);
/// The file's size is outside its limits.
pub const SIZE: Code = Code(102);
/// The file is not well-formed.
pub const MALFORMED: Code = Code(103);
/// A required value is missing or blank.
pub const MISSING: Code = Code(104);
/// A value has the wrong type.
pub const TYPE: Code = Code(105);
/// A number is out of range.
pub const RANGE: Code = Code(106);
/// A consumer version in the field cannot take it.
pub const CONSUMER: Code = Code(107);
/// A value is not one of those allowed.
pub const ONE_OF: Code = Code(108);
/// A text does not have the form.
pub const PATTERN: Code = Code(109);
/// A text or list is too long or too short.
pub const LENGTH: Code = Code(110);
/// A key that the contract does not know.
pub const UNKNOWN_KEY: Code = Code(111);
/// A key or a unique value occurs twice.
pub const DUPLICATE: Code = Code(112);
/// A number that readers would round differently.
pub const LOSSY: Code = Code(113);
/// Nested too deeply.
pub const DEPTH: Code = Code(114);
/// Too few or too many records.
pub const RECORDS: Code = Code(115);
/// Grew or shrank too much against the last good release.
pub const GROWTH: Code = Code(116);
/// Too many records are repetitions.
pub const REPEATED: Code = Code(117);
/// A length, count or checksum does not say what the bytes say.
pub const DERIVED: Code = Code(118);
/// There were more findings than are listed.
pub const MORE: Code = Code(121);
/// A TOML file has an unknown key.
pub const CONFIG_UNKNOWN_KEY: Code = Code(601);
/// A TOML file is not well-formed.
pub const CONFIG_MALFORMED: Code = Code(602);
/// A file cannot be read.
pub const UNREADABLE: Code = Code(603);
/// A document is of another schema.
pub const CONFIG_SCHEMA: Code = Code(604);
/// A contract contradicts itself.
pub const CONTRACT_FAULT: Code = Code(605);
