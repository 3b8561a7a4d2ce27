//! How large the values of a quantity are.

use super::Quantity;
use crate::{invalid::Invalid, random::Sampler};

/// The longest time that something may usually take [s], at which virtual time still tells eighths of a second.
const LONGEST: f64 = 1e15;

impl Quantity {
    /// How large values of a sound quantity usually are: its largest value, or the mean, the median or the start of its tail. Of
    /// a file, nothing is known yet (`0`): its values are checked [when it has been read](Sampler::check_time).
    pub fn scale(&self) -> f64 {
        match *self {
            Self::Constant(value) | Self::Uniform { high: value, .. } | Self::Spread { slowest: value, .. } => value,
            Self::Exponential { mean } | Self::Gamma { mean, .. } => mean,
            Self::Lognormal { median, mu, .. } => median.or(mu.map(f64::exp)).unwrap_or_default(),
            Self::HalfNormal { min: from, sd } | Self::Normal { mean: from, sd, .. } => from + sd,
            Self::Pareto { min, .. } => min,
            Self::Integer { high, .. } => high as f64,
            Self::File(_) => 0.0,
            Self::Values(ref values) => values.iter().copied().fold(0.0, f64::max),
            Self::Fixed(ref inner) => inner.scale(),
        }
    }

    /// Refuses times that virtual time cannot be counted in.
    ///
    /// # Errors
    /// [`Invalid`] with an empty path.
    pub fn check_time(&self) -> Result<(), Invalid> {
        check_longest(self.scale())
    }
}

impl Sampler {
    /// Refuses listed times that virtual time cannot be counted in: those of a file are known only now.
    ///
    /// # Errors
    /// [`Invalid`] with an empty path.
    pub fn check_time(&self) -> Result<(), Invalid> {
        self.listed().iter().try_for_each(|&time| check_longest(time))
    }
}

fn check_longest(time: f64) -> Result<(), Invalid> {
    if time <= LONGEST {
        return Ok(());
    }
    let message = format!("a time of `{time:e}` s is out of range: expected at most {LONGEST:e} s");
    Err(Invalid::at("", message).help("a year is 3.2e7 s"))
}
