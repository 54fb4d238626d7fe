//! Where output goes: data to standard output, everything else to standard error.
//!
//! Colour only repeats what a word or a glyph says already. A reader that goes away early (a
//! pipe into `head`) ends the output and never changes the verdict.

use crate::codes;
use crate::error::Failure;
use anstyle::{AnsiColor, Style};
use serde::Serialize;
use std::io::{ErrorKind, IsTerminal, Write};

/// What standard output carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Text for people.
    Human,
    /// One JSON document that names its schema.
    Json,
    /// One JSON document a line.
    Jsonl,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless the environment says otherwise.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Both output streams.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// What standard output carries.
    pub(crate) format: Format,
    color_out: bool,
    color_err: bool,
}

/// The environment's part of the decision about colour.
struct Wishes {
    no_color: bool,
    forced: bool,
    dumb: bool,
}

impl Wishes {
    fn read() -> Wishes {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let forced = std::env::var_os("CLICOLOR_FORCE")
            .is_some_and(|value| !value.is_empty() && value != "0");
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Wishes { no_color: set("NO_COLOR"), forced, dumb }
    }
}

fn colored(color: Color, wishes: &Wishes, is_terminal: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if wishes.no_color => false,
        Color::Auto if wishes.forced => true,
        Color::Auto => is_terminal && !wishes.dumb,
    }
}

impl Terminal {
    /// The terminal as the arguments and the environment want it.
    pub(crate) fn new(format: Format, color: Color) -> Terminal {
        let wishes = Wishes::read();
        Terminal {
            format,
            color_out: colored(color, &wishes, std::io::stdout().is_terminal()),
            color_err: colored(color, &wishes, std::io::stderr().is_terminal()),
        }
    }

    /// True when people read standard output.
    pub(crate) fn is_human(&self) -> bool {
        self.format == Format::Human
    }

    /// Text for people on standard output; nothing when it carries JSON.
    pub(crate) fn text(&self, text: &str) -> Result<(), Failure> {
        if !self.is_human() {
            return Ok(());
        }
        self.raw(&paint(text, self.color_out))
    }

    /// Bytes on standard output exactly as they are.
    pub(crate) fn raw(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(error) => {
                let sentence = format!("cannot write to standard output: {error}");
                Err(Failure::new(codes::NOT_WRITTEN, sentence))
            }
        }
    }

    /// A document on standard output; nothing when people read it.
    pub(crate) fn document<T: Serialize>(&self, document: &T) -> Result<(), Failure> {
        let text = match self.format {
            Format::Human => return Ok(()),
            Format::Json => serde_json::to_string_pretty(document),
            Format::Jsonl => serde_json::to_string(document),
        };
        match text {
            Ok(text) => self.raw(&format!("{text}\n")),
            Err(error) => {
                let sentence = format!("a document could not be written as JSON: {error}");
                Err(Failure::new(codes::BUG, sentence))
            }
        }
    }

    /// A line on standard error: progress, notes, what comes next.
    pub(crate) fn note(&self, text: &str) {
        let text = paint(&format!("{text}\n"), self.color_err);
        // Nobody is left to be told when standard error is gone.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// A failure: the text on standard error, the document on standard output where JSON is wanted.
    pub(crate) fn failure(&self, failure: &Failure) {
        let text = paint(&failure.human(), self.color_err);
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        let _ = self.document(&failure.document());
    }
}

const RED: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
const YELLOW: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));
const BLUE: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Blue)));
const GREEN: Style = Style::new().bold().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));

/// The words that begin a line worth a colour.
const HEADS: [(&str, Style); 7] = [
    ("error[", RED),
    ("warning[", YELLOW),
    ("note[", BLUE),
    ("✗", RED),
    ("✓", GREEN),
    ("!", YELLOW),
    ("?", YELLOW),
];

/// Colours the heads of lines; the words stay as they are.
fn paint(text: &str, color: bool) -> String {
    if !color {
        return text.to_owned();
    }
    let mut painted = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive('\n') {
        match HEADS.iter().find(|(head, _)| line.starts_with(head)) {
            Some((head, style)) => {
                let end = if head.ends_with('[') {
                    line.find(':').unwrap_or(head.len())
                } else {
                    line.find([' ', '\n']).unwrap_or(line.len())
                };
                painted.push_str(&format!("{style}{}{style:#}{}", &line[..end], &line[end..]));
            }
            None => painted.push_str(line),
        }
    }
    painted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_only_where_the_user_did_not() {
        let wishes = |no_color, forced, dumb| Wishes { no_color, forced, dumb };
        let cases = [
            (Color::Auto, wishes(false, false, false), true, true),
            (Color::Auto, wishes(false, false, false), false, false),
            (Color::Auto, wishes(true, false, false), true, false),
            (Color::Auto, wishes(true, true, false), true, false),
            (Color::Auto, wishes(false, true, false), false, true),
            (Color::Auto, wishes(false, false, true), true, false),
            (Color::Always, wishes(true, false, true), false, true),
            (Color::Never, wishes(false, true, false), true, false),
        ];
        for (color, wishes, terminal, expected) in cases {
            assert_eq!(colored(color, &wishes, terminal), expected);
        }
    }

    #[test]
    fn paint_adds_colour_and_never_changes_a_word() {
        let text = "error[RF0101]: the file is empty\n  --> a\n✓ good\n";
        assert_eq!(paint(text, false), text);
        let painted = paint(text, true);
        assert!(painted.starts_with("\u{1b}["), "{painted:?}");
        let mut plain = String::new();
        let mut rest = painted.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            plain.push_str(before);
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        plain.push_str(rest);
        assert_eq!(plain, text);
    }
}
