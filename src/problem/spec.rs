//! The `[problem]` section of a scenario, and the problem built from it.

mod build;

pub use build::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    ObjectiveSpec,
    data::{DataSpec, PartitionSpec},
    init::{InitSpec, XavierInit},
};
use crate::{
    invalid::{Invalid, require},
    num::Precision,
};

/// What is minimised, on which data, from where.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProblemSpec {
    /// The local objectives: a name, or a table with one name and its options.
    pub objective: ObjectiveSpec,
    /// The samples; quadratics have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataSpec>,
    /// How the training samples are divided among the clients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<PartitionSpec>,
    /// Share of each client's samples that is held out after the partition, in (0, 1) [1]: the client's own test samples, on which
    /// `record.clients` and the metrics over clients score models. They are drawn for each seed, and no client trains on them. Leave it
    /// out where the data say whose the held-out samples are: natural clients with `test` in the data, and files of users or of a
    /// `client` column with a test part. Where the data hold out nothing else, all of them together are the test samples too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_test: Option<f64>,
    /// Strength `λ` of the regularisation `(λ/2) ‖x‖²` on all parameters of every client \[1\].
    #[serde(default)]
    pub l2: f64,
    /// Where all nodes start; by default zeros, and Xavier for neural networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<InitSpec>,
    /// The weights `pᵢ` of the clients in `f = Σ pᵢ fᵢ`, which every method follows; a client without samples has none.
    #[serde(default)]
    pub weights: WeightsSpec,
}

/// The weights `pᵢ` of the clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WeightsSpec {
    /// `1/n` for each of the `n` clients that have samples.
    #[default]
    Uniform,
    /// In proportion to the number of training samples.
    Samples,
}

impl ProblemSpec {
    /// A problem with defaults for everything but its objective.
    pub fn new(objective: ObjectiveSpec) -> Self {
        Self { objective, data: None, partition: None, own_test: None, l2: 0.0, init: None, weights: WeightsSpec::Uniform }
    }

    /// The precision that suits the objective: double where gaps to an optimum are of interest, single for neural networks.
    pub fn default_precision(&self) -> Precision {
        if self.is_convex() { Precision::F64 } else { Precision::F32 }
    }

    /// Whether the problem has a reference optimum.
    pub fn is_convex(&self) -> bool {
        self.objective.properties().convex
    }

    /// The stated initial model, or the default of the objective.
    pub fn init(&self) -> InitSpec {
        let default = || if self.is_convex() { InitSpec::Zeros } else { InitSpec::Xavier(XavierInit::default()) };
        self.init.clone().unwrap_or_else(default)
    }

    /// Refuses values out of range and combinations that mean nothing. Files are not looked at.
    ///
    /// # Errors
    /// [`Invalid`] with the key at fault and a remedy.
    pub fn check(&self) -> Result<(), Invalid> {
        require(self.l2.is_finite() && self.l2 >= 0.0, "l2", self.l2, "a finite number of at least 0")?;
        self.init().check().map_err(|error| error.under("init"))?;
        self.objective.validate().map_err(|error| error.under("objective"))?;
        if !self.objective.properties().samples {
            return self.check_no_data();
        }
        if let Some(partition) = &self.partition {
            partition.check().map_err(|error| error.under("partition"))?;
        }
        if let Some(share) = self.own_test {
            require(share > 0.0 && share < 1.0, "own-test", share, "a share of each client's samples, above 0 and below 1")?;
        }
        match &self.data {
            Some(data) => data.check().map_err(|error| error.under("data")),
            None => Err(Invalid::at("objective", "this objective needs samples, and no `data` is given")
                .help("name a bundled set such as `data = \"mnist-10k\"`, or a file such as `data = { csv = \"file.csv\" }`")),
        }
    }

    /// Refuses what only objectives over samples have.
    fn check_no_data(&self) -> Result<(), Invalid> {
        let name = self.objective.name();
        let fault = |key: &str, message: &str, help: &str| Err(Invalid::at(key, format!("`{name}` {message}")).help(help));
        if self.data.is_some() {
            return fault("data", "takes no data", "remove `data`, or use `objective = \"least-squares\"`");
        }
        if self.partition.is_some() {
            return fault("partition", "has no samples to divide", "remove `partition`");
        }
        if self.own_test.is_some() {
            return fault("own-test", "has no samples to hold out", "remove `own-test`");
        }
        if self.l2 != 0.0 {
            return fault("l2", "states its curvature itself and takes no `l2`", "remove `l2`, or add it to the curvatures");
        }
        if self.weights == WeightsSpec::Samples {
            return fault("weights", "has no samples to weigh clients by", "use `weights = \"uniform\"`");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
