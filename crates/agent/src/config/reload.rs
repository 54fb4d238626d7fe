//! How a consumer takes another file.

use rustix::process::Signal;
use serde::Deserialize;

/// `restart`, or a signal: `signal:HUP`, `signal:USR1`, `signal:USR2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Reload {
    /// It is ended and started again.
    #[default]
    Restart,
    /// It reads its file again on a signal.
    Signal(Signal),
}

impl TryFrom<String> for Reload {
    type Error = String;
    fn try_from(text: String) -> Result<Reload, String> {
        match text.as_str() {
            "restart" => Ok(Reload::Restart),
            "signal:HUP" => Ok(Reload::Signal(Signal::HUP)),
            "signal:USR1" => Ok(Reload::Signal(Signal::USR1)),
            "signal:USR2" => Ok(Reload::Signal(Signal::USR2)),
            _ => Err(format!(
                "'{text}' is not a way to reload: write restart, signal:HUP, signal:USR1 or signal:USR2"
            )),
        }
    }
}
