//! Files and messages over HTTP: bounded in bytes and time, and nothing that it brings is believed
//! before `trust` or `wire` has looked at it.

use crate::verify::{NotVerified, Objects};
use decide::id::Digest;
use decide::time::Span;
use serde::Serialize;
use std::io::Read;
use std::time::Duration;
use trust::client::{Fetch, FetchError, Fetched};

/// Largest answer to a message, in bytes.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// A connection to the server.
#[derive(Debug)]
pub struct Http {
    agent: ureq::Agent,
    base: String,
}

impl Http {
    /// A connection to `url`; each request ends within `timeout`.
    pub fn new(url: &str, timeout: Span) -> Http {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_millis(timeout.0)))
            .http_status_as_error(false)
            .build()
            .new_agent();
        Http { agent, base: url.trim_end_matches('/').to_owned() }
    }

    fn get(&self, path: &str, etag: Option<&str>, bytes_max: usize) -> Result<Fetched, FetchError> {
        let unreachable = |error: String| FetchError::Unreachable(error);
        let mut request = self.agent.get(format!("{}/{path}", self.base));
        if let Some(etag) = etag {
            request = request.header("If-None-Match", etag);
        }
        let mut answer = request.call().map_err(|error| unreachable(error.to_string()))?;
        match answer.status().as_u16() {
            200 => {}
            304 => return Ok(Fetched::Unchanged),
            403 | 404 => return Err(FetchError::NotFound),
            status => return Err(unreachable(format!("{path}: status {status}"))),
        }
        let etag = answer.headers().get("etag").and_then(|v| v.to_str().ok()).map(str::to_owned);
        let mut bytes = Vec::new();
        let reader = answer.body_mut().as_reader();
        reader
            .take(bytes_max as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| unreachable(error.to_string()))?;
        if bytes.len() > bytes_max {
            return Err(FetchError::TooLarge);
        }
        Ok(Fetched::Bytes { bytes, etag })
    }

    /// Sends a document and reads the answer.
    ///
    /// # Errors
    /// The status, 0 where nobody answered, and what was said.
    pub fn post<A: wire::Document>(
        &self,
        path: &str,
        body: &impl Serialize,
        token: &str,
    ) -> Result<A, (u16, String)> {
        let nothing = |error: String| (0, error);
        let bytes = serde_json::to_vec(body).map_err(|error| nothing(error.to_string()))?;
        let mut answer = self
            .agent
            .post(format!("{}/{path}", self.base))
            .header("Authorization", format!("Bearer {token}"))
            .header("Content-Type", "application/json")
            .send(&bytes[..])
            .map_err(|error| nothing(error.to_string()))?;
        let status = answer.status().as_u16();
        let mut bytes = Vec::new();
        let reader = answer.body_mut().as_reader();
        let read = reader.take(ANSWER_BYTES_MAX).read_to_end(&mut bytes);
        read.map_err(|error| nothing(error.to_string()))?;
        if status / 100 != 2 {
            let said: String = String::from_utf8_lossy(&bytes).chars().take(200).collect();
            return Err((status, format!("{path}: status {status}: {said}")));
        }
        wire::read(&bytes).map_err(|error| nothing(format!("{path}: {error}")))
    }
}

/// The server's TUF repository.
pub(crate) struct Tuf<'a>(pub(crate) &'a Http);

impl Fetch for Tuf<'_> {
    fn fetch(&mut self, path: &str, bytes_max: usize) -> Result<Vec<u8>, FetchError> {
        match self.0.get(&format!("tuf/{path}"), None, bytes_max)? {
            Fetched::Bytes { bytes, .. } => Ok(bytes),
            Fetched::Unchanged => Err(FetchError::NotFound),
        }
    }
    fn fetch_if_changed(
        &mut self,
        path: &str,
        etag: Option<&str>,
        bytes_max: usize,
    ) -> Result<Fetched, FetchError> {
        self.0.get(&format!("tuf/{path}"), etag, bytes_max)
    }
}

/// The server's objects.
pub(crate) struct Content<'a>(pub(crate) &'a Http);

impl Objects for Content<'_> {
    fn object(&mut self, digest: Digest, bytes_max: usize) -> Result<Vec<u8>, NotVerified> {
        let say = |why: String| format!("object sha256:{}: {why}", digest.short());
        match self.0.get(&format!("objects/{digest}"), None, bytes_max) {
            Ok(Fetched::Bytes { bytes, .. }) => Ok(bytes),
            Ok(Fetched::Unchanged) => {
                Err(NotVerified::Later(say("the server gives no bytes".to_owned())))
            }
            Err(FetchError::TooLarge) => {
                Err(NotVerified::Refused(say(format!("more than {bytes_max} bytes"))))
            }
            Err(error) => Err(NotVerified::Later(say(error.to_string()))),
        }
    }
}
