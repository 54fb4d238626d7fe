//! What was read: values with their places.

use super::{Field, Group, Layout};
use std::fmt::Write as _;

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// Bytes or text.
    Bytes(Vec<u8>),
}

impl Value {
    /// As people read it.
    pub fn words(&self) -> String {
        match self {
            Value::Number(number) => number.to_string(),
            Value::Bytes(bytes) => format!("'{}'", String::from_utf8_lossy(bytes)),
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The value.
    pub value: Value,
    /// Byte offset.
    pub offset: usize,
    /// Length in bytes.
    pub length: usize,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// In the order of the group's fields.
    pub fields: Vec<Placed>,
    /// The inner group.
    pub items: Vec<Record>,
    /// Where the record starts.
    pub offset: usize,
}

/// A whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// In the order of the header's fields.
    pub header: Vec<Placed>,
    /// The records.
    pub records: Vec<Record>,
}

/// One value with its name, for rules and for mutation.
#[derive(Clone, Debug)]
pub struct Leaf<'a> {
    /// `instances[3].criteria[21].op`; indexes from 1. `header.name` in the header.
    pub path: String,
    /// The same without indexes: `instances.criteria.op`.
    pub pattern: String,
    /// Its declaration.
    pub field: &'a Field,
    /// The value and its place.
    pub placed: &'a Placed,
    /// Number of the outermost record, from 1; 0 in the header.
    pub record: u64,
    /// Values of the same record, with their declarations.
    pub siblings: (&'a [Field], &'a [Placed]),
}

/// One value on the way through a file; its path is written only when somebody asks.
pub(crate) struct Met<'a> {
    /// Its declaration.
    pub(crate) field: &'a Field,
    /// The value and its place.
    pub(crate) placed: &'a Placed,
    /// Values of the same record, with their declarations.
    pub(crate) siblings: (&'a [Field], &'a [Placed]),
    /// Names of the groups around it; none in the header.
    groups: &'a [&'a str],
    /// Numbers of the records in them, from 1.
    numbers: &'a [u64],
}

impl Met<'_> {
    /// Number of the outermost record, from 1; 0 in the header.
    pub(crate) fn record(&self) -> u64 {
        self.numbers.first().copied().unwrap_or(0)
    }
    /// `instances[3].criteria[21].op`; indexes from 1. `header.name` in the header.
    pub(crate) fn path(&self) -> String {
        let mut path = String::new();
        for (group, number) in self.groups.iter().zip(self.numbers) {
            let _ = write!(path, "{group}[{number}].");
        }
        if self.groups.is_empty() {
            path.push_str("header.");
        }
        path + &self.field.name
    }
    /// Whether a rule means this value: `instances.criteria.op`.
    pub(crate) fn is(&self, pattern: &str) -> bool {
        let Some((place, name)) = pattern.rsplit_once('.') else { return false };
        name == self.field.name
            && match self.groups {
                [] => place == "header",
                groups => place.split('.').eq(groups.iter().copied()),
            }
    }
}

impl Tree {
    /// Goes through all values, in the order of the file, without a list of them.
    pub(crate) fn visit(&self, layout: &Layout, see: &mut dyn FnMut(&Met<'_>)) {
        meet(&layout.header, &self.header, &[], &[], see);
        let (mut groups, mut numbers) = (Vec::new(), Vec::new());
        visit_group(&layout.records, &self.records, &mut groups, &mut numbers, see);
    }

    /// All values, in the order of the file.
    pub fn leaves<'a>(&'a self, layout: &'a Layout) -> Vec<Leaf<'a>> {
        self.leaves_of(layout, |_| true)
    }

    /// The values of the header and of the records, counted from 0, that are wanted. A large file
    /// has too many values to list them all.
    pub fn leaves_of<'a>(
        &'a self,
        layout: &'a Layout,
        wanted: impl Fn(usize) -> bool,
    ) -> Vec<Leaf<'a>> {
        let mut leaves = Vec::new();
        push(&mut leaves, "header", "header", &layout.header, &self.header, 0);
        for (index, record) in self.records.iter().enumerate().filter(|(index, _)| wanted(*index)) {
            let number = index as u64 + 1;
            let (name, group) = (&layout.records.name, &layout.records);
            record_leaves(&mut leaves, &format!("{name}[{number}]"), name, group, record, number);
        }
        leaves
    }

    /// The path of the value that the byte at `offset` belongs to.
    pub fn path_at(&self, layout: &Layout, offset: usize) -> Option<String> {
        let mut path = None;
        self.visit(layout, &mut |met| {
            let start = met.placed.offset;
            if (start..start + met.placed.length).contains(&offset) {
                path = Some(met.path());
            }
        });
        path
    }

    /// The value at `path`, with its declaration and place.
    pub fn value<'a>(&'a self, layout: &'a Layout, path: &str) -> Option<(&'a Field, &'a Placed)> {
        let (head, name) = path.rsplit_once('.')?;
        let among = |fields: &'a [Field], values: &'a [Placed]| {
            let index = fields.iter().position(|field| field.name == name)?;
            Some((&fields[index], values.get(index)?))
        };
        if head == "header" {
            return among(&layout.header, &self.header);
        }
        let (mut group, mut records) = (&layout.records, &self.records);
        let mut parts = head.split('.').peekable();
        loop {
            let (part, index) = parts.next()?.strip_suffix(']')?.split_once('[')?;
            if part != group.name {
                return None;
            }
            let record = records.get(index.parse::<usize>().ok()?.checked_sub(1)?)?;
            if parts.peek().is_none() {
                return among(&group.field, &record.fields);
            }
            group = group.items.as_deref()?;
            records = &record.items;
        }
    }

    /// The value at `path`, to be changed.
    pub fn value_mut(&mut self, layout: &Layout, path: &str) -> Option<&mut Value> {
        let (head, field) = path.rsplit_once('.')?;
        if head == "header" {
            let index = layout.header.iter().position(|f| f.name == field)?;
            return self.header.get_mut(index).map(|placed| &mut placed.value);
        }
        let mut group = &layout.records;
        let mut records = &mut self.records;
        let mut parts = head.split('.').peekable();
        loop {
            let (name, index) = parts.next()?.strip_suffix(']')?.split_once('[')?;
            if name != group.name {
                return None;
            }
            let record = records.get_mut(index.parse::<usize>().ok()?.checked_sub(1)?)?;
            if parts.peek().is_none() {
                let index = group.field.iter().position(|f| f.name == field)?;
                return record.fields.get_mut(index).map(|placed| &mut placed.value);
            }
            group = group.items.as_deref()?;
            records = &mut record.items;
        }
    }
}

fn meet(
    fields: &[Field],
    values: &[Placed],
    groups: &[&str],
    numbers: &[u64],
    see: &mut dyn FnMut(&Met<'_>),
) {
    for (field, placed) in fields.iter().zip(values) {
        see(&Met { field, placed, siblings: (fields, values), groups, numbers });
    }
}

/// As deep as the layout, which is written by people.
fn visit_group<'a>(
    group: &'a Group,
    records: &[Record],
    groups: &mut Vec<&'a str>,
    numbers: &mut Vec<u64>,
    see: &mut dyn FnMut(&Met<'_>),
) {
    groups.push(&group.name);
    for (index, record) in records.iter().enumerate() {
        numbers.push(index as u64 + 1);
        meet(&group.field, &record.fields, groups, numbers, see);
        if let Some(inner) = group.items.as_deref() {
            visit_group(inner, &record.items, groups, numbers, see);
        }
        numbers.pop();
    }
    groups.pop();
}

fn record_leaves<'a>(
    leaves: &mut Vec<Leaf<'a>>,
    path: &str,
    pattern: &str,
    group: &'a Group,
    record: &'a Record,
    number: u64,
) {
    push(leaves, path, pattern, &group.field, &record.fields, number);
    if let Some(inner) = group.items.as_deref() {
        for (index, item) in record.items.iter().enumerate() {
            let path = format!("{path}.{}[{}]", inner.name, index + 1);
            let pattern = format!("{pattern}.{}", inner.name);
            record_leaves(leaves, &path, &pattern, inner, item, number);
        }
    }
}

fn push<'a>(
    leaves: &mut Vec<Leaf<'a>>,
    path: &str,
    pattern: &str,
    fields: &'a [Field],
    values: &'a [Placed],
    record: u64,
) {
    for (field, placed) in fields.iter().zip(values) {
        leaves.push(Leaf {
            path: format!("{path}.{}", field.name),
            pattern: format!("{pattern}.{}", field.name),
            field,
            placed,
            record,
            siblings: (fields, values),
        });
    }
}
