//! No bytes, however made, bring a reader down.
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use ringfence_trust as trust;
use support::{NOW, Repo, key};
use trust::client::{Client, Floors, MemoryStore};
use trust::evidence::{EvidenceKeys, facts};

fn everything_reads(bytes: &[u8]) {
    let keys = EvidenceKeys::of(&[key(1).public().clone()]);
    let _ = facts(bytes, &keys);
    let _ = facts(&trust::evidence::sign(bytes, &[&key(1)]), &keys);
    let _ = EvidenceKeys::read(bytes);
    let _ = Client::open(bytes, MemoryStore::default(), Floors::default());
    let channel = "rules".parse().unwrap();
    let _ = trust::channel::verify_channel_role(bytes, bytes, bytes, &channel, NOW);
    let _ = trust::repository::add_target(bytes, "a", b"", &[], NOW);
    let _ = trust::repository::version("x", bytes);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        everything_reads(&bytes);
    }

    #[test]
    fn text_that_looks_like_json(text in "[\\[\\]{}:,\"a-z0-9_ \\\\.-]{0,200}") {
        everything_reads(text.as_bytes());
    }

    #[test]
    fn metadata_with_a_part_replaced(
        at in any::<prop::sample::Index>(),
        len in 0usize..40,
        with in "[\\[\\]{}:,\"a-z0-9-]{0,12}",
    ) {
        let mut repo = Repo::new();
        let addresses: Vec<String> = repo.files.keys().cloned().collect();
        let address = at.get(&addresses).clone();
        let bytes = repo.files.get_mut(&address).unwrap();
        let from = at.index(bytes.len());
        let to = (from + len).min(bytes.len());
        bytes.splice(from..to, with.bytes());
        everything_reads(&repo.files[&address].clone());
        if let Ok(mut client) = Client::open(
            &repo.installed_root(), MemoryStore::default(), Floors::default(),
        ) {
            let _ = client.refresh(&mut repo.files, NOW);
            let _ = client.target("release/rules/1.json", &mut repo.files, 100);
        }
    }
}
