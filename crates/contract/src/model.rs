//! The contract as authors write it: TOML, every key documented, unknown keys refused.

use crate::strict;
use decide::finding::{Finding, Place};
use decide::id::{ChannelName, ConsumerVersion};
use decide::policy::span;
use decide::time::Span;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The schema name a contract carries.
pub const SCHEMA: &str = "ringfence/contract/v1";
/// Files larger than this are never read, whatever a contract says.
pub const FILE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// What a good file of a channel looks like, and what each consumer version can take.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The channel.
    pub channel: ChannelName,
    /// How the bytes are to be read.
    pub format: Format,
    /// Sizes and counts.
    #[serde(default)]
    pub limits: Limits,
    /// Change against the last good release.
    #[serde(default)]
    pub growth: Growth,
    /// JSON: rules for values by path.
    #[serde(default)]
    pub field: Vec<FieldRule>,
    /// CSV: the dialect.
    #[serde(default)]
    pub csv: Csv,
    /// CSV: rules for columns.
    #[serde(default)]
    pub column: Vec<ColumnRule>,
    /// Lines: rules for every line.
    #[serde(default)]
    pub lines: Lines,
    /// Binary: the layout.
    #[serde(default)]
    pub layout: Option<crate::binary::Layout>,
    /// The consumer versions.
    #[serde(default)]
    pub consumer: Vec<Consumer>,
    /// Where the contract came from; relative commands and templates are found beside it.
    #[serde(skip)]
    pub path: PathBuf,
    /// The contract's own text, so that findings can point at the rule.
    #[serde(skip)]
    pub source: String,
}

/// How the bytes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON document.
    Json,
    /// Records of columns.
    Csv,
    /// Lines of text.
    Lines,
    /// A declared binary layout.
    Binary,
}

/// Sizes and counts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Fewest bytes; never 0.
    pub bytes_min: u64,
    /// Most bytes.
    pub bytes_max: u64,
    /// Fewest records (array items at `records`, CSV rows, lines, binary records).
    pub records_min: u64,
    /// Most records.
    pub records_max: u64,
    /// JSON: the path of the array whose items are the records, e.g. `/rules`.
    pub records: Option<String>,
    /// Largest share of records that may repeat another record, in permille.
    pub repeated_permille_max: Option<u64>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            bytes_min: 1,
            bytes_max: 64 * 1024 * 1024,
            records_min: 1,
            records_max: 10_000_000,
            records: None,
            repeated_permille_max: None,
        }
    }
}

/// Change against the last good release, in percent of it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Growth {
    /// Most bytes, e.g. 150.
    pub bytes_percent_max: Option<u64>,
    /// Fewest bytes, e.g. 50.
    pub bytes_percent_min: Option<u64>,
    /// Most records.
    pub records_percent_max: Option<u64>,
    /// Fewest records.
    pub records_percent_min: Option<u64>,
}

/// A rule for JSON values.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FieldRule {
    /// `/rules/*/name`; `*` stands for every item or every key.
    pub path: String,
    /// `object`, `array`, `string`, `integer`, `number`, `boolean`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Must be present in every parent, and not null or blank.
    #[serde(default)]
    pub required: bool,
    /// Smallest number.
    pub min: Option<f64>,
    /// Largest number.
    pub max: Option<f64>,
    /// Allowed texts.
    pub one_of: Option<Vec<String>>,
    /// A regular expression that the whole text must match (linear time).
    pub pattern: Option<String>,
    /// Fewest characters, items or keys.
    pub length_min: Option<u64>,
    /// Most characters, items or keys.
    pub length_max: Option<u64>,
    /// For objects: no other keys than those that other rules name.
    #[serde(default)]
    pub closed: bool,
    /// The value occurs once among all values of this path.
    #[serde(default)]
    pub unique: bool,
}

/// The CSV dialect.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Csv {
    /// One character.
    pub delimiter: char,
    /// The first record names the columns.
    pub header: bool,
}

impl Default for Csv {
    fn default() -> Csv {
        Csv { delimiter: ',', header: true }
    }
}

/// A rule for a CSV column.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnRule {
    /// The column's name in the header, or its number from 1 without one.
    pub name: String,
    /// `integer`, `number` or `text`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Never blank.
    #[serde(default)]
    pub required: bool,
    /// Smallest number.
    pub min: Option<f64>,
    /// Largest number.
    pub max: Option<f64>,
    /// Allowed texts.
    pub one_of: Option<Vec<String>>,
    /// A regular expression that the whole text must match.
    pub pattern: Option<String>,
    /// Most characters.
    pub length_max: Option<u64>,
    /// The value occurs once.
    #[serde(default)]
    pub unique: bool,
}

/// Rules for lines of text.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lines {
    /// Lines that begin with this are comments; no records.
    pub comment: Option<String>,
    /// Most characters in a line.
    pub length_max: Option<u64>,
    /// A regular expression that every record must match.
    pub pattern: Option<String>,
    /// Regular expressions that no record may match, e.g. includes of other files.
    pub forbid: Vec<String>,
}

/// One consumer version: what it takes and how it is run.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Consumer {
    /// The version as it names itself.
    pub version: ConsumerVersion,
    /// Facts about it, e.g. `inputs_supplied = 20`; a rule may name one instead of a number.
    #[serde(default)]
    pub facts: BTreeMap<String, u64>,
    /// What it can take beyond the format itself.
    #[serde(default)]
    pub takes: Vec<Takes>,
    /// Loads a file. Placeholders: `{file}`, `{events}`, `{work}`, `{dir}`, `{bin}`.
    pub load: Vec<String>,
    /// Loads and executes a file with events; the same placeholders.
    #[serde(default, rename = "try")]
    pub attempt: Vec<String>,
    /// Event files, beside the contract; each is tried.
    #[serde(default)]
    pub events: Vec<String>,
    /// Templates that are written into the work directory before a run.
    #[serde(default)]
    pub render: Vec<Render>,
    /// Exit codes that mean "loaded".
    #[serde(default = "ok_codes")]
    pub ok: Vec<i32>,
    /// Exit codes that mean "refused cleanly".
    #[serde(default = "refused_codes")]
    pub refused: Vec<i32>,
    /// Longest run.
    #[serde(default = "time_default", with = "span")]
    pub time: Span,
    /// Most memory (address space) in MiB.
    #[serde(default = "memory_default")]
    pub memory_mib: u64,
}

fn ok_codes() -> Vec<i32> {
    vec![0]
}
fn refused_codes() -> Vec<i32> {
    vec![1]
}
fn time_default() -> Span {
    Span::seconds(5)
}
fn memory_default() -> u64 {
    512
}

/// A capability: a limit that this version has and the format has not.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Takes {
    /// What is limited: a field of a binary layout such as `instances.criteria.field`, a JSON path
    /// such as `/rules/*/level`, a CSV column; or `records` or `bytes` for the whole file. Numbers
    /// are held against `max` by value, texts and lists by length.
    pub field: String,
    /// Largest value: a number or the name of a fact.
    pub max: NumberOrFact,
    /// No limit where the sibling field has one of these values.
    pub unless: Option<Unless>,
    /// Said in the finding, e.g. `the consumer supplies {max} inputs`.
    pub because: Option<String>,
}

/// A number, or the name of one of the consumer's facts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum NumberOrFact {
    /// A number.
    Number(u64),
    /// A fact.
    Fact(String),
}

/// An exception by a sibling field.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Unless {
    /// The sibling, e.g. `op`.
    pub field: String,
    /// Its values, as numbers or as names of the layout.
    pub one_of: Vec<String>,
}

/// A template that is rendered for a run.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Render {
    /// Beside the contract.
    pub from: String,
    /// In the work directory.
    pub to: String,
}

impl Contract {
    /// Reads a contract and looks for contradictions in it.
    ///
    /// # Errors
    /// All findings, each with its place.
    pub fn load(path: &Path) -> Result<Contract, Vec<Finding>> {
        let source = strict::text(path).map_err(|finding| vec![*finding])?;
        let mut contract: Contract = strict::parse(&source, &path.display().to_string())
            .map_err(|finding| vec![*finding])?;
        contract.path = path.to_owned();
        contract.source = source;
        let faults = crate::soundness::faults(&contract);
        if faults.is_empty() { Ok(contract) } else { Err(faults) }
    }

    /// Where the contract's text first has `needle`.
    pub fn rule_place(&self, needle: &str) -> Option<Place> {
        let offset = self.source.find(needle)?;
        let (line, column) = crate::text::line_column(self.source.as_bytes(), offset);
        Some(Place {
            file: self.path.display().to_string(),
            offset: Some(offset as u64),
            line: Some(line),
            column: Some(column),
            ..Place::default()
        })
    }

    /// Where the contract's text first has `value` in quotes of either kind, or at all.
    pub(crate) fn value_place(&self, value: &str) -> Option<Place> {
        let quoted = |quote: char| self.rule_place(&format!("{quote}{value}{quote}"));
        quoted('"').or_else(|| quoted('\'')).or_else(|| self.rule_place(value))
    }

    /// The directory of the contract file.
    pub fn directory(&self) -> PathBuf {
        match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        }
    }
}
