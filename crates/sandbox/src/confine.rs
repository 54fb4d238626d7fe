//! The launcher's side: take rights away, then become the consumer.

use crate::Command;
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, path_beneath_rules,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

/// The hidden first argument that makes a program its own launcher.
pub(crate) const LAUNCH: &str = "__ringfence_sandbox";
/// The hidden first argument that prints the strength.
pub(crate) const PROBE: &str = "__ringfence_sandbox_probe";
/// Exit code of a launcher that could not become the consumer.
pub(crate) const NOT_STARTED: i32 = 125;
/// System paths that a consumer may read.
const SYSTEM: [&str; 9] =
    ["/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc", "/proc", "/dev", "/opt"];

/// Which layers the kernel granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Strength {
    /// Time, memory, files, processes.
    pub limits: bool,
    /// No new rights by set-user-id programs.
    pub no_new_privileges: bool,
    /// Only the work directory may be written, only named places read.
    pub files: bool,
    /// No network, no way out of the process group, no debugging or mounting.
    pub system_calls: bool,
}

impl Strength {
    /// In words, for reports.
    pub fn words(&self) -> String {
        let layers = [
            (self.limits, "rlimits"),
            (self.no_new_privileges, "no-new-privileges"),
            (self.files, "landlock"),
            (self.system_calls, "seccomp (no network)"),
        ];
        let on: Vec<&str> = layers.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect();
        let off: Vec<&str> = layers.iter().filter(|(on, _)| !*on).map(|(_, name)| *name).collect();
        match (on.is_empty(), off.is_empty()) {
            (_, true) => on.join(", "),
            (true, _) => "none".into(),
            _ => format!("{} (missing: {})", on.join(", "), off.join(", ")),
        }
    }
    /// True when files and system calls are confined: enough to run hostile input.
    pub fn confines(&self) -> bool {
        self.files && self.system_calls
    }
}

/// Becomes the consumer if this process was started as a launcher; returns at once otherwise.
/// Must be the first thing in `main`, before any thread exists.
pub fn launcher_main() {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        Some(first) if first == LAUNCH => {
            let spec = arguments.next().and_then(|text| text.into_string().ok());
            let command = spec.and_then(|text| serde_json::from_str::<Command>(&text).ok());
            let Some(command) = command else {
                eprintln!("sandbox: the launcher was started without a command");
                std::process::exit(NOT_STARTED);
            };
            become_consumer(&command);
        }
        Some(first) if first == PROBE => {
            let work = arguments.next().map_or_else(|| PathBuf::from("/nonexistent"), PathBuf::from);
            let command = Command {
                argv: Vec::new(),
                work,
                readable: Vec::new(),
                limits: crate::Limits::default(),
            };
            let strength = confine(&command);
            println!("{}", serde_json::to_string(&strength).unwrap_or_default());
            std::process::exit(0);
        }
        _ => {}
    }
}

fn become_consumer(command: &Command) {
    if std::env::set_current_dir(&command.work).is_err() {
        eprintln!("sandbox: cannot enter {}", command.work.display());
        std::process::exit(NOT_STARTED);
    }
    confine(command);
    let Some((program, arguments)) = command.argv.split_first() else {
        eprintln!("sandbox: there is no command");
        std::process::exit(NOT_STARTED);
    };
    let error = std::process::Command::new(program).args(arguments).exec();
    eprintln!("sandbox: cannot start {program}: {error}");
    std::process::exit(NOT_STARTED);
}

/// Applies every layer that the kernel grants, and says which.
fn confine(command: &Command) -> Strength {
    // Its own group first, so that the whole tree can be killed; seccomp then forbids leaving it.
    let _ = rustix::process::setsid();
    Strength {
        limits: limit(command),
        no_new_privileges: rustix::thread::set_no_new_privs(true).is_ok(),
        files: restrict_files(command),
        system_calls: restrict_calls(),
    }
}

fn limit(command: &Command) -> bool {
    let limits = &command.limits;
    let rows = [
        (Resource::As, limits.memory_bytes),
        (Resource::Cpu, limits.cpu_seconds),
        (Resource::Fsize, limits.file_bytes),
        (Resource::Nofile, limits.files),
        (Resource::Nproc, limits.processes),
        (Resource::Core, 0),
    ];
    rows.into_iter().all(|(resource, value)| {
        setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) }).is_ok()
    })
}

fn restrict_files(command: &Command) -> bool {
    let abi = ABI::V5;
    let mut readable: Vec<&Path> = SYSTEM.iter().map(Path::new).collect();
    readable.extend(command.readable.iter().map(PathBuf::as_path));
    readable.retain(|path| path.exists());
    let apply = || -> Result<RulesetStatus, landlock::RulesetError> {
        let ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))?
            .handle_access(AccessNet::from_all(abi))?
            .create()?
            .add_rules(path_beneath_rules(readable, AccessFs::from_read(abi)))?
            .add_rules(path_beneath_rules([&command.work], AccessFs::from_all(abi)))?
            .add_rules(path_beneath_rules(
                ["/dev/null"],
                AccessFs::ReadFile | AccessFs::WriteFile,
            ))?;
        Ok(ruleset.restrict_self()?.ruleset)
    };
    matches!(apply(), Ok(RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced))
}

/// System calls that no consumer of a data file needs on a trial.
const FORBIDDEN: &[i64] = &[
    libc::SYS_ptrace,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_kexec_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_setsid,
    libc::SYS_setpgid,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_io_uring_setup,
];

fn restrict_calls() -> bool {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        FORBIDDEN.iter().map(|call| (*call, Vec::new())).collect();
    // Sockets of any family but AF_UNIX: no network, whatever namespace this is.
    let unix = u64::from(libc::AF_UNIX.unsigned_abs());
    let Ok(condition) = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, unix)
    else {
        return false;
    };
    let Ok(rule) = SeccompRule::new(vec![condition]) else { return false };
    rules.insert(libc::SYS_socket, vec![rule]);
    let Ok(arch) = std::env::consts::ARCH.try_into() else { return false };
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, denied, arch);
    let program: Option<BpfProgram> = filter.ok().and_then(|filter| filter.try_into().ok());
    program.is_some_and(|program| seccompiler::apply_filter(&program).is_ok())
}
