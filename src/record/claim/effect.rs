//! The effect in each seed, and its interval over seeds.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::{Answer, IntervalKind, Rules};
use crate::{
    record::spread::{Bracket, median},
    statistics::{mean, paired},
};

/// Fewest seeds from which a spread is estimated.
pub(super) const FEWEST: usize = 3;

/// The relative spread below which effects count as the same in every seed.
const SAME: f64 = 1e-12;

/// An effect in one seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Effect {
    /// The one shown.
    pub shown: f64,
    /// The possible values, as far as samples leave them open.
    pub range: Bracket,
}

impl Effect {
    /// An effect that samples leave nothing of open.
    pub fn at(value: f64) -> Self {
        Self { shown: value, range: Bracket::at(value) }
    }
}

/// The scale on which effects spread evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// Differences, and values such as accuracies.
    Linear,
    /// Ratios, and values such as losses, gaps and times.
    Log,
}

impl Scale {
    fn map(self, value: f64) -> f64 {
        if self == Self::Log { value.ln() } else { value }
    }

    fn back(self, value: f64) -> f64 {
        if self == Self::Log { value.exp() } else { value }
    }
}

/// An effect over all seeds.
#[derive(Debug, Clone)]
pub(super) struct Estimate {
    /// Mean of the effects, the geometric one on a logarithmic scale; the median where the interval is one for that.
    pub centre: f64,
    /// The interval, which covers what samples leave open.
    pub interval: Bracket,
    /// The interval of the effects shown.
    pub of_shown: Bracket,
    /// Whether effects differ between seeds.
    pub varies: bool,
    shown: Vec<f64>,
    scale: Scale,
}

impl Estimate {
    /// Estimates the effect from that in each seed; there must be one at least.
    pub fn new(effects: &[Effect], scale: Scale, kind: IntervalKind, rules: Rules) -> Self {
        let of = |end: fn(&Effect) -> f64| interval(&effects.iter().map(end).collect::<Vec<_>>(), scale, kind, rules.level);
        let (centre, of_shown) = of(|effect| effect.shown);
        let low = of(|effect| effect.range.low).1.low;
        let high = of(|effect| effect.range.high).1.high;
        let shown: Vec<f64> = effects.iter().map(|effect| effect.shown).collect();
        Self { centre, interval: Bracket { low, high }, of_shown, varies: varies(&shown), shown, scale }
    }

    /// The number of seeds.
    pub fn seeds(&self) -> usize {
        self.shown.len()
    }

    /// The number of seeds whose effect lies within `required`.
    pub fn favour(&self, required: Bracket) -> usize {
        self.shown.iter().filter(|&&effect| required.low <= effect && effect <= required.high).count()
    }

    /// The probabilities, if the effect were at the nearest end of `required`, of one as far from it on either side: by the test of
    /// Student, and by the exact test that flips signs; where some effects are infinite, twice by the exact sign test. `None` without spread.
    pub fn p_values(&self, required: Bracket) -> Option<(f64, f64)> {
        if !self.varies {
            return None;
        }
        let inside = required.low <= self.centre && self.centre <= required.high;
        let ends = [required.low, required.high].into_iter().filter(|end| end.is_finite());
        let broken = |end: &f64| inside || (*end == required.low) == (self.centre < required.low);
        let worst = |p: &dyn Fn(f64) -> f64| ends.clone().filter(broken).map(p).fold(0.0, f64::max);
        let mapped: Vec<f64> = self.shown.iter().map(|&effect| self.scale.map(effect)).collect();
        let student = |end| paired::student_p(&mapped, self.scale.map(end));
        // The interval is then one for the median, to which the signs alone belong.
        let sides = |end: f64| mapped.iter().map(|&effect| sign(effect - self.scale.map(end))).collect::<Vec<_>>();
        if mapped.iter().all(|effect| effect.is_finite()) {
            Some((worst(&student), worst(&|end| paired::sign_flip(&mapped, self.scale.map(end)))))
        } else {
            let exact = worst(&|end| paired::sign_flip(&sides(end), 0.0));
            Some((exact, exact))
        }
    }
}

/// The answer of an interval to whether an effect lies within `required`.
pub(super) fn answer(interval: Bracket, required: Bracket) -> Answer {
    if interval.low >= required.low && interval.high <= required.high {
        Answer::Holds
    } else if interval.high < required.low || interval.low > required.high {
        Answer::Refuted
    } else {
        Answer::Undecided
    }
}

/// 1 above zero, −1 below, and 0 at it.
fn sign(distance: f64) -> f64 {
    if distance == 0.0 { 0.0 } else { distance.signum() }
}

/// Whether `values` differ by more than rounding.
fn varies(values: &[f64]) -> bool {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let rounding = if low.is_finite() && high.is_finite() { SAME * low.abs().max(high.abs()) } else { 0.0 };
    high - low > rounding
}

/// The centre and the interval of `values`. Values without spread are their own interval, infinite ones have an interval for the median.
fn interval(values: &[f64], scale: Scale, kind: IntervalKind, level: f64) -> (f64, Bracket) {
    let middle = median(&mut values.to_vec()).unwrap_or(f64::NAN);
    if !varies(values) {
        return (middle, Bracket::at(middle));
    }
    let mapped: Vec<f64> = values.iter().map(|&value| scale.map(value)).collect();
    if kind == IntervalKind::Median || mapped.iter().any(|value| !value.is_finite()) {
        return (middle, around_median(values, level));
    }
    let found = match kind {
        IntervalKind::Bootstrap => Some(paired::bootstrap(&mapped, level, |drawn| mean(drawn)).interval),
        _ => paired::student(&mapped, level),
    };
    let (low, high) = found.map_or((f64::NEG_INFINITY, f64::INFINITY), |found| (found.low, found.high));
    (scale.back(mean(&mapped)), Bracket { low: scale.back(low), high: scale.back(high) })
}

/// The interval for the median between order statistics: as narrow as its coverage is at least `level` whatever the distribution;
/// unbounded for too few values.
fn around_median(values: &[f64], level: f64) -> Bracket {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    // Fewer than `k` values lie below the median with a probability of at most half of what the level leaves.
    let k = Binomial::new(0.5, n as u64).map_or(0, |law| law.inverse_cdf((1.0 - level) / 2.0)) as usize;
    if k == 0 {
        Bracket { low: f64::NEG_INFINITY, high: f64::INFINITY }
    } else {
        Bracket { low: sorted[k - 1], high: sorted[n - k] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_between_order_statistics() {
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        // P(Bin(10, ½) ≤ 1) = 11/1024 = 0.0107 and P(≤ 2) = 56/1024 = 0.0547, so that 95 % leave the second and the ninth.
        assert_eq!(around_median(&values, 0.95), Bracket { low: 2.0, high: 9.0 });
        // P(Bin(5, ½) = 0) = 1/32 is more than a fortieth.
        assert_eq!(around_median(&values[..5], 0.95), Bracket { low: f64::NEG_INFINITY, high: f64::INFINITY });
        assert_eq!(around_median(&values[..6], 0.95), Bracket { low: 1.0, high: 6.0 });
    }

    #[test]
    fn a_ratio_has_the_geometric_mean_and_a_symmetric_interval_of_logarithms() {
        let effects: Vec<Effect> = [2.0, 4.0, 8.0].map(Effect::at).to_vec();
        let found = Estimate::new(&effects, Scale::Log, IntervalKind::Student, Rules::default());
        approx::assert_relative_eq!(found.centre, 4.0, max_relative = 1e-12);
        // Standard error ln 2 / √3, two degrees of freedom: 4.302653.
        let half = 4.302_652_73 * std::f64::consts::LN_2 / 3f64.sqrt();
        approx::assert_relative_eq!(found.interval.low, 4.0 * (-half).exp(), max_relative = 1e-8);
        approx::assert_relative_eq!(found.interval.high, 4.0 * half.exp(), max_relative = 1e-8);
    }

    #[test]
    fn infinite_effects_vary_and_leave_an_interval_for_the_median() {
        let effects: Vec<Effect> = [1.0, 2.0, f64::INFINITY, 3.0, 4.0, 5.0].map(Effect::at).to_vec();
        let found = Estimate::new(&effects, Scale::Log, IntervalKind::Student, Rules::default());
        assert_eq!((found.varies, found.centre, found.interval), (true, 3.5, Bracket { low: 1.0, high: f64::INFINITY }));
        // Without a finite effect there is nothing to tell apart.
        let found = Estimate::new(&[Effect::at(f64::INFINITY); 3], Scale::Log, IntervalKind::Student, Rules::default());
        assert_eq!((found.varies, found.interval), (false, Bracket::at(f64::INFINITY)));
    }

    #[test]
    fn infinite_effects_are_judged_by_their_signs() {
        // Five of six above the threshold: twice (6 + 1) / 64, whatever the sizes.
        let effects: Vec<Effect> = [2.0, 3.0, f64::INFINITY, 0.0, 4.0, 5.0].map(Effect::at).to_vec();
        let found = Estimate::new(&effects, Scale::Log, IntervalKind::Student, Rules::default());
        assert_eq!(found.p_values(Bracket { low: 1.0, high: f64::INFINITY }), Some((14.0 / 64.0, 14.0 / 64.0)));
    }

    #[test]
    fn effects_without_spread_are_their_own_interval() {
        let found = Estimate::new(&[Effect::at(4.0); 5], Scale::Log, IntervalKind::Student, Rules::default());
        assert_eq!((found.centre, found.interval, found.varies), (4.0, Bracket::at(4.0), false));
        assert_eq!(found.p_values(Bracket { low: 1.0, high: f64::INFINITY }), None);
    }
}
