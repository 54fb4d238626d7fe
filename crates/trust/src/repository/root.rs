//! Changing the keys of top-level roles: a new root, signed by the old and the new root keys.

use super::{RepositoryError, keyids, next, parse};
use crate::key::{KeyPair, PublicKey};
use crate::metadata::{ROOT_BYTES_MAX, RoleKeys, Root, Signed, time_text};
use decide::time::Time;
use std::collections::BTreeSet;

/// New keys of one top-level role.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// `root`, `targets`, `snapshot` or `timestamp`.
    pub role: String,
    /// Its keys from now on.
    pub keys: Vec<PublicKey>,
    /// How many of them must sign.
    pub threshold: u32,
}

/// What [`rotate_root`] needs.
#[derive(Clone, Debug)]
pub struct RotateRoot<'a> {
    /// The root to be continued.
    pub previous: &'a [u8],
    /// The roles whose keys change; empty renews the root only.
    pub changes: Vec<NewRole>,
    /// Keys that sign: enough of the old root keys and enough of the new ones.
    pub signers: Vec<&'a KeyPair>,
    /// When the new root expires.
    pub expires: Time,
}

/// The next root. Machines follow it only if old and new root keys have signed it to threshold,
/// and that is checked here, so that an unusable root is not published.
pub fn rotate_root(request: &RotateRoot<'_>) -> Result<Vec<u8>, RepositoryError> {
    let old: Signed<Root> = parse("root", request.previous, ROOT_BYTES_MAX)?;
    let mut root = old.signed.clone();
    for change in &request.changes {
        let keyids = keyids(&change.role, change.keys.iter(), change.threshold)?;
        let Some(role) = root.roles.get_mut(&change.role) else {
            return Err(RepositoryError::Malformed {
                role: change.role.clone(),
                why: "a root has the roles root, targets, snapshot and timestamp".to_owned(),
            });
        };
        *role = RoleKeys { keyids, threshold: change.threshold };
        root.keys.extend(change.keys.iter().map(|key| (key.id(), key.clone())));
    }
    let used: BTreeSet<&String> = root.roles.values().flat_map(|role| &role.keyids).collect();
    let used: BTreeSet<String> = used.into_iter().cloned().collect();
    root.keys.retain(|id, _| used.contains(id));
    root.version = next(root.version);
    root.expires = time_text(request.expires);
    for one in [&old.signed, &root] {
        signed_enough(one, &request.signers)?;
    }
    Ok(Signed::new(root, &request.signers).bytes())
}

fn signed_enough(root: &Root, signers: &[&KeyPair]) -> Result<(), RepositoryError> {
    let given: BTreeSet<String> = signers.iter().map(|pair| pair.public().id()).collect();
    let Some(role) = root.roles.get("root") else {
        return Err(RepositoryError::Malformed {
            role: "root".to_owned(),
            why: "it does not say who signs it".to_owned(),
        });
    };
    let keys = role.keyids.iter().filter(|id| given.contains(*id)).count();
    if keys < role.threshold as usize {
        let threshold = role.threshold;
        return Err(RepositoryError::Threshold {
            role: format!("root {}", root.version),
            threshold,
            keys,
        });
    }
    Ok(())
}
