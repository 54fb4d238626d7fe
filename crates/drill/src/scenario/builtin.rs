//! Scenarios that no incident is needed for: what any ladder should be held against.

use super::{Harm, Repair, Reports, Scenario, Spread, Trigger};

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
        region_outage: false,
        machines: None,
        guards: Vec::new(),
        assumptions: Vec::new(),
    }
}

/// The built-in scenarios.
pub fn builtin() -> Vec<Scenario> {
    let good = base("good", "A good file", "Harms nobody; shows what a policy costs in time.");
    let crash =
        base("crash_on_load", "Crash on load", "Each consumer dies when it loads the file.");
    let dark = base("goes_dark", "Goes dark", "Each machine loops in its boot and is not heard.");
    let hidden = base("hidden_half_percent", "Hidden 0.5 %", "One machine in 200, no label tells.");
    let stratum = base("one_stratum", "One stratum", "2 % of machines, all of one version.");
    let reboot = base("at_reboot", "At the next reboot", "Harms when machines reboot, 6 h later.");
    let noisy =
        base("noisy_good", "Good, noisy fleet", "Harms nobody; consumers crash by the hour.");
    let outage =
        base("region_outage", "Good, a region out", "Harms nobody; a region is out 30 min.");
    vec![
        Scenario { harm: Harm::None, ..good },
        crash,
        Scenario { harm: Harm::BootLoop, reports: Reports::None, ..dark },
        Scenario { affected: 0.005, ..hidden },
        Scenario { affected: 0.02, in_strata: true, ..stratum },
        Scenario {
            trigger_word: "on_reboot".into(),
            trigger_p50_s: 6.0 * 3600.0,
            trigger_p99_s: 24.0 * 3600.0,
            harm: Harm::BootLoop,
            reports: Reports::None,
            ..reboot
        },
        Scenario { harm: Harm::None, baseline_per_day: 0.024, ..noisy },
        Scenario { harm: Harm::None, region_outage: true, ..outage },
    ]
}
