//! How states, counts and shares are said: a glyph, a word and a tone for each, never colour alone.

use decide::rollout::{Phase, View};
use decide::verdict::Verdict;
use maud::{Markup, PreEscaped, html};

/// What a colour stands for. Red is for harm and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// On its way or as it should be.
    Good,
    /// Somebody should look, nobody is harmed.
    Caution,
    /// Machines were harmed and it is not over.
    Harm,
    /// Over; nothing to do.
    Calm,
    /// Nothing is known.
    Unknown,
}

impl Tone {
    /// The class that carries the tone.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Tone::Good => "good",
            Tone::Caution => "caution",
            Tone::Harm => "harm",
            Tone::Calm => "calm",
            Tone::Unknown => "unknown",
        }
    }
}

/// The pictures used as glyphs, on a 16 by 16 grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glyph {
    /// Done or healthy.
    Check,
    /// Harm.
    Cross,
    /// Braked.
    Pause,
    /// Growing.
    Forward,
    /// Going back, or back.
    Back,
    /// Waiting for time to pass.
    Clock,
    /// Stopped by a person.
    Stop,
    /// Nothing is known.
    Question,
    /// Not begun.
    Ring,
}

impl Glyph {
    fn path(self) -> &'static str {
        match self {
            Glyph::Check => "M3 8.5l3.5 3.5L13 4.5",
            Glyph::Cross => "M4 4l8 8M12 4l-8 8",
            Glyph::Pause => "M5.5 3.5v9M10.5 3.5v9",
            Glyph::Forward => "M3 3.5L7.5 8L3 12.5M8.5 3.5L13 8l-4.5 4.5",
            Glyph::Back => "M6.5 3L3 6.5L6.5 10M3 6.5h6.5a3.5 3.5 0 0 1 0 7H7",
            Glyph::Clock => "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M8 4.5V8l2.5 2",
            Glyph::Stop => "M4 4h8v8H4z",
            Glyph::Question => "M5.5 5.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12.6v.1",
            Glyph::Ring => "M8 3.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9",
        }
    }

    /// The glyph as a decoration: the word beside it says the same.
    pub(crate) fn draw(self) -> Markup {
        let class = if self == Glyph::Stop { "glyph solid" } else { "glyph" };
        PreEscaped(format!(
            "<svg class=\"{class}\" viewBox=\"0 0 16 16\" aria-hidden=\"true\" focusable=\"false\">\
             <path d=\"{}\"/></svg>",
            self.path()
        ))
    }
}

/// Glyph, tone and word of a rollout's phase.
pub(crate) fn phase(view: &View) -> (Glyph, Tone, &'static str) {
    let word = view.phase.word();
    let hurt = view.harmed > 0;
    match view.phase {
        Phase::Advancing => (Glyph::Forward, Tone::Good, word),
        Phase::Holding if view.verdict == Verdict::NoSignal => {
            (Glyph::Question, Tone::Unknown, word)
        }
        Phase::Holding => (Glyph::Pause, Tone::Caution, word),
        Phase::Soaking => (Glyph::Clock, Tone::Good, word),
        Phase::Done => (Glyph::Check, Tone::Good, word),
        Phase::Halted if hurt => (Glyph::Cross, Tone::Harm, word),
        Phase::Halted => (Glyph::Stop, Tone::Caution, word),
        Phase::Reverting => (Glyph::Back, if hurt { Tone::Harm } else { Tone::Caution }, word),
        Phase::Reverted => (Glyph::Back, if view.down > 0 { Tone::Harm } else { Tone::Calm }, word),
    }
}

/// Glyph, tone and word of a verdict.
pub(crate) fn verdict(verdict: Verdict) -> (Glyph, Tone, &'static str) {
    let word = verdict.word();
    match verdict {
        Verdict::Pass => (Glyph::Check, Tone::Good, word),
        Verdict::NoSignal => (Glyph::Question, Tone::Unknown, word),
        Verdict::Inconclusive => (Glyph::Clock, Tone::Caution, word),
        Verdict::Fail => (Glyph::Cross, Tone::Harm, word),
    }
}

/// A small label: glyph, word and colour together.
pub(crate) fn badge((glyph, tone, word): (Glyph, Tone, &str)) -> Markup {
    html! { span.badge.(tone.class()) { (glyph.draw()) (word) } }
}

/// `1,234,567`.
pub(crate) fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share in words, in one piece however narrow the line; never rounds something to nothing nor nearly all to all.
pub(crate) fn share(n: u64, of: u64) -> String {
    if of == 0 {
        return "of\u{a0}none".into();
    }
    let permille = n.saturating_mul(1_000) / of;
    match permille {
        _ if n == 0 => "0\u{a0}%".into(),
        _ if n >= of => "100\u{a0}%".into(),
        0 => "under\u{a0}0.1\u{a0}%".into(),
        999.. => "over\u{a0}99.9\u{a0}%".into(),
        _ => format!("{}.{}\u{a0}%", permille / 10, permille % 10),
    }
}

/// `1,199 of 120,000 (0.9 %)`: a share is never shown without its denominator.
pub(crate) fn of(n: u64, all: u64) -> String {
    format!("{} of {} ({})", number(n), number(all), share(n, all))
}

/// `1 machine`, `12 machines`.
pub(crate) fn machines(n: u64) -> String {
    format!("{} machine{}", number(n), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_keep_their_denominator_and_do_not_round_harm_away() {
        let plain = |text: String| text.replace('\u{a0}', " ");
        assert_eq!(plain(of(1_199, 120_000)), "1,199 of 120,000 (0.9 %)");
        assert_eq!(plain(of(1, 1_000_000)), "1 of 1,000,000 (under 0.1 %)");
        assert_eq!(plain(share(999_999, 1_000_000)), "over 99.9 %");
        assert_eq!(plain(share(0, 60)), "0 %");
        assert_eq!(plain(share(60, 60)), "100 %");
        assert_eq!(plain(share(3, 0)), "of none");
    }

    #[test]
    fn numbers_are_grouped() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(number(n), text);
        }
    }
}
