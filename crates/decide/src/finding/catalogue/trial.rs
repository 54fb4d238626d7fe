//! Codes RF0200 to RF0299: trial.

use super::Entry;
use crate::reason::Code;

const fn entry(code: u16, title: &'static str, explanation: &'static str) -> Entry {
    Entry { code: Code(code), title, explanation }
}

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[
    entry(
        201,
        "a consumer crashes",
        "The real consumer died while it loaded or executed the exact bytes that would ship. The file must not ship while this version is in the field. Replay the run, fix the file, or retire the version.",
    ),
    entry(
        202,
        "a consumer hangs",
        "The real consumer did not finish within its time on the exact bytes that would ship. On a machine it would hang or be killed by its watchdog.",
    ),
    entry(
        203,
        "a consumer refuses the file",
        "The consumer refused the file cleanly, with an exit code that the contract declares. Machines with this version would keep what they run; if that is intended, narrow who gets the file.",
    ),
    entry(
        204,
        "a consumer could not be run",
        "The consumer's program is missing or could not be started, so nothing is known about this version. Nothing known is never a pass. Look at the contract's commands and at --bin.",
    ),
    entry(
        205,
        "a landmine",
        "The candidate itself is fine, but a small change of it kills this consumer. Sooner or later somebody ships such a file. Fix the consumer, or tighten the contract so that check refuses the change; the landmine is kept and tried again in every later trial.",
    ),
    entry(
        206,
        "an undeclared ending",
        "The consumer ended with an exit code that the contract declares neither as loaded nor as refused. Declare it, or find out what it means.",
    ),
    entry(
        207,
        "a weak sandbox",
        "The kernel did not grant all layers of the sandbox. The trial ran, but hostile input could have done more than it should. Run trials on a kernel with Landlock and seccomp.",
    ),
    entry(
        208,
        "never executed",
        "The consumer loaded the file but no events were executed on it. The file of July 2024 loaded well and killed the sensor on the first matching event. Give the contract event files.",
    ),
    entry(
        209,
        "a consumer runs out of memory",
        "The real consumer needed more memory for the exact bytes that would ship than its contract allows, and died of it. Look for a count or a repetition that has grown, or raise memory_mib if the machines in the field really have that much.",
    ),
    entry(
        210,
        "a consumer breaks out of what it may do",
        "While it read the exact bytes that would ship, the consumer did what no reader of data needs and was stopped by the sandbox: it used a forbidden system call or wrote without end. Treat the file as hostile until that is explained.",
    ),
    entry(
        211,
        "a consumer complains about the file",
        "The consumer loaded the file and wrote to standard error. Before more than one outage a new warning was the only early sign. Compare it with what the consumer says about the last good release.",
    ),
];
