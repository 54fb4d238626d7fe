//! Versioned messages and stored records.
//!
//! What crosses a process boundary has its shape here, each document naming its schema. Reading a
//! message through [`read`] is the validation gate: size, schema name, unknown keys and names are
//! refused here, and nothing behind the gate sees unchecked input. Must never decide anything.
#![forbid(unsafe_code)]

pub mod api;
pub mod fence;
pub mod manifest;
pub mod problem;
pub mod report;

use serde::de::DeserializeOwned;
use std::fmt;

/// A document that names its schema.
pub trait Document: DeserializeOwned {
    /// The schema name, e.g. `ringfence/fence/v1`.
    const SCHEMA: &'static str;
    /// Largest document accepted, in bytes.
    const BYTES_MAX: usize;
    /// The schema name that this document carries.
    fn schema(&self) -> &str;
}

/// Why a document was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// Larger than the schema allows.
    TooLarge {
        /// Bytes given.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not JSON of this shape.
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser says.
        why: String,
    },
    /// Another schema than expected.
    Schema {
        /// As given.
        found: String,
        /// As expected.
        expected: &'static str,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::TooLarge { bytes, limit } => {
                write!(f, "the document has {bytes} bytes, allowed are {limit}")
            }
            ReadError::Malformed { line, column, why } => {
                write!(f, "line {line}, column {column}: {why}")
            }
            ReadError::Schema { found, expected } => {
                write!(f, "the document says schema '{found}', expected is '{expected}'")
            }
        }
    }
}
impl std::error::Error for ReadError {}

/// Reads a document through the gate.
pub fn read<D: Document>(bytes: &[u8]) -> Result<D, ReadError> {
    if bytes.len() > D::BYTES_MAX {
        return Err(ReadError::TooLarge { bytes: bytes.len(), limit: D::BYTES_MAX });
    }
    let document: D = serde_json::from_slice(bytes).map_err(|error| ReadError::Malformed {
        line: error.line(),
        column: error.column(),
        why: error.to_string(),
    })?;
    if document.schema() != D::SCHEMA {
        return Err(ReadError::Schema {
            found: document.schema().chars().take(96).collect(),
            expected: D::SCHEMA,
        });
    }
    Ok(document)
}

/// Declares the schema of a type with a `schema` field.
#[macro_export]
macro_rules! document {
    ($type:ty, $schema:literal, $bytes_max:expr) => {
        impl $crate::Document for $type {
            const SCHEMA: &'static str = $schema;
            const BYTES_MAX: usize = $bytes_max;
            fn schema(&self) -> &str {
                &self.schema
            }
        }
    };
}
