//! How a command ends, as every script may rely on it.

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done, and good.
    Good,
    /// The verdict is against: refused, halted.
    Against,
    /// The command or a configuration file is wrong.
    Usage,
    /// Nothing was decided: nothing checked, no signal, a wait that ran out.
    Undecided,
    /// Not trusted, or not allowed.
    Trust,
    /// The server cannot be reached.
    Unreachable,
    /// A person stopped the command.
    Interrupted,
}

impl Exit {
    /// Every ending, in order of its code.
    pub(crate) const ALL: [Exit; 7] = [
        Exit::Good,
        Exit::Against,
        Exit::Usage,
        Exit::Undecided,
        Exit::Trust,
        Exit::Unreachable,
        Exit::Interrupted,
    ];

    /// The process's exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Good => 0,
            Exit::Against => 1,
            Exit::Usage => 2,
            Exit::Undecided => 3,
            Exit::Trust => 4,
            Exit::Unreachable => 5,
            Exit::Interrupted => 130,
        }
    }

    /// What it means, in a few words.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Exit::Good => "good",
            Exit::Against => "verdict against: refused, halted",
            Exit::Usage => "usage or configuration",
            Exit::Undecided => "undecided: nothing was checked, no signal, a wait that ran out",
            Exit::Trust => "trust or permission",
            Exit::Unreachable => "unreachable",
            Exit::Interrupted => "interrupted",
        }
    }
}
