//! The fleet of a drill: systems and versions, rings, regions, who is off and who is held.
//!
//! The default is a mixed fleet of servers. `--fleet FILE` describes another (schema
//! `ringfence/fleet/v1`), read strictly: unknown keys are errors with a suggestion.

use crate::error::{DrillError, OTHER_SCHEMA, OUT_OF_RANGE};
use crate::library::strict;
use decide::id::{Ring, StratumName};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The schema of a fleet file.
pub const SCHEMA: &str = "ringfence/fleet/v1";
/// Largest fleet file read, in bytes.
pub const FLEET_BYTES_MAX: u64 = 1024 * 1024;
/// Most groups of a fleet; with five rings each, ten thousand strata.
pub const GROUPS_MAX: usize = 2_000;
/// Most regions of a fleet.
pub const REGIONS_MAX: u16 = 1_000;

/// Machines that are alike: a system and a consumer version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Its labels, as `linux/7.12`.
    pub name: String,
    /// How many of these there are, relative to the other groups.
    pub share: u32,
}

/// Machines of one ring.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RingShare {
    /// The ring.
    pub ring: Ring,
    /// How many of these there are, relative to the other rings.
    pub share: u32,
}

/// A fleet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Machines, when the command line does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machines: Option<u64>,
    /// Regions; an outage takes one of them down.
    #[serde(default = "regions")]
    pub regions: u16,
    /// Share of machines that are off when the rollout begins.
    #[serde(default = "offline")]
    pub offline: f64,
    /// Machines that go away by themselves in an hour, half of them without a goodbye.
    #[serde(default = "leave_per_hour")]
    pub leave_per_hour: f64,
    /// Share of machines that their owners hold.
    #[serde(default)]
    pub held: f64,
    /// Crashes a machine a day without any release; the scenario's own when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crashes_per_day: Option<f64>,
    /// Systems and versions.
    #[serde(default = "groups", rename = "group")]
    pub groups: Vec<Group>,
    /// Rings.
    #[serde(default = "rings", rename = "ring")]
    pub rings: Vec<RingShare>,
}

fn regions() -> u16 {
    10
}
fn offline() -> f64 {
    0.01
}
fn leave_per_hour() -> f64 {
    0.0005
}
fn groups() -> Vec<Group> {
    const GROUPS: [(&str, u32); 8] = [
        ("windows/7.11", 300),
        ("windows/7.12", 220),
        ("linux/7.11", 180),
        ("linux/7.12", 120),
        ("mac/7.11", 80),
        ("mac/7.12", 60),
        ("windows/7.10", 25),
        ("linux/7.10", 15),
    ];
    GROUPS.map(|(name, share)| Group { name: name.into(), share }).to_vec()
}
fn rings() -> Vec<RingShare> {
    const RINGS: [(Ring, u32); 5] = [
        (Ring::Lab, 5),
        (Ring::Early, 95),
        (Ring::Standard, 600),
        (Ring::Late, 250),
        (Ring::Critical, 50),
    ];
    RINGS.map(|(ring, share)| RingShare { ring, share }).to_vec()
}

impl Default for Shape {
    fn default() -> Shape {
        Shape {
            schema: SCHEMA.into(),
            machines: None,
            regions: regions(),
            offline: offline(),
            leave_per_hour: leave_per_hour(),
            held: 0.0,
            crashes_per_day: None,
            groups: groups(),
            rings: rings(),
        }
    }
}

impl Shape {
    /// Every fault; empty means usable.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut need = |good: bool, sentence: String| {
            if !good {
                faults.push(sentence);
            }
        };
        need((1..=GROUPS_MAX).contains(&self.groups.len()), format!("1 to {GROUPS_MAX} groups"));
        need((1..=5).contains(&self.rings.len()), "1 to 5 rings".into());
        need((1..=REGIONS_MAX).contains(&self.regions), format!("regions from 1 to {REGIONS_MAX}"));
        for (name, value) in [("offline", self.offline), ("held", self.held)] {
            need((0.0..=0.95).contains(&value), format!("{name} from 0 to 0.95, not {value}"));
        }
        let leave = self.leave_per_hour;
        need((0.0..=1.0).contains(&leave), format!("leave_per_hour from 0 to 1, not {leave}"));
        let crashes = self.crashes_per_day.unwrap_or(0.0);
        need(
            (0.0..=24.0).contains(&crashes),
            format!("crashes_per_day from 0 to 24, not {crashes}"),
        );
        need(self.groups.iter().any(|group| group.share > 0), "a group with a share".into());
        need(self.rings.iter().any(|ring| ring.share > 0), "a ring with a share".into());
        for group in &self.groups {
            let name = StratumName::try_from(format!("{}/standard", group.name));
            need(name.is_ok(), format!("group names as 'linux/7.12', not '{}'", group.name));
        }
        faults
    }
}

/// Reads a fleet file.
///
/// # Errors
/// It cannot be read, is of another schema, has an unknown key, or says what cannot be.
pub fn read(path: &Path) -> Result<Shape, DrillError> {
    parse(&strict::text(path, FLEET_BYTES_MAX)?, &path.display().to_string())
}

/// Reads a fleet's text; `file` is what it is called in messages.
///
/// # Errors
/// As [`read`].
pub fn parse(text: &str, file: &str) -> Result<Shape, DrillError> {
    let shape: Shape = strict::parse(text, file)?;
    if shape.schema != SCHEMA {
        let sentence =
            format!("{file}: schema is '{}', this version reads '{SCHEMA}'", shape.schema);
        return Err(DrillError::refused(OTHER_SCHEMA, sentence));
    }
    let faults = shape.faults();
    if !faults.is_empty() {
        let sentence = format!("{file}: a fleet needs {}", faults.join("; "));
        return Err(DrillError::refused(OUT_OF_RANGE, sentence));
    }
    Ok(shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fleet_file_is_read_strictly() {
        let text = "schema = \"ringfence/fleet/v1\"\nmachines = 500\nheld = 0.1\n\
                    [[group]]\nname = \"linux/1\"\nshare = 1\n";
        let shape = parse(text, "fleet.toml").expect("good");
        assert_eq!((shape.machines, shape.groups.len(), shape.rings.len()), (Some(500), 1, 5));
        assert_eq!(toml::to_string(&shape).map(|text| parse(&text, "again")), Ok(Ok(shape)));
        for (wrong, part) in [
            (
                text.replace("held", "hold"),
                "fleet.toml:3:1: unknown key 'hold', did you mean 'held'?",
            ),
            (text.replace("fleet/v1", "fleet/v9"), "schema is 'ringfence/fleet/v9'"),
            (text.replace("0.1", "1.5"), "held from 0 to 0.95, not 1.5"),
            (text.replace("share = 1", "share = 0"), "a group with a share"),
        ] {
            let error = parse(&wrong, "fleet.toml").expect_err("refused").to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
