//! Speaking with the server: every wait has a limit, every answer is read within a bound.

use crate::codes;
use crate::error::Failure;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;
use trust::client::{Fetch, FetchError};
use ureq::http::Response;
use ureq::{Agent, Body};
use wire::Document;
use wire::api::List;
use wire::problem::Problem;

/// Longest wait for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Longest wait for the first byte of an answer, and for a whole body in either direction. A
/// release of tens of megabytes must get through an ordinary line.
const TRANSFER_MAX: Duration = Duration::from_secs(120);
/// Largest list accepted, in bytes.
const LIST_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Largest plain text accepted, in bytes.
const TEXT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Largest problem document accepted, in bytes.
const PROBLEM_BYTES_MAX: u64 = 256 * 1024;

fn agent() -> Agent {
    Agent::config_builder()
        .timeout_connect(Some(CONNECT_MAX))
        .timeout_send_body(Some(TRANSFER_MAX))
        .timeout_recv_response(Some(TRANSFER_MAX))
        .timeout_recv_body(Some(TRANSFER_MAX))
        .http_status_as_error(false)
        .max_redirects(0)
        // The address is the one that the project names; no variable of the environment changes it.
        .proxy(None)
        .build()
        .new_agent()
}

/// The server's API, spoken to with one token.
pub(crate) struct Api {
    agent: Agent,
    url: String,
    token: String,
}

impl Api {
    /// The API at `url`.
    pub(crate) fn new(url: &str, token: String) -> Api {
        Api { agent: agent(), url: url.to_owned(), token }
    }

    /// A document.
    pub(crate) fn get<D: Document>(&self, path: &str) -> Result<D, Failure> {
        self.document(self.call("GET", path)?)
    }

    /// All items of a list.
    pub(crate) fn list<T: DeserializeOwned>(&self, path: &str) -> Result<List<T>, Failure> {
        let bytes = self.good(self.call("GET", path)?, LIST_BYTES_MAX)?;
        serde_json::from_slice(&bytes).map_err(|error| self.strange(&error.to_string()))
    }

    /// Plain text.
    pub(crate) fn text(&self, path: &str) -> Result<String, Failure> {
        let bytes = self.good(self.call("GET", path)?, TEXT_BYTES_MAX)?;
        String::from_utf8(bytes).map_err(|error| self.strange(&error.to_string()))
    }

    /// Sends a document; the answer is a document.
    pub(crate) fn post<B: Serialize, D: Document>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<D, Failure> {
        self.document(self.send(path, body)?)
    }

    /// Sends a document; the answer has no schema of its own.
    pub(crate) fn post_plain<B: Serialize, T: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
    ) -> Result<T, Failure> {
        let bytes = self.good(self.send(path, body)?, LIST_BYTES_MAX)?;
        serde_json::from_slice(&bytes).map_err(|error| self.strange(&error.to_string()))
    }

    /// Sends a document whose answer says nothing but that it was taken.
    pub(crate) fn tell<B: Serialize>(&self, path: &str, body: &B) -> Result<(), Failure> {
        self.good(self.send(path, body)?, LIST_BYTES_MAX).map(|_| ())
    }

    /// Takes something away.
    pub(crate) fn delete(&self, path: &str) -> Result<(), Failure> {
        self.good(self.call("DELETE", path)?, LIST_BYTES_MAX).map(|_| ())
    }

    /// The server's address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn call(&self, method: &str, path: &str) -> Result<Response<Body>, Failure> {
        let address = format!("{}{path}", self.url);
        let bearer = format!("Bearer {}", self.token);
        let answer = match method {
            "DELETE" => self.agent.delete(&address).header("Authorization", &bearer).call(),
            _ => self.agent.get(&address).header("Authorization", &bearer).call(),
        };
        answer.map_err(|error| self.away(&error))
    }

    fn send<B: Serialize>(&self, path: &str, body: &B) -> Result<Response<Body>, Failure> {
        let bytes = serde_json::to_vec(body).map_err(|error| {
            Failure::new(codes::BUG, format!("a request could not be written as JSON: {error}"))
        })?;
        let bearer = format!("Bearer {}", self.token);
        self.agent
            .post(format!("{}{path}", self.url))
            .header("Authorization", &bearer)
            .header("Content-Type", "application/json")
            .send(&bytes[..])
            .map_err(|error| self.away(&error))
    }

    fn document<D: Document>(&self, answer: Response<Body>) -> Result<D, Failure> {
        let bytes = self.good(answer, D::BYTES_MAX as u64)?;
        wire::read(&bytes).map_err(|error| self.strange(&error.to_string()))
    }

    /// The body of a success; a problem document becomes its failure.
    fn good(&self, mut answer: Response<Body>, bytes_max: u64) -> Result<Vec<u8>, Failure> {
        let status = answer.status().as_u16();
        let limit = if status < 300 { bytes_max } else { PROBLEM_BYTES_MAX };
        let read = answer.body_mut().with_config().limit(limit).read_to_vec();
        if status < 300 {
            return read.map_err(|error| self.away(&error));
        }
        match serde_json::from_slice::<Problem>(&read.unwrap_or_default()) {
            Ok(problem) => Err(Failure::from(problem)),
            Err(_) => Err(self.strange(&format!("status {status} without a problem document"))),
        }
    }

    fn away(&self, error: &ureq::Error) -> Failure {
        if let ureq::Error::BodyExceedsLimit(limit) = error {
            return self.strange(&format!("it has more than the {limit} bytes allowed"));
        }
        let sentence = format!("{} cannot be reached: {}", self.url, cause(error));
        Failure::new(codes::UNREACHABLE, sentence).next("ringfence serve")
    }

    fn strange(&self, why: &str) -> Failure {
        let sentence = format!("the answer of {} cannot be read: {why}", self.url);
        Failure::new(codes::BAD_ANSWER, sentence)
    }
}

/// What went wrong in the words of the system, without the library's prefix.
fn cause(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

/// The server's repository of signed files. What comes from it is verified by its reader.
pub(crate) struct Mirror {
    agent: Agent,
    url: String,
}

impl Mirror {
    /// The repository of the server at `url`.
    pub(crate) fn at(url: &str) -> Mirror {
        Mirror { agent: agent(), url: url.to_owned() }
    }
}

impl Fetch for Mirror {
    fn fetch(&mut self, path: &str, bytes_max: usize) -> Result<Vec<u8>, FetchError> {
        let unreachable = |error: &ureq::Error| FetchError::Unreachable(cause(error));
        let address = format!("{}/tuf/{path}", self.url);
        let mut answer = self.agent.get(&address).call().map_err(|error| unreachable(&error))?;
        match answer.status().as_u16() {
            200 => {}
            403 | 404 => return Err(FetchError::NotFound),
            status => return Err(FetchError::Unreachable(format!("status {status}"))),
        }
        let body = answer.body_mut().with_config().limit(bytes_max as u64 + 1).read_to_vec();
        match body {
            Ok(bytes) if bytes.len() <= bytes_max => Ok(bytes),
            Ok(_) | Err(ureq::Error::BodyExceedsLimit(_)) => Err(FetchError::TooLarge),
            Err(error) => Err(unreachable(&error)),
        }
    }
}
