//! Targets: the place at which a run first reaches a value of a metric.

use std::{fmt, str::FromStr};

use super::{Run, facts::Sampling};
use crate::{
    invalid::Invalid,
    record::{
        axis::{Axis, exact},
        metric::Better,
        spread::Bracket,
    },
};

/// A value of a metric to be reached: at or below it for losses and gaps, at or above it for accuracies.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The metric, by its name in a scenario.
    pub metric: String,
    /// The value to reach.
    pub value: f64,
}

impl Target {
    /// Between which places on `axis` the `run` reaches the target first; `None` if it never does, or diverges sooner or later. `metric`
    /// is the column, whose values are `better` in one direction.
    ///
    /// The upper end is the place of the first sample that reaches the target, where it was certainly met; the lower end that of the
    /// sample before, where it was not, or the count after that one on an axis of whole rounds or updates. Both are the same where
    /// [every update](crate::record::curves::facts::Sampling::is_exact) of a server's model was sampled. A metric that is not monotone may have
    /// touched the target before the lower end, between two samples.
    pub fn crossing(&self, run: &Run, axis: Axis, (metric, better): (usize, Better)) -> Option<Bracket> {
        if run.diverged {
            return None;
        }
        let exact = run.sampling.is_some_and(Sampling::is_exact);
        let mut before = None;
        for (high, value) in run.samples(axis, metric) {
            if better.reached(value, self.value) {
                let low = match (before, axis) {
                    (None, _) => high,
                    _ if exact => high,
                    (Some(before), Axis::Rounds | Axis::Updates) => f64::min(before + 1.0, high),
                    (Some(before), _) => before,
                };
                return Some(Bracket { low, high });
            }
            before = Some(high);
        }
        None
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.metric, exact(self.value))
    }
}

impl FromStr for Target {
    type Err = Invalid;

    /// Reads `gap=1e-6`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fault =
            || Invalid::at("target", format!("`{text}` is not a target")).help("write a metric and a value, such as gap=1e-6");
        let (metric, value) = text.split_once('=').ok_or_else(fault)?;
        let value: f64 = value.trim().parse().map_err(|_| fault())?;
        if metric.trim().is_empty() || !value.is_finite() {
            return Err(fault());
        }
        Ok(Self { metric: metric.trim().to_owned(), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{EverySpec, curves::Curves};

    const FILE: &str = concat!(
        "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,gap,accuracy\n",
        "a,0,0,0,0,0,0,0,1,\n",
        "a,0,1,1.5,0,0,10,0,0.9,0.5\n",
        "a,0,2,4,0,0,20,0,0.1,\n",
        "a,0,3,9,0,0,30,0,0.2,0.7\n",
    );

    #[test]
    fn it_is_reached_after_the_last_sample_that_does_not() {
        let mut curves = Curves::parse(FILE.as_bytes(), std::path::Path::new("t")).unwrap();
        let crossing = |curves: &Curves, text: &str, axis| {
            let target: Target = text.parse().unwrap();
            let metric = curves.metric(&target.metric).unwrap();
            let found = target.crossing(&curves.runs[0], axis, (metric, curves.metrics[metric].better));
            found.map(|Bracket { low, high }| (low, high))
        };
        assert_eq!(crossing(&curves, "gap=1", Axis::Seconds), Some((0.0, 0.0)));
        assert_eq!(crossing(&curves, "gap=0.5", Axis::Seconds), Some((1.5, 4.0)));
        assert_eq!(crossing(&curves, "gap=0.1", Axis::UplinkBits), Some((10.0, 20.0)));
        assert_eq!(crossing(&curves, "gap=0.05", Axis::Rounds), None);
        // Round 2 is the first after round 1, and accuracy was not looked at in round 2.
        assert_eq!(crossing(&curves, "gap=0.1", Axis::Rounds), Some((2.0, 2.0)));
        assert_eq!(crossing(&curves, "accuracy = 0.6", Axis::Rounds), Some((2.0, 3.0)));
        for (every, server, found) in [
            (EverySpec::Rounds(1), true, (4.0, 4.0)),
            (EverySpec::Updates(1), true, (4.0, 4.0)),
            (EverySpec::Rounds(1), false, (1.5, 4.0)),
            (EverySpec::Rounds(2), true, (1.5, 4.0)),
        ] {
            curves.runs[0].sampling = Some(Sampling { every, server });
            assert_eq!(crossing(&curves, "gap=0.5", Axis::Seconds), Some(found), "{every} {server}");
        }
    }

    #[test]
    fn a_run_that_diverges_later_never_reaches_it() {
        let file = FILE.replace("9,0,0,30,0,0.2,0.7", "9,0,0,30,0,inf,0.7");
        let curves = Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap();
        for (text, metric, better) in
            [("gap=0.1", 0, Better::Lower), ("gap=1", 0, Better::Lower), ("accuracy=0.5", 1, Better::Higher)]
        {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.crossing(&curves.runs[0], Axis::Seconds, (metric, better)), None, "{text}");
        }
    }

    #[test]
    fn faulty_targets_are_refused() {
        for text in ["gap", "gap=", "=1", "gap=small", "gap=inf", "gap=nan"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
