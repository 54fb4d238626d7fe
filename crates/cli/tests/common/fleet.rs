//! A server process, and machines that only speak.

use super::Environment;
use decide::id::{Digest, MachineId, Ring};
use decide::time::Span;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use wire::Document as _;
use wire::report::{Enroll, Enrolled, Report, Reports, RunningRelease, What};

/// `ringfence serve` on a free port; ends with its owner.
pub struct Server {
    child: Child,
    pub url: String,
}

impl Server {
    pub fn start(environment: &Environment) -> Server {
        Server::start_at(environment, "127.0.0.1:0")
    }

    pub fn start_at(environment: &Environment, address: &str) -> Server {
        let mut command = environment.command(&["serve", "--listen", address]);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("serve starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("piped");
        BufReader::new(out).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("listening on ").expect("the address").to_owned();
        Server { child, url }
    }
}

impl Server {
    /// Ends it as a power cut would.
    pub fn kill(&mut self) {
        // A process that has ended already is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What all machines do when they speak.
#[derive(Clone, Copy, Debug)]
pub enum Act {
    /// They run their seed.
    Seed,
    /// They take the release and are well.
    Takes(u64, Digest),
    /// They take the release and it kills their consumer; they put the old one back.
    Crashes(u64, Digest),
}

/// Machines that report what they are told to.
pub struct Fleet {
    act: Arc<Mutex<Act>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Time between two reports of a machine.
const PERIOD: Duration = Duration::from_millis(100);

struct Speaker {
    machine: MachineId,
    token: String,
    sequence: u64,
}

fn post<T: Serialize>(url: &str, token: &str, body: &T) -> Option<Vec<u8>> {
    let bytes = serde_json::to_vec(body).expect("JSON");
    let mut answer = ureq::post(url)
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .send(&bytes[..])
        .ok()?;
    answer.body_mut().read_to_vec().ok()
}

impl Fleet {
    /// Enrols `count` machines of one stratum, which then report until the fleet is dropped.
    pub fn enrol(environment: &Environment, url: &str, count: u64) -> Fleet {
        let enroll = std::fs::read_to_string(environment.file("tokens/enroll")).expect("a token");
        let mut speakers: Vec<Speaker> =
            (1..=count).map(|number| speaker(url, enroll.trim(), &format!("m-{number}"))).collect();
        let (act, stop) = (Arc::new(Mutex::new(Act::Seed)), Arc::new(AtomicBool::new(false)));
        let (told, ended, url) = (Arc::clone(&act), Arc::clone(&stop), url.to_owned());
        speakers.iter_mut().for_each(|one| one.speak(&url, Act::Seed));
        let thread = std::thread::spawn(move || {
            while !ended.load(Ordering::SeqCst) {
                let act = *told.lock().expect("no panic");
                speakers.iter_mut().for_each(|one| one.speak(&url, act));
                std::thread::sleep(PERIOD);
            }
        });
        Fleet { act, stop, thread: Some(thread) }
    }

    pub fn act(&self, act: Act) {
        *self.act.lock().expect("no panic") = act;
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn speaker(url: &str, token: &str, name: &str) -> Speaker {
    let machine: MachineId = name.parse().expect("a name");
    let labels = BTreeMap::from([
        ("os".to_owned(), "linux".to_owned()),
        ("consumer".to_owned(), "7.11".to_owned()),
        ("region".to_owned(), "eu".to_owned()),
    ]);
    let enroll = Enroll {
        schema: Enroll::SCHEMA.to_owned(),
        machine: machine.clone(),
        labels,
        ring: Ring::Early,
        channels: vec!["ipc-rules".parse().expect("a name")],
    };
    let answer = post(&format!("{url}/v1/enroll"), token, &enroll).expect("enrolled");
    let enrolled: Enrolled = wire::read(&answer).expect("an answer");
    Speaker { machine, token: enrolled.machine_token, sequence: 0 }
}

impl Speaker {
    fn speak(&mut self, url: &str, act: Act) {
        let reports = self.reports(act);
        self.sequence += reports.reports.len() as u64;
        // A report that is lost is one that was never heard; the next one comes.
        let _ = post(&format!("{url}/v1/reports"), &self.token, &reports);
    }

    fn reports(&self, act: Act) -> Reports {
        let (words, number, digest): (&[What], u64, Digest) = match act {
            Act::Seed => (&[What::Healthy], 0, Digest::of(b"seed")),
            Act::Takes(number, digest) => {
                (&[What::Attempted, What::Loaded, What::Healthy], number, digest)
            }
            Act::Crashes(number, digest) => {
                (&[What::Attempted, What::Crashed, What::Reverted], number, digest)
            }
        };
        let report = |(index, what): (usize, &What)| Report {
            sequence: self.sequence + 1 + index as u64,
            channel: "ipc-rules".parse().expect("a name"),
            age: Span::ZERO,
            what: *what,
            release: RunningRelease { number, digest },
            detail: String::new(),
            events: None,
            decisions: None,
            rss_kib: None,
            fence: 1,
        };
        Reports {
            schema: Reports::SCHEMA.to_owned(),
            machine: self.machine.clone(),
            reports: words.iter().enumerate().map(report).collect(),
        }
    }
}

/// A message of a machine, as JSON.
pub fn sample() -> serde_json::Value {
    let machine = "m-1".parse().expect("a name");
    let speaker = Speaker { machine, token: String::new(), sequence: 0 };
    serde_json::to_value(speaker.reports(Act::Crashes(1, Digest::of(b"x")))).expect("JSON")
}
