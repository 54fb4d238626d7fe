//! The stage that leaves the caller's namespaces, as far as the system allows.

use crate::outcome::Strength;
use crate::protocol::{self, EXIT_BROKEN};
use nix::sched::{CloneFlags, unshare};
use rustix::process::{Signal, getgid, getuid, set_parent_process_death_signal};

/// The user who owns nothing.
const NOBODY: u32 = 65_534;

/// Leaves the namespaces, starts the supervisor in the new ones, and waits for it.
pub(crate) fn main() -> i32 {
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let Some(mut task) = protocol::read_task() else { return EXIT_BROKEN };
    leave(&mut task.strength);
    let Ok(mut supervisor) = protocol::next_stage(protocol::SUPERVISOR).spawn() else {
        return EXIT_BROKEN;
    };
    if protocol::hand_over(&mut supervisor, &task).is_err() {
        let _ = supervisor.kill();
    }
    match supervisor.wait() {
        Ok(status) if status.success() => 0,
        _ => EXIT_BROKEN,
    }
}

fn leave(strength: &mut Strength) {
    // Who the process is, before it is a stranger in its own namespace.
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    let left = unshare(CloneFlags::CLONE_NEWUSER).map_err(|error| error.desc().to_owned());
    let mapped =
        left.and_then(|()| map((user, user), (group, group)).map_err(|error| error.to_string()));
    strength.add("user", mapped.map(|()| String::new()));
    let rest = [
        ("pid", CloneFlags::CLONE_NEWPID),
        ("net", CloneFlags::CLONE_NEWNET),
        ("ipc", CloneFlags::CLONE_NEWIPC),
    ];
    for (name, flag) in rest {
        let left = unshare(flag).map_err(|error| error.desc().to_owned());
        strength.add(name, left.map(|()| String::new()));
    }
}

/// User and group inside and outside, and nobody else.
fn map(user: (u32, u32), group: (u32, u32)) -> std::io::Result<()> {
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("{} {} 1", user.0, user.1))?;
    std::fs::write("/proc/self/gid_map", format!("{} {} 1", group.0, group.1))
}

/// Root inside becomes nobody, in one more user namespace. Many programs behave otherwise as root:
/// they change owners, which the namespace cannot grant, and refuse a good file for that.
pub(crate) fn become_nobody() -> Result<String, String> {
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    if user != 0 {
        return Ok(format!("user {user}"));
    }
    unshare(CloneFlags::CLONE_NEWUSER).map_err(|error| error.desc().to_owned())?;
    map((NOBODY, user), (NOBODY, group)).map_err(|error| error.to_string())?;
    Ok(format!("user {NOBODY}"))
}
