//! What goes wrong while a release goes out, and is not its doing.

/// How long a machine may go on after the newest fence that it can read: then it has expired, and
/// nothing further is taken. A relay that repeats an old fence gains no more than this.
pub const LEASE_S: u64 = 600;

/// Something that lasts, and the share of machines that it concerns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Episode {
    /// Share of machines, 0 to 1.
    pub share: f64,
    /// When it begins, in seconds from the start.
    pub from_s: u64,
    /// When it ends.
    pub until_s: u64,
}

impl Episode {
    /// True while it lasts.
    pub fn lasts(&self, now_s: u64) -> bool {
        (self.from_s..self.until_s).contains(&now_s)
    }
}

/// A relay that repeats what it read at one moment, for ever.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relay {
    /// Share of machines behind it; each read meets it by chance.
    pub share: f64,
    /// The moment.
    pub from_s: u64,
}

/// The weather.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Weather {
    /// A region is out; the share is not looked at, regions are what the fleet says.
    pub region_outage: Option<Episode>,
    /// Reports of some machines are held back; the machines themselves are well.
    pub telemetry_loss: Option<Episode>,
    /// Share of machines whose agent says that all is well when its consumer is dead.
    pub false_reporters: f64,
    /// The control plane is gone: nothing is heard, decided or signed; files are still served.
    pub control_outage: Option<Episode>,
    /// The defect also spoils the known-good file on machines that it harms.
    pub poisoned: bool,
    /// Another release goes out and crashes this share of machines, each once.
    pub other_release: Option<Episode>,
    /// See [`Relay`].
    pub relay: Option<Relay>,
}
