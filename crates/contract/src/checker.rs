//! The check of one file: limits, form, rules, growth, consumers.

use crate::capabilities;
use crate::codes;
use crate::delimited;
use crate::json;
use crate::lines;
use crate::model::{Contract, FILE_BYTES_MAX, Format};
use crate::rules::{self, Findings, finding};
use decide::finding::{Finding, Place, Severity, verdict};
use decide::verdict::Verdict;
use serde::Serialize;
use std::io::Read;
use std::path::Path;

/// Most findings listed for one file; the rest is counted.
pub(crate) const FINDINGS_MAX: usize = 200;

/// What the check of one file says.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// `ringfence/check-report/v1`.
    pub schema: &'static str,
    /// The file as the user named it.
    pub file: String,
    /// The contract file.
    pub contract: String,
    /// What was counted.
    pub facts: Facts,
    /// Pass, fail, or no signal when nothing was checked.
    pub verdict: Verdict,
    /// All findings, root causes first.
    pub findings: Vec<Finding>,
}

/// What was counted in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// Its size.
    pub bytes: u64,
    /// Its records.
    pub records: u64,
    /// Records that repeat another.
    pub repeated: u64,
}

fn at(file: &str) -> Place {
    Place { file: file.to_owned(), ..Place::default() }
}

/// Checks a file by its path: its size is looked at before a byte is read.
///
/// # Errors
/// One finding when the file cannot be read at all; it was then not checked.
pub fn check_path(
    contract: &Contract,
    path: &Path,
    previous: Option<&[u8]>,
) -> Result<(CheckReport, Vec<u8>), Box<Finding>> {
    let name = path.display().to_string();
    let refuse = |why: String| {
        Box::new(crate::strict::unreadable(format!("cannot read {name}: {why}"), at(&name)))
    };
    let meta = std::fs::metadata(path).map_err(|error| refuse(error.to_string()))?;
    if !meta.is_file() {
        return Err(refuse("it is not a file".into()));
    }
    let most = contract.limits.bytes_max.min(FILE_BYTES_MAX);
    if meta.len() > most {
        let mut out = Findings::new(FINDINGS_MAX);
        out.push(size_finding(contract, &name, meta.len(), most));
        let facts = Facts { bytes: meta.len(), ..Facts::default() };
        return Ok((report(contract, &name, &[], facts, out), Vec::new()));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| refuse(error.to_string()))?;
    // A file that grows while it is read is cut at the limit and then refused by its size.
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| refuse(error.to_string()))?;
    Ok((check(contract, &name, &bytes, previous), bytes))
}

/// Checks bytes. `previous` is the last good release.
pub fn check(
    contract: &Contract,
    file: &str,
    bytes: &[u8],
    previous: Option<&[u8]>,
) -> CheckReport {
    let mut out = Findings::new(FINDINGS_MAX);
    let mut facts = Facts { bytes: bytes.len() as u64, ..Facts::default() };
    let limits = &contract.limits;
    if bytes.is_empty() {
        let mut empty = finding(
            codes::EMPTY,
            at(file),
            "the file is empty".into(),
            "0 bytes".into(),
            format!("at least {} bytes", limits.bytes_min),
        );
        empty.help = "an empty file never replaces a good one; look at what produced it".into();
        out.push(empty);
        return report(contract, file, bytes, facts, out);
    }
    if !(limits.bytes_min..=limits.bytes_max).contains(&facts.bytes) {
        out.push(size_finding(contract, file, facts.bytes, limits.bytes_max));
    }
    if let Some((records, repeated)) = read(contract, file, bytes, &mut out) {
        facts.records = records;
        facts.repeated = repeated;
        records_findings(contract, file, facts, &mut out);
    }
    capabilities::whole(contract, file, facts, &mut out);
    if let Some(previous) = previous {
        growth(contract, file, facts, previous, &mut out);
    }
    report(contract, file, bytes, facts, out)
}

fn report(
    contract: &Contract,
    file: &str,
    bytes: &[u8],
    facts: Facts,
    out: Findings,
) -> CheckReport {
    let findings = out.finish(file, (contract.format != Format::Binary).then_some(bytes));
    CheckReport {
        schema: "ringfence/check-report/v1",
        file: file.to_owned(),
        contract: contract.path.display().to_string(),
        facts,
        verdict: verdict(&findings, 1),
        findings,
    }
}

fn size_finding(contract: &Contract, file: &str, bytes: u64, most: u64) -> Finding {
    let least = contract.limits.bytes_min;
    let message = format!("the file has {bytes} bytes, allowed are {least} to {most}");
    let mut fault = finding(
        codes::SIZE,
        at(file),
        message,
        format!("{bytes} bytes"),
        format!("{least} to {most} bytes"),
    );
    fault.rule = contract.rule_place("bytes_m");
    fault
}

/// Reads the file in its format and applies the rules; (records, repeated) if it could be read.
fn read(contract: &Contract, file: &str, bytes: &[u8], out: &mut Findings) -> Option<(u64, u64)> {
    match contract.format {
        Format::Json => read_json(contract, file, bytes, out),
        Format::Csv => {
            let counted = delimited::records(contract, file, bytes, out);
            Some((counted.records, counted.repeated))
        }
        Format::Lines => {
            let counted = lines::lines(contract, file, bytes, out);
            Some((counted.records, counted.repeated))
        }
        Format::Binary => {
            let layout = contract.layout.as_ref()?;
            match crate::binary::read(layout, bytes) {
                Ok(tree) => {
                    rules::binary(contract, file, bytes, &tree, out);
                    let mut records: Vec<&[u8]> = Vec::new();
                    let ends = tree.records.iter().skip(1).map(|r| r.offset).chain([bytes.len()]);
                    for (record, end) in tree.records.iter().zip(ends) {
                        records.push(&bytes[record.offset..end]);
                    }
                    records.sort_unstable();
                    let repeated = records.windows(2).filter(|pair| pair[0] == pair[1]).count();
                    Some((tree.records.len() as u64, repeated as u64))
                }
                Err(fault) => {
                    out.push(rules::unreadable(file, &fault));
                    None
                }
            }
        }
    }
}

fn read_json(
    contract: &Contract,
    file: &str,
    bytes: &[u8],
    out: &mut Findings,
) -> Option<(u64, u64)> {
    let fault_at = |fault: &json::Fault| {
        let place = Place { offset: Some(fault.offset as u64), length: Some(1), ..at(file) };
        Finding::new(fault.code, Severity::Error, fault.why.clone(), place)
    };
    let (root, faults) = match json::parse(bytes) {
        Ok(parsed) => parsed,
        Err(fault) => {
            out.push(fault_at(&fault));
            return None;
        }
    };
    faults.iter().for_each(|fault| out.push(fault_at(fault)));
    json::check(contract, file, bytes, &root, out);
    capabilities::json(contract, file, bytes, &root, out);
    let records = contract.limits.records.as_ref().map_or(Some(&root), |path| root.at(path));
    match records.map(|node| &node.kind) {
        Some(json::Kind::Array(items)) => {
            let mut texts: Vec<&[u8]> =
                items.iter().map(|item| &bytes[item.start..item.end]).collect();
            texts.sort_unstable();
            let repeated = texts.windows(2).filter(|pair| pair[0] == pair[1]).count();
            Some((items.len() as u64, repeated as u64))
        }
        Some(_) => Some((1, 0)),
        None => {
            let path = contract.limits.records.clone().unwrap_or_default();
            let message = format!("there are no records at {path}");
            out.push(finding(codes::MISSING, at(file), message, "none".into(), path));
            Some((0, 0))
        }
    }
}

fn records_findings(contract: &Contract, file: &str, facts: Facts, out: &mut Findings) {
    let limits = &contract.limits;
    if !(limits.records_min..=limits.records_max).contains(&facts.records) {
        let limit = format!("{} to {}", limits.records_min, limits.records_max);
        let message = format!("the file has {} records, allowed are {limit}", facts.records);
        let mut fault =
            finding(codes::RECORDS, at(file), message, facts.records.to_string(), limit);
        fault.rule = contract.rule_place("records_m");
        out.push(fault);
    }
    if let Some(most) = limits.repeated_permille_max
        && facts.repeated * 1_000 > most * facts.records
    {
        let message = format!(
            "{} of {} records repeat another, allowed are {most} in 1,000",
            facts.repeated, facts.records
        );
        let mut fault = finding(
            codes::REPEATED,
            at(file),
            message,
            facts.repeated.to_string(),
            format!("{most} permille"),
        );
        fault.rule = contract.rule_place("repeated_permille_max");
        fault.help =
            "a query that joins twice doubles its rows; look at what produced the file".into();
        out.push(fault);
    }
}

fn growth(contract: &Contract, file: &str, now: Facts, previous: &[u8], out: &mut Findings) {
    let mut ignored = Findings::new(1);
    let records = read(contract, file, previous, &mut ignored).map_or(0, |(records, _)| records);
    let growth = &contract.growth;
    let rows = [
        (
            "bytes",
            now.bytes,
            previous.len() as u64,
            growth.bytes_percent_min,
            growth.bytes_percent_max,
        ),
        ("records", now.records, records, growth.records_percent_min, growth.records_percent_max),
    ];
    for (unit, now, before, min, max) in rows {
        if before == 0 {
            continue;
        }
        let percent = now * 100 / before;
        let (low, high) = (min.unwrap_or(0), max.unwrap_or(u64::MAX));
        if !(low..=high).contains(&percent) {
            let limit = match max {
                Some(max) => format!("{low} to {max} %"),
                None => format!("at least {low} %"),
            };
            let message = format!(
                "{now} {unit} are {percent} % of the last good release's {before}, allowed are {limit}"
            );
            let mut fault =
                finding(codes::GROWTH, at(file), message, format!("{percent} %"), limit);
            fault.rule = contract.rule_place(&format!("{unit}_percent"));
            out.push(fault);
        }
    }
}
