//! `[problem]` as it is written in a scenario.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Activation,
    data::{DataSpec, PartitionSpec},
    init::{InitSpec, XavierInit},
    quadratic::QuadraticSpec,
    regression::RegressionSpec,
};
use crate::{
    invalid::{Invalid, require},
    num::Precision,
};

/// What is minimised, over which data, and where methods start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProblemSpec {
    /// The loss and the model.
    pub objective: ObjectiveSpec,
    /// The samples; quadratics have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataSpec>,
    /// How the samples are divided among the clients; the data's own clients if not given, or in equal parts at random.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition: Option<PartitionSpec>,
    /// `λ` of the regularisation `λ/2 ‖x‖²` [1].
    #[serde(default)]
    pub l2: f64,
    /// How clients weigh in the global objective.
    #[serde(default)]
    pub weights: ClientWeights,
    /// Where all nodes start; zeros if not given, for `mlp` Xavier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<InitSpec>,
}

/// The loss and the model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ObjectiveSpec {
    /// Quadratics `½ (x − cᵢ)ᵀ Aᵢ (x − cᵢ)`, without data.
    Quadratic(QuadraticSpec),
    /// Linear regression with squared loss.
    LeastSquares(RegressionSpec),
    /// Logistic regression with two classes.
    Logistic(RegressionSpec),
    /// Softmax regression.
    Softmax,
    /// A multi-layer perceptron.
    Mlp(MlpSpec),
}

/// A multi-layer perceptron: softmax over classes, or squared loss for real targets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct MlpSpec {
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// What a hidden unit does to its input.
    pub activation: Activation,
}

impl Default for MlpSpec {
    fn default() -> Self {
        Self { hidden: vec![64], activation: Activation::default() }
    }
}

/// How clients weigh in the global objective.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClientWeights {
    /// By their numbers of samples.
    #[default]
    Samples,
    /// All the same.
    Uniform,
}

impl ProblemSpec {
    /// Refuses values out of range, and keys that do not go with the objective. Files are not looked at.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `[problem]`.
    pub fn validate(&self) -> Result<(), Invalid> {
        require(self.l2 >= 0.0 && self.l2.is_finite(), "l2", self.l2, "a finite number of at least 0")?;
        match &self.objective {
            ObjectiveSpec::Quadratic(spec) => {
                self.without_data().and(spec.check().map_err(|fault| fault.under("objective.quadratic")))?
            }
            ObjectiveSpec::Mlp(spec) => {
                let empty = spec.hidden.iter().position(|&units| units == 0);
                empty.map_or(Ok(()), |layer| {
                    Err(Invalid::at(&format!("objective.mlp.hidden.{layer}"), "a layer has no unit: expected at least 1"))
                })?;
            }
            ObjectiveSpec::LeastSquares(_) | ObjectiveSpec::Logistic(_) | ObjectiveSpec::Softmax => {}
        }
        if self.data.is_none() && !matches!(self.objective, ObjectiveSpec::Quadratic(_)) {
            return Err(Invalid::at("objective", format!("`{}` needs data, and the problem has none", self.objective.name()))
                .help("add `data = \"mnist-10k\"`, or the path of a file such as `data = { csv = \"file.csv\" }`"));
        }
        let part = |key: &'static str, outcome: Option<Result<(), Invalid>>| {
            outcome.unwrap_or(Ok(())).map_err(|fault: Invalid| fault.under(key))
        };
        part("data", self.data.as_ref().map(DataSpec::check))?;
        part("partition", self.partition.as_ref().map(PartitionSpec::check))?;
        part("init", self.init.as_ref().map(InitSpec::check))
    }

    fn without_data(&self) -> Result<(), Invalid> {
        let refuse = |key: &str, help: &str| Err(Invalid::at(key, format!("a quadratic problem takes no `{key}`")).help(help));
        match self {
            Self { data: Some(_), .. } => refuse("data", "remove it, or choose `least-squares` for a quadratic over data"),
            Self { partition: Some(_), .. } => refuse("partition", "remove it: quadratics have no samples to divide"),
            Self { l2, .. } if *l2 != 0.0 => refuse("l2", "remove it, or add `l2` to the curvatures"),
            _ => Ok(()),
        }
    }

    /// Where all nodes start.
    pub fn init(&self) -> InitSpec {
        let default = || match self.objective {
            ObjectiveSpec::Mlp(_) => InitSpec::Xavier(XavierInit::default()),
            _ => InitSpec::Zeros,
        };
        self.init.clone().unwrap_or_else(default)
    }

    /// The scalar type where the scenario chooses none: gaps of convex problems go down to 1e-12, neural ones want speed.
    pub fn default_precision(&self) -> Precision {
        if matches!(self.objective, ObjectiveSpec::Mlp(_)) { Precision::F32 } else { Precision::F64 }
    }
}

impl ObjectiveSpec {
    /// The name in a scenario.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Quadratic(_) => "quadratic",
            Self::LeastSquares(_) => "least-squares",
            Self::Logistic(_) => "logistic",
            Self::Softmax => "softmax",
            Self::Mlp(_) => "mlp",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<String> {
        let spec: ProblemSpec = toml::from_str(text).unwrap();
        spec.validate().err().map(|fault| fault.path.join("."))
    }

    #[test]
    fn impossible_combinations_are_refused_at_their_key() {
        let cases = [
            ("objective.quadratic = {}\nl2 = 0.1", "l2"),
            ("objective.quadratic = {}\ndata = 'mnist-10k'", "data"),
            ("objective.quadratic = {}\npartition = 'iid'", "partition"),
            ("objective = 'softmax'", "objective"),
            ("objective = 'softmax'\ndata = 'mnist-10k'\nl2 = -1.0", "l2"),
            ("objective.mlp.hidden = [3, 0]\ndata = 'mnist-10k'", "objective.mlp.hidden.1"),
            ("objective.quadratic.noise = -1.0", "objective.quadratic.noise"),
        ];
        for (text, key) in cases {
            assert_eq!(fault(text).as_deref(), Some(key), "{text}");
        }
        assert_eq!(fault("objective = 'softmax'\ndata = 'mnist-10k'\npartition.dirichlet.alpha = 0.1\nl2 = 1e-4"), None);
    }
}
