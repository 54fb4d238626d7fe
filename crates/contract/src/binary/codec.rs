//! Bytes to tree and back.

use super::tree::{Placed, Record, Tree, Value};
use super::{Endian, Field, Group, ITEMS_MAX, Kind, Layout, Size};

/// Why a file cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadFault {
    /// Byte offset.
    pub offset: usize,
    /// The field concerned.
    pub field: String,
    /// The record, from 1; 0 in the header.
    pub record: u64,
    /// What is wrong.
    pub why: String,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    endian: Endian,
    items: u64,
    record: u64,
}

/// Reads a file. Values of derived fields are read as they stand; whether they are true is for
/// the rules to say.
///
/// # Errors
/// The first place at which the bytes cannot be of this layout.
pub fn read(layout: &Layout, bytes: &[u8]) -> Result<Tree, ReadFault> {
    let mut reader = Reader { bytes, at: 0, endian: layout.endian, items: 0, record: 0 };
    let header = reader.fields(&layout.header, "header")?;
    let records = reader.group(&layout.records, &layout.header, &header, &layout.records.name)?;
    if reader.at < bytes.len() {
        let why = format!("{} bytes after the last record", bytes.len() - reader.at);
        return Err(reader.fault(&layout.records.name, why));
    }
    Ok(Tree { header, records })
}

impl Reader<'_> {
    fn fault(&self, field: &str, why: String) -> ReadFault {
        ReadFault { offset: self.at, field: field.to_owned(), record: self.record, why }
    }

    fn take(&mut self, count: usize, field: &str) -> Result<Vec<u8>, ReadFault> {
        let left = self.bytes.len() - self.at;
        match self.bytes.get(self.at..self.at.saturating_add(count)) {
            Some(slice) => {
                self.at += count;
                Ok(slice.to_vec())
            }
            None => {
                let bytes =
                    if count == 1 { "1 byte is".into() } else { format!("{count} bytes are") };
                Err(self.fault(field, format!("{bytes} needed, {left} left")))
            }
        }
    }

    fn fields(&mut self, fields: &[Field], path: &str) -> Result<Vec<Placed>, ReadFault> {
        let mut values: Vec<Placed> = Vec::with_capacity(fields.len());
        for field in fields {
            let offset = self.at;
            let name = format!("{path}.{}", field.name);
            let value = match field.kind.width() {
                Some(width) => Value::Number(number(self.endian, &self.take(width, &name)?)),
                None => {
                    let size = size_of(field, fields, &values);
                    let size = usize::try_from(size).unwrap_or(usize::MAX);
                    Value::Bytes(self.take(size, &name)?)
                }
            };
            values.push(Placed { value, offset, length: self.at - offset });
        }
        Ok(values)
    }

    fn group(
        &mut self,
        group: &Group,
        fields: &[Field],
        values: &[Placed],
        path: &str,
    ) -> Result<Vec<Record>, ReadFault> {
        let count = number_named(&group.count, fields, values);
        let mut records = Vec::new();
        for index in 0..count {
            self.items += 1;
            if self.items > ITEMS_MAX {
                return Err(self.fault(path, format!("more than {ITEMS_MAX} records and items")));
            }
            if path == group.name {
                self.record = index + 1;
            }
            let here = format!("{path}[{}]", index + 1);
            let offset = self.at;
            let fields = self.fields(&group.field, &here)?;
            let items = match group.items.as_deref() {
                Some(inner) => {
                    let path = format!("{here}.{}", inner.name);
                    self.group(inner, &group.field, &fields, &path)?
                }
                None => Vec::new(),
            };
            records.push(Record { fields, items, offset });
        }
        Ok(records)
    }
}

fn number(endian: Endian, bytes: &[u8]) -> u64 {
    let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    match endian {
        Endian::Little => bytes.iter().rev().fold(0, add),
        Endian::Big => bytes.iter().fold(0, add),
    }
}

fn number_named(name: &str, fields: &[Field], values: &[Placed]) -> u64 {
    let value = fields.iter().position(|field| field.name == name).and_then(|i| values.get(i));
    match value.map(|placed| &placed.value) {
        Some(Value::Number(number)) => *number,
        _ => 0,
    }
}

fn size_of(field: &Field, fields: &[Field], values: &[Placed]) -> u64 {
    match &field.size {
        Some(Size::Number(number)) => *number,
        Some(Size::Field(name)) => number_named(name, fields, values),
        None => 0,
    }
}

/// Writes a file with every derived field recomputed.
pub fn write(layout: &Layout, tree: &Tree) -> Vec<u8> {
    let mut payload = Vec::new();
    for record in &tree.records {
        write_record(layout, &layout.records, record, &mut payload);
    }
    let mut bytes = Vec::new();
    for (field, placed) in layout.header.iter().zip(&tree.header) {
        let derived = if field.count_of.is_some() {
            Some(tree.records.len() as u64)
        } else if field.length_of.as_deref() == Some("payload") {
            Some(payload.len() as u64)
        } else if field.crc32_of.is_some() {
            Some(u64::from(crc32fast::hash(&payload)))
        } else {
            None
        };
        write_value(layout.endian, field.kind, &placed.value, derived, &mut bytes);
    }
    bytes.extend(payload);
    bytes
}

fn write_record(layout: &Layout, group: &Group, record: &Record, bytes: &mut Vec<u8>) {
    for (field, placed) in group.field.iter().zip(&record.fields) {
        let derived = if field.count_of.is_some() {
            Some(record.items.len() as u64)
        } else if let Some(name) = &field.length_of {
            let sibling = group.field.iter().position(|f| f.name == *name);
            sibling.and_then(|index| record.fields.get(index)).map(|placed| match &placed.value {
                Value::Bytes(bytes) => bytes.len() as u64,
                Value::Number(_) => 0,
            })
        } else {
            None
        };
        write_value(layout.endian, field.kind, &placed.value, derived, bytes);
    }
    if let Some(inner) = group.items.as_deref() {
        for item in &record.items {
            write_record(layout, inner, item, bytes);
        }
    }
}

fn write_value(
    endian: Endian,
    kind: Kind,
    value: &Value,
    derived: Option<u64>,
    bytes: &mut Vec<u8>,
) {
    let number = match (derived, value) {
        (Some(number), _) => number,
        (None, Value::Number(number)) => *number,
        (None, Value::Bytes(content)) => {
            bytes.extend(content);
            return;
        }
    };
    let width = kind.width().unwrap_or(0);
    match endian {
        Endian::Little => bytes.extend(&number.to_le_bytes()[..width]),
        Endian::Big => bytes.extend(&number.to_be_bytes()[8 - width..]),
    }
}
