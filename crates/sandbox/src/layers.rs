//! The stage that limits itself and becomes the consumer.

use crate::command::{Command, Limits};
use crate::outcome::Strength;
use crate::protocol::{self, EXIT_BROKEN, MARK};
use landlock::{
    ABI, Access, AccessFs, AccessNet, Compatible, LandlockStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope, path_beneath_rules,
};
use nix::libc;
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

/// What every program may read and execute.
const SYSTEM: [&str; 10] =
    ["/bin", "/etc", "/lib", "/lib32", "/lib64", "/nix/store", "/opt", "/proc", "/sbin", "/usr"];
/// Devices that every program may use.
const DEVICES: [&str; 5] = ["/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"];
/// Newest Landlock that is asked for; an older kernel gives what it has.
const LANDLOCK: ABI = ABI::V6;

/// System calls that no consumer of data needs; using one ends the process, and is seen.
const FATAL: &[i64] = &[
    libc::SYS_bpf,
    libc::SYS_delete_module,
    libc::SYS_finit_module,
    libc::SYS_init_module,
    libc::SYS_kexec_file_load,
    libc::SYS_kexec_load,
    libc::SYS_mount,
    libc::SYS_pivot_root,
    libc::SYS_reboot,
    libc::SYS_setns,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_umount2,
];
/// System calls that honest programs try and can do without; they fail. io_uring is among them
/// because it opens sockets past this filter.
const FAILING: &[i64] = &[
    libc::SYS_add_key,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_keyctl,
    libc::SYS_perf_event_open,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_request_key,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
];

/// Puts every layer on, says which, and becomes the consumer.
pub(crate) fn main() -> i32 {
    let Some(task) = protocol::read_task() else { return EXIT_BROKEN };
    let command = task.command;
    let mut strength = Strength::default();
    let (name, arguments) =
        command.argv.split_first().map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
    let program = find(Path::new(name));
    let entered = std::env::set_current_dir(&command.work)
        .map_err(|error| format!("{}: {error}", command.work.display()));
    let privileges = rustix::thread::set_no_new_privs(true).map_err(|error| error.to_string());
    strength.add("privileges", privileges.map(|()| String::new()));
    if task.strength.has("user") {
        strength.add("identity", crate::namespaces::become_nobody());
    }
    strength.add("landlock", landlock(&command, program.as_deref()));
    strength.add("limits", limits(&command.limits, &task.strength));
    strength.add("seccomp", seccomp(!task.strength.has("net")));
    let line = serde_json::to_string(&strength).unwrap_or_default();
    let mut stderr = std::io::stderr();
    if writeln!(stderr, "{MARK}{line}").is_err() {
        return EXIT_BROKEN;
    }
    let why = match (entered, program) {
        (Err(why), _) => why,
        (Ok(()), None) => format!("there is no program '{name}'"),
        (Ok(()), Some(program)) => {
            // Only returns when it failed.
            let error = std::process::Command::new(&program).args(arguments).exec();
            format!("{}: {error}", program.display())
        }
    };
    let _ = writeln!(stderr, "{MARK}{}", why.replace('\n', " "));
    EXIT_BROKEN
}

/// The program's file.
fn find(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 || program.is_absolute() {
        return program.is_file().then(|| program.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|p| p.is_file())
}

fn landlock(command: &Command, program: Option<&Path>) -> Result<String, String> {
    let read = AccessFs::from_read(LANDLOCK);
    let beside = program.and_then(Path::parent).filter(|parent| *parent != Path::new("/"));
    let readable = SYSTEM.iter().map(Path::new);
    let readable = readable.chain(beside).chain(command.readable.iter().map(PathBuf::as_path));
    let device = AccessFs::ReadFile | AccessFs::WriteFile;
    let restricted = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(LANDLOCK)))
        .and_then(|rules| rules.scope(Scope::from_all(LANDLOCK)))
        .and_then(|rules| rules.create())
        .and_then(|rules| {
            // The network namespace is empty; binding a port in it harms nobody.
            rules
                .set_compatibility(landlock::CompatLevel::BestEffort)
                .add_rules(path_beneath_rules(readable, read))
        })
        .and_then(|rules| rules.add_rules(path_beneath_rules(DEVICES, device)))
        .and_then(|rules| {
            rules.add_rules(path_beneath_rules([&command.work], AccessFs::from_all(LANDLOCK)))
        })
        .and_then(|rules| rules.restrict_self());
    match restricted {
        Ok(status) => match (status.ruleset, status.landlock) {
            (RulesetStatus::NotEnforced, _) => Err("not in this kernel".to_owned()),
            (_, LandlockStatus::Available { effective_abi, .. }) => {
                Ok(format!("ABI {}", effective_abi as i32))
            }
            (_, _) => Ok("in part".to_owned()),
        },
        Err(error) => Err(error.to_string()),
    }
}

fn limits(limits: &Limits, strength: &Strength) -> Result<String, String> {
    let set = |resource, value: u64, hard: u64| {
        setrlimit(resource, Rlimit { current: Some(value), maximum: Some(hard) })
            .map_err(|error| format!("{resource:?}: {error}"))
    };
    let both = |resource, value| set(resource, value, value);
    both(Resource::Core, 0)?;
    // The soft limit's signal can be caught; the hard limit's cannot.
    set(Resource::Cpu, limits.cpu_seconds.max(1), limits.cpu_seconds.max(1) + 1)?;
    both(Resource::Fsize, limits.file_bytes)?;
    both(Resource::Nofile, limits.files)?;
    both(Resource::Stack, limits.stack_bytes)?;
    if strength.has("user") {
        // Without a namespace of its own the limit would count everything the user runs.
        both(Resource::Nproc, limits.processes)?;
    }
    both(Resource::As, limits.memory_bytes)?;
    Ok(String::new())
}

fn seccomp(deny_network: bool) -> Result<String, String> {
    let arch: TargetArch =
        std::env::consts::ARCH.try_into().map_err(|_| "unknown processor".to_owned())?;
    let mut failing: BTreeMap<i64, Vec<SeccompRule>> =
        FAILING.iter().map(|call| (*call, Vec::new())).collect();
    if deny_network {
        let local = u64::from(libc::AF_UNIX.unsigned_abs());
        let condition = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, local);
        let rule = condition.and_then(|condition| SeccompRule::new(vec![condition]));
        failing.insert(libc::SYS_socket, vec![rule.map_err(|error| error.to_string())?]);
    }
    let fatal = FATAL.iter().map(|call| (*call, Vec::new())).collect();
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    for (rules, action) in [(failing, denied), (fatal, SeccompAction::KillProcess)] {
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, action, arch)
            .map_err(|error| error.to_string())?;
        let program: BpfProgram = filter.try_into().map_err(|error| format!("{error}"))?;
        seccompiler::apply_filter(&program).map_err(|error| error.to_string())?;
    }
    Ok(String::new())
}
