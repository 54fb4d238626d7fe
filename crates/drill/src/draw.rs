//! Random numbers without a stream: each draw is a hash of seed, subject and purpose.
//!
//! So every machine has its own stream, adding one machine reshuffles none of the others, and no
//! order of evaluation matters. Logarithms are those of one portable library.

/// What a draw is for; two purposes of one machine are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Purpose {
    Stratum = 1,
    Block,
    Online,
    Comeback,
    Affected,
    Fetch,
    Trigger,
    Heal,
    Hands,
    Beat,
    Report,
    Noise,
    Dropout,
    Boot,
    Loss,
    Group,
    Goodbye,
    Mute,
    Lie,
    Relay,
    Hold,
    Other,
    Order,
    Fuzz,
}

/// A source of draws.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    seed: u64,
}

fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Draw {
    /// The source of one seed.
    pub(crate) fn new(seed: u64) -> Draw {
        Draw { seed: mix(seed ^ 0x5249_4e47_4645_4e43) }
    }
    /// 64 random bits for one machine, purpose and counter.
    pub(crate) fn bits(self, machine: u64, purpose: Purpose, counter: u64) -> u64 {
        let subject = machine.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let purpose = (purpose as u64).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let counter = counter.wrapping_mul(0xa076_1d64_78bd_642f);
        mix(self.seed ^ mix(subject.wrapping_add(purpose).wrapping_add(counter)))
    }
    /// A number from 0 up to, but not including, 1.
    pub(crate) fn unit(self, machine: u64, purpose: Purpose, counter: u64) -> f64 {
        (self.bits(machine, purpose, counter) >> 11) as f64 / (1u64 << 53) as f64
    }
    /// A whole number from `low` to `high`, both included.
    pub(crate) fn between(
        self,
        machine: u64,
        purpose: Purpose,
        counter: u64,
        low: u64,
        high: u64,
    ) -> u64 {
        let width = high.saturating_sub(low).saturating_add(1);
        let bits = u128::from(self.bits(machine, purpose, counter));
        low + ((bits * u128::from(width)) >> 64) as u64
    }
}

/// How long something takes that half of the machines do within `p50` and 99 % within `p99`
/// seconds: log-normal, in whole seconds of at least 0.
pub(crate) fn lognormal(unit: f64, p50: f64, p99: f64) -> u64 {
    if p50 <= 0.0 {
        // No median to scale: evenly up to the 99 % point.
        return (unit * p99.max(0.0)) as u64;
    }
    let sigma = libm::log((p99 / p50).max(1.0)) / 2.326_347_874;
    (p50 * libm::exp(sigma * normal(unit))) as u64
}

/// Seconds until something that happens `rate` times a second on average.
pub(crate) fn exponential(unit: f64, rate: f64) -> u64 {
    if rate <= 0.0 { u64::MAX / 4 } else { (-libm::log1p(-unit) / rate) as u64 }
}

/// The standard normal quantile (rational approximation by Acklam; error below 1.2e-9 relative).
fn normal(unit: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] = [
        7.784_695_709_041_462e-3,
        3.224_671_290_700_398e-1,
        2.445_134_137_142_996,
        3.754_408_661_907_416,
    ];
    let poly = |terms: &[f64], x: f64| terms.iter().fold(0.0, |sum, term| sum * x + term);
    let p = unit.clamp(1e-12, 1.0 - 1e-12);
    let tail = |p: f64| {
        let q = libm::sqrt(-2.0 * libm::log(p));
        poly(&C, q) / (poly(&D, q) * q + 1.0)
    };
    if p < 0.02425 {
        tail(p)
    } else if p > 1.0 - 0.02425 {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        let r = q * q;
        poly(&A, r) * q / (poly(&B, r) * r + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_quantile_meets_known_points() {
        for (p, z) in
            [(0.5, 0.0), (0.99, 2.326_347_874), (0.01, -2.326_347_874), (0.975, 1.959_964)]
        {
            assert!((normal(p) - z).abs() < 1e-6, "{p}: {}", normal(p));
        }
    }

    #[test]
    fn half_are_within_the_median_and_one_in_a_hundred_beyond_the_tail() {
        let draw = Draw::new(7);
        let times: Vec<u64> = (0..100_000)
            .map(|m| lognormal(draw.unit(m, Purpose::Trigger, 0), 300.0, 7_200.0))
            .collect();
        let share = |limit| times.iter().filter(|t| **t < limit).count() as f64 / 1e5;
        assert!((share(300) - 0.5).abs() < 0.01, "{}", share(300));
        assert!((share(7_200) - 0.99).abs() < 0.003, "{}", share(7_200));
    }

    #[test]
    fn draws_are_even_and_independent_of_each_other() {
        let draw = Draw::new(1);
        let mut cells = [0u32; 100];
        for machine in 0..100_000u64 {
            let a = draw.between(machine, Purpose::Fetch, 0, 0, 9);
            let b = draw.between(machine, Purpose::Trigger, 0, 0, 9);
            cells[(a * 10 + b) as usize] += 1;
        }
        assert!(cells.iter().all(|count| (800..1_200).contains(count)), "{cells:?}");
    }
}
