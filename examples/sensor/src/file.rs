//! The channel file: reading hostile bytes, and writing files from TOML.
//!
//! Little endian. Header: magic `RFCF`, u16 format, u16 template type, u32 instance count, u32
//! payload length, u32 CRC-32 of the payload. Instance: u32 id, u16 criteria count, u8 action, u8
//! severity, criteria. Criterion: u8 field (from 1, ascending), u8 operator, u16 value length, value.

use crate::INPUTS_DECLARED;
use serde::Deserialize;
use std::fmt;

/// Size of the header in bytes.
pub const HEADER_BYTES: usize = 20;
/// Largest file read, in bytes.
pub const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most instances in a file.
pub const INSTANCES_MAX: usize = 10_000;

/// How a criterion looks at its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Operator {
    /// Does not look.
    Wildcard,
    /// The whole input.
    Equals,
    /// How the input begins.
    Prefix,
    /// Somewhere in the input.
    Contains,
}

/// One criterion of an instance.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Which input, from 1.
    pub field: u8,
    /// How.
    #[serde(rename = "op")]
    pub operator: Operator,
    /// What for; empty for a wildcard.
    #[serde(default)]
    pub value: String,
}

/// One template instance: all criteria must match.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instance {
    /// Its number.
    pub id: u32,
    /// 0 observe, 1 detect, 2 block.
    pub action: u8,
    /// 0 to 100.
    pub severity: u8,
    /// The criteria, fields ascending.
    pub criteria: Vec<Criterion>,
}

/// A file as authors write it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelFile {
    /// The template type.
    pub template_type: u16,
    /// The instances.
    #[serde(rename = "instance")]
    pub instances: Vec<Instance>,
}

/// Why a file is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Byte offset of what is wrong.
    pub offset: usize,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "offset {}: {}", self.offset, self.why)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn refuse<T>(&self, why: impl Into<String>) -> Result<T, Refused> {
        Err(Refused { offset: self.at, why: why.into() })
    }
    fn take(&mut self, count: usize) -> Result<&'a [u8], Refused> {
        match self.bytes.get(self.at..self.at.saturating_add(count)) {
            Some(slice) => {
                self.at += count;
                Ok(slice)
            }
            None => self.refuse(format!("the file ends, {count} bytes were expected")),
        }
    }
    fn number(&mut self, count: usize) -> Result<u32, Refused> {
        Ok(self.take(count)?.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
    }
    fn byte(&mut self) -> Result<u8, Refused> {
        Ok(self.take(1)?[0])
    }
}

/// Reads a channel file.
pub fn decode(bytes: &[u8]) -> Result<ChannelFile, Refused> {
    let mut reader = Reader { bytes, at: 0 };
    if bytes.len() > FILE_BYTES_MAX {
        return reader.refuse(format!("{} bytes, at most {FILE_BYTES_MAX}", bytes.len()));
    }
    if reader.take(4)? != b"RFCF" {
        return Err(Refused { offset: 0, why: "this is not a channel file (magic RFCF)".into() });
    }
    if reader.number(2)? != 1 {
        return Err(Refused {
            offset: 4,
            why: "unknown format version, this engine reads 1".into(),
        });
    }
    let template_type = u16::try_from(reader.number(2)?).unwrap_or(u16::MAX);
    let count = reader.number(4)? as usize;
    let length = reader.number(4)? as usize;
    let crc = reader.number(4)?;
    if length != bytes.len() - HEADER_BYTES {
        return Err(Refused {
            offset: 12,
            why: format!("payload length {length} is not the file's"),
        });
    }
    if crc32fast::hash(&bytes[HEADER_BYTES..]) != crc {
        return Err(Refused { offset: 16, why: "the checksum does not match".into() });
    }
    if count == 0 || count > INSTANCES_MAX {
        return Err(Refused { offset: 8, why: format!("{count} instances, 1 to {INSTANCES_MAX}") });
    }
    let mut instances = Vec::new();
    for _ in 0..count {
        instances.push(instance(&mut reader)?);
    }
    if reader.at != bytes.len() {
        return reader.refuse("bytes after the last instance");
    }
    Ok(ChannelFile { template_type, instances })
}

fn instance(reader: &mut Reader<'_>) -> Result<Instance, Refused> {
    let id = reader.number(4)?;
    let count = reader.number(2)? as usize;
    if count == 0 || count > INPUTS_DECLARED {
        return reader.refuse(format!("{count} criteria, 1 to {INPUTS_DECLARED}"));
    }
    let (action, severity) = (reader.byte()?, reader.byte()?);
    if action > 2 || severity > 100 {
        return reader.refuse(format!("action {action} or severity {severity} is out of range"));
    }
    let mut criteria = Vec::new();
    let mut last = 0;
    for _ in 0..count {
        let criterion = criterion(reader)?;
        if criterion.field <= last || usize::from(criterion.field) > INPUTS_DECLARED {
            return reader.refuse(format!("field {} is out of order or range", criterion.field));
        }
        last = criterion.field;
        criteria.push(criterion);
    }
    Ok(Instance { id, action, severity, criteria })
}

fn criterion(reader: &mut Reader<'_>) -> Result<Criterion, Refused> {
    let field = reader.byte()?;
    let operator = match reader.byte()? {
        0 => Operator::Wildcard,
        1 => Operator::Equals,
        2 => Operator::Prefix,
        3 => Operator::Contains,
        other => return reader.refuse(format!("unknown operator {other}")),
    };
    let length = reader.number(2)? as usize;
    let start = reader.at;
    let value = String::from_utf8(reader.take(length)?.to_vec())
        .map_err(|_| Refused { offset: start, why: "the value is not UTF-8".into() })?;
    if (operator == Operator::Wildcard) != value.is_empty() {
        return reader.refuse("a wildcard has no value, every other operator has one");
    }
    Ok(Criterion { field, operator, value })
}

/// Writes a channel file.
pub fn encode(file: &ChannelFile) -> Vec<u8> {
    let mut payload = Vec::new();
    for instance in &file.instances {
        payload.extend(instance.id.to_le_bytes());
        payload.extend((instance.criteria.len() as u16).to_le_bytes());
        payload.extend([instance.action, instance.severity]);
        for criterion in &instance.criteria {
            payload.extend([criterion.field, criterion.operator as u8]);
            payload.extend((criterion.value.len() as u16).to_le_bytes());
            payload.extend(criterion.value.as_bytes());
        }
    }
    let mut bytes = b"RFCF".to_vec();
    bytes.extend(1u16.to_le_bytes());
    bytes.extend(file.template_type.to_le_bytes());
    bytes.extend((file.instances.len() as u32).to_le_bytes());
    bytes.extend((payload.len() as u32).to_le_bytes());
    bytes.extend(crc32fast::hash(&payload).to_le_bytes());
    bytes.extend(payload);
    bytes
}
