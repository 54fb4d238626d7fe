//! The stable codes of what the command line itself refuses; explained in the catalogue.

use decide::reason::Code;

/// An argument does not fit.
pub(crate) const USAGE: Code = Code(606);
/// No project here.
pub(crate) const NO_PROJECT: Code = Code(607);
/// What would be made is there already.
pub(crate) const EXISTS: Code = Code(608);
/// A name that nothing bears.
pub(crate) const UNKNOWN_NAME: Code = Code(609);
/// Nothing was checked.
pub(crate) const NOTHING_CHECKED: Code = Code(611);
/// A file cannot be written.
pub(crate) const NOT_WRITTEN: Code = Code(612);
/// The server cannot be reached.
pub(crate) const UNREACHABLE: Code = Code(613);
/// The server's answer cannot be read.
pub(crate) const BAD_ANSWER: Code = Code(614);
/// A wait ran out.
pub(crate) const WAIT_OVER: Code = Code(615);
/// No token for the server.
pub(crate) const NO_TOKEN: Code = Code(616);
/// A document that was given cannot be read.
pub(crate) const BAD_DOCUMENT: Code = Code(617);
/// A person stopped the command.
pub(crate) const INTERRUPTED: Code = Code(618);
/// A bug in Ringfence.
pub(crate) const BUG: Code = Code(699);
/// Nothing of that name on the server.
pub(crate) const NOT_KNOWN: Code = Code(714);
/// The digest is withdrawn.
pub(crate) const WITHDRAWN: Code = Code(723);
