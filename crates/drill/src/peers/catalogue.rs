//! The policies, one entry each.

use super::judge::Judge;
use super::{Peer, Steps, Stop};

const MIN: u64 = 60;
const HOUR: u64 = 3_600;

/// A tool that nobody judges, with the previous file put back by people.
const BLIND: Peer = Peer {
    id: "",
    product: "",
    source: "",
    assumed: "",
    steps: Steps::Clock(&[(1_000, 0)]),
    judge: Judge::None,
    stop: Stop::Pause,
    poll_s: 5 * MIN,
    bake_s: 0,
    undoes_when_cut_off: false,
};

/// All of them, in the order of tables.
pub static PEERS: [Peer; 15] = [
    Peer {
        id: "appconfig_linear",
        product: "AWS AppConfig, Linear20PercentEvery6Minutes",
        source: "AppConfig predefined strategies: 20 % every 6 min, bake 30 min; alarm or no data rolls back",
        assumed: "the alarm is on 1 % of machines failing; clients ask every 45 s",
        steps: Steps::Clock(&[
            (200, 0),
            (400, 6 * MIN),
            (600, 12 * MIN),
            (800, 18 * MIN),
            (1_000, 24 * MIN),
        ]),
        judge: Judge::Alarm { permille: 10 },
        stop: Stop::RollBack,
        poll_s: 45,
        bake_s: 30 * MIN,
        ..BLIND
    },
    Peer {
        id: "appconfig_canary",
        product: "AWS AppConfig, Canary10Percent20Minutes",
        source: "AppConfig predefined strategies: 10 % growing over 20 min, bake 10 min; alarm or no data rolls back",
        assumed: "10, 20, 40, 80, 100 % in equal spaces; the alarm is on 1 % of machines failing",
        steps: Steps::Clock(&[
            (100, 0),
            (200, 5 * MIN),
            (400, 10 * MIN),
            (800, 15 * MIN),
            (1_000, 20 * MIN),
        ]),
        judge: Judge::Alarm { permille: 10 },
        stop: Stop::RollBack,
        poll_s: 45,
        bake_s: 10 * MIN,
        ..BLIND
    },
    Peer {
        id: "hawkbit_default",
        product: "Eclipse hawkBit, defaults of its rollout dialogue",
        source: "hawkBit rollouts: groups, error threshold 50 % pauses, success threshold 50 % opens the next; poll 5 min",
        assumed: "10 groups; a device says it is done after 60 s; no rollback",
        steps: Steps::Groups(10),
        judge: Judge::Thresholds { done: 500, failed_above: 500 },
        ..BLIND
    },
    Peer {
        id: "hawkbit_strict",
        product: "Eclipse hawkBit, strictest thresholds",
        source: "hawkBit rollouts: success threshold 100 %, error threshold 0; poll 5 min",
        assumed: "10 groups; a device that is off keeps its group open",
        steps: Steps::Groups(10),
        judge: Judge::Thresholds { done: 1_000, failed_above: 0 },
        ..BLIND
    },
    Peer {
        id: "mender_typical",
        product: "Mender, phased rollout as its documentation shows",
        source: "Mender phases 5, 15 and 80 %, poll 30 min; a device that cannot reach the server rolls back",
        assumed: "48 h between phases; nobody but people stops it",
        steps: Steps::Clock(&[(50, 0), (200, 48 * HOUR), (1_000, 96 * HOUR)]),
        poll_s: 30 * MIN,
        undoes_when_cut_off: true,
        ..BLIND
    },
    Peer {
        id: "fcos_ramp",
        product: "Fedora CoreOS, stable stream",
        source: "Cincinnati and Zincati: linear over 48 h by a hash of the machine; poll 5 min; no gate",
        assumed: "people stop it as late as the record says",
        steps: Steps::Linear(48 * HOUR),
        ..BLIND
    },
    Peer {
        id: "nebraska_stock",
        product: "Nebraska (Flatcar), stock group",
        source: "Nebraska default group: 999,999 updates a minute, safe mode off, timeout 60 min",
        assumed: "clients ask every 45 min",
        poll_s: 45 * MIN,
        ..BLIND
    },
    Peer {
        id: "flagger",
        product: "Flagger, as its documentation shows",
        source: "Flagger canary: 5 to 50 % in steps of 5 % a minute, success 99 %, no data fails, 10 failed checks roll back",
        assumed: "the weight is a share of machines; success is the share of reporting machines that are up",
        steps: Steps::Shares(&[50, 100, 150, 200, 250, 300, 350, 400, 450, 500, 1_000]),
        judge: Judge::Checks {
            every_s: 60,
            success: 990,
            strikes: 10,
            no_data_fails: true,
            advances: true,
        },
        stop: Stop::RollBack,
        poll_s: 15,
        ..BLIND
    },
    Peer {
        id: "argo_canary",
        product: "Argo Rollouts, getting-started canary",
        source: "Argo getting started: 20 %, a pause, then 40, 60, 80 % with 10 s each; failureLimit 0 aborts",
        assumed: "a person resumes after 10 min; success 95 %, measured every 60 s; silence is not measured",
        steps: Steps::Clock(&[(200, 0), (400, 600), (600, 610), (800, 620), (1_000, 630)]),
        judge: Judge::Checks {
            every_s: 60,
            success: 950,
            strikes: 1,
            no_data_fails: false,
            advances: false,
        },
        stop: Stop::RollBack,
        poll_s: 15,
        ..BLIND
    },
    Peer {
        id: "kayenta_default",
        product: "Kayenta, default judge",
        source: "Kayenta: canary against as large a baseline, interval 30 min, 98 %, tolerance 0.25; a group without data scores 100",
        assumed: "the canary is 5 % of machines, three intervals, then everybody",
        steps: Steps::Shares(&[50, 1_000]),
        judge: Judge::Compare { every_s: 30 * MIN, rounds: 3, ratio: 1.25 },
        stop: Stop::RollBack,
        poll_s: 60,
        ..BLIND
    },
    Peer {
        id: "growthbook_safe",
        product: "GrowthBook, safe rollout",
        source: "GrowthBook: 10, 25, 50, 75, 100 % over the first quarter of the time; one-sided sequential test on guardrails",
        assumed: "one day in all; the guardrail is the crash rate, at 3 standard deviations; clients ask every 60 s",
        steps: Steps::Clock(&[
            (100, 0),
            (250, 90 * MIN),
            (500, 180 * MIN),
            (750, 270 * MIN),
            (1_000, 360 * MIN),
        ]),
        judge: Judge::Sequential { deviations: 3.0 },
        stop: Stop::RollBack,
        poll_s: 60,
        bake_s: 18 * HOUR,
        ..BLIND
    },
    Peer {
        id: "aws_iot_jobs",
        product: "AWS IoT Jobs",
        source: "IoT Jobs: exponential rollout rate, abort on FAILED and TIMED_OUT after a minimum of executed things; no rollback",
        assumed: "50 a minute, doubled each 1,000, at most 1,000 a minute; abort from 20 % of 200; timeout 60 min",
        steps: Steps::Rate { a_minute: 50, limit: 1_000 },
        judge: Judge::Abort { permille: 200, executed_min: 200 },
        poll_s: 15,
        bake_s: 2 * HOUR,
        ..BLIND
    },
    Peer {
        id: "azure_device_update",
        product: "Azure Device Update for IoT Hub",
        source: "Device Update: rolls back a deployment when a share or a number of failed devices is exceeded",
        assumed: "groups of 1, 10, 100 % an hour apart; 10 % or 30 devices; devices ask every 60 s",
        steps: Steps::Clock(&[(10, 0), (100, HOUR), (1_000, 2 * HOUR)]),
        judge: Judge::Failures { permille: 100, count: 30 },
        stop: Stop::RollBack,
        poll_s: 60,
        bake_s: 2 * HOUR,
        ..BLIND
    },
    Peer {
        id: "ansible_serial",
        product: "Ansible, serial",
        source: "Ansible: serial 1, 10 %, 100 %; max_fail_percentage; a host that cannot be reached has failed",
        assumed: "10 % may fail; a play waits 10 min for a host and checks its service; no rollback",
        steps: Steps::Shares(&[0, 100, 1_000]),
        judge: Judge::Batch { failed_above: 100, patience_s: 10 * MIN },
        poll_s: 30,
        ..BLIND
    },
    Peer {
        id: "gandalf_like",
        product: "a judge like Gandalf over a staged rollout",
        source: "Gandalf (NSDI 2020): a judge of about 5 min and one of about 3 h, precision 92.4 %, recall 100 %",
        assumed: "1, 10, 50, 100 % an hour apart; 3 standard deviations; its false stops are not drawn",
        steps: Steps::Clock(&[(10, 0), (100, HOUR), (500, 2 * HOUR), (1_000, 3 * HOUR)]),
        judge: Judge::TwoHorizons { deviations: 3.0 },
        stop: Stop::RollBack,
        poll_s: 60,
        bake_s: 24 * HOUR,
        ..BLIND
    },
];
