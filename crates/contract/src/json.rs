//! JSON with places: a strict parser (RFC 8259) in which every value knows its bytes.
//!
//! What other parsers fold away is found here: duplicate keys, numbers that readers would round
//! differently, a byte order mark. No recursion on user data deeper than [`DEPTH_MAX`].

mod parse;
mod walk;

pub use parse::{Fault, parse};
pub(crate) use walk::check;

/// Deepest nesting read.
pub const DEPTH_MAX: usize = 128;

/// A value and its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// First byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number; its text is in the file.
    Number(f64),
    /// A text, escapes resolved.
    Text(String),
    /// Items.
    Array(Vec<Node>),
    /// Keys with their places, and values, in the order of the file.
    Object(Vec<Member>),
}

/// One member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_start: usize,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The word for the value's type, as rules use it.
    pub fn type_word(&self, text: &[u8]) -> &'static str {
        match &self.kind {
            Kind::Null => "null",
            Kind::Boolean(_) => "boolean",
            Kind::Number(_) => {
                let written = &text[self.start..self.end];
                if written.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
                    "number"
                } else {
                    "integer"
                }
            }
            Kind::Text(_) => "string",
            Kind::Array(_) => "array",
            Kind::Object(_) => "object",
        }
    }
    /// Member `key` of an object.
    pub fn member(&self, key: &str) -> Option<&Node> {
        match &self.kind {
            Kind::Object(members) => members.iter().find(|m| m.key == key).map(|m| &m.value),
            _ => None,
        }
    }
    /// The value at `/a/b/0`.
    pub fn at(&self, path: &str) -> Option<&Node> {
        path.split('/').skip(1).try_fold(self, |node, part| match &node.kind {
            Kind::Array(items) => items.get(part.parse::<usize>().ok()?),
            Kind::Object(_) => node.member(part),
            _ => None,
        })
    }
}
