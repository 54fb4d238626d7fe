//! The stable codes of this crate; explained in the catalogue.

use decide::reason::Code;

pub(crate) const CANNOT_LISTEN: Code = Code(701);
pub(crate) const NO_DATA: Code = Code(702);
pub(crate) const LOCKED: Code = Code(703);
pub(crate) const NEWER_SCHEMA: Code = Code(704);
pub(crate) const STORAGE: Code = Code(705);
pub(crate) const EXISTS: Code = Code(706);
pub(crate) const NOT_PUBLISHED_YET: Code = Code(707);
pub(crate) const BUSY: Code = Code(708);
pub(crate) const INTERNAL: Code = Code(709);
pub(crate) const NO_TOKEN: Code = Code(710);
pub(crate) const ROLE: Code = Code(711);
pub(crate) const MALFORMED: Code = Code(712);
pub(crate) const TOO_LARGE: Code = Code(713);
pub(crate) const UNKNOWN: Code = Code(714);
pub(crate) const FOREIGN_FORM: Code = Code(715);
pub(crate) const WATCHERS: Code = Code(716);
pub(crate) const TOO_SLOW: Code = Code(717);
pub(crate) const MANIFEST_UNSIGNED: Code = Code(720);
pub(crate) const NOT_NEXT_NUMBER: Code = Code(721);
pub(crate) const OTHER_CONTENT: Code = Code(722);
pub(crate) const WITHDRAWN: Code = Code(723);
pub(crate) const OTHER_EVIDENCE: Code = Code(724);
pub(crate) const OTHER_CHANNEL: Code = Code(725);
pub(crate) const RUNNING: Code = Code(730);
pub(crate) const PLAN_CHANGED: Code = Code(731);
pub(crate) const NOBODY: Code = Code(732);
pub(crate) const NO_REASON: Code = Code(733);
pub(crate) const CLOSED: Code = Code(734);
pub(crate) const LIMIT: Code = Code(735);
pub(crate) const AUDIT_CHANGED: Code = Code(740);
pub(crate) const RECORD: Code = Code(741);
