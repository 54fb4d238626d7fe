//! Codes RF0400 to RF0499: rollout.

use super::Entry;
use crate::reason::Code;

const fn entry(code: u16, title: &'static str, explanation: &'static str) -> Entry {
    Entry { code: Code(code), title, explanation }
}

/// The entries, in order of code.
pub const ENTRIES: &[Entry] = &[
    entry(
        401,
        "exposure grows",
        "The release is on its way to the next gate of its ladder. Exposure doubles in the ladder's time and never exceeds a small multiple of the machines that have proved themselves healthy, so that a defect harms about as many machines as it takes to see it.",
    ),
    entry(
        402,
        "a gate waits",
        "The size of a gate is reached and its wait is not over. The wait is not shortened because evidence looks good: rates and slow effects need time to show.",
    ),
    entry(
        403,
        "growth waits for healthy machines",
        "Exposure is at its limit: a multiple of the machines that have loaded the release and reported healthy at the evidence age. Silent machines do not count as healthy, so lost reports stop growth by themselves.",
    ),
    entry(
        404,
        "a gate waits for a quorum",
        "The gate's wait is over, but a stratum that it covers has nobody who proved healthy. A gate opens only on a fresh Pass in every stratum. After a while one more canary of the stratum is exposed, three times; then the stratum is quarantined.",
    ),
    entry(
        410,
        "hold: blind",
        "The newest report is older than three heartbeat intervals. Without reports nobody is confirmed and nobody is harmed as far as we know, so nothing grows at all. Look at the network between machines and server, and at the server's own health.",
    ),
    entry(
        411,
        "hold: weather",
        "Machines that do not have the release fail several times as often as usual. That is not the release's doing, but nothing can be judged in such weather. Growth goes on by itself once it has been clear for a while.",
    ),
    entry(
        412,
        "hold: suspicion",
        "The odds that the release harms are high enough to brake and too low to halt, or an exposed machine of a small fleet fell silent. A brake is not a wall: growth goes on slowly so that the question gets decided. It costs only time.",
    ),
    entry(
        420,
        "reverted by evidence",
        "The odds against chance have reached the policy's limit. The rollout is halted, machines that have the release go back, and its digest can never be installed again. The limit is set so that a release that changes nothing is halted at most once in the stated number of rollouts, however often one looks.",
    ),
    entry(
        421,
        "reverted by the first harm",
        "An exposed machine was harmed, and the fleet or the step is so small that not even a second harm could tell more. Waiting for certainty would mean harming the rest, so the first confirmed harm halts and reverts. Silence alone does not; it holds.",
    ),
    entry(
        422,
        "a hold lasted too long",
        "Suspicion has lasted longer than the ladder allows. The rollout is halted and a person decides: look at the evidence with `ringfence why`, then revert or publish a fixed file.",
    ),
    entry(
        423,
        "a stratum is quarantined",
        "None of the stratum's canaries proved healthy. The stratum stays where it is while the rest goes on. Usually its machines are off, or the release does not suit them.",
    ),
    entry(
        430,
        "halted by a person",
        "Nobody further gets the release; those that have it keep it. Halting takes one word and no reason. It can be resumed with a reason.",
    ),
    entry(
        431,
        "revert ordered by a person",
        "Those that have the release go back to the previous one or to what their agent knows is good. A revert is final for the rollout.",
    ),
    entry(
        432,
        "withdrawn by a person",
        "The digest can never be installed again, by anything: not by a new rollout, a stale mirror or a reboot. A fixed file is a new release.",
    ),
    entry(
        433,
        "resumed by a person",
        "A halt that a person had ordered was lifted, with a reason. A halt by evidence cannot be lifted.",
    ),
    entry(
        434,
        "an order was refused",
        "The order is not possible in the rollout's phase; the sentence says why. Nothing was changed.",
    ),
    entry(
        440,
        "on probation",
        "Everybody is offered the release. It is the channel's base but not yet known good: the slow judge still watches and can revert.",
    ),
    entry(
        441,
        "known good",
        "The probation is over. Agents keep this release as a known-good generation.",
    ),
    entry(
        442,
        "everybody is back",
        "All machines that attempted the release and can be heard run the previous release or what their agent knows is good.",
    ),
    entry(
        443,
        "machines are going back",
        "The revert is published and machines are carrying it out. Machines that are silent may be recovering by themselves; they are counted when they are heard.",
    ),
    entry(
        450,
        "no ladder",
        "The policy has no gates for the wanted lane, so nothing can be exposed. There is no path around the gates.",
    ),
    entry(
        451,
        "left out of the plan",
        "Some machines are held by their owners or are not heard at the moment. Held machines keep what they run; machines that are away take the release when they come back.",
    ),
];
