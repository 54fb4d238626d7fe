//! A full disk under the agent's state: the consumer keeps its whole file.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::io::Write;
use std::path::Path;
use std::process::Command;
use support::field::Options;
use support::{Field, Hub, content, deadly_event};
use wire::fence::OfferState;

/// Enough for a state, and soon full.
const SIZE: &str = "size=256k";

/// A small file system of its own; unmounted at the end.
struct Small(tempfile::TempDir);

impl Small {
    fn mount() -> Option<Small> {
        let directory = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(directory.path());
        mount.output().is_ok_and(|output| output.status.success()).then(|| Small(directory))
    }
    fn path(&self) -> &Path {
        self.0.path()
    }
    fn fill(&self) {
        let mut ballast = std::fs::File::create(self.path().join("ballast")).unwrap();
        while ballast.write_all(&[7; 1024]).is_ok() {}
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

#[test]
fn with_a_full_disk_the_consumer_keeps_its_whole_file_and_a_crash_still_goes_back() {
    let Some(small) = Small::mount() else {
        println!("skipped: no file system can be mounted here (that takes root)");
        return;
    };
    let mut hub = Hub::new();
    let bad = hub.release(1, &content("bad-291"));
    let next = hub.release(2, &content("fixed"));
    hub.offer(&bad, OfferState::Open);
    let state = Some(small.path().join("state"));
    let options = Options { state, probation_ms: 60_000, ..Options::default() };
    let mut field = Field::with(&hub, &content("good"), options);
    field.start();
    field.until("the bad file on probation", |s| s.current.number == 1);
    field.wait("loaded", || hub.told(1).contains(&wire::report::What::Loaded));
    small.fill();
    // Another release cannot be kept: what runs goes on, whole.
    hub.fence.offers.clear();
    hub.offer(&next, OfferState::Open);
    field.until("the newest fence", |status| status.fence == hub.fence.number);
    field.reads("bad-291");
    let left = field.state().join("cas").join(next.digest.to_string());
    assert!(!left.exists(), "half a file is no file");
    // And the way back needs no new block: record and memory were written out beforehand.
    field.event(&deadly_event());
    field.until("put back", |status| status.current.number == 0);
    field.until("settled", |status| status.banned == [bad.digest] && status.attempts == 0);
    field.reads("good");
    // A restart on the full disk starts too.
    field.kill();
    field.start();
    field.until("it runs", |status| status.agent_runs && status.attempts == 0);
    field.reads("good");
    std::fs::remove_file(small.path().join("ballast")).unwrap();
    field.until("with room again it goes on", |status| status.current.number == 2);
}
