//! Files as this program writes and reads them: whole or not at all, and never without a bound.

use crate::codes;
use crate::error::Failure;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Largest token file read, in bytes.
const TOKEN_BYTES_MAX: u64 = 4096;

/// Replaces a file: a new one is written beside it, made durable, and renamed over it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::not_written(path, &error);
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = std::fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| {
        // What is left of the new file is only garbage; the old one is whole.
        let _ = std::fs::remove_file(&beside);
        failed(error)
    })
}

/// Writes a file that must not be there yet.
pub(crate) fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    opened.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all())).map_err(
        |error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                let sentence = format!("{} is there already", path.display());
                Failure::new(codes::EXISTS, sentence)
            }
            _ => Failure::not_written(path, &error),
        },
    )
}

/// Makes a directory and those above it; one that is there stays as it is.
pub(crate) fn directory(path: &Path, mode: u32) -> Result<(), Failure> {
    let made = std::fs::DirBuilder::new().recursive(true).mode(mode).create(path);
    made.map_err(|error| Failure::not_written(path, &error))
}

/// The bytes of a file of at most `bytes_max`; `None` when it is not there.
pub(crate) fn read_if_there(path: &Path, bytes_max: u64) -> Result<Option<Vec<u8>>, Failure> {
    let failed = |error: std::io::Error| Failure::not_read(path, &error);
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > bytes_max {
        let sentence = format!("{} has more than the {bytes_max} bytes allowed", path.display());
        return Err(Failure::new(codes::BAD_DOCUMENT, sentence));
    }
    Ok(Some(bytes))
}

/// The bytes of a file of at most `bytes_max`.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    read_if_there(path, bytes_max)?.ok_or_else(|| {
        let sentence = format!("cannot read {}: there is no such file", path.display());
        Failure::new(contract::codes::UNREADABLE, sentence)
    })
}

/// A token: the first line of its file.
pub(crate) fn token(path: &Path) -> Result<Option<String>, Failure> {
    let bytes = read_if_there(path, TOKEN_BYTES_MAX)?;
    Ok(bytes.map(|bytes| {
        String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().trim().to_owned()
    }))
}

/// Files in `directory` that match `pattern`, a relative path whose parts may hold `*` (any
/// characters of a name) and `?` (one); in order of name.
pub(crate) fn matching(directory: &Path, pattern: &str) -> Vec<PathBuf> {
    let mut found = vec![directory.to_owned()];
    for part in pattern.split('/').filter(|part| !part.is_empty() && *part != ".") {
        let mut next = Vec::new();
        for place in found {
            if !part.contains(['*', '?']) {
                next.push(place.join(part));
                continue;
            }
            let listed = if place.as_os_str().is_empty() { Path::new(".") } else { &place };
            let entries = std::fs::read_dir(listed).into_iter().flatten().flatten();
            let mut names: Vec<PathBuf> = entries
                .filter(|entry| fits(part, &entry.file_name().to_string_lossy()))
                .map(|entry| place.join(entry.file_name()))
                .collect();
            names.sort();
            next.extend(names);
        }
        found = next;
    }
    found.retain(|path| path.is_file());
    found
}

/// True when `name` fits `pattern`; names that begin with a dot only fit patterns that do so too.
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    if name.starts_with('.') && !pattern.starts_with('.') {
        return false;
    }
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    // `reach[j]`: the pattern so far fits the first `j` characters of the name.
    let mut reach = vec![false; name.len() + 1];
    reach[0] = true;
    for sign in pattern {
        if sign == '*' {
            let first = reach.iter().position(|fits| *fits).unwrap_or(reach.len());
            reach.iter_mut().skip(first).for_each(|fits| *fits = true);
            continue;
        }
        for at in (0..name.len()).rev() {
            reach[at + 1] = reach[at] && (sign == '?' || sign == name[at]);
        }
        reach[0] = false;
    }
    reach[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_names() {
        let cases = [
            ("*.bin", "a.bin", true),
            ("*.bin", "a.bin.x", false),
            ("*", ".hidden", false),
            (".*", ".hidden", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*a", "banana", true),
            ("*a*b", "banana", false),
            ("", "", true),
        ];
        for (pattern, name, expected) in cases {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a");
        replace(&path, b"one").expect("written");
        replace(&path, b"two").expect("written");
        assert_eq!(read(&path, 10).expect("read"), b"two");
        assert!(read(&path, 2).is_err());
        assert_eq!(create(&path, b"", 0o600).expect_err("there").reasons[0].code, codes::EXISTS);
        assert_eq!(std::fs::read_dir(directory.path()).expect("listed").count(), 1);
    }
}
