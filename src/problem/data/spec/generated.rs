//! Data that are drawn from a law.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::{Invalid, require},
    memory::{check_layers, check_parameters},
};

/// Synthetic(α, β) of FedProx (Li et al., MLSys 2020, arXiv 1812.06127): each client has its own linear classifier and
/// its own inputs.
///
/// As in the paper's published code, α and β are standard deviations: `u ~ N(0, α)`, `W, b ~ N(u, 1)`, `B ~ N(0, β)`,
/// `v ~ N(B, 1)`, `x ~ N(v, diag(j^-1.2))`, `y = argmax(Wᵀx + b)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SyntheticSpec {
    /// Standard deviation over clients of the mean of the classifier [1].
    pub alpha: f64,
    /// Standard deviation over clients of the mean of the inputs [1].
    pub beta: f64,
    /// One classifier for all, inputs of mean 0.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub iid: bool,
    /// Number of features.
    pub features: usize,
    /// Number of classes.
    pub classes: usize,
    /// Number of clients, where the fleet does not say.
    pub clients: usize,
    /// Mean of the logarithm of a client's number of samples.
    pub log_mean: f64,
    /// Standard deviation of the logarithm of a client's number of samples.
    pub log_sd: f64,
    /// Added to every client's number of samples.
    pub min_samples: usize,
    /// Largest number of samples of a client: the lognormal law has an extreme tail.
    pub max_samples: usize,
    /// Share of each client's samples that is held out [1].
    pub test: f64,
    /// Draws the same data for every seed of the run, from this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Default for SyntheticSpec {
    fn default() -> Self {
        Self {
            alpha: 0.0,
            beta: 0.0,
            iid: false,
            features: 60,
            classes: 10,
            clients: 30,
            log_mean: 4.0,
            log_sd: 2.0,
            min_samples: 50,
            max_samples: 10_000,
            test: 0.1,
            seed: None,
        }
    }
}

impl SyntheticSpec {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        require(self.alpha >= 0.0 && self.alpha.is_finite(), "alpha", self.alpha, "a standard deviation of at least 0")?;
        require(self.beta >= 0.0 && self.beta.is_finite(), "beta", self.beta, "a standard deviation of at least 0")?;
        require(self.log_sd >= 0.0 && self.log_sd.is_finite(), "log-sd", self.log_sd, "a standard deviation of at least 0")?;
        require(self.log_mean.is_finite(), "log-mean", self.log_mean, "a finite number")?;
        require((0.0..1.0).contains(&self.test), "test", self.test, "a share of at least 0 and below 1")?;
        require(self.max_samples >= self.min_samples.max(1), "max-samples", self.max_samples, "at least min-samples, and 1")?;
        at_least(self.features, 1, "features")?;
        at_least(self.classes, 2, "classes")?;
        require((1..=100_000_000).contains(&self.clients), "clients", self.clients, "from 1 to 100 million")
    }
}

/// A mixture of Gaussians: every class has some clusters, every cluster a centre and isotropic noise.
///
/// With `classes = 4, clusters = 8, features = 512, samples = 128000, test = 10000` it is the mixture of 32 Gaussians of
/// asynchronous DiLoCo's published notebook (Liu et al., 2024, arXiv 2401.09135).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct MixtureSpec {
    /// Number of classes.
    pub classes: usize,
    /// Number of clusters of each class.
    pub clusters: usize,
    /// Number of features.
    pub features: usize,
    /// Law of the centres of the clusters.
    pub centres: CentreLaw,
    /// Standard deviation of a sample around its centre, per feature [1].
    pub noise: f64,
    /// Number of training samples of the pool, from clusters drawn uniformly; not used with `clients`.
    pub samples: usize,
    /// Number of held-out samples; classes take turns.
    pub test: usize,
    /// Natural clients with their own mix of labels, instead of one pool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<MixtureClients>,
    /// Draws the same data for every seed of the run, from this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// The natural clients of a [`MixtureSpec`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MixtureClients {
    /// Number of samples of each client.
    pub samples: usize,
    /// Concentration of the Dirichlet law of each client's label mix [1].
    pub alpha: f64,
    /// Number of clients, where the fleet does not say.
    #[serde(default = "hundred")]
    pub count: usize,
}

fn hundred() -> usize {
    100
}

/// Law of the centres of clusters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum CentreLaw {
    /// Uniform on the unit sphere.
    UnitNorm,
    /// Normal with mean 0.
    Normal {
        /// Standard deviation per feature [1].
        sd: f64,
    },
}

impl Default for MixtureSpec {
    fn default() -> Self {
        Self {
            classes: 10,
            clusters: 1,
            features: 64,
            centres: CentreLaw::UnitNorm,
            noise: 0.5,
            samples: 10_000,
            test: 2_000,
            clients: None,
            seed: None,
        }
    }
}

impl MixtureSpec {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        at_least(self.classes, 2, "classes")?;
        at_least(self.clusters, 1, "clusters")?;
        at_least(self.features, 1, "features")?;
        check_parameters("clusters", &[self.classes, self.clusters, self.features], "centres")?;
        at_least(self.samples, 1, "samples")?;
        require(self.noise >= 0.0 && self.noise.is_finite(), "noise", self.noise, "a standard deviation of at least 0")?;
        if let CentreLaw::Normal { sd } = self.centres {
            require(sd >= 0.0 && sd.is_finite(), "centres.normal.sd", sd, "a standard deviation of at least 0")?;
        }
        if let Some(clients) = &self.clients {
            at_least(clients.samples, 1, "clients.samples")?;
            require((1..=100_000_000).contains(&clients.count), "clients.count", clients.count, "from 1 to 100 million")?;
            let alpha = clients.alpha;
            require(alpha > 0.0 && alpha.is_finite(), "clients.alpha", alpha, "a concentration above 0")?;
        }
        Ok(())
    }
}

/// Standard normal inputs labelled by a random network: `y = argmax(tanh(x A) B)` with `A ~ N(0, 1/√features)` and
/// `B ~ N(0, 1)`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TeacherSpec {
    /// Number of features.
    pub features: usize,
    /// Number of hidden units of the network.
    pub hidden: usize,
    /// Number of classes.
    pub classes: usize,
    /// Number of training samples.
    pub samples: usize,
    /// Number of held-out samples.
    pub test: usize,
    /// Draws the same data for every seed of the run, from this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl Default for TeacherSpec {
    fn default() -> Self {
        Self { features: 64, hidden: 6, classes: 10, samples: 50_000, test: 500, seed: None }
    }
}

impl TeacherSpec {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        at_least(self.features, 1, "features")?;
        at_least(self.hidden, 1, "hidden")?;
        at_least(self.classes, 2, "classes")?;
        check_layers("hidden", &[self.features, self.hidden, self.classes])?;
        at_least(self.samples, 1, "samples")
    }
}

/// Standard normal inputs with targets that are linear in them, or have nothing to do with them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LinearSpec {
    /// Number of features.
    pub features: usize,
    /// Number of training samples.
    pub samples: usize,
    /// Number of held-out samples.
    pub test: usize,
    /// Law of the targets.
    pub targets: LinearTargets,
    /// Draws the same data for every seed of the run, from this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// Law of the targets of a [`LinearSpec`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum LinearTargets {
    /// `y = ⟨w, x⟩ + noise · N(0, 1)` with `w ~ N(0, 1)`.
    Linear {
        /// Standard deviation of the noise [1].
        noise: f64,
    },
    /// `y ~ N(0, 1)`.
    Random,
    /// Uniform random classes.
    Labels {
        /// Number of classes.
        classes: usize,
    },
}

impl Default for LinearSpec {
    fn default() -> Self {
        Self { features: 20, samples: 1_000, test: 0, targets: LinearTargets::Linear { noise: 0.1 }, seed: None }
    }
}

impl LinearSpec {
    pub(super) fn check(&self) -> Result<(), Invalid> {
        at_least(self.features, 1, "features")?;
        at_least(self.samples, 1, "samples")?;
        match self.targets {
            LinearTargets::Linear { noise } => {
                require(noise >= 0.0 && noise.is_finite(), "targets.linear.noise", noise, "a standard deviation of at least 0")
            }
            LinearTargets::Random => Ok(()),
            LinearTargets::Labels { classes } => at_least(classes, 2, "targets.labels.classes"),
        }
    }
}

fn at_least(value: usize, least: usize, key: &str) -> Result<(), Invalid> {
    require(value >= least, key, value, &format!("at least {least}"))
}
