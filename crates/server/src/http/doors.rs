//! Who asks: tokens and sessions, compared by digest in constant time.

use crate::clock::wall;
use crate::codes;
use crate::error::{Refusal, ServerError};
use crate::model::{Role, Viewer};
use crate::secret::{same, secret};
use crate::store::{TokenKind, TokenRow};
use axum::http::{HeaderMap, header};
use decide::id::{Digest, MachineId};
use decide::time::{Span, Time};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};

/// The session's cookie.
pub(super) const COOKIE: &str = "ringfence_session";
/// Sessions at once; the oldest goes when there are more.
const SESSIONS_MAX: usize = 1_024;
/// How long a session lasts.
pub(super) const SESSION_LENGTH: Span = Span::hours(12);

#[derive(Clone, Debug)]
struct Session {
    viewer: Viewer,
    until: Time,
}

/// Tokens of people and machines, and sessions. Sessions live in memory: a restart logs out.
#[derive(Debug)]
pub(crate) struct Doors {
    people: Vec<TokenRow>,
    machines: RwLock<HashMap<MachineId, Digest>>,
    sessions: Mutex<HashMap<Digest, Session>>,
}

impl Doors {
    pub(crate) fn new(
        people: &[TokenRow],
        machines: impl Iterator<Item = (MachineId, Digest)>,
    ) -> Doors {
        Doors {
            people: people.to_vec(),
            machines: RwLock::new(machines.collect()),
            sessions: Mutex::default(),
        }
    }

    /// The token's row. Every row is looked at, so that time tells nothing.
    fn token(&self, token: &str) -> Option<&TokenRow> {
        let digest = Digest::of(token.as_bytes());
        self.people.iter().fold(
            None,
            |found, row| {
                if same(&row.sha256, &digest) { Some(row) } else { found }
            },
        )
    }

    fn person_of(&self, token: &str) -> Option<Viewer> {
        let row = self.token(token)?;
        match row.kind {
            TokenKind::Person(role) => {
                Some(Viewer { name: row.name.clone(), role, csrf: String::new() })
            }
            TokenKind::Enroll => None,
        }
    }

    /// A person with a bearer token; a session's cookie is enough where nothing can change.
    pub(super) fn person(
        &self,
        headers: &HeaderMap,
        needed: Role,
        cookie_allowed: bool,
    ) -> Result<Viewer, Refusal> {
        let by_token = bearer(headers).and_then(|token| self.person_of(token));
        let by_cookie = || cookie_allowed.then(|| self.session(headers)).flatten();
        let viewer = by_token.or_else(by_cookie).ok_or_else(no_token)?;
        allowed(&viewer, needed)?;
        Ok(viewer)
    }

    /// A machine that wants to enrol.
    pub(super) fn enroller(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let row = bearer(headers).and_then(|token| self.token(token)).ok_or_else(no_token)?;
        match row.kind {
            TokenKind::Enroll => Ok(()),
            TokenKind::Person(role) => {
                let sentence = format!("enrolling takes the fleet's token, this is a {role}'s");
                Err(Refusal::new(403, codes::ROLE, sentence))
            }
        }
    }

    /// The machine that a machine's token names and proves.
    pub(super) fn machine(&self, headers: &HeaderMap) -> Result<MachineId, Refusal> {
        let token = bearer(headers).ok_or_else(no_token)?;
        let name = token.split_once('~').map(|(name, _)| name).ok_or_else(no_token)?;
        let machine = MachineId::try_from(name).map_err(|_| no_token())?;
        let machines = self.machines.read().unwrap_or_else(PoisonError::into_inner);
        // An unknown machine costs as much time as a wrong token.
        let known = machines.get(&machine).copied();
        let given = Digest::of(token.as_bytes());
        let right = same(&known.unwrap_or(Digest([0; 32])), &given);
        if known.is_some() && right { Ok(machine) } else { Err(no_token()) }
    }

    /// A machine has a new token.
    pub(super) fn enrolled(&self, machine: MachineId, token: Digest) {
        self.machines.write().unwrap_or_else(PoisonError::into_inner).insert(machine, token);
    }

    /// Begins a session; gives its cookie's value.
    pub(super) fn log_in(&self, token: &str) -> Result<Option<String>, ServerError> {
        let Some(mut viewer) = self.person_of(token.trim()) else { return Ok(None) };
        let value = secret()?;
        viewer.csrf = secret()?;
        let now = wall();
        let session = Session { viewer, until: now.plus(SESSION_LENGTH) };
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, session| session.until > now);
        if sessions.len() >= SESSIONS_MAX {
            let oldest = sessions.iter().min_by_key(|(_, session)| session.until);
            let oldest = oldest.map(|(key, _)| *key);
            oldest.map(|key| sessions.remove(&key));
        }
        sessions.insert(Digest::of(value.as_bytes()), session);
        Ok(Some(value))
    }

    pub(super) fn log_out(&self, headers: &HeaderMap) {
        if let Some(value) = cookie(headers) {
            let key = Digest::of(value.as_bytes());
            self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        }
    }

    /// Who has this session. The map's key is a digest, so looking it up tells nothing.
    pub(super) fn session(&self, headers: &HeaderMap) -> Option<Viewer> {
        let key = Digest::of(cookie(headers)?.as_bytes());
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get(&key).filter(|session| session.until > wall())?;
        Some(session.viewer.clone())
    }
}

/// Refuses a role that is too small.
pub(super) fn allowed(viewer: &Viewer, needed: Role) -> Result<(), Refusal> {
    if viewer.role >= needed {
        return Ok(());
    }
    let sentence = format!(
        "'{}' has the role {}, this takes {needed}: use the token in tokens/{needed}",
        viewer.name, viewer.role
    );
    Err(Refusal::new(403, codes::ROLE, sentence))
}

fn no_token() -> Refusal {
    Refusal::new(401, codes::NO_TOKEN, "the request carries no token that is known here")
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).into_iter();
    all.filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}
