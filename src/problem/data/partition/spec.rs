//! How a scenario divides the samples.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::{Invalid, require},
    problem::data::spec::{PathOr, path_or_table},
};

/// How the training samples are divided among the clients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PartitionSpec {
    /// At random, in parts of equal size.
    Iid,
    /// In the order of the source, in parts of equal size.
    Contiguous,
    /// By the data set's own clients: users, subjects, generated clients.
    Natural,
    /// Every client has all samples.
    Shared,
    /// Label skew: class mixes from a Dirichlet law.
    Dirichlet(DirichletSpec),
    /// Label skew: a few contiguous pieces of the samples sorted by target.
    Shards(ShardSpec),
    /// Unequal sizes with the same law of samples.
    Quantity(QuantitySpec),
    /// By the values of a column; `target` means the class.
    By(String),
    /// By client ids from 0 in a file: one for each training sample of the source (before `test`, `validation` and `classes`), as NPY,
    /// one a line, or as JSON, which may also list the rows of each client; a bare path, or a table.
    File(
        #[serde(deserialize_with = "path_or_table")]
        #[schemars(with = "PathOr<FileOfClients>")]
        FileOfClients,
    ),
}

/// Label skew from a Dirichlet law.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DirichletSpec {
    /// Concentration [1]: small is skewed, large is even.
    pub alpha: f64,
    /// The unit that the law is drawn for.
    #[serde(default)]
    pub split: DirichletSplit,
    /// Whether a client may have no sample; if not, an empty client takes one from the largest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_empty: bool,
}

/// The unit that a Dirichlet law is drawn for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DirichletSplit {
    /// Each class is divided over the clients in proportions `Dir(α 1ₙ)`, at random (Yurochkin et al., ICML 2019).
    #[default]
    ByClass,
    /// Each client draws a mix `κₙ ~ Dir(α 1_C)`; class `c` is divided in contiguous pieces proportional to
    /// `κₙ,c / Σₙ κₙ,c` (Wang and Ji, FedAU, ICLR 2024, arXiv 2306.03401).
    ByClient,
    /// Each client draws a mix `κₙ ~ Dir(α 1_C)` and fills an equal share of all samples from it, as long as the classes
    /// last (Hsu et al., 2019, arXiv 1909.06335, with uniform prior).
    EqualSize,
}

/// Pieces of the samples sorted by target (McMahan et al., AISTATS 2017).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ShardSpec {
    /// Number of pieces of each client.
    pub per_client: usize,
}

/// Unequal sizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct QuantitySpec {
    /// Law of the clients' shares.
    pub sizes: ShareLaw,
    /// Whether a client may have no sample; if not, an empty client takes one from the largest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_empty: bool,
}

/// Law of the clients' shares of the samples, before they are brought to sum 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ShareLaw {
    /// `exp(σ N(0, 1))`.
    Lognormal {
        /// Standard deviation of the logarithm [1].
        sigma: f64,
    },
    /// `Dir(α 1ₙ)`.
    Dirichlet {
        /// Concentration [1].
        alpha: f64,
    },
}

/// A file of client ids.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileOfClients {
    /// The file, relative to the scenario file.
    pub path: PathBuf,
    /// Whether an id below the largest may have no sample.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_empty: bool,
}

impl PartitionSpec {
    /// Whether a client may have no sample.
    pub fn allows_empty(&self) -> bool {
        match self {
            Self::Dirichlet(law) => law.allow_empty,
            Self::Quantity(law) => law.allow_empty,
            Self::File(file) => file.allow_empty,
            _ => false,
        }
    }

    /// Whether the values are in range. Data and files are not looked at.
    ///
    /// # Errors
    /// [`Invalid`] at the offending key.
    pub fn check(&self) -> Result<(), Invalid> {
        let concentration = |alpha: f64, key| require(alpha > 0.0 && alpha.is_finite(), key, alpha, "a concentration above 0");
        match self {
            Self::Dirichlet(law) => concentration(law.alpha, "dirichlet.alpha"),
            Self::Shards(law) => require(law.per_client > 0, "shards.per-client", law.per_client, "at least 1"),
            Self::Quantity(QuantitySpec { sizes: ShareLaw::Dirichlet { alpha }, .. }) => {
                concentration(*alpha, "quantity.sizes.dirichlet.alpha")
            }
            Self::Quantity(QuantitySpec { sizes: ShareLaw::Lognormal { sigma }, .. }) => {
                let key = "quantity.sizes.lognormal.sigma";
                require((0.0..=100.0).contains(sigma), key, sigma, "a standard deviation from 0 to 100")
            }
            _ => Ok(()),
        }
    }
}
