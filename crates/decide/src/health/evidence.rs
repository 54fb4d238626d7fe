//! The ratio e-process: capital of bets that exposed machines fail `r` times as often as control.
//!
//! This is the exact anytime-valid logrank test (ter Schure, Perez-Ortiz, Ly, Grunwald), mixed
//! over ratios. If a release changes nothing, the probability that the combined evidence ever
//! reaches `1/alpha` is at most `alpha` (Ville), whatever is looked at and whenever.
//!
//! Logarithms come from one portable implementation, so that verdicts replay to the last bit.

use super::Endpoint;

/// The ratios that are bet on.
pub const RATIOS: [f64; 10] = [1.2, 1.5, 2.0, 3.0, 6.0, 20.0, 100.0, 1e3, 1e4, 1e5];
/// Log capital is kept within these bounds, so that sums of exponentials stay finite.
pub const LOG_CAPITAL_MAX: f64 = 700.0;
/// Weights of the endpoints; they sum to 1 (a weighted mean is the admissible way to merge
/// e-values under arbitrary dependence: Vovk and Wang).
pub const WEIGHTS: [f64; 2] = [0.65, 0.35];

/// Log capital of each bet at one node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Capital(pub [f64; RATIOS.len()]);

impl Default for Capital {
    fn default() -> Capital {
        Capital([-libm::log(RATIOS.len() as f64); RATIOS.len()])
    }
}

impl Capital {
    /// One event in a cell with `treated` and `control` machines at risk when it happened.
    /// Skipped when either arm is empty: such an event says nothing.
    pub fn event(&mut self, was_treated: bool, treated: u64, control: u64) {
        if treated == 0 || control == 0 {
            return;
        }
        let share = treated as f64 / (treated + control) as f64;
        for (capital, ratio) in self.0.iter_mut().zip(RATIOS) {
            let gain = if was_treated { libm::log(ratio) } else { 0.0 };
            let next = *capital + gain - libm::log1p((ratio - 1.0) * share);
            *capital = next.clamp(-LOG_CAPITAL_MAX, LOG_CAPITAL_MAX);
        }
    }
    /// ln E: the log of the summed capital.
    pub fn log_e(&self) -> f64 {
        log_sum_exp(self.0.iter().copied())
    }
    /// The best estimate of the ratio: exp of the capital-weighted mean of ln r.
    pub fn ratio(&self) -> f64 {
        let top = self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights = self.0.map(|capital| libm::exp(capital - top));
        let sum: f64 = weights.iter().sum();
        let mean: f64 =
            weights.iter().zip(RATIOS).map(|(w, r)| w * libm::log(r)).sum::<f64>() / sum;
        libm::exp(mean)
    }
}

/// ln of the sum of exponentials, without overflow. Negative infinity for no terms.
pub fn log_sum_exp(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let top = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    top + libm::log(terms.map(|term| libm::exp(term - top)).sum())
}

/// Capital at one node and its ln E, which is wanted far more often than it changes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Node {
    capital: Capital,
    log_e: f64,
}

impl Node {
    fn event(&mut self, was_treated: bool, treated: u64, control: u64) {
        self.capital.event(was_treated, treated, control);
        self.log_e = self.capital.log_e();
    }
}

/// The evidence of one rollout: per endpoint a pool and one node per stratum.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    pool: [Node; 2],
    strata: Vec<[Node; 2]>,
    /// ln E of all nodes together; changes with events only.
    total: f64,
}

/// One term of the combined evidence, for explanations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// The stratum's index, or `None` for the pool.
    pub stratum: Option<usize>,
    /// ln of the weighted term.
    pub log_weighted: f64,
    /// Best estimate of the ratio at that node.
    pub ratio: f64,
}

impl Evidence {
    /// Evidence for a fleet of `strata` strata.
    pub fn new(strata: usize) -> Evidence {
        let strata = vec![Default::default(); strata];
        let mut evidence = Evidence { pool: Default::default(), strata, total: 0.0 };
        evidence.total = evidence.summed();
        evidence
    }
    /// One event in a cell of `stratum`.
    pub fn event(
        &mut self,
        endpoint: Endpoint,
        stratum: usize,
        was_treated: bool,
        treated: u64,
        control: u64,
    ) {
        if treated == 0 || control == 0 {
            return;
        }
        let index = endpoint.index();
        self.pool[index].event(was_treated, treated, control);
        if let Some(node) = self.strata.get_mut(stratum) {
            node[index].event(was_treated, treated, control);
        }
        self.total = self.summed();
    }
    fn summed(&self) -> f64 {
        let share = libm::log(0.5 / self.strata.len().max(1) as f64);
        let terms = Endpoint::ALL.into_iter().flat_map(|endpoint| {
            let index = endpoint.index();
            let weight = libm::log(WEIGHTS[index]);
            let pool = weight + libm::log(0.5) + self.pool[index].log_e;
            let strata = self.strata.iter().map(move |node| weight + share + node[index].log_e);
            std::iter::once(pool).chain(strata)
        });
        log_sum_exp(terms)
    }
    /// All terms; their exponentials sum to E.
    pub fn terms(&self) -> impl Iterator<Item = Term> + Clone + '_ {
        let share = libm::log(0.5 / self.strata.len().max(1) as f64);
        Endpoint::ALL.into_iter().flat_map(move |endpoint| {
            let index = endpoint.index();
            let weight = libm::log(WEIGHTS[index]);
            let pool = Term {
                endpoint,
                stratum: None,
                log_weighted: weight + libm::log(0.5) + self.pool[index].log_e,
                ratio: self.pool[index].capital.ratio(),
            };
            let strata = self.strata.iter().enumerate().map(move |(stratum, node)| Term {
                endpoint,
                stratum: Some(stratum),
                log_weighted: weight + share + node[index].log_e,
                ratio: node[index].capital.ratio(),
            });
            std::iter::once(pool).chain(strata)
        })
    }
    /// ln of the combined evidence.
    pub fn log_e(&self) -> f64 {
        self.total
    }
    /// ln of what the combined evidence would at least become if `more` further exposed machines
    /// of one cell failed now, in the order in which they would.
    pub fn log_e_after(&self, stratum: usize, treated: u64, control: u64, more: u64) -> f64 {
        let mut next = self.clone();
        for failed in 0..more.min(treated) {
            next.event(Endpoint::Crash, stratum, true, treated - failed, control);
        }
        next.log_e()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_factor_is_one_for_every_ratio_and_share() {
        for (treated, control) in [(1u64, 1u64), (1, 99_999), (500, 3), (7, 7_000)] {
            let share = treated as f64 / (treated + control) as f64;
            let (mut hit, mut miss) = (Capital::default(), Capital::default());
            hit.event(true, treated, control);
            miss.event(false, treated, control);
            let start = Capital::default();
            for (k, ratio) in RATIOS.into_iter().enumerate() {
                let factor = |c: &Capital| libm::exp(c.0[k] - start.0[k]);
                let mean = share * factor(&hit) + (1.0 - share) * factor(&miss);
                assert!((mean - 1.0).abs() < 1e-9, "r = {ratio} gives {mean}");
            }
        }
    }

    #[test]
    fn an_empty_arm_says_nothing() {
        let mut capital = Capital::default();
        capital.event(true, 5, 0);
        capital.event(false, 0, 5);
        assert_eq!(capital, Capital::default());
        assert!(capital.log_e().abs() < 1e-12);
    }

    #[test]
    fn one_crash_among_few_says_little_and_among_many_a_lot() {
        let odds = |treated, control| {
            let mut capital = Capital::default();
            capital.event(true, treated, control);
            libm::exp(capital.log_e())
        };
        assert!(odds(1, 2) <= 3.0);
        assert!(odds(1, 49) <= 50.0);
        assert!(odds(1, 999_999) > 10_000.0);
    }
}
