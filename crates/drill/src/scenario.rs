//! What goes wrong, as the simulator needs it: a trigger, who is affected, what is left working.
//!
//! Scenarios come from incidents of a library, or are built in. Everything that a record leaves
//! open is assumed here, once, and said: [`Scenario::assumptions`].

mod builtin;
mod guard;
mod weather;

pub use builtin::builtin;
pub use guard::{Wall, wall_of_guard};
pub use weather::{Episode, LEASE_S, Relay, Weather};

use crate::draw::{exponential, lognormal};
use crate::fleet::Shape;
use crate::library::{Incident, Library};
use decide::policy::Lane;
use serde::Serialize;

/// Minutes until somebody stopped an unstaged file, where a record does not say: the median of the
/// records that do.
const HALT_MIN_MEDIAN: f64 = 97.0;
/// When a file that waits for a date fires: everybody has it by then, and it counts as known good.
const WALL_CLOCK_S: f64 = 36.0 * 3600.0;
/// Machines of a drill when neither the request nor the record says.
pub const MACHINES_DEFAULT: u64 = 100_000;
/// Longest line about an incident, in characters.
const LINE_CHARS_MAX: usize = 96;
/// Most machines a record's count may ask for by itself.
const RECORD_MACHINES_MAX: u64 = 10_000_000;

/// When harm starts on a machine that has the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Some time after the machine loaded it: on load, on an event, a scan, traffic, a reboot.
    AfterLoad,
    /// At one moment for everybody.
    WallClock,
}

/// What is left working on a machine once the defect has fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Harm {
    /// Nothing happens: a good file.
    None,
    /// The consumer dies or hangs; the machine stays up.
    ServiceDown,
    /// The machine crashes whenever it loads the file, also at boot.
    BootLoop,
    /// The machine is gone.
    HostDown,
    /// The machine runs but is cut off.
    NetLost,
    /// Wrong or slow decisions; nothing crashes, nothing falls silent.
    Quiet,
    /// One machine is enough to take the control plane down for all.
    ControlPlaneDown,
}

/// What can still be heard from a harmed machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reports {
    /// Crash reports arrive.
    Full,
    /// Half of them do.
    Intermittent,
    /// Nothing is heard.
    None,
}

/// How people repaired machines as it happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Repair {
    /// Share of harmed machines that needed a person when they did not heal by themselves.
    pub hands: f64,
    /// Chance that one boot heals, once good data is on offer.
    pub heal_per_boot: f64,
    /// Extra seconds that one machine needs to come back.
    pub restart_s: f64,
    /// Minutes of a person's work on a machine.
    pub hands_min: f64,
}

/// How the file spread as it happened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Half of the machines that are on hold it after this.
    pub p50_s: f64,
    /// Spread evenly over twice that time (polling) instead of ever slower (push).
    pub even: bool,
    /// When somebody stopped it.
    pub halt_s: f64,
}

/// A scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// When it happened; empty for built-in ones.
    pub date: String,
    /// To whom.
    pub org: String,
    /// One line about it.
    pub line: String,
    /// The shapes of the record.
    pub shapes: Vec<String>,
    /// See [`Trigger`].
    pub trigger: Trigger,
    /// The trigger as the record calls it.
    pub trigger_word: String,
    /// Half of the affected machines are harmed this long after loading (or after the date).
    pub trigger_p50_s: f64,
    /// 99 % are harmed after this.
    pub trigger_p99_s: f64,
    /// Seconds from the start to the date, for [`Trigger::WallClock`].
    pub wall_clock_s: f64,
    /// Share of machines that can be harmed.
    pub affected: f64,
    /// The affected share lies along strata (versions, systems), not hidden across them.
    pub in_strata: bool,
    /// See [`Harm`].
    pub harm: Harm,
    /// See [`Reports`].
    pub reports: Reports,
    /// Putting the previous file back heals the machine.
    pub undo_heals: bool,
    /// One harmed machine harms all.
    pub shared_fate: bool,
    /// See [`Repair`].
    pub repair: Repair,
    /// See [`Spread`].
    pub spread: Spread,
    /// Seconds that a machine takes to boot.
    pub boot_s: f64,
    /// Crashes a machine a day without any release.
    pub baseline_per_day: f64,
    /// What else goes wrong meanwhile; none of it the release's doing.
    pub weather: Weather,
    /// The fleet it happens to.
    pub fleet: Shape,
    /// The lane that such a file would take.
    pub lane: Lane,
    /// Machines the record speaks of, if it does.
    pub machines: Option<u64>,
    /// The guards of the record.
    pub guards: Vec<String>,
    /// What the record leaves open and the drill assumes.
    pub assumptions: Vec<String>,
}

impl Scenario {
    /// The scenario of one incident.
    pub fn of(incident: &Incident, library: &Library) -> Scenario {
        let mut assumptions = Vec::new();
        let (trigger, trigger_word) = trigger(incident, &mut assumptions);
        let harm = harm(incident, &mut assumptions);
        let p50 = incident.sim_trigger_p50_s.unwrap_or(60.0);
        let p99 = incident.sim_trigger_p99_s.unwrap_or(p50.max(1.0) * 15.0).max(p50);
        // A clock may also fire some days after the file arrived: the larger of the two.
        let (wall_clock_s, p50, p99) = if trigger == Trigger::WallClock {
            (WALL_CLOCK_S.max(p50), if p50 > 0.0 { 0.0 } else { p50 }, p99 - p50)
        } else {
            (0.0, p50, p99)
        };
        if trigger == Trigger::WallClock {
            assumptions.push("the date lies after everybody has the file".into());
        }
        let shape = |name: &str| incident.shapes.iter().any(|shape| shape == name);
        let hands = hands(incident.sim_recovery_mode.as_deref().unwrap_or("remote"));
        let destroyed = shape("fp_destructive") && hands > 0.0 || harm == Harm::HostDown;
        if destroyed {
            assumptions.push("the old file alone does not bring back what was destroyed".into());
        }
        if shape("lkg_expired") {
            assumptions.push("the old file has expired too".into());
        }
        let shared_fate =
            shape("shared_fate") || incident.sim_spread.as_deref() == Some("shared_fate");
        let affected = incident.sim_affected_fraction.unwrap_or(1.0);
        let guard = |name: &str| incident.guards.iter().any(|guard| guard.starts_with(name));
        let stratified = guard("cohort_stratified") || guard("consumer_matrix");
        Scenario {
            id: incident.id.clone(),
            name: if incident.name.is_empty() { &incident.id } else { &incident.name }.clone(),
            date: incident.date.clone(),
            org: incident.org.clone(),
            line: first_sentence(incident.defect.as_deref().unwrap_or_default()),
            shapes: incident.shapes.clone(),
            trigger,
            trigger_word,
            trigger_p50_s: p50,
            trigger_p99_s: p99,
            wall_clock_s,
            affected,
            in_strata: affected < 1.0 && stratified,
            harm,
            reports: reports(incident, &mut assumptions),
            undo_heals: !destroyed && !shape("lkg_expired"),
            shared_fate,
            repair: Repair {
                hands,
                heal_per_boot: incident.sim_p_self_heal_per_boot.unwrap_or(0.0),
                restart_s: restart_s(incident.sim_recovery_mode.as_deref().unwrap_or("remote")),
                hands_min: incident
                    .hands_on_min_per_host
                    .unwrap_or(library.defaults.hands_on_min_per_host),
            },
            spread: spread(incident, library, wall_clock_s, &mut assumptions),
            boot_s: if incident.group == "appliance" {
                library.defaults.reboot_s_appliance
            } else {
                library.defaults.reboot_s_server
            },
            baseline_per_day: library.defaults.baseline_host_crash_per_day,
            weather: Weather::default(),
            fleet: Shape::default(),
            lane: Lane::Standard,
            machines: incident.affected_count.filter(|_| incident.group == "endpoint"),
            guards: incident.guards.clone(),
            assumptions,
        }
    }

    /// Machines of a drill: as asked for, else as the record says, else the default.
    pub fn machines(&self, asked: Option<u64>) -> u64 {
        let record = self.machines.map(|count| count.clamp(1, RECORD_MACHINES_MAX));
        asked.or(record).unwrap_or(MACHINES_DEFAULT)
    }

    /// Seconds from loading (or from the date) to harm, for a machine that drew `unit`. Reboots
    /// come without memory; everything else is log-normal through its two points.
    pub(crate) fn delay_s(&self, unit: f64) -> u64 {
        if self.trigger_word == "on_reboot" && self.trigger_p50_s > 0.0 {
            return exponential(unit, std::f64::consts::LN_2 / self.trigger_p50_s);
        }
        lognormal(unit, self.trigger_p50_s, self.trigger_p99_s)
    }

    /// The walls that the record's guards stand on, in the order in which a file meets them.
    pub fn walls(&self) -> Vec<Wall> {
        let mut walls: Vec<Wall> = self.guards.iter().filter_map(|g| wall_of_guard(g)).collect();
        walls.sort_unstable();
        walls.dedup();
        walls
    }
}

/// The first sentence, cut at a word where it is long.
fn first_sentence(text: &str) -> String {
    let sentence = text.split_once(". ").map_or(text, |(first, _)| first).trim_end_matches('.');
    if sentence.chars().count() <= LINE_CHARS_MAX {
        return format!("{sentence}.");
    }
    let mut line = String::new();
    for word in sentence.split(' ') {
        if line.chars().count() + word.chars().count() > LINE_CHARS_MAX {
            break;
        }
        line.push_str(word);
        line.push(' ');
    }
    format!("{} ...", line.trim_end().trim_end_matches([',', ';', ':']))
}

fn trigger(incident: &Incident, assumptions: &mut Vec<String>) -> (Trigger, String) {
    let word = incident.sim_trigger.clone().unwrap_or_else(|| {
        assumptions.push("no trigger on record: harm starts on loading".into());
        "on_load".into()
    });
    let trigger = match word.as_str() {
        "wall_clock" => Trigger::WallClock,
        "on_load" | "on_load_delayed" | "on_event" | "on_scan" | "on_traffic" | "on_reboot"
        | "ttl_expiry" => Trigger::AfterLoad,
        other => {
            assumptions.push(format!("trigger '{other}' is new to this version: taken as on_load"));
            Trigger::AfterLoad
        }
    };
    (trigger, word)
}

fn harm(incident: &Incident, assumptions: &mut Vec<String>) -> Harm {
    match incident.sim_state_after.as_deref() {
        Some("service_down") => Harm::ServiceDown,
        Some("boot_loop") => Harm::BootLoop,
        Some("host_down") => Harm::HostDown,
        Some("net_lost") => Harm::NetLost,
        Some("degraded" | "wrong_decisions") => Harm::Quiet,
        Some("control_plane_down") => Harm::ControlPlaneDown,
        other => {
            let said = other.map_or("none on record".to_owned(), |state| format!("'{state}'"));
            assumptions.push(format!("state afterwards, {said}: taken as service_down"));
            Harm::ServiceDown
        }
    }
}

fn reports(incident: &Incident, assumptions: &mut Vec<String>) -> Reports {
    match incident.sim_reports_after.as_deref() {
        Some("full") => Reports::Full,
        Some("intermittent") => Reports::Intermittent,
        Some("none") => Reports::None,
        other => {
            let said = other.map_or("none on record".to_owned(), |word| format!("'{word}'"));
            assumptions.push(format!("reports afterwards, {said}: taken as none"));
            Reports::None
        }
    }
}

/// The share that needed a person, from the word for how machines were repaired.
fn hands(mode: &str) -> f64 {
    match mode {
        "mixed_remote_hands_on" => 0.5,
        mode if mode.contains("hands") || mode.contains("per_host") => 1.0,
        _ => 0.0,
    }
}

/// Extra time to come back, from the same word: `restart_4h30` is 4 h 30 min a machine.
fn restart_s(mode: &str) -> f64 {
    let Some(rest) = mode.strip_prefix("restart_") else { return 0.0 };
    let Some((hours, minutes)) = rest.split_once('h') else { return 0.0 };
    let number = |text: &str| text.parse::<u32>().unwrap_or(0);
    f64::from(number(hours)) * 3600.0 + f64::from(number(minutes)) * 60.0
}

fn spread(
    incident: &Incident,
    library: &Library,
    wall_clock_s: f64,
    assumptions: &mut Vec<String>,
) -> Spread {
    let word = incident.sim_spread.as_deref().unwrap_or("minutes");
    let anchors = crate::library::spread_anchors();
    let p50 = library.spread_p50_s.get(word).or(anchors.get(word)).copied();
    let p50_s = p50.unwrap_or_else(|| {
        assumptions.push(format!("spread '{word}' has no anchor: taken as minutes"));
        anchors.get("minutes").copied().unwrap_or(300.0)
    });
    let halt_min = incident.time_to_halt_min.unwrap_or_else(|| {
        assumptions.push(format!(
            "time to halt not on record: {HALT_MIN_MEDIAN:.0} min, the median of those that are"
        ));
        HALT_MIN_MEDIAN
    });
    let even = ["poll", "progressive", "ttl"].iter().any(|prefix| word.starts_with(prefix));
    Spread { p50_s, even, halt_s: wall_clock_s + halt_min * 60.0 }
}
