//! What an idle agent costs the machine that it guards.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use support::{Field, Hub, content};

/// Most memory of its own (not shared with other processes) of an idle agent, in KiB.
const OWN_KIB_MAX: u64 = 10 * 1024;

fn kib(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches("kB").trim().parse().unwrap()
}

#[test]
fn an_idle_agent_stays_small() {
    let mut hub = Hub::new();
    let mut field = Field::new(&hub, &content("good"));
    field.start();
    for _ in 0..10 {
        hub.publish_fence();
        let number = hub.fence.number;
        field.until("the newest fence", |status| status.fence == number);
    }
    let path = format!("/proc/{}/status", field.agent_process());
    let status = std::fs::read_to_string(path).unwrap();
    let (own, file) = (kib(&status, "RssAnon"), kib(&status, "RssFile"));
    let threads = kib(&status, "Threads");
    println!("own {own} KiB, file-backed {file} KiB, {threads} threads");
    assert!(own <= OWN_KIB_MAX, "{own} KiB of its own, at most {OWN_KIB_MAX}");
    assert!(threads <= 3, "{threads} threads");
}
