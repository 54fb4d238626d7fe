//! Tables of comparisons and sweeps.

use super::{clock, count};
use crate::fuzz::FuzzReport;
use crate::peers::PEERS;
use crate::report::{CompareReport, Compared, Figure, SweepReport};
use std::fmt::Write as _;

fn figure(figure: Figure) -> String {
    if figure.median == figure.p95 {
        return count(figure.median);
    }
    format!("{} / {}", count(figure.median), count(figure.p95))
}

fn time(figure: Option<Figure>) -> String {
    figure.map_or_else(|| "never".into(), |figure| clock(figure.median))
}

/// `1,234 x`, `2.5 x`, and `-` where nobody is harmed.
pub(super) fn ratio(row: &Compared) -> String {
    match row.harmed_ratio {
        ratio if ratio <= 0.0 => "-".into(),
        ratio if ratio < 10.0 => format!("{ratio:.1} x"),
        ratio => format!("{} x", count(libm::round(ratio) as u64)),
    }
}

/// One scenario under several policies.
pub fn compare_text(report: &CompareReport) -> String {
    let mut text = String::new();
    let scenario = &report.scenario;
    let _ = writeln!(text, "{}\n  {}", scenario.name, scenario.line);
    let _ = writeln!(
        text,
        "  {} machines, {} seeds from {}; median / 95 of 100 where they differ\n",
        count(report.machines),
        report.seeds,
        report.seed
    );
    let width = report.policies.iter().map(|row| row.policy.len()).max().unwrap_or(0).max(6);
    let _ = writeln!(
        text,
        "{:<width$}  {:>10}  {:>19}  {:>19}  {:>19}  {:>9}  {:>12}  {:>11}",
        "policy", "harm", "exposed", "harmed", "hands", "to halt", "good to all", "false halts"
    );
    for row in &report.policies {
        let halt = if row.halted == 0 { "-".into() } else { time(row.first_harm_to_halt_s) };
        let _ = writeln!(
            text,
            "{:<width$}  {:>10}  {:>19}  {:>19}  {:>19}  {:>9}  {:>12}  {:>11}",
            row.policy,
            ratio(row),
            figure(row.exposed),
            figure(row.harmed),
            figure(row.hands_needed),
            halt,
            time(row.good_everywhere_s),
            format!("{} of {}", row.false_halts, report.seeds)
        );
    }
    text.push('\n');
    for row in report.policies.iter().filter(|row| !row.assumed.is_empty()) {
        let _ = writeln!(text, "{}: {}\n  assumed: {}", row.policy, row.source, row.assumed);
    }
    let _ = writeln!(text, "\n{}", headline(report));
    text
}

/// The comparison in one sentence.
pub fn headline(report: &CompareReport) -> String {
    let Some(ours) = report.policies.iter().find(|row| row.policy == report.ours) else {
        return String::new();
    };
    let others = report.policies.iter().filter(|row| row.policy != report.ours);
    let least = others.clone().min_by_key(|row| row.harmed.median);
    let most = others.max_by_key(|row| row.harmed.median);
    let said =
        |row: &Compared| format!("{} {} ({})", row.policy, count(row.harmed.median), ratio(row));
    match (least, most) {
        (Some(least), Some(most)) if least.policy != most.policy => format!(
            "{} harms {} of {} machines; of the others, the least {}, the most {}",
            report.ours,
            count(ours.harmed.median),
            count(report.machines),
            said(least),
            said(most)
        ),
        (Some(other), _) => format!(
            "{} harms {} of {} machines, {}",
            report.ours,
            count(ours.harmed.median),
            count(report.machines),
            said(other)
        ),
        _ => format!(
            "{} harms {} of {} machines",
            report.ours,
            count(ours.harmed.median),
            count(report.machines)
        ),
    }
}

/// Every scenario under one policy.
pub fn sweep_text(report: &SweepReport) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "policy {}, {} machines, {} seeds from {}; median / 95 of 100 where they differ\n",
        report.policy,
        count(report.machines),
        report.seeds,
        report.seed
    );
    let width = report.scenarios.iter().map(|row| row.id.len()).max().unwrap_or(8).max(8);
    let _ = writeln!(
        text,
        "{:<width$}  {:>15}  {:>15}  {:>9}  {:>7}  {:>9}  {:>9}  {:>11}",
        "scenario", "exposed", "harmed", "hands", "halted", "to halt", "to all", "all at once"
    );
    for row in &report.scenarios {
        let _ = writeln!(
            text,
            "{:<width$}  {:>15}  {:>15}  {:>9}  {:>7}  {:>9}  {:>9}  {:>11}",
            row.id,
            figure(row.exposed),
            figure(row.harmed),
            figure(row.hands_needed),
            format!("{}/{}", row.halted, report.seeds),
            if row.halted == 0 { "-".into() } else { time(row.first_harm_to_halt_s) },
            time(row.everywhere_s),
            count(row.harmed_all_at_once)
        );
    }
    let false_halts: u64 =
        report.scenarios.iter().filter(|row| row.good).map(|row| row.halted).sum();
    let good = report.scenarios.iter().filter(|row| row.good).count() as u64 * report.seeds;
    let sum = |of: fn(&crate::report::Swept) -> u64| report.scenarios.iter().map(of).sum::<u64>();
    let _ = writeln!(
        text,
        "\n{} scenarios: harmed {} in all (sum of medians) against {} all at once, hands {}; {} of {} good \
         files stopped",
        report.scenarios.len(),
        count(sum(|row| row.harmed.median)),
        count(sum(|row| row.harmed_all_at_once)),
        count(sum(|row| row.hands_needed.median)),
        false_halts,
        good
    );
    text
}

/// The policies of other tools.
pub fn policies_text() -> String {
    let mut text = String::new();
    let ours = [
        ("standard", "our default: gates from one machine to 95 %, about 3 hours"),
        ("cautious", "ours for files that depend on time, about 2 days"),
        ("emergency", "ours for protection that is needed now, about an hour"),
        ("all-at-once", "everybody at once; people stop it as late as on record"),
    ];
    for (name, line) in ours {
        let _ = writeln!(text, "{name:<20}  {line}");
    }
    for peer in &PEERS {
        let _ = writeln!(
            text,
            "{:<20}  {}\n{:<20}  from: {}\n{:<20}  assumed: {}",
            peer.id, peer.product, "", peer.source, "", peer.assumed
        );
    }
    let _ = writeln!(
        text,
        "\n{} policies; next: ringfence drill compare NAME --peers",
        ours.len() + PEERS.len()
    );
    text
}

/// Random histories.
pub fn fuzz_text(report: &FuzzReport) -> String {
    let done = format!(
        "{} random histories from seed {}, {} steps checked",
        count(report.histories),
        report.seed,
        count(report.steps)
    );
    match &report.failure {
        None => format!("{done}: no invariant broken\n"),
        Some(failure) => {
            let commit = failure.commit.map_or_else(String::new, |of| format!(", commit {of}"));
            format!(
                "{}seed {}{commit}: {}\n{done}\n\nAn invariant is broken; next: ringfence drill fuzz \
                 --seed {} --histories 1\n",
                failure.script, failure.seed, failure.reason, failure.seed
            )
        }
    }
}
