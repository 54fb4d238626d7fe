//! Steps of the project: the demonstration, the test command, the benchmarks, and the stage of
//! real processes that they share. Not part of the product; never imported by it.
#![forbid(unsafe_code)]

pub mod arguments;
pub mod bench;
pub mod browser;
pub mod demo;
pub mod process;
pub mod stage;
pub mod suite;
pub mod tools;

/// One sentence that says what went wrong and where.
#[derive(Debug)]
pub struct Fault(pub String);

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Fault {}

impl Fault {
    /// A fault about `what`, with its cause.
    pub fn about(what: impl std::fmt::Display, cause: impl std::fmt::Display) -> Fault {
        Fault(format!("{what}: {cause}"))
    }
}

/// What steps return.
pub type Outcome<T> = Result<T, Fault>;
