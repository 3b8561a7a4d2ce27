//! The probability that a client takes part in a round.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use ndarray::ArrayView2;
use rand::RngExt;
use rand_distr::Exp1;
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeSeed, EnumAccess, Error, IntoDeserializer, VariantAccess, Visitor, value::EnumAccessDeserializer},
};

use crate::{
    invalid::{Invalid, require},
    random::{
        POPULATION, Purpose, Quantity, Sampler, Setting, Streams, dirichlet,
        quantity::{FRACTION, distributions},
    },
    toml::decode::{defaults, forms, names_in},
};

/// The probability of each client: a quantity drawn once per client, or a function of the labels in its data.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Probability {
    /// The same for all, a distribution over clients, or a list.
    Plain(Quantity),
    /// Follows from the labels of the client's samples.
    ByLabel(ByLabel),
}

/// Probabilities that are correlated with the label mix, so that participation bias turns into objective bias.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ByLabel {
    /// FedAU (Wang and Ji, ICLR 2024): `p = min(1, max(min, mean · C · Σ_c κ_c q_c))` with the client's label fractions `κ`
    /// and one `q ~ Dirichlet(alpha)` for the population.
    Labels {
        /// Concentration of `q` `[1]`.
        #[serde(default = "alpha")]
        alpha: f64,
        /// Mean probability `p̄` `[1]`.
        #[serde(default = "mean")]
        mean: f64,
        /// Smallest probability `[1]`.
        #[serde(default = "min")]
        min: f64,
    },
    /// FedAWE (NeurIPS 2024): `p = Σ_c κ_c φ_c` with `φ_c` uniform up to `first` for the first half of the labels, up to
    /// `second` for the others.
    LabelRates {
        /// Largest rate of the first half of the labels `[1]`.
        #[serde(default = "first")]
        first: f64,
        /// Largest rate of the second half of the labels `[1]`.
        #[serde(default = "second")]
        second: f64,
    },
    /// MIFA (Gu et al., NeurIPS 2021): `p = min + (max − min) · (smallest label of the client) / (C − 1)`.
    LowestLabel {
        /// Probability of clients that have label 0 `[1]`.
        min: f64,
        /// Probability of clients whose only label is the last `[1]`.
        #[serde(default = "one")]
        max: f64,
    },
}

defaults! {
    alpha: f64 = 0.1;
    mean: f64 = 0.1;
    min: f64 = 0.02;
    first: f64 = 1.0;
    second: f64 = 0.5;
    one: f64 = 1.0;
}

impl Probability {
    /// # Errors
    /// [`Invalid`] with a path relative to the probability.
    pub(in crate::fleet) fn validate(&self) -> Result<(), Invalid> {
        let fraction = |key: &str, value: f64| require(FRACTION.contains(&value), key, value, "a probability from 0 to 1");
        match *self {
            Self::Plain(ref quantity) => quantity.validate(&FRACTION),
            Self::ByLabel(ByLabel::Labels { alpha, mean, min }) => {
                require(alpha > 0.0 && alpha.is_finite(), "labels.alpha", alpha, "a finite number above 0")?;
                fraction("labels.mean", mean).and(fraction("labels.min", min))
            }
            Self::ByLabel(ByLabel::LabelRates { first, second }) => {
                fraction("label-rates.first", first).and(fraction("label-rates.second", second))
            }
            Self::ByLabel(ByLabel::LowestLabel { min, max }) => {
                fraction("lowest-label.min", min).and(fraction("lowest-label.max", max))
            }
        }
    }

    /// `labels` are the label fractions of the clients' samples, shape `[n, C]`.
    pub(in crate::fleet) fn build(&self, setting: &Setting, labels: Option<ArrayView2<'_, f64>>) -> Result<Chance, Invalid> {
        self.validate()?;
        match self {
            Self::Plain(quantity) => {
                Ok(Chance::Drawn(quantity.clone().per_client().build("fleet.probability", &FRACTION, setting)?))
            }
            Self::ByLabel(rule) => {
                let labels = labels.ok_or_else(|| {
                    Invalid::at("", "probabilities by label need data with labels: this problem has none")
                        .help("give a number, or choose a classification problem")
                })?;
                Ok(Chance::Listed(rule.probabilities(labels, setting.streams).into()))
            }
        }
    }
}

impl ByLabel {
    fn probabilities(&self, labels: ArrayView2<'_, f64>, streams: Streams) -> Vec<f64> {
        let classes = labels.ncols();
        let mut rng = streams.stream(Purpose::Availability, POPULATION, 0);
        let weighted = |rates: &[f64]| -> Vec<f64> {
            labels.rows().into_iter().map(|row| row.iter().zip(rates).map(|(share, rate)| share * rate).sum()).collect()
        };
        match *self {
            Self::Labels { alpha, mean, min } => {
                let rates = dirichlet(alpha, classes, &Exp1, &mut rng);
                let scale = mean * classes as f64;
                weighted(&rates).into_iter().map(|rate: f64| (scale * rate).max(min).min(1.0)).collect()
            }
            Self::LabelRates { first, second } => {
                let limit = |class| if class < classes.div_ceil(2) { first } else { second };
                let rates: Vec<f64> = (0..classes).map(|class| limit(class) * rng.random::<f64>()).collect();
                weighted(&rates).into_iter().map(|rate: f64| rate.min(1.0)).collect()
            }
            Self::LowestLabel { min, max } => {
                let last = classes.saturating_sub(1).max(1) as f64;
                let lowest = |row: ndarray::ArrayView1<'_, f64>| row.iter().position(|&share| share > 0.0).unwrap_or(0);
                labels.rows().into_iter().map(|row| lowest(row) as f64 / last * (max - min) + min).collect()
            }
        }
    }
}

/// The probabilities `p_n` of all clients, ready to look up.
#[derive(Debug, Clone)]
pub(in crate::fleet) enum Chance {
    Drawn(Sampler),
    Listed(Arc<[f64]>),
}

impl Chance {
    pub fn of(&self, client: usize) -> f64 {
        match self {
            Self::Drawn(sampler) => sampler.client_mean(client),
            Self::Listed(values) => values[client],
        }
    }
}

forms! {
    Probability, "a probability, a distribution of it, or a rule such as `{ labels = { mean = 0.1 } }`",
    number(Quantity) => Probability::Plain,
    table(RuleOrDistribution) => |probability| probability,
}

/// The table of a [`Probability`], whose name says whether it is a rule or a distribution.
struct RuleOrDistribution;

impl RuleOrDistribution {
    fn deserialize<'de, D: Deserializer<'de>>(table: D) -> Result<Probability, D::Error> {
        table.deserialize_enum("Probability", &[], Self)
    }
}

impl<'de> Visitor<'de> for RuleOrDistribution {
    type Value = Probability;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rule or a distribution")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, table: A) -> Result<Probability, A::Error> {
        let (name, parameters) = table.variant_seed(Name)?;
        let is_rule = names_in(|probe| ByLabel::deserialize(probe)).contains(&name.as_str());
        let table = EnumAccessDeserializer::new(Choice { name, parameters });
        match is_rule {
            true => ByLabel::deserialize(table).map(Probability::ByLabel),
            false => Quantity::deserialize(table).map(Probability::Plain),
        }
    }
}

/// Reads the name of a rule or a distribution, so that the fault of an unknown one points at it and lists both.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        static NAMES: LazyLock<Vec<&str>> =
            LazyLock::new(|| [names_in(|probe| ByLabel::deserialize(probe)), distributions()].concat());
        let name = String::deserialize(deserializer)?;
        if NAMES.contains(&name.as_str()) { Ok(name) } else { Err(Error::unknown_variant(&name, &NAMES)) }
    }
}

/// A choice whose name was already read.
struct Choice<V> {
    name: String,
    parameters: V,
}

impl<'de, V: VariantAccess<'de>> EnumAccess<'de> for Choice<V> {
    type Error = V::Error;
    type Variant = V;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, V), V::Error> {
        Ok((seed.deserialize(self.name.into_deserializer())?, self.parameters))
    }
}
