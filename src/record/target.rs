//! When a run first reaches a target.

use std::{fmt, str::FromStr};

use super::axis::Axis;
use super::curves::Run;
use super::measure::Better;
use super::units::exact;
use crate::invalid::Invalid;

/// A value of a metric to be reached: at or below it for losses and gaps, at or above it for accuracies.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The metric, by its name in a scenario.
    pub metric: String,
    /// The value to reach.
    pub value: f64,
}

impl Target {
    /// Where `run` first reaches the target on `axis`; `None` if it never does.
    ///
    /// It is the place of the first sample that reaches the target, with no interpolation: at that place the target was
    /// certainly met, and a coarser recording can only make a method look slower, never faster. `metric` is the column.
    pub fn crossing(&self, run: &Run, axis: Axis, metric: usize) -> Option<f64> {
        let better = Better::of(&self.metric);
        run.samples(axis, metric).find(|&(_, value)| better.reached(value, self.value)).map(|(x, _)| x)
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
    use crate::record::curves::Curves;

    const FILE: &str = concat!(
        "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,gap,accuracy\n",
        "a,0,0,0,0,0,0,0,1,\n",
        "a,0,1,1.5,0,0,10,0,NaN,0.5\n",
        "a,0,2,4,0,0,20,0,0.1,\n",
        "a,0,3,9,0,0,30,0,0.2,0.7\n",
    );

    #[test]
    fn the_first_sample_that_reaches_it_counts() {
        let curves = Curves::parse(FILE.as_bytes(), std::path::Path::new("t")).unwrap();
        let crossing = |text: &str, axis| {
            let target: Target = text.parse().unwrap();
            target.crossing(&curves.runs[0], axis, curves.metric(&target.metric).unwrap())
        };
        assert_eq!(crossing("gap=1", Axis::Seconds), Some(0.0));
        assert_eq!(crossing("gap=0.5", Axis::Seconds), Some(4.0));
        assert_eq!(crossing("gap=0.1", Axis::UplinkBits), Some(20.0));
        assert_eq!(crossing("gap=0.05", Axis::Rounds), None);
        assert_eq!(crossing("accuracy = 0.6", Axis::Rounds), Some(3.0));
    }

    #[test]
    fn faulty_targets_are_refused() {
        for text in ["gap", "gap=", "=1", "gap=small", "gap=inf", "gap=nan"] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
