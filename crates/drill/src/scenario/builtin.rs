//! Scenarios that no incident is needed for: what any ladder should be held against.

use super::{Episode, Harm, Relay, Repair, Reports, Scenario, Spread, Trigger, Weather};
use crate::fleet::Shape;
use decide::policy::Lane;

fn base(id: &str, name: &str, line: &str) -> Scenario {
    Scenario {
        id: id.into(),
        name: name.into(),
        date: String::new(),
        org: String::new(),
        line: line.into(),
        shapes: Vec::new(),
        trigger: Trigger::AfterLoad,
        trigger_word: "on_load".into(),
        trigger_p50_s: 5.0,
        trigger_p99_s: 60.0,
        wall_clock_s: 0.0,
        affected: 1.0,
        in_strata: false,
        harm: Harm::ServiceDown,
        reports: Reports::Full,
        undo_heals: true,
        shared_fate: false,
        repair: Repair { hands: 0.0, heal_per_boot: 0.0, restart_s: 0.0, hands_min: 15.0 },
        spread: Spread { p50_s: 300.0, even: false, halt_s: 97.0 * 60.0 },
        boot_s: 180.0,
        baseline_per_day: 0.0007,
        weather: Weather::default(),
        fleet: Shape::default(),
        lane: Lane::Standard,
        machines: None,
        guards: Vec::new(),
        assumptions: Vec::new(),
    }
}

/// A scenario with a number of the fault catalogue (F1 to F15), which also finds it.
fn fault(number: u8, scenario: Scenario) -> Scenario {
    Scenario { shapes: vec![format!("F{number}")], ..scenario }
}

/// Nothing is heard from a harmed machine, and without an agent somebody has to come.
fn unheard(scenario: Scenario) -> Scenario {
    let repair = Repair { hands: 1.0, ..scenario.repair };
    Scenario { harm: Harm::BootLoop, reports: Reports::None, repair, ..scenario }
}

fn good(id: &str, name: &str, line: &str) -> Scenario {
    Scenario { harm: Harm::None, ..base(id, name, line) }
}

fn weathered(scenario: Scenario, weather: Weather) -> Scenario {
    Scenario { weather, ..scenario }
}

const fn minutes(share: f64, from: u64, until: u64) -> Option<Episode> {
    Some(Episode { share, from_s: from * 60, until_s: until * 60 })
}

/// The built-in scenarios.
pub fn builtin() -> Vec<Scenario> {
    let mut all =
        vec![good("good", "A good file", "Harms nobody; shows what a policy costs in time.")];
    all.extend(defects());
    all.extend(weather_of_machines());
    all.extend(weather_of_control());
    all
}

/// What a file can do.
fn defects() -> Vec<Scenario> {
    let two = base("crash_two_percent", "2 % crash", "One machine in 50, no label tells which.");
    let one = base("one_percent_stratum", "A 1 % stratum", "1 % of machines, all of one version.");
    let hidden = base("hidden_half_percent", "Hidden 0.5 %", "One machine in 200, no label tells.");
    let stratum = base("one_stratum", "One stratum", "2 % of machines, all of one version.");
    let delayed =
        base("delayed_20_min", "20 minutes later", "Each consumer dies 20 min after loading.");
    let reboot = base("at_reboot", "At the next reboot", "Harms when machines reboot, 6 h later.");
    let leak =
        base("slow_leak", "A slow leak", "Memory grows; consumers die half a day after loading.");
    let dark = base("goes_dark", "Goes dark", "Each machine loops in its boot and is not heard.");
    let crash =
        base("crash_on_load", "Crash on load", "Each consumer dies when it loads the file.");
    vec![
        fault(1, unheard(dark)),
        fault(2, crash),
        fault(3, Scenario { affected: 0.02, ..two }),
        fault(4, Scenario { affected: 0.01, in_strata: true, ..one }),
        Scenario { affected: 0.005, ..hidden },
        Scenario { affected: 0.02, in_strata: true, ..stratum },
        fault(5, Scenario { trigger_p50_s: 1_200.0, trigger_p99_s: 1_260.0, ..delayed }),
        fault(
            6,
            unheard(Scenario {
                trigger_word: "on_reboot".into(),
                trigger_p50_s: 6.0 * 3_600.0,
                trigger_p99_s: 40.0 * 3_600.0,
                ..reboot
            }),
        ),
        fault(7, Scenario { trigger_p50_s: 43_200.0, trigger_p99_s: 129_600.0, ..leak }),
    ]
}

/// Machines and networks that misbehave by themselves.
fn weather_of_machines() -> Vec<Scenario> {
    let calm = Weather::default;
    let outage =
        good("region_outage", "Good, a region out", "Harms nobody; a region is out 30 min.");
    let loss = good(
        "telemetry_loss",
        "Good, 30 % unheard",
        "Harms nobody; 30 % of reports are lost for an hour.",
    );
    let noisy =
        good("noisy_good", "Good, noisy fleet", "Harms nobody; consumers crash by the hour.");
    let noisier = good(
        "noisy_half_percent",
        "Good, 0.5 % noise",
        "Harms nobody; 1 in 200 crashes each hour anyway.",
    );
    let held = base(
        "owners_hold",
        "Owners hold 20 %",
        "Each consumer dies; a fifth of the fleet is held back.",
    );
    let laptops =
        good("laptops", "Good, laptops", "Harms nobody; 45 % are off, 8 % an hour go away.");
    vec![
        weathered(outage, Weather { region_outage: minutes(1.0, 60, 90), ..calm() }),
        fault(8, weathered(loss, Weather { telemetry_loss: minutes(0.3, 30, 90), ..calm() })),
        Scenario { baseline_per_day: 0.024, ..noisy },
        fault(9, Scenario { baseline_per_day: 0.12, ..noisier }),
        Scenario { fleet: Shape { held: 0.2, ..Shape::default() }, ..held },
        Scenario {
            fleet: Shape { offline: 0.45, leave_per_hour: 0.08, ..Shape::default() },
            ..laptops
        },
    ]
}

/// Reports, servers, relays and other releases that misbehave.
fn weather_of_control() -> Vec<Scenario> {
    let calm = Weather::default;
    let lies = base(
        "false_success",
        "False success",
        "Each consumer dies; half the agents say it is well.",
    );
    let dead = base(
        "control_plane_dead",
        "Control plane dead",
        "2 % crash; the server is gone 25 min to 2 h in.",
    );
    let poisoned = base(
        "poisoned_known_good",
        "Poisoned known good",
        "Each consumer dies, and the file it goes back to is spoilt.",
    );
    let emergency = good(
        "good_emergency",
        "A good emergency file",
        "Harms nobody; each minute without it counts.",
    );
    let innocent = good(
        "overlap_good",
        "Beside a bad release",
        "Harms nobody; another release crashes 2 % meanwhile.",
    );
    let guilty = base(
        "overlap_bad",
        "Two releases, this one bad",
        "2 % crash, while another release goes out well.",
    );
    let relay = base(
        "stale_relay",
        "A stale relay",
        "2 % crash; a relay repeats a fence from before the halt.",
    );
    vec![
        fault(10, weathered(lies, Weather { false_reporters: 0.5, ..calm() })),
        fault(
            11,
            weathered(
                Scenario { affected: 0.02, ..dead },
                Weather { control_outage: minutes(1.0, 25, 120), ..calm() },
            ),
        ),
        fault(12, weathered(poisoned, Weather { poisoned: true, ..calm() })),
        fault(13, Scenario { lane: Lane::Emergency, ..emergency }),
        fault(14, weathered(innocent, Weather { other_release: minutes(0.02, 45, 135), ..calm() })),
        fault(
            14,
            weathered(
                Scenario { affected: 0.02, ..guilty },
                Weather { other_release: minutes(0.0, 45, 135), ..calm() },
            ),
        ),
        fault(
            15,
            weathered(
                Scenario { affected: 0.02, ..relay },
                Weather { relay: Some(Relay { share: 0.1, from_s: 1_500 }), ..calm() },
            ),
        ),
    ]
}
