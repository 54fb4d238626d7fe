//! The blameless retrospective of a rollout as Markdown, written from stored data alone.
//!
//! Facts are filled in; judgement is left as questions for people. It names what happened and
//! what limited it, never who is at fault: people appear as roles, and [`blame_words`] finds the
//! wording that a retrospective does without. The same audit log gives the same text.

mod text;

pub use text::blame_words;

use crate::pages::clock;
use crate::pages::words::{machines, number};
use decide::id::Ring;
use decide::rollout::{Phase, StratumView};
use decide::time::Time;
use std::fmt::Write as _;
use text::{actor, by_machine, by_system, code, of, plain, relative, rule};
use wire::api::{AuditLine, RolloutStatus};

/// Lines of the timeline; a longer log is in the audit export.
const TIMELINE_MAX: usize = 2_000;
/// The retrospective. `audit` are the lines about this rollout and its machines, in any order.
pub fn markdown(status: &RolloutStatus, audit: &[AuditLine], as_of: Time) -> String {
    let mut lines: Vec<&AuditLine> = audit.iter().collect();
    lines.sort_by_key(|line| line.sequence);
    let retro = Retro { status, lines, as_of };
    let sections = [
        retro.header(),
        retro.summary(),
        retro.impact(),
        retro.how_we_got_here(),
        retro.detection(),
        retro.response(),
        retro.contributors(),
        retro.mitigators(),
        QUESTIONS.to_owned(),
        retro.timeline(),
        retro.appendix(),
    ];
    sections.join("\n")
}

/// What only people can answer.
const QUESTIONS: &str = "\
## Questions for people

- What made each choice reasonable with what was known then?
- What did the people who used the machines notice, and when?
- What went well that nobody had planned?
- Where were we lucky?
- What was hard to see, to decide or to do, and what would have made it easier?
- Would other limits have shown it sooner? Replay it: `ringfence drill list`, then \
`ringfence drill run SCENARIO --policy FILE`.

## Follow-ups

| what | type (prevent, detect, limit, recover) | owner (role) | date |
|---|---|---|---|
| | | | |
";

struct Retro<'a> {
    status: &'a RolloutStatus,
    lines: Vec<&'a AuditLine>,
    as_of: Time,
}

impl Retro<'_> {
    /// A sentence of the log with the names of people replaced by their role.
    fn said(&self, sentence: &str) -> String {
        let people = self.lines.iter().filter(|line| !by_system(line) && !by_machine(line));
        let names = people.map(|line| line.actor.as_str()).chain([self.status.by.as_str()]);
        let mut text = sentence.to_owned();
        for name in names.filter(|name| !name.is_empty()) {
            for end in [" ", ":", ",", "."] {
                text = text.replace(&format!("by {name}{end}"), &format!("by a person{end}"));
            }
            if let Some(start) = text.strip_suffix(&format!("by {name}")) {
                text = format!("{start}by a person");
            }
        }
        plain(&text)
    }

    /// The line that stopped growth for good.
    fn stop(&self) -> Option<&AuditLine> {
        self.lines.iter().find(|line| line.verb == "halted").copied()
    }

    /// The moment that relative times count from: first harm, else the stop, else the start.
    fn zero(&self) -> (Time, &'static str) {
        let view = &self.status.view;
        match (view.first_harm, view.halted_at) {
            (Some(at), _) => (at, "first harm"),
            (None, Some(at)) => (at, "halt"),
            (None, None) => (self.status.started, "start of the rollout"),
        }
    }

    fn header(&self) -> String {
        let status = self.status;
        let state = match status.view.phase {
            Phase::Done | Phase::Reverted => "over",
            Phase::Halted => "halted, not over",
            _ => "going on",
        };
        let (zero, _) = self.zero();
        format!(
            "# Retrospective: {} {}, {}\n\n| | |\n|---|---|\n| rollout | {} |\n| date | {} |\n\
             | state | {state} ({}) |\n| release | {} |\n| written | {}, from the audit log |\n\
             | authors | for people to fill in, as roles |\n| severity | for people to set |\n",
            plain(status.release.channel.as_str()),
            status.release.number,
            status.rollout,
            plain(status.rollout.as_str()),
            clock::date(zero),
            status.view.phase.word(),
            plain(&status.release.to_string()),
            clock::full(self.as_of),
        )
    }

    fn summary(&self) -> String {
        let view = &self.status.view;
        let stopped = match (view.halted_at, self.stop().and_then(code)) {
            (Some(at), Some(code)) => {
                format!(
                    "Growth was stopped at {} by {}{}.",
                    clock::full(at),
                    rule(code),
                    self.delay()
                )
            }
            (Some(at), None) => {
                format!("Growth was stopped at {}{}.", clock::full(at), self.delay())
            }
            (None, _) => "Growth was not stopped.".to_owned(),
        };
        format!(
            "## Summary\n\n- {} {} went out in lane {}, after {}.\n- It was offered to {} machines; \
             {} loaded it or were about to.\n- {} machines were harmed; {} are down as this is \
             written.\n- {stopped}\n- {} machines are back on the previous file; {} need hands.\n",
            plain(self.status.release.channel.as_str()),
            self.status.release.number,
            self.status.lane.name(),
            self.status
                .previous
                .as_ref()
                .map_or("the seed".to_owned(), |previous| format!("release {}", previous.number)),
            of(view.assigned, view.machines),
            number(view.attempted),
            of(view.harmed, view.assigned),
            number(view.down),
            of(view.reverted, view.attempted),
            number(self.status.hands_needed),
        )
    }

    /// `, 1.2 s after the first harm`, where both are known.
    fn delay(&self) -> String {
        let view = &self.status.view;
        match (view.first_harm, view.halted_at) {
            (Some(harm), Some(halt)) if halt > harm => {
                format!(", {} after the first harm", halt.since(harm))
            }
            (Some(harm), Some(halt)) if halt == harm => ", on the first harm itself".to_owned(),
            _ => String::new(),
        }
    }

    fn impact(&self) -> String {
        let view = &self.status.view;
        let end = match view.phase {
            Phase::Reverted | Phase::Done => view.since,
            _ => self.as_of,
        };
        let lasted =
            view.first_harm.map_or("no harm".to_owned(), |from| end.since(from).to_string());
        let mut text = format!(
            "## Impact\n\n| what | n of N |\n|---|---|\n| offered | {} |\n| loaded or about to | {} |\n\
             | harmed | {} |\n| refused by their own agent | {} |\n| back on the previous file | {} |\n\
             | hands needed | {} |\n| from first harm to the end | {lasted} |\n",
            of(view.assigned, view.machines),
            of(view.attempted, view.assigned),
            of(view.harmed, view.assigned),
            of(view.refused, view.assigned),
            of(view.reverted, view.attempted),
            of(self.status.hands_needed, view.machines),
        );
        text.push_str("\nHarm by ring: ");
        let rings: Vec<String> = Ring::ALL.into_iter().filter_map(|ring| self.ring(ring)).collect();
        text.push_str(&if rings.is_empty() { "none".to_owned() } else { rings.join("; ") });
        text.push_str(".\n");
        text
    }

    fn ring(&self, ring: Ring) -> Option<String> {
        let strata = self.status.view.strata.iter().filter(|stratum| stratum.ring == ring);
        let (harmed, machines) =
            strata.fold((0, 0), |(n, all), stratum| (n + stratum.harmed, all + stratum.machines));
        (machines > 0).then(|| format!("{ring} {}", of(harmed, machines)))
    }

    fn how_we_got_here(&self) -> String {
        let view = &self.status.view;
        let exposed = self.lines.iter().filter(|line| line.verb == "exposed").count();
        let mut text = "## How we got here\n\n**Background.** ".to_owned();
        match self.lines.iter().find(|line| line.verb == "published") {
            Some(line) => {
                let _ = write!(
                    text,
                    "Published {}: {}. ",
                    clock::full(line.at),
                    self.said(&line.sentence)
                );
            }
            None => text.push_str("The publication is not among the lines of this log. "),
        }
        let _ = write!(
            text,
            "The rollout began {} in lane {}",
            clock::full(self.status.started),
            self.status.lane.name()
        );
        if !self.status.reason.is_empty() {
            let _ = write!(text, ", for the reason: {}", plain(&self.status.reason));
        }
        let opened = view.gates.iter().filter(|gate| gate.opened.is_some()).count();
        let _ = write!(
            text,
            ".\n\n**Spread.** Exposure grew {exposed} times; {opened} of {} gates opened.\n\n**Trigger.** ",
            view.gates.len()
        );
        match self.lines.iter().find(|line| line.verb == "crashed") {
            Some(line) => {
                let _ = write!(text, "{}: {}.", clock::full(line.at), self.said(&line.sentence));
            }
            None => text.push_str("No crash is in the log."),
        }
        let _ = write!(
            text,
            "\n\n**Recovery.** {} machines are back",
            of(view.reverted, view.attempted)
        );
        if view.phase == Phase::Reverted {
            let _ = write!(text, ", the last that can be heard {}", clock::full(view.since));
        }
        text.push_str(".\n");
        text
    }

    fn detection(&self) -> String {
        let view = &self.status.view;
        let mut text = "## Detection\n\n".to_owned();
        match self.stop() {
            Some(line) => {
                let by = code(line).map_or("no rule named".to_owned(), rule);
                let _ = writeln!(text, "- Signal: {by}. {}.", self.said(&line.sentence));
            }
            None => text.push_str("- Signal: none; the rollout was not stopped.\n"),
        }
        if let Some(first) = view.first_harm {
            let _ = writeln!(
                text,
                "- Delay: first harm {} after the start{}.",
                first.since(self.status.started),
                self.delay()
            );
        }
        let silent = view.assigned.saturating_sub(view.attempted).saturating_sub(view.refused);
        let _ = writeln!(
            text,
            "- What was silent: {} machines were offered it and nothing more was heard.",
            of(silent, view.assigned)
        );
        text
    }

    fn response(&self) -> String {
        let acts = ["halted", "withdrawn", "reverting", "resumed", "holding"];
        let acts = self.lines.iter().filter(|line| acts.contains(&line.verb.as_str()));
        let (system, people): (Vec<&AuditLine>, Vec<&AuditLine>) =
            acts.partition(|line| by_system(line));
        let mut text = "## Response\n".to_owned();
        for (title, lines) in [("By the rules", system), ("By people", people)] {
            let _ = writeln!(text, "\n{title}:\n");
            for line in &lines {
                let _ = writeln!(
                    text,
                    "- {} {}: {} (audit line {})",
                    clock::full(line.at),
                    plain(&line.verb.replace('_', " ")),
                    self.said(&line.sentence),
                    line.sequence
                );
            }
            if lines.is_empty() {
                text.push_str("- nothing\n");
            }
        }
        text
    }

    fn contributors(&self) -> String {
        let mut text =
            "## Contributors and enablers\n\nSeveral things come together; none of them \
                        alone is the reason. Known from the data:\n\n"
                .to_owned();
        if self.lines.iter().any(|line| line.verb == "published") {
            text.push_str("- The file passed check and trial, so what harmed was not among what they tried.\n");
        }
        let harmed: Vec<&StratumView> =
            self.status.view.strata.iter().filter(|stratum| stratum.harmed > 0).collect();
        for stratum in &harmed {
            let _ = writeln!(
                text,
                "- {}: {} of its exposed machines were harmed.",
                plain(&stratum.name),
                of(stratum.harmed, stratum.assigned)
            );
        }
        if harmed.is_empty() {
            text.push_str("- No stratum has a harmed machine.\n");
        }
        text.push_str("- For people to add: \n");
        text
    }

    fn mitigators(&self) -> String {
        let view = &self.status.view;
        let mut text = "## What limited it\n\n".to_owned();
        let never = view.machines.saturating_sub(view.assigned);
        let _ = writeln!(text, "- {} machines were never offered it.", of(never, view.machines));
        if let Some(gate) = view.gates.iter().find(|gate| gate.opened.is_none()) {
            let _ = writeln!(
                text,
                "- The gate \"{}\" ({}) did not open.",
                plain(&gate.size),
                machines(gate.machines)
            );
        }
        for ring in Ring::ALL {
            let mut strata = view.strata.iter().filter(|stratum| stratum.ring == ring).peekable();
            if strata.peek().is_some() && strata.all(|stratum| stratum.assigned == 0) {
                let _ = writeln!(text, "- Ring {ring} was not reached.");
            }
        }
        let alone = self.lines.iter().filter(|line| {
            by_machine(line) && matches!(line.verb.as_str(), "reverted" | "rescued")
        });
        let alone = alone.filter(|line| view.halted_at.is_none_or(|at| line.at <= at)).count();
        if alone > 0 {
            let _ = writeln!(
                text,
                "- {} went back by themselves before the halt.",
                machines(alone as u64)
            );
        }
        if view.withdrawn {
            text.push_str("- The digest is withdrawn: nothing can install it again.\n");
        }
        text
    }

    fn timeline(&self) -> String {
        let (zero, what) = self.zero();
        let mut text = format!(
            "## Timeline\n\nTimes in UTC; relative to the {what}.\n\n\
             | UTC | relative | who | what | code | audit line |\n|---|---|---|---|---|---|\n"
        );
        for line in self.lines.iter().take(TIMELINE_MAX) {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {}: {} | {} | {} |",
                clock::full(line.at),
                relative(line.at, zero),
                actor(line),
                plain(&line.verb.replace('_', " ")),
                self.said(&line.sentence),
                line.code.as_deref().map(plain).unwrap_or_default(),
                line.sequence
            );
        }
        if self.lines.len() > TIMELINE_MAX {
            let _ = writeln!(
                text,
                "\nand {} more lines in the audit log.",
                self.lines.len() - TIMELINE_MAX
            );
        }
        text
    }

    fn appendix(&self) -> String {
        let mut text = "## Appendix: data\n\n| stratum | machines | offered | loaded | healthy | harmed | back |\n\
                        |---|---|---|---|---|---|---|\n"
            .to_owned();
        for stratum in &self.status.view.strata {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} |",
                plain(&stratum.name),
                number(stratum.machines),
                number(stratum.assigned),
                number(stratum.attempted),
                number(stratum.confirmed),
                number(stratum.harmed),
                number(stratum.reverted)
            );
        }
        if let Some(last) = self.lines.last() {
            let _ = writeln!(
                text,
                "\nLast audit line {}: sha256:{}.",
                last.sequence,
                last.hash.short()
            );
        }
        text
    }
}
