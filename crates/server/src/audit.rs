//! The append-only audit log: each line's digest covers the line before it, so that a change in
//! the middle shows.

use crate::codes;
use crate::error::ServerError;
use decide::id::Digest;
use decide::reason::Code;
use decide::time::Time;
use serde_json::json;
use wire::api::AuditLine;

/// Longest sentence kept, in bytes.
const SENTENCE_BYTES_MAX: usize = 600;

/// The end of the log: where the next line goes.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    sequence: u64,
    hash: Digest,
}

impl Default for Tail {
    fn default() -> Tail {
        Tail { sequence: 0, hash: Digest([0; 32]) }
    }
}

impl Tail {
    pub(crate) fn after(newest: Option<(u64, Digest)>) -> Tail {
        newest.map_or_else(Tail::default, |(sequence, hash)| Tail { sequence, hash })
    }

    /// The next line.
    pub(crate) fn line(
        &mut self,
        at: Time,
        actor: &str,
        verb: &str,
        target: &str,
        code: Option<Code>,
        sentence: &str,
    ) -> AuditLine {
        let mut sentence = sentence.to_owned();
        if sentence.len() > SENTENCE_BYTES_MAX {
            let end = (0..=SENTENCE_BYTES_MAX).rev().find(|end| sentence.is_char_boundary(*end));
            sentence.truncate(end.unwrap_or(0));
        }
        let mut line = AuditLine {
            sequence: self.sequence + 1,
            at,
            actor: actor.to_owned(),
            verb: verb.to_owned(),
            target: target.to_owned(),
            code: code.map(|code| code.to_string()),
            sentence,
            hash: self.hash,
        };
        line.hash = digest(&self.hash, &line);
        *self = Tail { sequence: line.sequence, hash: line.hash };
        line
    }
}

/// SHA-256 over the previous line's digest and this line's fields as a JSON array.
fn digest(previous: &Digest, line: &AuditLine) -> Digest {
    let fields = json!([
        previous.to_string(),
        line.sequence,
        line.at.0,
        line.actor,
        line.verb,
        line.target,
        line.code,
        line.sentence
    ]);
    Digest::of(fields.to_string().as_bytes())
}

/// Checks a whole log, from its first line.
///
/// # Errors
/// Names the first line that does not follow from the one before it.
pub fn verify(lines: &[AuditLine]) -> Result<(), ServerError> {
    follow(Tail::default(), lines)
}

/// Checks the end of a log: its first line is believed, the others must follow from it.
///
/// # Errors
/// As [`verify`].
pub fn verify_end(lines: &[AuditLine]) -> Result<(), ServerError> {
    match lines.split_first() {
        Some((first, rest)) => follow(Tail { sequence: first.sequence, hash: first.hash }, rest),
        None => Ok(()),
    }
}

fn follow(mut tail: Tail, lines: &[AuditLine]) -> Result<(), ServerError> {
    for line in lines {
        if line.sequence != tail.sequence + 1 || line.hash != digest(&tail.hash, line) {
            let sentence = format!(
                "audit line {} does not follow from line {}: the log was changed",
                line.sequence, tail.sequence
            );
            return Err(ServerError::new(codes::AUDIT_CHANGED, sentence));
        }
        tail = Tail { sequence: line.sequence, hash: line.hash };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log() -> Vec<AuditLine> {
        let mut tail = Tail::default();
        (0..5)
            .map(|n| tail.line(Time(n), "carol", "halted", "r-0001", Some(Code(430)), "halted"))
            .collect()
    }

    #[test]
    fn a_chain_shows_every_kind_of_edit() {
        assert_eq!(verify(&log()), Ok(()));
        assert_eq!(verify_end(&log()[3..]), Ok(()));
        let edits: [fn(&mut Vec<AuditLine>); 6] = [
            |log| log[2].sentence = "nothing happened".into(),
            |log| log[2].actor = "dave".into(),
            |log| log[2].at = Time(99),
            |log| log[2].code = None,
            |log| drop(log.remove(2)),
            |log| log.swap(1, 2),
        ];
        for (index, edit) in edits.into_iter().enumerate() {
            let mut log = log();
            edit(&mut log);
            let error = verify(&log).expect_err("an edit must show");
            assert_eq!(error.code(), codes::AUDIT_CHANGED, "edit {index}");
            assert_eq!(verify_end(&log), Err(error), "edit {index}");
        }
    }

    #[test]
    fn a_long_sentence_is_cut_between_characters() {
        let line = Tail::default().line(Time(0), "a", "b", "c", None, &"ä".repeat(600));
        assert_eq!(line.sentence.len(), SENTENCE_BYTES_MAX);
    }
}
