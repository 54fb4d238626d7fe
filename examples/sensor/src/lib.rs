//! A small detection engine: it reads a binary channel file of template instances and evaluates a
//! stream of events against them.
//!
//! It exists in three versions to carry the defect of July 2024. Versions 7.10 and 7.11 declare 21
//! inputs for the template type but are supplied with 20, and read past the table when an instance
//! looks at input 21. Version 7.12 checks the bound. Apart from that planted defect the engine
//! refuses every ill-formed file with exit code 1 and a sentence.

pub mod command;
pub mod engine;
pub mod event;
pub mod file;
pub mod run;
pub mod table;

/// Inputs that the template type declares.
pub const INPUTS_DECLARED: usize = 21;
/// Inputs that the engine is really supplied with.
pub const INPUTS_SUPPLIED: usize = 20;

/// Which sensor this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Reads past the table.
    V7_10,
    /// Reads past the table.
    V7_11,
    /// Checks the bound.
    V7_12,
}

impl Version {
    /// The version as the sensor names itself.
    pub fn name(self) -> &'static str {
        match self {
            Version::V7_10 => "7.10",
            Version::V7_11 => "7.11",
            Version::V7_12 => "7.12",
        }
    }
    /// True when the interpreter checks that an input was supplied before it reads it.
    pub fn checks_bound(self) -> bool {
        self == Version::V7_12
    }
}
