//! What this machine tells the server: at least once, in order, bounded on disk, and never in the
//! way of activation or recovery.

use decide::endpoint::Generation;
use decide::id::ChannelName;
use decide::time::Span;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;
use wire::report::{Report, RunningRelease, What};

/// Reports kept while nobody can be reached; the oldest go first.
pub const QUEUE_MAX: usize = 200;
/// Bytes of a detail.
const DETAIL_BYTES_MAX: usize = 300;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Saved {
    next: u64,
    reports: Vec<Report>,
}

/// A report and when it happened, monotonic; the age is worked out when it is sent.
#[derive(Debug)]
struct Waiting {
    report: Report,
    since: Instant,
}

/// The queue.
#[derive(Debug)]
pub struct Queue {
    path: PathBuf,
    channel: ChannelName,
    next: u64,
    waiting: VecDeque<Waiting>,
}

impl Queue {
    /// Opens the queue of a state directory; what cannot be read is forgotten.
    pub fn open(directory: &Path, channel: ChannelName) -> Queue {
        let path = directory.join("reports.json");
        let saved: Option<Saved> =
            std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let (next, reports) = saved.map_or((1, Vec::new()), |saved| (saved.next, saved.reports));
        let since = Instant::now();
        let waiting = reports.into_iter().map(|report| Waiting { report, since }).collect();
        // Heartbeats are not saved, so numbers after the saved one may have been used; and where
        // the state is new, the machine may have reported in an earlier life. The wall clock only
        // makes both rare: `taken` mends what is left.
        Queue { path, channel, next: (next + 1_000_000).max(crate::journal::wall_ms()), waiting }
    }

    /// Adds a report. Heartbeats are kept in memory only, and only the newest.
    pub fn push(
        &mut self,
        what: What,
        release: Generation,
        detail: &str,
        fence: u64,
    ) -> &mut Report {
        let heartbeat = is_heartbeat(what);
        if heartbeat {
            self.waiting.retain(|w| !is_heartbeat(w.report.what));
        }
        let mut detail = detail.to_owned();
        while detail.len() > DETAIL_BYTES_MAX {
            detail.pop();
        }
        let report = Report {
            sequence: self.next,
            channel: self.channel.clone(),
            age: Span::ZERO,
            what,
            release: RunningRelease { number: release.number, digest: release.digest },
            detail,
            events: None,
            decisions: None,
            rss_kib: None,
            fence,
        };
        self.next += 1;
        self.waiting.push_back(Waiting { report, since: Instant::now() });
        if self.waiting.len() > QUEUE_MAX {
            self.waiting.pop_front();
        }
        if !heartbeat {
            self.save();
        }
        // The queue has just been pushed to.
        let last = self.waiting.len() - 1;
        &mut self.waiting[last].report
    }

    fn save(&self) {
        let lasting = self.waiting.iter().filter(|w| !is_heartbeat(w.report.what));
        let reports = lasting.map(|w| aged(w, Instant::now())).collect();
        let saved = Saved { next: self.next, reports };
        let temporary = self.path.with_extension("new");
        // Reports are worth less than the machine: a full disk costs them, nothing else.
        if let Ok(bytes) = serde_json::to_vec(&saved)
            && write_synced(&temporary, &bytes).is_ok()
        {
            let _ = std::fs::rename(&temporary, &self.path);
        }
    }

    /// What waits, oldest first, with its age now.
    pub fn batch(&self) -> Vec<Report> {
        let now = Instant::now();
        self.waiting.iter().take(wire::report::REPORTS_MAX).map(|w| aged(w, now)).collect()
    }

    /// The server has stored everything up to `sequence`. A number that was never given out here
    /// is from an earlier life of this machine: what waits is numbered anew above it.
    pub fn taken(&mut self, sequence: u64) {
        if sequence > self.newest() {
            self.next = sequence.saturating_add(1);
            for waiting in &mut self.waiting {
                waiting.report.sequence = self.next;
                self.next = self.next.saturating_add(1);
            }
            self.save();
            return;
        }
        let durable = |w: &Waiting| w.report.sequence <= sequence && !is_heartbeat(w.report.what);
        let changed = self.waiting.iter().any(durable);
        self.waiting.retain(|w| w.report.sequence > sequence);
        if changed {
            self.save();
        }
    }

    /// True when nothing waits up to `sequence`.
    pub fn is_taken(&self, sequence: u64) -> bool {
        self.waiting.iter().all(|w| w.report.sequence > sequence)
    }
    /// The sequence number of the newest report.
    pub fn newest(&self) -> u64 {
        self.next - 1
    }
}

/// Heartbeats replace each other and are not worth a write.
fn is_heartbeat(what: What) -> bool {
    matches!(what, What::Healthy | What::Alive | What::Stale)
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_data()
}

fn aged(waiting: &Waiting, now: Instant) -> Report {
    let mut report = waiting.report.clone();
    let since = now.saturating_duration_since(waiting.since).as_millis();
    report.age = Span(report.age.0 + u64::try_from(since).unwrap_or(u64::MAX));
    report
}

#[cfg(test)]
mod tests {
    use super::*;
    use decide::id::Digest;

    fn queue(directory: &Path) -> Queue {
        Queue::open(directory, "rules".parse().expect("a name"))
    }

    #[test]
    fn last_words_survive_and_heartbeats_replace_each_other() {
        let directory = tempfile::tempdir().expect("a directory");
        let generation = Generation { number: 1, digest: Digest::of(b"one") };
        let mut first = queue(directory.path());
        first.push(What::Healthy, generation, "", 1);
        first.push(What::Attempted, generation, "last words", 1);
        first.push(What::Healthy, generation, "", 1);
        assert_eq!(first.batch().len(), 2);
        let mut second = queue(directory.path());
        let waiting = second.batch();
        assert!(waiting.iter().any(|report| report.what == What::Attempted));
        assert!(second.newest() > first.newest(), "a number is never used twice");
        second.taken(waiting[0].sequence);
        assert!(queue(directory.path()).batch().iter().all(|r| r.what != What::Attempted));
        for number in 0..2 * QUEUE_MAX as u64 {
            second.push(What::Crashed, Generation { number, ..generation }, "", 1);
        }
        assert_eq!(second.batch().len(), QUEUE_MAX, "bounded, the oldest go first");
    }

    #[test]
    fn a_number_from_an_earlier_life_renumbers_and_loses_nothing() {
        let directory = tempfile::tempdir().expect("a directory");
        let generation = Generation { number: 1, digest: Digest::of(b"one") };
        let mut queue = queue(directory.path());
        queue.push(What::Crashed, generation, "", 1);
        let far = queue.newest() + 5_000;
        queue.taken(far);
        let waiting = queue.batch();
        assert_eq!(waiting.len(), 1);
        assert!(waiting[0].sequence > far);
        queue.taken(waiting[0].sequence);
        assert!(queue.batch().is_empty());
    }
}
