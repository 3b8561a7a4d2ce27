//! What decides among arms: a metric at some instant, or the place at which a target is first reached.

use std::fmt;

use super::Score;
use crate::{
    record::{
        axis::{Axis, exact},
        cell::{self, Cell},
        claim::{At, ClaimSpec},
        curves::{Run, target::Target},
        metric::Better,
    },
    rounding::end_of_instant,
};

/// The least that a quantity counts as where several are weighed by their ratios: below it, numbers are those of rounding.
const FLOOR: f64 = 1e-12;

/// A quantity of a run by which arms are compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Criterion {
    /// A metric at an instant.
    Value {
        /// The metric.
        metric: String,
        /// The instant.
        at: At,
    },
    /// The place on an axis at which a target is first reached.
    Reach {
        /// The target.
        target: Target,
        /// The axis.
        axis: Axis,
    },
}

impl Criterion {
    /// The last value of a metric.
    pub fn last(metric: &str) -> Self {
        Self::Value { metric: metric.to_owned(), at: At::End }
    }

    /// The quantity of a claim; `None` for one without.
    fn of_claim(claim: &ClaimSpec) -> Option<Self> {
        if let Some(metric) = &claim.metric {
            return Some(Self::Value { metric: metric.clone(), at: claim.at.unwrap_or(At::End) });
        }
        let (metric, &value) = claim.target.as_ref()?.iter().next()?;
        let target = Target { metric: metric.clone(), value };
        Some(Self::Reach { target, axis: claim.axis.unwrap_or(Axis::Seconds) })
    }

    /// What `claims` ask of the method `label` in `cell`, each quantity once.
    pub fn of_claims(claims: &[ClaimSpec], label: &str, cell: &Cell) -> Vec<Self> {
        let names = |claim: &&ClaimSpec| [&claim.better, &claim.worse, &claim.of].into_iter().flatten().any(|name| name == label);
        let asked = claims.iter().filter(names).filter(|claim| cell::keeps(&claim.cells, cell)).filter_map(Self::of_claim);
        asked.fold(Vec::new(), |mut all, one| {
            if !all.contains(&one) {
                all.push(one);
            }
            all
        })
    }

    /// The metric that has to be recorded.
    pub fn metric(&self) -> &str {
        match self {
            Self::Value { metric, .. } => metric,
            Self::Reach { target, .. } => &target.metric,
        }
    }

    /// The score of a run, whose column `metric` has values that are `better` in one direction. A run that diverged has the worst.
    pub fn score(&self, run: &Run, (metric, better): (usize, Better)) -> Score {
        let cost = |value: Option<f64>| {
            let value = if run.diverged { better.worst() } else { better.settle(value.unwrap_or(f64::NAN)) };
            if better == Better::Higher { -value } else { value }
        };
        match self {
            Self::Value { at, .. } => Score { first: cost(value(run, *at, metric)), then: 0.0 },
            Self::Reach { target, axis } => {
                let place = target.crossing(run, *axis, (metric, better)).map(|place| place.high);
                Score { first: place.unwrap_or(f64::INFINITY), then: cost(run.last(metric)) }
            }
        }
    }

    /// The quantity that a score stands for, in its own unit.
    pub fn shown(&self, score: Score, better: Better) -> f64 {
        if matches!(self, Self::Value { .. }) && better == Better::Higher { -score.first } else { score.first }
    }

    /// The quantity as a factor to be made small: that of an accuracy is the error rate.
    fn factor(&self, score: Score, better: Better) -> f64 {
        if matches!(self, Self::Value { .. }) && better == Better::Higher { 1.0 + score.first } else { score.first }
    }
}

/// The value of a column at an instant; that of the last sample where the run ends before.
fn value(run: &Run, at: At, metric: usize) -> Option<f64> {
    match (at, at.place()) {
        (At::Last(share), _) => run.tail(metric, share),
        (_, None) => run.last(metric),
        // Sums of times round.
        (_, Some((Axis::Seconds, x))) => run.at(Axis::Seconds, metric, end_of_instant(x)),
        (_, Some((axis, x))) => run.at(axis, metric, x),
    }
}

/// The score of an arm by several quantities: the logarithm of their geometric mean, since claims compare by ratios. An infinite one, such as
/// the time to a target that is missed, counts as the largest number, so that the others decide among arms that all miss it. The score by
/// a single quantity is that one.
pub fn combined(scores: &[(&Criterion, Score, Better)]) -> Score {
    if let [(_, only, _)] = scores {
        return *only;
    }
    let factors = scores.iter().map(|(criterion, score, better)| criterion.factor(*score, *better).clamp(FLOOR, f64::MAX).ln());
    let then = scores.iter().map(|(_, score, _)| score.then);
    Score { first: factors.sum::<f64>() / scores.len() as f64, then: then.sum() }
}

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { metric, at } => match (at, at.place()) {
                (At::Last(share), _) => write!(f, "{metric} over the last {} %", exact(100.0 * share)),
                (_, None) => write!(f, "final {metric}"),
                (_, Some((axis, x))) => write!(f, "{metric} at {axis}={}", exact(x)),
            },
            Self::Reach { target, axis } => write!(f, "{axis} to {target}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::record::curves::Curves;

    const FILE: &str = concat!(
        "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss,accuracy\n",
        "a,0,0,0,0,0,0,0,2,0.1\na,0,1,1,1,10,100,0,1,0.5\na,0,2,2,2,20,200,0,0.25,0.4\n",
        "b,0,0,0,0,0,0,0,2,0.1\nb,0,1,1,1,10,100,0,inf,0.6\n",
    );

    fn scores(criterion: &Criterion) -> [Score; 2] {
        let curves = Curves::parse(FILE.as_bytes(), Path::new("t")).unwrap();
        let metric = curves.metric(criterion.metric()).unwrap();
        [0, 1].map(|run| criterion.score(&curves.runs[run], (metric, curves.metrics[metric].better)))
    }

    #[test]
    fn a_run_is_scored_at_its_instant_or_target_and_one_that_diverged_is_worst() {
        assert_eq!(scores(&Criterion::last("loss"))[0].first, 0.25);
        let early = Criterion::Value { metric: "loss".to_owned(), at: At::Rounds(1.5) };
        assert_eq!((scores(&early)[0].first, early.to_string()), (1.0, "loss at rounds=1.5".to_owned()));
        // The rounds 1 and 2 are the last half of two: (1 + 1/4) / 2.
        let tail = Criterion::Value { metric: "loss".to_owned(), at: At::Last(0.5) };
        assert_eq!((scores(&tail)[0].first, tail.to_string()), (0.625, "loss over the last 50 %".to_owned()));
        let accuracy = Criterion::last("accuracy");
        let [a, b] = scores(&accuracy);
        assert_eq!((a.first, b.first, accuracy.shown(a, Better::Higher)), (-0.4, f64::INFINITY, 0.4));
        let target = |value| Criterion::Reach { target: Target { metric: "loss".to_owned(), value }, axis: Axis::UplinkBits };
        assert_eq!(scores(&target(0.5))[0], Score { first: 200.0, then: 0.25 });
        assert_eq!(scores(&target(0.1))[0], Score { first: f64::INFINITY, then: 0.25 }, "the last loss decides");
        assert_eq!(target(0.5).to_string(), "uplink-bits to loss=0.5");
    }

    #[test]
    fn several_quantities_weigh_by_their_ratios() {
        let (loss, accuracy) = (Criterion::last("loss"), Criterion::last("accuracy"));
        let both = |first: f64, accurate: f64| {
            let score = |first| Score { first, then: 0.0 };
            combined(&[(&loss, score(first), Better::Lower), (&accuracy, score(-accurate), Better::Higher)]).first
        };
        // A loss of 0.1 and an error rate of 0.4, geometric mean 0.2.
        assert!((both(0.1, 0.6) - 0.2_f64.ln()).abs() < 1e-12);
        assert!(both(0.1, 0.6) < both(0.2, 0.75), "half the loss weighs more than 0.4 / 0.25 of the errors");
        assert!(both(f64::INFINITY, 0.9) > both(1e300, 0.1), "a loss that diverged is worse than any other");
        assert!(both(f64::INFINITY, 0.9) < both(f64::INFINITY, 0.8), "the accuracy decides where no loss does");
    }

    #[test]
    fn claims_ask_each_quantity_of_a_method_once() {
        let claim = |better: &str, worse: &str, metric: &str| ClaimSpec {
            metric: Some(metric.to_owned()),
            better: Some(better.to_owned()),
            worse: Some(worse.to_owned()),
            ..ClaimSpec::default()
        };
        let claims = [claim("a", "b", "loss"), claim("c", "a", "accuracy"), claim("a", "c", "loss")];
        let asked = |label| Criterion::of_claims(&claims, label, &Cell::default());
        assert_eq!(asked("a"), [Criterion::last("loss"), Criterion::last("accuracy")]);
        assert_eq!(asked("b"), [Criterion::last("loss")]);
        assert!(asked("d").is_empty());
    }
}
