//! How a scenario states a quadratic problem.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::{Invalid, require},
    memory::check_parameters,
};

/// Quadratic clients `fᵢ(x) = ½ (x − cᵢ)ᵀ Aᵢ (x − cᵢ)`: stated one by one, read from a file, or generated (the default).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct QuadraticSpec {
    /// Curvature `Aᵢ` of each client: a number, a vector (the diagonal) or a matrix per client, or one number for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curvature: Option<Numbers>,
    /// Minimiser `cᵢ` of each client: a number or a vector per client, or one number for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub centre: Option<Numbers>,
    /// NPZ file with arrays `curvature` `[n]`, `[n, d]` or `[n, d, d]` and `centre` `[n]` or `[n, d]`, or CSV file with the
    /// columns `h1…hd` and `c1…cd` and a row per client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// Draws the clients at random.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generate: Option<GeneratorSpec>,
    /// Standard deviation of the additive Gaussian gradient noise per coordinate \[1\].
    #[serde(default)]
    pub noise: f64,
}

/// A number, or one value per client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number, or a list of one for each client: all numbers, all vectors or all matrices")]
pub enum Numbers {
    /// The same number for every client.
    Common(f64),
    /// A number per client.
    Scalars(Vec<f64>),
    /// A vector per client.
    Vectors(Vec<Vec<f64>>),
    /// A matrix per client, row by row.
    Matrices(Vec<Vec<Vec<f64>>>),
}

/// Random quadratics with an exactly known optimum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct GeneratorSpec {
    /// Number of parameters `d`.
    pub dimension: usize,
    /// Ratio `κ ≥ 1` of the largest to the smallest curvature \[1\].
    pub condition: f64,
    /// Largest curvature `L` \[1\].
    pub smoothness: f64,
    /// `ζ² = (1/n) Σ ‖∇fᵢ(x*)‖²` at the optimum, met exactly \[1\].
    pub dissimilarity: f64,
    /// Whether clients share one curvature (eigenvalues evenly spaced in the logarithm on `[L/κ, L]`) or each has its own
    /// (eigenvalues log-uniform on `[L/κ, L]`).
    pub curvature: Alike,
    /// Axis-parallel curvatures, or full matrices with random eigenvectors.
    pub shape: Shape,
    /// Draws linear terms `bᵢ` in place of offsets of a given dissimilarity: the gradient is `Aᵢ x − bᵢ`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linear: Option<LinearTerm>,
}

impl Default for GeneratorSpec {
    fn default() -> Self {
        Self {
            dimension: 20,
            condition: 100.0,
            smoothness: 1.0,
            dissimilarity: 1.0,
            curvature: Alike::Heterogeneous,
            shape: Shape::Diagonal,
            linear: None,
        }
    }
}

/// Whether clients have the same curvature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Alike {
    /// One curvature for all clients.
    Same,
    /// A curvature of its own for each client.
    Heterogeneous,
}

/// The shape of a curvature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// Eigenvectors along the axes.
    Diagonal,
    /// Haar-distributed eigenvectors.
    Dense,
}

/// Independent Gaussian coordinates of the linear terms `bᵢ`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LinearTerm {
    /// Mean \[1\].
    pub mean: f64,
    /// Standard deviation \[1\].
    pub sd: f64,
}

impl QuadraticSpec {
    /// Refuses values out of range and more than one source of clients.
    ///
    /// # Errors
    /// [`Invalid`] with the key at fault.
    pub fn check(&self) -> Result<(), Invalid> {
        require(self.noise.is_finite() && self.noise >= 0.0, "noise", self.noise, "a standard deviation of at least 0")?;
        let explicit = self.curvature.is_some() || self.centre.is_some();
        if usize::from(explicit) + usize::from(self.file.is_some()) + usize::from(self.generate.is_some()) > 1 {
            return Err(Invalid::at("", "a quadratic problem has one source of clients, and several are given")
                .help("keep either `curvature` and `centre`, or `file`, or `generate`"));
        }
        if explicit && (self.curvature.is_none() || self.centre.is_none()) {
            let (missing, present) = if self.curvature.is_none() { ("curvature", "centre") } else { ("centre", "curvature") };
            return Err(Invalid::at(present, format!("`{present}` is given without `{missing}`"))
                .help(format!("add `{missing}`, one number or vector per client")));
        }
        self.generate.as_ref().map_or(Ok(()), |generate| generate.check().map_err(|error| error.under("generate")))
    }
}

impl GeneratorSpec {
    fn check(&self) -> Result<(), Invalid> {
        let finite = |value: f64| value.is_finite();
        require(self.dimension >= 1, "dimension", self.dimension, "at least 1")?;
        match self.shape {
            Shape::Diagonal => check_parameters("dimension", &[self.dimension], "a model")?,
            Shape::Dense => check_parameters("dimension", &[self.dimension, self.dimension], "a curvature")?,
        }
        require(finite(self.condition) && self.condition >= 1.0, "condition", self.condition, "a ratio of at least 1")?;
        require(finite(self.smoothness) && self.smoothness > 0.0, "smoothness", self.smoothness, "a number above 0")?;
        let zeta = self.dissimilarity;
        require(finite(zeta) && zeta >= 0.0, "dissimilarity", zeta, "a mean square of at least 0")?;
        if let Some(LinearTerm { mean, sd }) = self.linear {
            require(finite(mean), "linear.mean", mean, "a finite number")?;
            require(finite(sd) && sd >= 0.0, "linear.sd", sd, "a standard deviation of at least 0")?;
        }
        Ok(())
    }
}
