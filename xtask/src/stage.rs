//! The stage of real processes: the programs, a project of its own, a server, agents.
//!
//! Everything here is the product's own command line and configuration; a step that works on the
//! stage works on a user's machine. Loopback only, one temporary directory, gone when it ends.

use crate::process::{self, Running, wait_for};
use crate::{Fault, Outcome};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Packages whose programs are needed.
const PACKAGES: [&str; 3] = ["ringfence", "ringfence-agent", "sensor"];
/// How long a server may take to answer for the first time.
const SERVER_WAIT: Duration = Duration::from_secs(20);
/// Longest time for one request to our own server.
const REQUEST_TIME: Duration = Duration::from_secs(10);

/// The programs of one build.
#[derive(Clone, Debug)]
pub struct Programs {
    paths: BTreeMap<String, PathBuf>,
    directory: PathBuf,
}

impl Programs {
    /// Builds them; `profile` is `release` or `dev`.
    ///
    /// # Errors
    /// When the build fails; the compiler has then said why.
    pub fn build(profile: &str) -> Outcome<Programs> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(["build", "--locked", "--bins", "--message-format=json-render-diagnostics"]);
        command.args(["--profile", profile]);
        PACKAGES.iter().for_each(|package| {
            command.args(["--package", package]);
        });
        command.current_dir(repository()).stderr(Stdio::inherit());
        let output = command.output().map_err(|error| Fault::about("cannot run cargo", error))?;
        if !output.status.success() {
            return Err(Fault(format!("the build ended with {}", output.status)));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let built = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let paths: BTreeMap<String, PathBuf> = built
            .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
            .filter_map(|path| Some((path.file_name()?.to_str()?.to_owned(), path)))
            .collect();
        let directory = paths.get("ringfence").and_then(|path| path.parent()).map(Path::to_owned);
        let directory = directory.ok_or_else(|| Fault("the build made no `ringfence`".into()))?;
        Ok(Programs { paths, directory })
    }
    /// Where a program is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.paths.get(name).cloned().unwrap_or_else(|| self.directory.join(name))
    }
    /// The directory of all of them.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
    /// A command that runs one of them.
    pub fn command(&self, name: &str) -> Command {
        Command::new(self.path(name))
    }
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_owned()
}

/// A temporary directory that goes with its owner. Short, because Unix sockets lie in it.
#[derive(Debug)]
pub struct Scratch(PathBuf);

/// Makes a temporary directory.
///
/// # Errors
/// When the disk refuses.
pub fn scratch(name: &str) -> Outcome<Scratch> {
    let path = std::env::temp_dir().join(format!("ringfence-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).map_err(|error| Fault::about(path.display(), error))?;
    Ok(Scratch(path))
}

impl Deref for Scratch {
    type Target = Path;
    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A port on loopback that was free a moment ago.
///
/// # Errors
/// When the system has none.
pub fn free_port() -> Outcome<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0");
    let address = listener.and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).map_err(|error| Fault::about("no free port", error))
}

/// Writes a file, and its directory if needed.
///
/// # Errors
/// When the disk refuses.
pub fn write(path: &Path, text: &str) -> Outcome<()> {
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| Fault::about(path.display(), error))
}

/// What one run of `ringfence` said.
#[derive(Debug)]
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// Standard output as one JSON document.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Outcome<Value> {
        serde_json::from_str(&self.out).map_err(|error| {
            Fault(format!("not one JSON document ({error}): {}{}", self.out, self.err))
        })
    }
    /// Refuses an exit code that was not expected.
    ///
    /// # Errors
    /// With all that the command said.
    pub fn expect(self, code: i32) -> Outcome<Said> {
        if self.code == code {
            Ok(self)
        } else {
            Err(Fault(format!("exit {} instead of {code}: {}{}", self.code, self.out, self.err)))
        }
    }
}

/// A project with its programs.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The programs.
    pub programs: Programs,
    /// The project's directory.
    pub project: PathBuf,
    port: u16,
}

/// A server that runs on the stage.
pub struct Server {
    /// The process.
    pub process: Running,
    /// `http://127.0.0.1:PORT`.
    pub address: String,
}

impl Stage {
    /// Makes a project for the channel `ipc-rules` in `directory`.
    ///
    /// # Errors
    /// What `ringfence init` says.
    pub fn open(programs: &Programs, directory: &Path) -> Outcome<Stage> {
        Stage::open_for(programs, directory, "ipc-rules")
    }
    /// Makes a project for a channel in `directory`.
    ///
    /// # Errors
    /// What `ringfence init` says.
    pub fn open_for(programs: &Programs, directory: &Path, channel: &str) -> Outcome<Stage> {
        let mut command = programs.command("ringfence");
        process::run(command.arg("init").arg(directory).args(["--channel", channel]))?;
        let project = std::fs::canonicalize(directory)
            .map_err(|error| Fault::about(directory.display(), error))?;
        Ok(Stage { programs: programs.clone(), project, port: free_port()? })
    }
    /// Starts the server, always on the same port, and waits until it answers.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub fn serve(&self) -> Outcome<Server> {
        let address = format!("http://127.0.0.1:{}", self.port);
        let mut command = self.programs.command("ringfence");
        command.arg("--project").arg(&self.project);
        command.args(["serve", "--listen", &format!("127.0.0.1:{}", self.port)]);
        let log = self.project.join("server.log");
        let mut process = Running::start("the server", &mut command, &log)?;
        let health = format!("{address}/healthz");
        wait_for("the server", SERVER_WAIT, || {
            if process.lives() {
                return Ok(get(&health, None).ok());
            }
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            Err(Fault(format!("the server ended: {}", said.trim())))
        })?;
        Ok(Server { process, address })
    }
    /// The server's address, whether or not it runs.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
    /// Runs `ringfence` in the project.
    ///
    /// # Errors
    /// When it cannot be started at all.
    pub fn ringfence(&self, words: &[&str]) -> Outcome<Said> {
        let mut command = self.programs.command("ringfence");
        command.arg("--project").arg(&self.project).arg("--server").arg(self.address());
        command.args(words).stdin(Stdio::null()).current_dir(&self.project);
        let output = command.output().map_err(|error| Fault::about("ringfence", error))?;
        Ok(Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
    /// One of the project's tokens.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn token(&self, role: &str) -> Outcome<String> {
        let path = self.project.join("tokens").join(role);
        let text = std::fs::read_to_string(&path).map_err(|e| Fault::about(path.display(), e))?;
        Ok(text.trim().to_owned())
    }
    /// A page as a viewer sees it, after logging in with a form as a person does.
    ///
    /// # Errors
    /// When the login or the page is refused.
    pub fn page(&self, path: &str) -> Outcome<String> {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_global(Some(REQUEST_TIME))
            .max_redirects(0)
            .build()
            .into();
        let login = format!("{}/login", self.address());
        let form = [("token", self.token("viewer")?)];
        // As a browser does; a form from elsewhere is refused.
        let request = agent.post(&login).header("Origin", self.address());
        let answer = request.send_form(form).map_err(|e| Fault::about(&login, e))?;
        let cookie = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok());
        let cookie = cookie.and_then(|value| value.split(';').next()).unwrap_or_default();
        let url = format!("{}{path}", self.address());
        let request = agent.get(&url).header("Cookie", cookie);
        let mut answer = request.call().map_err(|error| Fault::about(&url, error))?;
        answer.body_mut().read_to_string().map_err(|error| Fault::about(&url, error))
    }
    /// A document of the server's API, as a viewer.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    pub fn api(&self, path: &str) -> Outcome<Value> {
        let text = get(&format!("{}{path}", self.address()), Some(&self.token("viewer")?))?;
        serde_json::from_str(&text).map_err(|error| Fault::about(path, error))
    }
}

/// The body of a page or document.
///
/// # Errors
/// When it cannot be had.
pub fn get(url: &str, token: Option<&str>) -> Outcome<String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(REQUEST_TIME)).build().into();
    let mut request = agent.get(url);
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let mut answer = request.call().map_err(|error| Fault::about(url, error))?;
    answer.body_mut().read_to_string().map_err(|error| Fault::about(url, error))
}
