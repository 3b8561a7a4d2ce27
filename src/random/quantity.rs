//! Any physical number of a scenario may be a distribution.

use std::{ops::RangeInclusive, path::PathBuf};

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize, Serializer};

use crate::{
    invalid::Invalid,
    toml::decode::{forms, names_in},
};

/// Durations `[s]`: finite and not negative.
pub const SECONDS: RangeInclusive<f64> = 0.0..=f64::MAX;
/// Energies `[J]`: finite and above 0, or a budget would never be spent.
pub const JOULES: RangeInclusive<f64> = f64::MIN_POSITIVE..=f64::MAX;
/// Probabilities and fractions `[1]`.
pub const FRACTION: RangeInclusive<f64> = 0.0..=1.0;
/// Bandwidths `[bit/s]`.
pub const BANDWIDTH: RangeInclusive<f64> = f64::MIN_POSITIVE..=f64::INFINITY;

/// The names of all distributions.
pub fn distributions() -> &'static [&'static str] {
    names_in(|probe| Quantity::deserialize(probe))
}

/// A number, or a distribution that the number is drawn from.
///
/// Written as a bare number or as a table with one key, such as `{ exponential = { mean = 0.2 } }`. Distributions are drawn
/// afresh at every use, unless they are inside `{ fixed = … }`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Quantity", transform = or_number)]
pub enum Quantity {
    /// Always this value.
    Constant(f64),
    /// Uniform on `[low, high)`.
    Uniform {
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// Exponential.
    Exponential {
        /// Mean.
        mean: f64,
    },
    /// Lognormal, given by its `median`, or by the mean `mu` of its logarithm (`median = exp(mu)`).
    Lognormal {
        /// Median.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        median: Option<f64>,
        /// Mean of the logarithm.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mu: Option<f64>,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// `min + |N(0, sd²)|`.
    HalfNormal {
        /// Smallest value.
        #[serde(default)]
        min: f64,
        /// Standard deviation of the normal before folding.
        sd: f64,
    },
    /// Gamma.
    Gamma {
        /// Shape; the standard deviation is `mean / √shape`.
        shape: f64,
        /// Mean.
        mean: f64,
    },
    /// Pareto: heavy tail `P(X > x) = (min / x)^shape`.
    Pareto {
        /// Smallest value.
        min: f64,
        /// Tail exponent; the mean is finite above 1, the variance above 2.
        shape: f64,
    },
    /// Normal, conditioned on being at least `min`.
    Normal {
        /// Mean before truncation.
        mean: f64,
        /// Standard deviation before truncation.
        sd: f64,
        /// Smallest value.
        #[serde(default)]
        min: f64,
    },
    /// Uniform on the whole numbers `low..=high`.
    Integer {
        /// Smallest value.
        low: i64,
        /// Largest value.
        high: i64,
    },
    /// Evenly spread over the clients: client `i` of `n` has `slowest · (1 − i · (percent / 100) / (n − 1))`.
    Spread {
        /// Value of client 0.
        slowest: f64,
        /// How much smaller the value of the last client is `[%]`.
        percent: f64,
    },
    /// One value per client, in the order of clients: a text file with one number a line.
    File(PathBuf),
    /// One value per client, in the order of clients; the list is repeated if there are more clients.
    Values(Vec<f64>),
    /// Drawn once per client, and the same at every use.
    Fixed(Box<Quantity>),
}

impl Quantity {
    /// This quantity, drawn once per client instead of at every use.
    #[must_use]
    pub fn per_client(self) -> Self {
        match self {
            Self::Constant(_) | Self::Spread { .. } | Self::File(_) | Self::Values(_) | Self::Fixed(_) => self,
            drawn => Self::Fixed(Box::new(drawn)),
        }
    }

    /// Checks the parameters, and that every value that can be drawn lies in `range`; files are read only when built.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to the quantity.
    pub fn validate(&self, range: &RangeInclusive<f64>) -> Result<(), Invalid> {
        self.check_parameters()?;
        let (low, high) = self.support();
        let offender = [low, high].into_iter().find(|bound| !range.contains(bound));
        offender.map_or(Ok(()), |bound| {
            let found = match bound {
                f64::MAX => "a value that can be arbitrarily large".to_owned(),
                f64::MIN_POSITIVE => "a value that can be arbitrarily close to 0".to_owned(),
                bound if low == high => format!("`{bound}`"),
                bound => format!("a value that can be `{bound}`"),
            };
            Err(Invalid::at("", format!("{found} is out of range: expected values {}", describe(range))))
        })
    }

    /// Whether nothing else than `value` can be drawn; of a file nothing is known.
    pub fn is_surely(&self, value: f64) -> bool {
        match self {
            Self::File(_) => false,
            Self::Fixed(inner) => inner.is_surely(value),
            drawn => drawn.support() == (value, value),
        }
    }

    /// Smallest and largest value that can be drawn; of a file, nothing is known yet (`1, 1`).
    fn support(&self) -> (f64, f64) {
        let tail = |low| (low, f64::MAX);
        match *self {
            Self::Constant(value) => (value, value),
            Self::Uniform { low, high } => (low, high),
            Self::Exponential { .. } | Self::Lognormal { .. } | Self::Gamma { .. } => tail(f64::MIN_POSITIVE),
            Self::HalfNormal { min, .. } | Self::Pareto { min, .. } | Self::Normal { min, .. } => tail(min),
            Self::Integer { low, high } => (low as f64, high as f64),
            Self::Spread { slowest, percent } => (slowest * (1.0 - percent / 100.0), slowest),
            Self::File(_) => (1.0, 1.0),
            Self::Values(ref values) => {
                (values.iter().copied().fold(f64::INFINITY, f64::min), values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
            }
            Self::Fixed(ref inner) => inner.support(),
        }
    }

    fn check_parameters(&self) -> Result<(), Invalid> {
        match *self {
            Self::Constant(value) => number("constant", value, !value.is_nan(), "a number"),
            Self::Uniform { low, high } => ordered("uniform", low, high),
            Self::Integer { low, high } => ordered("integer", low as f64, high as f64),
            Self::Exponential { mean } => positive("exponential.mean", mean),
            Self::Lognormal { median, mu, sigma } => {
                match (median, mu) {
                    (Some(median), None) => positive("lognormal.median", median)?,
                    (None, Some(mu)) => finite("lognormal.mu", mu)?,
                    _ => return Err(Invalid::at("lognormal", "expected either `median` or `mu`").help("median = exp(mu)")),
                }
                non_negative("lognormal.sigma", sigma)
            }
            Self::HalfNormal { min, sd } => finite("half-normal.min", min).and(non_negative("half-normal.sd", sd)),
            Self::Gamma { shape, mean } => positive("gamma.shape", shape).and(positive("gamma.mean", mean)),
            Self::Pareto { min, shape } => positive("pareto.min", min).and(positive("pareto.shape", shape)),
            Self::Normal { mean, sd, min } => {
                finite("normal.mean", mean)?;
                positive("normal.sd", sd)?;
                finite("normal.min", min)?;
                number("normal.min", min, min <= mean + 3.0 * sd, "at most 3 standard deviations above the mean")
            }
            Self::Spread { slowest, percent } => {
                non_negative("spread.slowest", slowest)?;
                number("spread.percent", percent, (0.0..=100.0).contains(&percent), "a percentage from 0 to 100")
            }
            Self::File(_) => Ok(()),
            Self::Values(ref values) if values.is_empty() => {
                Err(Invalid::at("values", "the list is empty: expected a number per client"))
            }
            Self::Values(ref values) => values.iter().try_for_each(|&value| number("values", value, !value.is_nan(), "a number")),
            Self::Fixed(ref inner) => inner.check_parameters().map_err(|error| error.under("fixed")),
        }
    }
}

impl Default for Quantity {
    fn default() -> Self {
        Self::Constant(0.0)
    }
}

impl From<f64> for Quantity {
    fn from(value: f64) -> Self {
        Self::Constant(value)
    }
}

fn number(key: &str, value: f64, ok: bool, expected: &str) -> Result<(), Invalid> {
    crate::invalid::require(ok, key, value, expected)
}

fn finite(key: &str, value: f64) -> Result<(), Invalid> {
    number(key, value, value.is_finite(), "a finite number")
}

fn positive(key: &str, value: f64) -> Result<(), Invalid> {
    number(key, value, value.is_finite() && value > 0.0, "a finite number above 0")
}

fn non_negative(key: &str, value: f64) -> Result<(), Invalid> {
    number(key, value, value.is_finite() && value >= 0.0, "a finite number of at least 0")
}

fn ordered(key: &str, low: f64, high: f64) -> Result<(), Invalid> {
    finite(key, low)?;
    finite(key, high)?;
    number(key, low, low <= high, &format!("`low` of at most `high` = {high}"))
}

/// The range in words.
pub(super) fn describe(range: &RangeInclusive<f64>) -> String {
    match (*range.start(), *range.end()) {
        (f64::MIN_POSITIVE, f64::INFINITY) => "above 0".to_owned(),
        (f64::MIN_POSITIVE, f64::MAX) => "above 0 and finite".to_owned(),
        (low, f64::INFINITY) => format!("of at least {low}"),
        (low, f64::MAX) => format!("of at least {low} and finite"),
        (low, high) => format!("from {low} to {high}"),
    }
}

fn or_number(schema: &mut Schema) {
    if let Some(forms) = schema.get_mut("oneOf").and_then(|forms| forms.as_array_mut()) {
        forms.insert(0, serde_json::json!({ "type": "number" }));
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Constant(value) => serializer.serialize_f64(*value),
            table => Self::serialize(table, serializer),
        }
    }
}

forms! {
    Quantity, "a number or a distribution such as `{ exponential = { mean = 1.0 } }`",
    number(f64) => Quantity::Constant,
    table(Quantity) => |distribution| distribution,
}

/// The longest time that something may usually take [s], at which virtual time still tells eighths of a second.
const LONGEST: f64 = 1e15;

impl Quantity {
    /// How large values of a sound quantity usually are: its largest value, or the mean, the median or the start of its tail. Of
    /// a file, nothing is known yet (`0`): its values are checked [when it has been read](super::Sampler::check_time).
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

/// Refuses a time that virtual time cannot be counted in.
pub(super) fn check_longest(time: f64) -> Result<(), Invalid> {
    if time <= LONGEST {
        return Ok(());
    }
    let message = format!("a time of `{time:e}` s is out of range: expected at most {LONGEST:e} s");
    Err(Invalid::at("", message).help("a year is 3.2e7 s"))
}

#[cfg(test)]
mod tests;
