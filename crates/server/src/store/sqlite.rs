//! The embedded default: SQLite with a write-ahead log and full synchronisation, one connection.

use super::rows::{
    ChannelRow, EventRow, Hold, MachineRow, RolloutRow, TokenKind, TokenRow, WithdrawnRow,
};
use super::{AUDIT_PAGE_MAX, Batch, Loaded, Store, schema};
use crate::error::ServerError;
use crate::model::AUDIT_LINES_MAX;
use decide::exposure::Salt;
use decide::id::{Digest, MachineId, RolloutId};
use decide::time::Time;
use rusqlite::{Connection, Row, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::Path;
use std::str::FromStr;
use wire::api::{AuditLine, Release, Withdrawn};

/// Statements kept prepared; more than this file has.
const STATEMENTS_MAX: usize = 32;

/// The state in a SQLite database.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    connection: Connection,
}

impl SqliteStore {
    /// Opens or makes the database and brings it to this version's schema.
    pub(crate) fn open(file: &Path) -> Result<SqliteStore, ServerError> {
        let mut connection = Connection::open(file)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "trusted_schema", "OFF")?;
        schema::migrate(&mut connection)?;
        Ok(SqliteStore { connection })
    }

    fn rows<T>(
        &self,
        sql: &str,
        read: impl Fn(&Row<'_>) -> Result<T, ServerError>,
    ) -> Result<Vec<T>, ServerError> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(read(row)?);
        }
        Ok(all)
    }
}

fn json(value: &impl Serialize) -> Result<String, ServerError> {
    serde_json::to_string(value).map_err(|error| ServerError::record("a document", error))
}

fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn number(row: &Row<'_>, column: usize) -> Result<u64, ServerError> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|error| ServerError::record("a number", error))
}

fn parsed<T: FromStr<Err: std::fmt::Display>>(
    row: &Row<'_>,
    column: usize,
) -> Result<T, ServerError> {
    let text: String = row.get(column)?;
    text.parse().map_err(|error| ServerError::record("a name", error))
}

fn document<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T, ServerError> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| ServerError::record("a document", error))
}

fn optional<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<Option<T>, ServerError> {
    let text: Option<String> = row.get(column)?;
    let text = text.as_deref();
    text.map(serde_json::from_str)
        .transpose()
        .map_err(|error| ServerError::record("a document", error))
}

fn token(row: &Row<'_>) -> Result<TokenRow, ServerError> {
    let word: String = row.get(1)?;
    let kind = TokenKind::parse(&word).ok_or_else(|| ServerError::record("a token", word))?;
    Ok(TokenRow { sha256: parsed(row, 0)?, kind, name: row.get(2)? })
}

fn machine(row: &Row<'_>) -> Result<MachineRow, ServerError> {
    let seen: Option<i64> = row.get(6)?;
    Ok(MachineRow {
        machine: parsed(row, 0)?,
        ring: parsed(row, 1)?,
        labels: document(row, 2)?,
        channels: document(row, 3)?,
        token_sha256: parsed(row, 4)?,
        sequence: number(row, 5)?,
        seen: seen.and_then(|seen| u64::try_from(seen).ok()).map(Time),
        running: document(row, 7)?,
        says_held: row.get(8)?,
    })
}

fn rollout(row: &Row<'_>) -> Result<RolloutRow, ServerError> {
    let closed = optional(row, 8)?;
    // A closed rollout's start is never replayed, so it is not read either.
    let start = if closed.is_some() { None } else { Some(document(row, 6)?) };
    let salt: String = row.get(2)?;
    Ok(RolloutRow {
        rollout: parsed(row, 0)?,
        release: document(row, 1)?,
        salt: Salt(salt),
        by: row.get(3)?,
        reason: row.get(4)?,
        began: Time(number(row, 5)?),
        start,
        members: if closed.is_some() { Vec::new() } else { document(row, 7)? },
        closed,
    })
}

fn audit_line(row: &Row<'_>) -> Result<AuditLine, ServerError> {
    let code: Option<String> = row.get(5)?;
    Ok(AuditLine {
        sequence: number(row, 0)?,
        at: Time(number(row, 1)?),
        actor: row.get(2)?,
        verb: row.get(3)?,
        target: row.get(4)?,
        code: code
            .map(decide::reason::Code::try_from)
            .transpose()
            .map_err(|error| ServerError::record("an audit line", error))?
            .map(|code| code.to_string()),
        sentence: row.get(6)?,
        hash: parsed(row, 7)?,
    })
}

const AUDIT: &str = "SELECT sequence, at, actor, verb, target, code, sentence, hash FROM audit";

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Loaded, ServerError> {
        let newest = format!("{AUDIT} ORDER BY sequence DESC LIMIT {AUDIT_LINES_MAX}");
        let mut recent = self.rows(&newest, audit_line)?;
        recent.reverse();
        Ok(Loaded {
            tokens: self.rows("SELECT sha256, kind, name FROM tokens", token)?,
            machines: self.rows(
                "SELECT machine, ring, labels, channels, token_sha256, sequence, seen, running, \
                 says_held FROM machines ORDER BY machine",
                machine,
            )?,
            channels: self.rows("SELECT channel, role_version, fence FROM channels", |row| {
                Ok(ChannelRow {
                    channel: parsed(row, 0)?,
                    role_version: number(row, 1)?,
                    fence: optional(row, 2)?,
                })
            })?,
            releases: self
                .rows("SELECT document FROM releases ORDER BY channel, number", |row| {
                    document::<Release>(row, 0)
                })?,
            withdrawn: self.rows(
                "SELECT channel, digest, at, by, reason FROM withdrawn ORDER BY at, digest",
                |row| {
                    let at = Time(number(row, 2)?);
                    let withdrawn = Withdrawn { at, by: row.get(3)?, reason: row.get(4)? };
                    Ok(WithdrawnRow {
                        channel: parsed(row, 0)?,
                        digest: parsed(row, 1)?,
                        withdrawn,
                    })
                },
            )?,
            holds: self.rows("SELECT machine, by, at, reason FROM holds", |row| {
                let at = Time(number(row, 2)?);
                let hold = Hold { by: row.get(1)?, at, reason: row.get(3)? };
                Ok((parsed::<MachineId>(row, 0)?, hold))
            })?,
            rollouts: self.rows(
                "SELECT rollout, release, salt, by, reason, began, start, members, closed \
                 FROM rollouts ORDER BY place",
                rollout,
            )?,
            audit: recent.last().map(|line| (line.sequence, line.hash)),
            recent,
        })
    }

    fn events(&mut self, rollout: &RolloutId) -> Result<Vec<EventRow>, ServerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT sequence, at, event, member FROM events WHERE rollout = ?1 ORDER BY sequence",
        )?;
        let mut rows = statement.query([rollout.as_str()])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let member: Option<String> = row.get(3)?;
            all.push(EventRow {
                rollout: rollout.clone(),
                sequence: number(row, 0)?,
                at: Time(number(row, 1)?),
                event: document(row, 2)?,
                member: member
                    .map(MachineId::try_from)
                    .transpose()
                    .map_err(|error| ServerError::record("an event", error))?,
            });
        }
        Ok(all)
    }

    fn apply(&mut self, batch: &Batch) -> Result<(), ServerError> {
        let transaction = self.connection.transaction()?;
        write_fleet(&transaction, batch)?;
        write_channels(&transaction, batch)?;
        write_rollouts(&transaction, batch)?;
        transaction.commit()?;
        Ok(())
    }

    fn audit(
        &mut self,
        after: u64,
        target: Option<&str>,
        limit: usize,
    ) -> Result<Vec<AuditLine>, ServerError> {
        let limit = integer(limit.min(AUDIT_PAGE_MAX) as u64);
        let sql = format!(
            "{AUDIT} WHERE sequence > ?1 AND \
             (?2 IS NULL OR target = ?2 OR actor = 'machine:' || ?2) ORDER BY sequence LIMIT ?3"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![integer(after), target, limit])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(audit_line(row)?);
        }
        Ok(all)
    }
}

fn write_fleet(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), ServerError> {
    for row in &batch.tokens {
        transaction
            .prepare_cached("INSERT INTO tokens (sha256, kind, name) VALUES (?1, ?2, ?3)")?
            .execute(params![row.sha256.to_string(), row.kind.word(), row.name])?;
    }
    for row in &batch.machines {
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO machines (machine, ring, labels, channels, token_sha256, \
                 sequence, seen, running, says_held) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?
            .execute(params![
                row.machine.as_str(),
                row.ring.name(),
                json(&row.labels)?,
                json(&row.channels)?,
                row.token_sha256.to_string(),
                integer(row.sequence),
                row.seen.map(|seen| integer(seen.0)),
                json(&row.running)?,
                row.says_held,
            ])?;
    }
    for (machine, seen, sequence) in &batch.seen {
        transaction
            .prepare_cached("UPDATE machines SET seen = ?2, sequence = ?3 WHERE machine = ?1")?
            .execute(params![machine.as_str(), integer(seen.0), integer(*sequence)])?;
    }
    for (machine, hold) in &batch.holds {
        match hold {
            Some(hold) => transaction
                .prepare_cached(
                    "INSERT OR REPLACE INTO holds (machine, by, at, reason) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![machine.as_str(), hold.by, integer(hold.at.0), hold.reason])?,
            None => transaction
                .prepare_cached("DELETE FROM holds WHERE machine = ?1")?
                .execute([machine.as_str()])?,
        };
    }
    Ok(())
}

fn write_channels(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), ServerError> {
    for row in &batch.channels {
        let fence = row.fence.as_ref().map(json).transpose()?;
        transaction
            .prepare_cached(
                "INSERT OR REPLACE INTO channels (channel, role_version, fence) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![row.channel.as_str(), integer(row.role_version), fence])?;
    }
    for release in &batch.releases {
        let reference = &release.manifest.release;
        transaction
            .prepare_cached(
                "INSERT INTO releases (channel, number, digest, document) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                reference.channel.as_str(),
                integer(reference.number),
                reference.digest.to_string(),
                json(release)?,
            ])?;
    }
    for row in &batch.withdrawn {
        let Withdrawn { at, by, reason } = &row.withdrawn;
        transaction
            .prepare_cached(
                "INSERT INTO withdrawn (channel, digest, at, by, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                row.channel.as_str(),
                row.digest.to_string(),
                integer(at.0),
                by,
                reason
            ])?;
    }
    Ok(())
}

fn write_rollouts(transaction: &Transaction<'_>, batch: &Batch) -> Result<(), ServerError> {
    for row in &batch.rollouts {
        transaction
            .prepare_cached(
                "INSERT INTO rollouts (rollout, release, salt, by, reason, began, start, members) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                row.rollout.as_str(),
                json(&row.release)?,
                row.salt.0,
                row.by,
                row.reason,
                integer(row.began.0),
                json(&row.start)?,
                json(&row.members)?,
            ])?;
    }
    for row in &batch.events {
        transaction
            .prepare_cached(
                "INSERT INTO events (rollout, sequence, at, event, member) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                row.rollout.as_str(),
                integer(row.sequence),
                integer(row.at.0),
                json(&row.event)?,
                row.member.as_ref().map(MachineId::as_str),
            ])?;
    }
    for (rollout, closed) in &batch.closed {
        transaction
            .prepare_cached("UPDATE rollouts SET closed = ?2 WHERE rollout = ?1")?
            .execute(params![rollout.as_str(), json(closed)?])?;
    }
    for line in &batch.audit {
        transaction
            .prepare_cached(
                "INSERT INTO audit (sequence, at, actor, verb, target, code, sentence, hash) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                integer(line.sequence),
                integer(line.at.0),
                line.actor,
                line.verb,
                line.target,
                line.code,
                line.sentence,
                Digest::to_string(&line.hash),
            ])?;
    }
    Ok(())
}
