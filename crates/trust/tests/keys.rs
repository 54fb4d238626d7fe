//! Keys on disk, and their names.
#![allow(missing_docs, clippy::unwrap_used)]

use ringfence_trust::key::{KeyError, KeyPair, load, save};
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_key_comes_back_from_its_file_and_is_never_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("root.key");
    let pair = KeyPair::generate().unwrap();
    save(&pair, &file).unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    let back = load(&file).unwrap();
    assert_eq!(back.public(), pair.public());
    let signature = back.sign(b"message");
    assert!(pair.public().verify(b"message", &signature));
    assert!(!pair.public().verify(b"massage", &signature));
    assert!(matches!(save(&pair, &file), Err(KeyError::Exists { .. })));
    assert!(!format!("{pair:?}").contains("PRIVATE"));
}

#[test]
fn files_that_others_can_read_or_that_hold_no_key_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("one.key");
    save(&KeyPair::generate().unwrap(), &file).unwrap();
    for mode in [0o640, 0o604, 0o660, 0o644, 0o622] {
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        assert!(matches!(load(&file), Err(KeyError::OpenToOthers { .. })), "{mode:o}");
    }
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let whole = std::fs::read(&file).unwrap();
    for bytes in [&b""[..], b"hello", &whole[..whole.len() / 2], &[b'x'; 5000], b"-----BEGIN X"] {
        std::fs::write(&file, bytes).unwrap();
        assert!(matches!(load(&file), Err(KeyError::NotAKey { .. })));
    }
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(load(&file), Err(KeyError::Io { .. })));
}

#[test]
fn the_key_id_is_what_other_tools_compute() {
    // RFC 8032, test 1: seed and public key; the id is SHA-256 over the canonical JSON below.
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let seed: [u8; 32] = hex::decode(seed).unwrap().try_into().unwrap();
    let pair = KeyPair::from_seed(&seed).unwrap();
    assert_eq!(pair.public().hex(), public);
    let text =
        format!(r#"{{"keytype":"ed25519","keyval":{{"public":"{public}"}},"scheme":"ed25519"}}"#);
    assert_eq!(pair.public().id(), decide::id::Digest::of(text.as_bytes()).to_string());
}
