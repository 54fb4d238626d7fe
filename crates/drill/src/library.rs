//! The incident library: outages that happened, as scenarios.
//!
//! The shipped file and any other of the same schema pass the same gate, [`parse`]. Unknown keys
//! are errors with a suggestion; missing optional fields stay missing here, and the scenario says
//! what it assumes instead.

pub mod strict;

use crate::error::{DrillError, MALFORMED, OTHER_SCHEMA, OUT_OF_RANGE};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The library that is shipped in the binary.
pub const SHIPPED: &str = include_str!("../library/incidents.toml");
/// What the shipped library is called in messages.
pub const SHIPPED_NAME: &str = "incidents.toml (shipped)";
/// The version of the schema that this version reads.
pub const SCHEMA_VERSION: u64 = 1;
/// Largest library read, in bytes: some ten thousand incidents.
pub const LIBRARY_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Most incidents in one library.
pub const INCIDENTS_MAX: usize = 10_000;

/// A library of incidents.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// Always [`SCHEMA_VERSION`].
    pub schema_version: u64,
    /// Anchors of the model.
    #[serde(default)]
    pub defaults: Defaults,
    /// Seconds until half of the machines that are on hold the file, by kind of spread.
    #[serde(default = "spread_anchors")]
    pub spread_p50_s: BTreeMap<String, f64>,
    /// The incidents.
    #[serde(default, rename = "incident")]
    pub incidents: Vec<Incident>,
}

/// Anchors of the model, where an incident does not say otherwise.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Defaults {
    /// Crashes of a host a day without any release.
    pub baseline_host_crash_per_day: f64,
    /// The least that is plausible.
    pub baseline_host_crash_per_day_min: f64,
    /// The most that is plausible.
    pub baseline_host_crash_per_day_max: f64,
    /// Seconds between two heartbeats.
    pub heartbeat_interval_s: f64,
    /// Heartbeats missed until silence alarms.
    pub heartbeat_misses_to_alarm: f64,
    /// Half of the reports arrive within this.
    pub report_delay_p50_s: f64,
    /// 99 % of the reports arrive within this.
    pub report_delay_p99_s: f64,
    /// Seconds that a server takes to boot.
    pub reboot_s_server: f64,
    /// Seconds that a laptop takes to boot.
    pub reboot_s_laptop: f64,
    /// Seconds that an appliance takes to boot.
    pub reboot_s_appliance: f64,
    /// Minutes of a person's work on a host.
    pub hands_on_min_per_host: f64,
    /// Share of servers that are off.
    pub offline_fraction_server: f64,
    /// Share of laptops that are off.
    pub offline_fraction_laptop: f64,
    /// Servers that vanish by themselves in an hour.
    pub natural_dropout_per_hour_server: f64,
    /// Laptops that vanish by themselves in an hour.
    pub natural_dropout_per_hour_laptop: f64,
}

impl Default for Defaults {
    fn default() -> Defaults {
        Defaults {
            baseline_host_crash_per_day: 0.0007,
            baseline_host_crash_per_day_min: 0.0001,
            baseline_host_crash_per_day_max: 0.002,
            heartbeat_interval_s: 60.0,
            heartbeat_misses_to_alarm: 3.0,
            report_delay_p50_s: 60.0,
            report_delay_p99_s: 900.0,
            reboot_s_server: 180.0,
            reboot_s_laptop: 90.0,
            reboot_s_appliance: 300.0,
            hands_on_min_per_host: 15.0,
            offline_fraction_server: 0.01,
            offline_fraction_laptop: 0.45,
            natural_dropout_per_hour_server: 0.0005,
            natural_dropout_per_hour_laptop: 0.08,
        }
    }
}

/// Anchors of spread for libraries that leave the table out.
pub fn spread_anchors() -> BTreeMap<String, f64> {
    [
        ("instant", 5.0),
        ("minutes", 300.0),
        ("poll_hourly", 1_800.0),
        ("poll_daily", 43_200.0),
        ("progressive_10min", 300.0),
        ("progressive_1h", 1_800.0),
        ("progressive_4h", 7_200.0),
        ("ttl", 3_600.0),
        ("wall_clock", 0.0),
        ("shared_fate", 120.0),
    ]
    .into_iter()
    .map(|(name, seconds)| (name.to_owned(), seconds))
    .collect()
}

/// One point of how machines came back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecoveryPoint {
    /// Hours from the first exposure.
    pub hours: f64,
    /// Share that was back.
    pub fraction: f64,
}

/// One outage. Only `id` must be there; what is not known is left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)] // The names are the schema's; the file's own header explains them.
pub struct Incident {
    pub id: String,
    pub name: String,
    pub date: String,
    pub date_note: Option<String>,
    pub org: String,
    pub group: String,
    pub file_kind: String,
    pub file: Option<String>,
    pub defect: Option<String>,
    pub shapes: Vec<String>,
    pub subset: Option<String>,
    pub affected: Option<String>,
    pub affected_count: Option<u64>,
    pub affected_count_note: Option<String>,
    pub affected_fraction: Option<f64>,
    pub affected_fraction_note: Option<String>,
    pub validated: Option<String>,
    pub missed: Option<String>,
    pub missed_basis: Option<String>,
    pub spread: Option<String>,
    pub first_exposure_utc: Option<String>,
    pub halt_utc: Option<String>,
    pub time_to_detect_min: Option<f64>,
    pub time_to_detect_note: Option<String>,
    pub time_to_halt_min: Option<f64>,
    pub time_to_halt_note: Option<String>,
    pub time_to_recover_min: Option<f64>,
    pub time_to_recover_note: Option<String>,
    pub time_to_full_recover_min: Option<f64>,
    pub time_to_full_recover_note: Option<String>,
    pub recovery: Option<String>,
    pub network_after: Option<String>,
    pub hands_on_min_per_host: Option<f64>,
    pub cost: Option<String>,
    pub cost_usd: Option<u64>,
    pub cost_note: Option<String>,
    pub notes: Option<String>,
    pub guards: Vec<String>,
    pub min_canary_level: Option<String>,
    pub recovery_curve: Vec<RecoveryPoint>,
    pub sim_trigger: Option<String>,
    pub sim_trigger_p50_s: Option<f64>,
    pub sim_trigger_p99_s: Option<f64>,
    pub sim_affected_fraction: Option<f64>,
    pub sim_state_after: Option<String>,
    pub sim_reports_after: Option<String>,
    pub sim_p_self_heal_per_boot: Option<f64>,
    pub sim_recovery_mode: Option<String>,
    pub sim_spread: Option<String>,
    pub sources: Vec<String>,
    pub evidence: Option<String>,
    pub confidence: Option<String>,
}

/// The shipped library.
pub fn shipped() -> Result<Library, DrillError> {
    parse(SHIPPED, SHIPPED_NAME)
}

/// Reads a library from a file.
///
/// # Errors
/// The file cannot be read, is too large, or [`parse`] refuses it.
pub fn read(path: &Path) -> Result<Library, DrillError> {
    parse(&strict::text(path, LIBRARY_BYTES_MAX)?, &path.display().to_string())
}

/// Reads a library; `file` is how the user named it.
///
/// # Errors
/// One reason with file, line and column.
pub fn parse(text: &str, file: &str) -> Result<Library, DrillError> {
    let library: Library = strict::parse(text, file)?;
    if library.schema_version != SCHEMA_VERSION {
        let sentence = format!(
            "{file}: schema_version is {}, this version reads {SCHEMA_VERSION}",
            library.schema_version
        );
        return Err(DrillError::refused(OTHER_SCHEMA, sentence));
    }
    let count = library.incidents.len();
    if count == 0 || count > INCIDENTS_MAX {
        let sentence =
            format!("{file}: {count} incidents, a library has 1 to {INCIDENTS_MAX} of them");
        return Err(DrillError::refused(OUT_OF_RANGE, sentence));
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, incident) in library.incidents.iter().enumerate() {
        check_incident(incident, index + 1)
            .map_err(|why| DrillError::refused(MALFORMED, format!("{file}: {why}")))?;
        if let Some(first) = seen.insert(&incident.id, index + 1) {
            let sentence =
                format!("{file}: incidents {first} and {} are both '{}'", index + 1, incident.id);
            return Err(DrillError::refused(MALFORMED, sentence));
        }
    }
    Ok(library)
}

fn check_incident(incident: &Incident, place: usize) -> Result<(), String> {
    decide::id::check_name(&incident.id, false)
        .map_err(|bad| format!("incident {place} needs a usable id: {bad}"))?;
    let shares = [
        ("affected_fraction", incident.affected_fraction),
        ("sim_affected_fraction", incident.sim_affected_fraction),
        ("sim_p_self_heal_per_boot", incident.sim_p_self_heal_per_boot),
    ];
    for (name, value) in shares {
        if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
            return Err(format!("incident '{}': {name} must be between 0 and 1", incident.id));
        }
    }
    let spans = [
        ("sim_trigger_p50_s", incident.sim_trigger_p50_s),
        ("sim_trigger_p99_s", incident.sim_trigger_p99_s),
        ("time_to_halt_min", incident.time_to_halt_min),
        ("time_to_detect_min", incident.time_to_detect_min),
        ("hands_on_min_per_host", incident.hands_on_min_per_host),
    ];
    for (name, value) in spans {
        if value.is_some_and(|value| !(0.0..=SPAN_MAX).contains(&value)) {
            return Err(format!("incident '{}': {name} must be 0 or more and finite", incident.id));
        }
    }
    Ok(())
}

/// Longest span in a library, in its own unit: about 30 years of seconds.
const SPAN_MAX: f64 = 1e9;

impl Library {
    /// The incident with this id.
    pub fn incident(&self, id: &str) -> Option<&Incident> {
        self.incidents.iter().find(|incident| incident.id == id)
    }
}
