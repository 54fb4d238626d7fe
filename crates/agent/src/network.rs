//! The network side, a thread of its own: polls, verifies, fetches, tastes, reports. The machine
//! side never waits for it.

mod floors;

use crate::config::Config;
use crate::http::{Content, Http, Tuf};
use crate::journal::wall_ms;
use crate::report::Queue;
use crate::store::Store;
use crate::taste::{self, NotTasted};
use crate::verify::{self, NotVerified, Verified};
use decide::endpoint::{FenceView, OfferView};
use decide::exposure::{Threshold, stratum_of};
use decide::health::liveness::MISSES;
use decide::id::{Digest, ReleaseRef, StratumName};
use decide::time::{Span, Time};
use floors::FloorsFile;
use sandbox::Launcher;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use trust::client::{Client, DirectoryStore, TrustError};
use wire::fence::{Cadence, Fence, OfferState};
use wire::report::{Enroll, Enrolled, Reports, ReportsTaken};

/// Time between two polls before a fence has said otherwise.
pub const POLL_FIRST: Span = Span::seconds(2);
/// Longest pause after failures.
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// How often the pause doubles after failures.
const DOUBLINGS_MAX: u32 = 4;
/// Largest fence.
const FENCE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What the machine side asks for.
#[derive(Debug)]
pub enum Ask {
    /// Fetch, verify and taste this release.
    Prepare(ReleaseRef),
    /// Send reports now.
    Flush,
    /// Stop.
    Stop,
}

/// A verified fence as this machine sees it.
#[derive(Clone, Debug)]
pub struct Heard {
    /// What it says.
    pub view: FenceView,
    /// How often to poll and report.
    pub cadence: Cadence,
    /// This machine's stratum by the fence's labels.
    pub stratum: StratumName,
    /// Its owner holds it by the server's record.
    pub held: bool,
}

/// What the network side says.
#[derive(Debug)]
pub enum News {
    /// A completed poll and the fence, changed or not.
    Fence(Heard),
    /// Nobody could be reached.
    Unreachable(String),
    /// What was reached is not believed.
    Distrusted(String),
    /// The release is verified, durable and tasted; the fence was read again right before.
    Ready(ReleaseRef),
    /// The release is refused: `tasted` tells the taste from the verification.
    Refused {
        /// Which.
        release: ReleaseRef,
        /// Why.
        why: String,
        /// True when the consumer itself refused it.
        tasted: bool,
    },
    /// The release could not be had or kept now; it is tried again later.
    Failed(String),
}

/// The thread's state.
pub struct Network {
    config: Config,
    client: Client,
    floors: FloorsFile,
    http: Http,
    queue: Arc<Mutex<Queue>>,
    asks: Receiver<Ask>,
    news: Sender<News>,
    launcher: Launcher,
    token: Option<String>,
    fence: Option<Fence>,
    /// The metadata has changed since the fence was read.
    fence_is_old: bool,
    poll: Span,
    heartbeat: Span,
    poll_failures: u32,
    flush_failures: u32,
    next_poll: Instant,
    next_flush: Instant,
    /// No reports before this, after failures.
    quiet_until: Instant,
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Network {
    /// Opens the trusted state.
    ///
    /// # Errors
    /// When the installed root is unusable or the state cannot be written.
    pub fn open(
        config: Config,
        queue: Arc<Mutex<Queue>>,
        asks: Receiver<Ask>,
        news: Sender<News>,
        launcher: Launcher,
    ) -> Result<Network, String> {
        let say = |what: &str, error: std::io::Error| format!("{what}: {error}");
        let floors = FloorsFile::open(&config.state).map_err(|error| say("floors.bin", error))?;
        let cache =
            DirectoryStore::open(&config.state.join("tuf")).map_err(|error| say("tuf", error))?;
        let name = config.root.display().to_string();
        let root = std::fs::read(&config.root).map_err(|error| say(&name, error))?;
        let client = Client::open(&root, cache, floors.read())
            .map_err(|error| format!("{name}: {error}"))?;
        let token = read_token(&config);
        // Machines that start together must not poll together.
        let share = u64::from(Digest::of(config.machine.as_str().as_bytes()).0[0]);
        let now = Instant::now() + Duration::from_millis(share);
        Ok(Network {
            http: Http::new(&config.server.url, config.server.timeout),
            config,
            client,
            floors,
            queue,
            asks,
            news,
            launcher,
            token,
            fence: None,
            fence_is_old: true,
            poll: POLL_FIRST,
            heartbeat: POLL_FIRST,
            poll_failures: 0,
            flush_failures: 0,
            next_poll: now,
            next_flush: now,
            quiet_until: now,
        })
    }

    /// Runs until told to stop.
    pub fn run(mut self) {
        loop {
            if Instant::now() >= self.next_poll {
                self.poll();
            }
            if Instant::now() >= self.next_flush {
                self.flush();
            }
            let next = self.next_poll.min(self.next_flush);
            match self.asks.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(Ask::Prepare(release)) => self.prepare(&release),
                Ok(Ask::Flush) => self.flush(),
                Ok(Ask::Stop) | Err(RecvTimeoutError::Disconnected) => {
                    self.quiet_until = Instant::now();
                    self.flush();
                    return;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// A span with jitter by the machine's name and the moment, so that a fleet never moves in
    /// step, doubled for each failure.
    fn pause(&self, span: Span, failures: u32) -> Duration {
        let jitter = Digest::of(format!("{}{}", self.config.machine, wall_ms()).as_bytes()).0[0];
        let pause = Duration::from_millis(span.0 * (200 + u64::from(jitter) / 2) / 256);
        (pause * 2u32.pow(failures.min(DOUBLINGS_MAX))).min(BACKOFF_MAX)
    }

    fn say(&self, news: News) {
        // A machine side that has gone takes the process with it; nothing is left to tell.
        let _ = self.news.send(news);
    }

    fn poll(&mut self) -> bool {
        let read = self.read_fence();
        let heard = read.is_ok();
        self.poll_failures = if heard { 0 } else { self.poll_failures.saturating_add(1) };
        let news = match read {
            Ok(heard) => {
                (self.poll, self.heartbeat) = (heard.cadence.poll, heard.cadence.heartbeat);
                News::Fence(heard)
            }
            Err(NotVerified::Later(why)) => News::Unreachable(why),
            Err(NotVerified::Refused(why)) => News::Distrusted(why),
        };
        self.say(news);
        self.next_poll = Instant::now() + self.pause(self.poll, self.poll_failures);
        heard
    }

    /// One conditional read of the timestamp; everything else only when it has changed.
    fn read_fence(&mut self) -> Result<Heard, NotVerified> {
        let now = Time(wall_ms());
        // A refresh that fails half way may have taken a newer snapshot already.
        let was_old = std::mem::replace(&mut self.fence_is_old, true);
        let refresh = self.client.refresh(&mut Tuf(&self.http), now)?;
        self.fence_is_old = was_old || refresh.changed;
        if self.fence_is_old {
            let refused = |error: String| NotVerified::Refused(error);
            let path = Fence::target_path(&self.config.channel);
            let mut tuf = Tuf(&self.http);
            let bytes = self.client.target_though_stale(&path, &mut tuf, FENCE_BYTES_MAX)?;
            let fence: Fence =
                wire::read(&bytes).map_err(|error| refused(format!("{path}: {error}")))?;
            // Before anything acts on it: an older one must never be believed again.
            let saved = self.floors.write(self.client.floors());
            saved.map_err(|error| NotVerified::Later(format!("floors.bin: {error}")))?;
            self.fence = Some(fence);
            self.fence_is_old = false;
        }
        let Some(fence) = &self.fence else { return Err(TrustError::NotRefreshed.into()) };
        // A clock that stands behind must not keep an expired fence fresh.
        let now = now.max(self.client.floors().time);
        let fresh = refresh.is_fresh() && fence.expires > now;
        let stratum = stratum_of(&self.config.labels, &fence.strata, self.config.ring)
            .map_err(|error| NotVerified::Refused(error.to_string()))?;
        let held = fence.held.contains(&self.config.machine);
        Ok(Heard { view: view(fence, &stratum, fresh), cadence: fence.cadence, stratum, held })
    }

    fn prepare(&mut self, release: &ReleaseRef) {
        let verified = verify::release(
            &mut self.client,
            &mut Tuf(&self.http),
            &mut Content(&self.http),
            release,
            &self.config.consumer.version,
            Time(wall_ms()),
        );
        let release = release.clone();
        let news = match verified {
            Err(NotVerified::Later(why)) => News::Failed(why),
            Err(NotVerified::Refused(why)) => News::Refused { release, why, tasted: false },
            Ok(verified) => match self.keep_and_taste(&verified) {
                Err(NotTasted::Later(why)) => News::Failed(why),
                Err(NotTasted::Refused(why)) => News::Refused { release, why, tasted: true },
                // Check before activate: the fence is read again, however recently it was read.
                Ok(()) if self.poll() => News::Ready(release),
                Ok(()) => News::Failed("the fence could not be read again".to_owned()),
            },
        };
        self.say(news);
    }

    fn keep_and_taste(&self, verified: &Verified) -> Result<(), NotTasted> {
        let full = |error: std::io::Error| NotTasted::Later(format!("it cannot be kept: {error}"));
        let store = Store::open(&self.config.state).map_err(full)?;
        let digest = store.keep(verified.bytes()).map_err(full)?;
        taste::taste(&self.config, &self.launcher, &store.content_path(digest))
    }

    /// Sends what waits, unless the server has just failed.
    fn flush(&mut self) {
        let now = Instant::now();
        self.next_flush = now + self.pause(self.heartbeat, 0);
        let batch = self.queue.lock().unwrap_or_else(PoisonError::into_inner).batch();
        if batch.is_empty() || now < self.quiet_until {
            return;
        }
        let body = Reports {
            schema: "ringfence/reports/v1".into(),
            machine: self.config.machine.clone(),
            reports: batch,
        };
        match self.send(&body) {
            Ok(taken) => {
                self.queue.lock().unwrap_or_else(PoisonError::into_inner).taken(taken.sequence);
                let ours = self.fence.as_ref().map_or(0, |fence| fence.number);
                let newest = taken.fences.get(&self.config.channel);
                if self.flush_failures > 0 || newest.is_some_and(|number| *number > ours) {
                    self.next_poll = now;
                }
                self.flush_failures = 0;
            }
            Err(_) => {
                self.flush_failures = self.flush_failures.saturating_add(1);
                // Backing off must not look like silence to a server that has just come back.
                let longest = Duration::from_millis(self.heartbeat.times(MISSES - 1).0);
                let pause = self.pause(self.heartbeat, self.flush_failures);
                self.quiet_until = now + pause.min(longest);
            }
        }
    }

    /// One request, after enrolling where there is no token, or where it is not taken any more.
    fn send(&mut self, body: &Reports) -> Result<ReportsTaken, String> {
        if let Some(token) = &self.token {
            match self.http.post("v1/reports", body, token) {
                Err((401 | 403, _)) => self.token = None,
                answer => return answer.map_err(|(_, why)| why),
            }
        }
        let token = self.enroll()?;
        let answer = self.http.post("v1/reports", body, &token).map_err(|(_, why)| why);
        self.token = Some(token);
        answer
    }

    fn enroll(&mut self) -> Result<String, String> {
        let path = &self.config.server.enroll_token;
        let token =
            std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let body = enrolment(&self.config);
        let enrolled: Enrolled =
            self.http.post("v1/enroll", &body, token.trim()).map_err(|(_, why)| why)?;
        let kept = format!("{}\n{}\n", enrolled.machine_token, about(&body));
        // A token that is not kept is only asked for again.
        let _ = crate::store::write_private(&self.config.state.join("token"), &kept);
        Ok(enrolled.machine_token)
    }
}

/// What this machine says of itself.
fn enrolment(config: &Config) -> Enroll {
    Enroll {
        schema: "ringfence/enroll/v1".into(),
        machine: config.machine.clone(),
        labels: config.labels.clone(),
        ring: config.ring,
        channels: vec![config.channel.clone()],
    }
}

/// A digest of what a machine said when it got its token.
fn about(body: &Enroll) -> Digest {
    Digest::of(&serde_json::to_vec(body).unwrap_or_default())
}

/// The token of an earlier life, if the machine still says the same of itself: with other labels
/// or another ring it enrols anew, so that the server knows them.
fn read_token(config: &Config) -> Option<String> {
    let text = std::fs::read_to_string(config.state.join("token")).ok()?;
    let (token, said) = text.trim_end().split_once('\n')?;
    (said == about(&enrolment(config)).to_string()).then(|| token.to_owned())
}

fn view(fence: &Fence, stratum: &StratumName, fresh: bool) -> FenceView {
    let offers = fence.offers.iter().map(|offer| OfferView {
        release: offer.release.clone(),
        salt: offer.salt.clone(),
        open: offer.state == OfferState::Open,
        reverting: offer.state == OfferState::Reverting,
        below: offer
            .thresholds
            .iter()
            .find(|threshold| threshold.stratum == *stratum)
            .map_or(Threshold::NONE, |threshold| threshold.below),
    });
    FenceView {
        number: fence.number,
        fresh,
        base: fence.base.clone(),
        offers: offers.collect(),
        withdrawn: fence.withdrawn.clone(),
    }
}
