//! A [`Quantity`] made ready to draw from.

use std::{ops::RangeInclusive, path::Path, sync::Arc};

use rand::RngExt;
use rand_distr::{Distribution, Exp1, Gamma, StandardNormal};

use super::{
    Purpose, Quantity, Rng, Setting, Streams,
    quantity::{check_longest, describe},
};
use crate::{
    invalid::{Invalid, count},
    table::{self, Row},
};

/// Draws the values of a [`Quantity`]. Cheap to clone; holds no state that drawing changes.
#[derive(Debug, Clone)]
pub struct Sampler {
    shape: Shape,
}

/// The distribution, with derived parameters.
#[derive(Debug, Clone)]
enum Shape {
    Constant(f64),
    Uniform { low: f64, width: f64 },
    Exponential { mean: f64 },
    Lognormal { mu: f64, sigma: f64 },
    HalfNormal { min: f64, sd: f64 },
    Gamma { unit: Gamma<f64>, mean: f64 },
    Pareto { min: f64, shape: f64 },
    Normal { mean: f64, sd: f64, min: f64 },
    Integer { low: i64, high: i64 },
    Spread { slowest: f64, slope: f64, middle: f64 },
    Values(Arc<[f64]>),
    Fixed { inner: Box<Shape>, streams: Streams, key: u64 },
}

impl Quantity {
    /// Checks the quantity, reads its file if it has one, and makes it ready to draw from.
    ///
    /// `name` distinguishes the quantities of a scenario: fixed draws of different names are independent. All values lie in
    /// `range`.
    ///
    /// # Errors
    /// [`Invalid`] if a parameter, a possible value or the file is unfit.
    pub fn build(&self, name: &str, range: &RangeInclusive<f64>, setting: &Setting) -> Result<Sampler, Invalid> {
        self.validate(range)?;
        Ok(Sampler { shape: self.shape(name, range, setting)? })
    }

    fn shape(&self, name: &str, range: &RangeInclusive<f64>, setting: &Setting) -> Result<Shape, Invalid> {
        Ok(match *self {
            Self::Constant(value) => Shape::Constant(value),
            Self::Uniform { low, high } => Shape::Uniform { low, width: high - low },
            Self::Exponential { mean } => Shape::Exponential { mean },
            Self::Lognormal { median, mu, sigma } => {
                Shape::Lognormal { mu: mu.or(median.map(f64::ln)).unwrap_or_default(), sigma }
            }
            Self::HalfNormal { min, sd } => Shape::HalfNormal { min, sd },
            Self::Gamma { shape, mean } => {
                let unit = Gamma::new(shape, shape.recip()).map_err(|error| Invalid::at("gamma.shape", error.to_string()))?;
                Shape::Gamma { unit, mean }
            }
            Self::Pareto { min, shape } => Shape::Pareto { min, shape },
            Self::Normal { mean, sd, min } => Shape::Normal { mean, sd, min },
            Self::Integer { low, high } => Shape::Integer { low, high },
            Self::Spread { slowest, percent } => {
                let last = setting.clients.saturating_sub(1).max(1);
                Shape::Spread { slowest, slope: percent / 100.0 / last as f64, middle: (setting.clients.max(1) - 1) as f64 / 2.0 }
            }
            Self::File(ref path) => Shape::Values(read_values(&setting.locate(path), range, setting.clients)?.into()),
            Self::Values(ref values) => Shape::Values(values.as_slice().into()),
            Self::Fixed(ref inner) => {
                let key = xxhash_rust::xxh3::xxh3_64(name.as_bytes());
                Shape::Fixed { inner: Box::new(inner.shape(name, range, setting)?), streams: setting.streams, key }
            }
        })
    }
}

fn read_values(path: &Path, range: &RangeInclusive<f64>, clients: usize) -> Result<Vec<f64>, Invalid> {
    let table = table::read(path, ["value"]).map_err(|error| error.under("file"))?;
    if table.rows.len() != clients {
        let message =
            format!("the file has {}: expected one for each of {}", count(table.rows.len(), "value"), count(clients, "client"));
        return Err(table.fault(message).under("file"));
    }
    let value = |row: &Row<1>| {
        let [value] = row.values;
        let message = || format!("`{value}` is out of range: expected values {}", describe(range));
        if range.contains(&value) { Ok(value) } else { Err(table.fault_at(row, message()).under("file")) }
    };
    table.rows.iter().map(value).collect()
}

impl Sampler {
    /// Always `value`.
    pub fn constant(value: f64) -> Self {
        Self { shape: Shape::Constant(value) }
    }

    /// Refuses listed times that virtual time cannot be counted in: those of a file are known only now.
    ///
    /// # Errors
    /// [`Invalid`] with an empty path.
    pub fn check_time(&self) -> Result<(), Invalid> {
        self.listed().iter().try_for_each(|&time| check_longest(time))
    }

    /// The values that are given one by one, in a list or a file; none where they follow a rule.
    fn listed(&self) -> &[f64] {
        self.shape.values()
    }

    /// The value for `client`: fresh draws come from `rng`, fixed ones from the client's own stream.
    #[inline]
    pub fn sample(&self, client: usize, rng: &mut Rng) -> f64 {
        self.shape.sample(client, rng)
    }

    /// The value of `client` where it does not change between uses.
    #[inline]
    pub fn of_client(&self, client: usize) -> Option<f64> {
        match &self.shape {
            Shape::Constant(value) => Some(*value),
            Shape::Spread { .. } | Shape::Values(_) => Some(self.shape.listed(client)),
            Shape::Fixed { inner, streams, key } => Some(inner.sample(client, &mut streams.stream(Purpose::Trait, client, *key))),
            _ => None,
        }
    }

    /// Mean of the values of `client` over its uses.
    pub fn client_mean(&self, client: usize) -> f64 {
        self.of_client(client).unwrap_or_else(|| self.shape.mean())
    }

    /// Mean over draws and clients (of a list: over its entries). Infinite for a Pareto with `shape ≤ 1`.
    pub fn mean(&self) -> f64 {
        self.shape.mean()
    }
}

impl Shape {
    #[inline]
    fn sample(&self, client: usize, rng: &mut Rng) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Uniform { low, width } => low + width * rng.random::<f64>(),
            Self::Exponential { mean } => mean * exponential(rng),
            Self::Lognormal { mu, sigma } => (mu + sigma * normal(rng)).exp(),
            Self::HalfNormal { min, sd } => min + sd * normal(rng).abs(),
            Self::Gamma { unit, mean } => mean * unit.sample(rng),
            Self::Pareto { min, shape } => min * (exponential(rng) / shape).exp(),
            Self::Normal { mean, sd, min } => loop {
                let value = mean + sd * normal(rng);
                if value >= *min {
                    return value;
                }
            },
            Self::Integer { low, high } => rng.random_range(*low..=*high) as f64,
            Self::Spread { .. } | Self::Values(_) => self.listed(client),
            Self::Fixed { inner, streams, key } => inner.sample(client, &mut streams.stream(Purpose::Trait, client, *key)),
        }
    }

    fn values(&self) -> &[f64] {
        match self {
            Self::Values(values) => values,
            Self::Fixed { inner, .. } => inner.values(),
            _ => &[],
        }
    }

    /// The entry of `client` in a list of one value per client.
    #[inline]
    fn listed(&self, client: usize) -> f64 {
        match self {
            Self::Spread { slowest, slope, .. } => slowest * (1.0 - client as f64 * slope),
            Self::Values(values) => values[client % values.len()],
            _ => f64::NAN,
        }
    }

    fn mean(&self) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Uniform { low, width } => low + width / 2.0,
            Self::Exponential { mean } | Self::Gamma { mean, .. } => *mean,
            Self::Lognormal { mu, sigma } => (mu + sigma * sigma / 2.0).exp(),
            Self::HalfNormal { min, sd } => min + sd * std::f64::consts::FRAC_2_PI.sqrt(),
            Self::Pareto { min, shape } if *shape > 1.0 => min * shape / (shape - 1.0),
            Self::Pareto { .. } => f64::INFINITY,
            Self::Normal { mean, sd, min } => {
                let cut = (min - mean) / sd;
                mean + sd * density(cut) / upper_tail(cut)
            }
            Self::Integer { low, high } => (*low as f64 + *high as f64) / 2.0,
            Self::Spread { slowest, slope, middle } => slowest * (1.0 - slope * middle),
            Self::Values(values) => values.iter().sum::<f64>() / values.len() as f64,
            Self::Fixed { inner, .. } => inner.mean(),
        }
    }
}

fn exponential(rng: &mut Rng) -> f64 {
    Exp1.sample(rng)
}

fn normal(rng: &mut Rng) -> f64 {
    StandardNormal.sample(rng)
}

/// Density of the standard normal.
fn density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// `P(Z > x)` of the standard normal for `x ≤ 3`, by the series of Marsaglia (Journal of Statistical Software 11(4), 2004).
fn upper_tail(x: f64) -> f64 {
    if x < -9.0 {
        return 1.0;
    }
    let (mut sum, mut term, mut k) = (x, x, 1.0);
    while sum + term != sum {
        k += 2.0;
        term *= x * x / k;
        sum += term;
    }
    0.5 - density(x) * sum
}

/// Draws from `Dir(α 1)`, shape `[count]`; `exponential` draws from the standard exponential distribution.
///
/// Gamma variates are drawn as logarithms, `ln Γ(α) = ln Γ(α + 1) − E / α`, because for small α nearly all of them
/// are below the smallest double.
pub fn dirichlet(alpha: f64, count: usize, exponential: &impl Distribution<f64>, rng: &mut Rng) -> Vec<f64> {
    let gamma = Gamma::new(alpha + 1.0, 1.0).expect("the concentration is checked: positive and finite");
    let logarithms = (0..count).map(|_| {
        let boost = exponential.sample(rng);
        gamma.sample(rng).ln() - boost / alpha
    });
    let mut shares = exponentials(logarithms.collect());
    let total: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= total);
    shares
}

/// Exponentials of `logarithms`, relative to the largest.
pub fn exponentials(mut logarithms: Vec<f64>) -> Vec<f64> {
    let largest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logarithms.iter_mut().for_each(|value| *value = (*value - largest).exp());
    logarithms
}
