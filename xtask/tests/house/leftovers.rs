//! Marks of unfinished work, and words that belong to somebody's machine and not to the project.

use super::Repository;

/// Text files that are looked at.
const ENDINGS: &[&str] = &[".rs", ".toml", ".md", ".sql", ".js", ".css", ".in", ".sh", ".yml"];

pub fn faults(repository: &Repository) -> Vec<String> {
    // Spelled in halves, so that this file does not find itself.
    let marks = [
        concat!("FIX", "ME"),
        concat!("TO", "DO"),
        concat!("XX", "X"),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("#[ig", "nore"),
        concat!("/wo", "rk/"),
        concat!("/tmp/tar", "get"),
        concat!("place", "holder: "),
    ];
    let mut faults = Vec::new();
    for name in repository.files() {
        if !ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(repository.root.join(&name)) else { continue };
        for (number, line) in text.lines().enumerate() {
            for mark in marks.iter().filter(|mark| line.contains(**mark)) {
                faults.push(format!("{name}:{} contains {mark}", number + 1));
            }
        }
    }
    faults
}
