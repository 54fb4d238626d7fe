//! What all errors of this crate have in common: a stable code and a [`Reason`].

use decide::reason::{Code, Reason};

/// An error with a stable code of the catalogue.
pub trait Refusal: std::error::Error {
    /// The stable code, RF03xx.
    fn code(&self) -> Code;
    /// The error as a reason that can be stored, shown and sent.
    fn reason(&self) -> Reason {
        Reason::new(self.code(), self.to_string())
    }
}

/// Implements [`Refusal`] by a table of patterns and codes, and the conversion into a reason.
macro_rules! refusals {
    ($type:ty { $($pattern:pat => $code:literal),+ $(,)? }) => {
        impl $crate::Refusal for $type {
            fn code(&self) -> decide::reason::Code {
                #[allow(unused_imports)]
                use $type as E;
                decide::reason::Code(match self { $($pattern => $code),+ })
            }
        }
        impl From<&$type> for decide::reason::Reason {
            fn from(error: &$type) -> Self {
                $crate::Refusal::reason(error)
            }
        }
        impl std::error::Error for $type {}
    };
}
pub(crate) use refusals;
