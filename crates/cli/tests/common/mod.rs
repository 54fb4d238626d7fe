//! One hermetic place in which the real binary runs, and golden transcripts of what it says.
#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod fleet;
pub mod http;
pub mod programs;
pub mod schema;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run said, and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.out, self.err))
    }
    pub fn expect(self, code: i32) -> Said {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }
    /// Asserts that it ended so, and that what it said holds each of `parts`.
    pub fn says(self, code: i32, parts: &[&str]) -> Said {
        let said = self.expect(code);
        for part in parts {
            let there = said.out.contains(part) || said.err.contains(part);
            assert!(there, "no '{part}' in\n{}\n{}", said.out, said.err);
        }
        said
    }
}

/// A temporary directory, an environment that holds nothing of the person who runs the tests.
pub struct Environment {
    directory: tempfile::TempDir,
    /// Further variables.
    pub variables: Vec<(&'static str, String)>,
    /// What differs between runs and machines, and what stands for it in a transcript.
    pub stand_ins: Vec<(String, &'static str)>,
}

impl Environment {
    pub fn new() -> Environment {
        let directory = tempfile::tempdir().expect("a directory");
        let environment = Environment { directory, variables: Vec::new(), stand_ins: Vec::new() };
        std::fs::create_dir(environment.path("home")).expect("made");
        std::fs::create_dir(environment.path("here")).expect("made");
        environment
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Where commands run.
    pub fn here(&self) -> PathBuf {
        self.path("here")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.here().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.file(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, bytes).expect("written");
    }

    /// A command that is ready to run here.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ringfence"));
        command.args(words).current_dir(self.here()).stdin(Stdio::null());
        command.env_clear().env("HOME", self.path("home"));
        // The sandbox and its scratch directories must not meet those of other tests.
        command.env("TMPDIR", self.directory.path());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command
    }

    pub fn run(&self, words: &[&str]) -> Said {
        let output = self.command(words).output().expect("ringfence runs");
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Runs a command line; words stand between blanks or double quotes.
    pub fn line(&self, line: &str) -> Said {
        let words = split(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        assert_eq!(words.first(), Some(&"ringfence"), "{line}");
        self.run(&words[1..])
    }

    /// Runs command lines and returns the transcript.
    pub fn transcript(&self, lines: &[&str]) -> String {
        let mut text = String::new();
        for line in lines {
            let said = self.line(line);
            text.push_str(&format!("$ {line}\n{}", said.out));
            if !said.err.is_empty() {
                text.push_str(&format!("--- standard error\n{}", said.err));
            }
            text.push_str(&format!("--- exit {}\n\n", said.code));
        }
        self.plain(&text)
    }

    /// The text with stand-ins for what differs between runs.
    pub fn plain(&self, text: &str) -> String {
        let here = self.here().display().to_string();
        let mut text = text.replace(&here, "[here]");
        for (value, stand_in) in &self.stand_ins {
            text = text.replace(value, stand_in);
        }
        text
    }
}

fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for sign in line.chars() {
        match sign {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            sign => words.last_mut().expect("one").push(sign),
        }
    }
    words
}

/// Compares a transcript with its golden file; `RINGFENCE_BLESS=1` accepts it instead.
pub fn golden(name: &str, transcript: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.txt"));
    let transcript = transcript.trim_end().to_owned() + "\n";
    if std::env::var_os("RINGFENCE_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(&path, transcript).expect("written");
        return;
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    if wanted == transcript {
        return;
    }
    let (mut old, mut new) = (wanted.lines(), transcript.lines());
    let mut number = 1;
    let (was, is) = loop {
        match (old.next(), new.next()) {
            (Some(a), Some(b)) if a == b => number += 1,
            (a, b) => break (a.unwrap_or("(end)"), b.unwrap_or("(end)")),
        }
    };
    panic!(
        "{} line {number}:\n  wanted {was}\n  found  {is}\nthe whole transcript:\n{transcript}",
        path.display()
    );
}

/// Replaces whatever `start` and a run of hexadecimal digits make by `stand_in`.
pub fn without_hex(text: &str, length: usize, stand_in: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    for sign in text.chars().chain(['\0']) {
        if sign.is_ascii_hexdigit() && !sign.is_ascii_uppercase() {
            run.push(sign);
            continue;
        }
        if run.len() == length {
            out.push_str(stand_in)
        } else {
            out.push_str(&run)
        }
        run.clear();
        if sign != '\0' {
            out.push(sign);
        }
    }
    out
}

/// Starts a command whose standard output nobody reads to the end.
pub fn with_closed_output(environment: &Environment, words: &[&str]) -> (i32, String) {
    let mut command = environment.command(words);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Flushes what a test says while it runs long.
pub fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
