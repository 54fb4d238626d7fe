//! A declared binary record layout: read, edit one leaf, write again with derived fields
//! recomputed.
//!
//! A layout is a header of fields, then a group of records, each with fields and at most one inner
//! group. Counts, lengths and checksums are declared as derived, which is what makes a written
//! variant sound. No length or count in the file is trusted before the bytes are there.

mod codec;
mod tree;

pub use codec::{ReadFault, read, write};
pub(crate) use tree::Met;
pub use tree::{Leaf, Placed, Record, Tree, Value};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What everything behind the header is called.
const PAYLOAD: &str = "payload";
/// Most records and items read from one file; each costs some 300 bytes of memory.
pub const ITEMS_MAX: u64 = 1_000_000;
/// Most bytes of a text that are shown.
const SHOWN_BYTES: usize = 24;

/// A layout.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Byte order of all numbers.
    pub endian: Endian,
    /// Fields at the start of the file.
    pub header: Vec<Field>,
    /// The records behind the header.
    pub records: Group,
}

/// Byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Endian {
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
}

/// Records of the same kind, one behind the other.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The group's name, e.g. `instances`.
    pub name: String,
    /// The field that says how many there are: in the header, or in the record for inner groups.
    pub count: String,
    /// The fields of each record.
    pub field: Vec<Field>,
    /// An inner group behind the fields.
    pub items: Option<Box<Group>>,
}

/// One field.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// How it is stored.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// For `bytes` and `text`: how many bytes, as a number or the name of an earlier field.
    pub size: Option<Size>,
    /// The only value it may have, as text.
    pub equals: Option<String>,
    /// Smallest number.
    pub min: Option<u64>,
    /// Largest number.
    pub max: Option<u64>,
    /// Names of its values; no other value is allowed.
    #[serde(default)]
    pub names: BTreeMap<String, u64>,
    /// The number of items of this group.
    pub count_of: Option<String>,
    /// The length in bytes of this sibling, or of `payload`: everything behind the header.
    pub length_of: Option<String>,
    /// The CRC-32 of `payload`.
    pub crc32_of: Option<String>,
}

/// How a field is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One byte.
    U8,
    /// Two bytes.
    U16,
    /// Four bytes.
    U32,
    /// Eight bytes.
    U64,
    /// Bytes of a stated size.
    Bytes,
    /// UTF-8 of a stated size.
    Text,
}

/// How many bytes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Size {
    /// So many.
    Number(u64),
    /// As many as an earlier field of the same record says.
    Field(String),
}

impl Kind {
    /// Width of a number in bytes; `None` for bytes and text.
    pub fn width(self) -> Option<usize> {
        match self {
            Kind::U8 => Some(1),
            Kind::U16 => Some(2),
            Kind::U32 => Some(4),
            Kind::U64 => Some(8),
            Kind::Bytes | Kind::Text => None,
        }
    }
    /// Largest number of this kind.
    pub fn max(self) -> u64 {
        match self {
            Kind::U8 => u64::from(u8::MAX),
            Kind::U16 => u64::from(u16::MAX),
            Kind::U32 => u64::from(u32::MAX),
            Kind::U64 | Kind::Bytes | Kind::Text => u64::MAX,
        }
    }
}

impl Field {
    /// True when the value follows from other bytes and is recomputed on writing.
    pub fn derived(&self) -> bool {
        self.count_of.is_some() || self.length_of.is_some() || self.crc32_of.is_some()
    }
    /// A value as people read it: `equals (1)`, `7`, `'pipe'`; long texts are cut.
    pub fn words(&self, value: &Value) -> String {
        match value {
            Value::Number(number) => match self.value_name(*number) {
                Some(name) => format!("{name} ({number})"),
                None => number.to_string(),
            },
            Value::Bytes(bytes) if bytes.len() > SHOWN_BYTES => {
                let shown = String::from_utf8_lossy(&bytes[..SHOWN_BYTES]);
                format!("'{}...' of {} bytes", shown.escape_debug(), bytes.len())
            }
            Value::Bytes(bytes) => format!("'{}'", String::from_utf8_lossy(bytes).escape_debug()),
        }
    }
    /// The name of a value, if the layout has one.
    pub fn value_name(&self, value: u64) -> Option<&str> {
        self.names.iter().find(|(_, number)| **number == value).map(|(name, _)| name.as_str())
    }
}

impl Layout {
    /// Contradictions in the layout itself.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let payload = Some(PAYLOAD);
        fields_faults(&self.header, "header", Some(&self.records), payload, &mut faults);
        counted(&self.header, &self.records, "header field", &mut faults);
        let mut group = Some(&self.records);
        while let Some(current) = group {
            let items = current.items.as_deref();
            fields_faults(&current.field, &current.name, items, None, &mut faults);
            if let Some(items) = items {
                counted(&current.field, items, "field", &mut faults);
            }
            group = items;
        }
        faults
    }

    /// The fields at a place: `header`, `instances`, `instances.criteria`; none at any other.
    pub fn siblings(&self, place: &str) -> &[Field] {
        if place == "header" {
            return &self.header;
        }
        let (mut name, mut group) = (self.records.name.clone(), Some(&self.records));
        while let Some(current) = group {
            if name == place {
                return &current.field;
            }
            group = current.items.as_deref();
            if let Some(items) = group {
                name = format!("{name}.{}", items.name);
            }
        }
        &[]
    }

    /// The names of all fields as rules use them: `header.magic`, `instances.criteria.op`.
    pub fn patterns(&self) -> Vec<String> {
        let named = |place: &str, fields: &[Field]| -> Vec<String> {
            fields.iter().map(|field| format!("{place}.{}", field.name)).collect()
        };
        let mut patterns = named("header", &self.header);
        let (mut place, mut group) = (self.records.name.clone(), Some(&self.records));
        while let Some(current) = group {
            patterns.extend(named(&place, &current.field));
            group = current.items.as_deref();
            if let Some(items) = group {
                place = format!("{place}.{}", items.name);
            }
        }
        patterns
    }
}

/// The field that counts a group must be there and say so.
fn counted(fields: &[Field], group: &Group, what: &str, faults: &mut Vec<String>) {
    match fields.iter().find(|field| field.name == group.count) {
        None => faults.push(format!("no {what} '{}' counts {}", group.count, group.name)),
        Some(field) if field.count_of.as_ref() != Some(&group.name) => {
            let (count, name) = (&group.count, &group.name);
            faults
                .push(format!("{what} '{count}' counts {name}, so it says count_of = \"{name}\""));
        }
        Some(_) => {}
    }
}

fn fields_faults(
    fields: &[Field],
    place: &str,
    group: Option<&Group>,
    payload: Option<&str>,
    faults: &mut Vec<String>,
) {
    if fields.is_empty() {
        faults.push(format!("{place} has no fields"));
    }
    for (index, field) in fields.iter().enumerate() {
        let name = format!("{place}.{}", field.name);
        let mut fault = |what: String| faults.push(format!("{name} {what}"));
        if fields[..index].iter().any(|earlier| earlier.name == field.name) {
            fault("is declared twice".into());
        }
        match (&field.size, field.kind.width()) {
            (None, None) => fault("needs a size".into()),
            (Some(_), Some(_)) => fault("is a number, it has no size".into()),
            (Some(Size::Number(0)), None) => fault("has no bytes at all".into()),
            (Some(Size::Field(size)), None) if !fields[..index].iter().any(|f| f.name == *size) => {
                fault(format!("has the size of '{size}', which is no earlier field"));
            }
            _ => {}
        }
        if field.derived() && field.kind.width().is_none() {
            fault("is computed, so it must be a number".into());
        }
        if field.min.zip(field.max).is_some_and(|(min, max)| min > max) {
            fault("has a min above its max".into());
        }
        if let Some(of) = field.count_of.as_ref()
            && group.is_none_or(|group| group.name != *of)
        {
            fault(format!("counts '{of}', which is no group here"));
        }
        if let Some(of) = field.length_of.as_deref()
            && payload != Some(of)
            && !fields.iter().any(|other| other.name == of && other.kind.width().is_none())
        {
            fault(format!("is the length of '{of}', which is no text or bytes here"));
        }
        if let Some(of) = field.crc32_of.as_deref()
            && payload != Some(of)
        {
            fault(format!("is the checksum of '{of}'; only that of 'payload' is known"));
        }
    }
}
