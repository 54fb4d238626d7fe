//! The database's schema as a list of migrations. A migration that was released never changes.

use crate::codes;
use crate::error::ServerError;
use rusqlite::Connection;

/// In order; the database's `user_version` counts how many were applied.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE tokens (
        sha256 TEXT PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE machines (
        machine TEXT PRIMARY KEY, ring TEXT NOT NULL, labels TEXT NOT NULL, channels TEXT NOT NULL,
        token_sha256 TEXT NOT NULL, sequence INTEGER NOT NULL, seen INTEGER, running TEXT NOT NULL,
        says_held INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE channels (
        channel TEXT PRIMARY KEY, role_version INTEGER NOT NULL, fence TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE releases (
        channel TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, document TEXT NOT NULL,
        PRIMARY KEY (channel, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE withdrawn (
        channel TEXT NOT NULL, digest TEXT NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
        reason TEXT NOT NULL, PRIMARY KEY (channel, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE holds (
        machine TEXT PRIMARY KEY, by TEXT NOT NULL, at INTEGER NOT NULL, reason TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE rollouts (
        place INTEGER PRIMARY KEY, rollout TEXT NOT NULL UNIQUE, release TEXT NOT NULL,
        salt TEXT NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL, began INTEGER NOT NULL,
        start TEXT NOT NULL, members TEXT NOT NULL, closed TEXT
    ) STRICT;
    CREATE TABLE events (
        rollout TEXT NOT NULL, sequence INTEGER NOT NULL, at INTEGER NOT NULL, event TEXT NOT NULL,
        member TEXT, PRIMARY KEY (rollout, sequence)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE audit (
        sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, verb TEXT NOT NULL,
        target TEXT NOT NULL, code TEXT, sentence TEXT NOT NULL, hash TEXT NOT NULL
    ) STRICT;
    CREATE INDEX audit_target ON audit (target, sequence);
    CREATE INDEX audit_actor ON audit (actor, sequence);
"];

/// Brings a database to this version's schema, each migration in its own transaction.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), ServerError> {
    let version: i64 =
        connection
            .query_row("SELECT user_version FROM pragma_user_version", [], |row| row.get(0))?;
    let applied = usize::try_from(version).unwrap_or(usize::MAX);
    if applied > MIGRATIONS.len() {
        let sentence = format!(
            "the database has schema {version}, this server knows schemas up to {}",
            MIGRATIONS.len()
        );
        return Err(ServerError::new(codes::NEWER_SCHEMA, sentence));
    }
    for (index, migration) in MIGRATIONS.iter().enumerate().skip(applied) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "user_version", index as i64 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}
