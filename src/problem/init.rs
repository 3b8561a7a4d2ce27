//! Initial models.

use std::path::{Path, PathBuf};

use ndarray::{ArrayD, Axis};
use ndarray_npy::ReadNpyExt;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Block, BlockKind,
    data::{PathOr, path_or_table},
};
use crate::{
    file::{File, numpy},
    invalid::{Invalid, require},
    num::Real,
    random::{Purpose, Streams},
};

/// Where all nodes start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum InitSpec {
    /// All parameters 0.
    Zeros,
    /// Every parameter from a normal distribution of mean 0.
    Normal(NormalInit),
    /// Weights uniform within `±√(6 / (fan-in + fan-out))` per layer, biases 0 (Glorot and Bengio, 2010).
    Xavier(XavierInit),
    /// All parameters this number.
    Constant(f64),
    /// Exactly these parameters, shape `[d]`.
    Values(Vec<f64>),
    /// The parameters in a NumPy file, such as those that `record.models` keeps; a bare path, or a table.
    File(
        #[serde(deserialize_with = "path_or_table")]
        #[schemars(with = "PathOr<FileInit>")]
        FileInit,
    ),
}

/// Normal initial parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct NormalInit {
    /// Standard deviation \[1\].
    pub sd: f64,
    /// Whether every node draws its own model; otherwise all start from the same one.
    pub independent: bool,
}

impl Default for NormalInit {
    fn default() -> Self {
        Self { sd: 1.0, independent: false }
    }
}

/// Xavier initial parameters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct XavierInit {
    /// Whether every node draws its own model; otherwise all start from the same one.
    pub independent: bool,
}

/// Initial parameters from an array of `float32` or `float64`, shape `[d]`, or `[models, d]` of which one is chosen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FileInit {
    /// Path of the `.npy` file, from the folder of the scenario.
    pub path: PathBuf,
    /// The model to start from, counted from 0, where the file holds several, as that of a method without a server does: one a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// The parameters, once they have been [loaded](InitSpec::load).
    #[serde(skip)]
    values: Vec<f64>,
}

impl FileInit {
    /// The parameters of the chosen model, of which there must be `dim`.
    fn read(&self, base: &Path, dim: usize) -> Result<Vec<f64>, Invalid> {
        let file = File::open(&self.path, base)?;
        numpy::check(file.bytes()).map_err(|fault| file.fault(fault))?;
        let doubles = ArrayD::<f64>::read_npy(file.bytes());
        let array = doubles.or_else(|_| ArrayD::<f32>::read_npy(file.bytes()).map(|singles| singles.mapv(f64::from)));
        let array = array.map_err(|_| file.fault("expected an array of float32 or float64, as `record.models` keeps it"))?;
        let models = match array.ndim() {
            1 => array.insert_axis(Axis(0)),
            2 => array,
            _ => return Err(file.fault(format!("the array has shape {:?}: expected [d] or [models, d]", array.shape()))),
        };
        let (count, found) = (models.shape()[0], models.shape()[1]);
        if found != dim {
            let fault = file.fault(format!("the file holds models of {found} parameters, and this problem has models of {dim}"));
            return Err(fault.help("start from a model of the same objective, features and classes"));
        }
        let row = match self.row {
            Some(row) if row >= count => {
                let models = crate::invalid::count(count, "model");
                return Err(Invalid::at("row", format!("there is no row {row}: the file holds {models}, counted from 0")));
            }
            None if count != 1 => {
                let fault = file.fault(format!("the file holds {count} models: expected one, or a choice"));
                return Err(fault.help("choose one, such as `init = { file = { path = \"…\", row = 0 } }`"));
            }
            chosen => chosen.unwrap_or(0),
        };
        let values: Vec<f64> = models.index_axis(Axis(0), row).iter().copied().collect();
        match values.iter().position(|value| !value.is_finite()) {
            Some(at) => Err(file.fault(format!("parameter {at} of row {row} is not a finite number"))),
            None => Ok(values),
        }
    }
}

impl InitSpec {
    /// Refuses values out of range.
    ///
    /// # Errors
    /// [`Invalid`] with the key at fault.
    pub fn check(&self) -> Result<(), Invalid> {
        match self {
            Self::Normal(NormalInit { sd, .. }) => {
                require(sd.is_finite() && *sd >= 0.0, "normal.sd", sd, "a standard deviation of at least 0")
            }
            Self::Constant(value) => require(value.is_finite(), "constant", value, "a finite number"),
            Self::Values(values) => match values.iter().find(|value| !value.is_finite()) {
                Some(value) => require(false, "values", value, "finite numbers"),
                None => Ok(()),
            },
            Self::Zeros | Self::Xavier(_) | Self::File(_) => Ok(()),
        }
    }

    /// Refuses stated values that are not one per parameter.
    ///
    /// # Errors
    /// [`Invalid`] at `values`.
    pub fn check_dim(&self, dim: usize) -> Result<(), Invalid> {
        match self {
            Self::Values(values) if values.len() != dim => {
                Err(Invalid::at("values", format!("{} values for a model of {dim} parameters", values.len()))
                    .help(format!("give {dim} values, or `init = {{ constant = … }}`")))
            }
            _ => Ok(()),
        }
    }

    /// Reads the file, where there is one, for a model of `dim` parameters; its path is relative to `base`.
    ///
    /// # Errors
    /// [`Invalid`] at `file` where it cannot be read, or holds no such model.
    pub fn load(&mut self, base: &Path, dim: usize) -> Result<(), Invalid> {
        if let Self::File(file) = self {
            file.values = file.read(base, dim).map_err(|error| error.under("file"))?;
        }
        Ok(())
    }

    /// Whether nodes start from models of their own.
    pub fn is_independent(&self) -> bool {
        matches!(self, Self::Normal(NormalInit { independent: true, .. }) | Self::Xavier(XavierInit { independent: true }))
    }

    /// The initial model of `node`, shape `[d]`. Draws are the same in both precisions, before rounding.
    pub fn model<R: Real>(&self, blocks: &[Block], streams: &Streams, node: usize) -> Vec<R> {
        let dim = blocks.last().map_or(0, |block| block.range.end);
        let (node, own) = if self.is_independent() { (node, 1) } else { (0, 0) };
        let mut rng = streams.stream(Purpose::Init, node, own);
        match self {
            Self::Zeros => vec![R::zero(); dim],
            Self::Constant(value) => vec![R::of(*value); dim],
            Self::Values(values) | Self::File(FileInit { values, .. }) => values.iter().map(|&value| R::of(value)).collect(),
            Self::Normal(NormalInit { sd, .. }) => {
                let draws = (0..dim).map(|_| -> f64 { StandardNormal.sample(&mut rng) });
                draws.map(|normal| R::of(sd * normal)).collect()
            }
            Self::Xavier(_) => {
                let mut model = vec![R::zero(); dim];
                for block in blocks.iter().filter(|block| block.kind == BlockKind::Weight) {
                    let bound = (6.0 / (block.fan_in + block.fan_out) as f64).sqrt();
                    model[block.range.clone()].fill_with(|| R::of(bound * (2.0 * rng.random::<f64>() - 1.0)));
                }
                model
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks() -> Vec<Block> {
        let weight = Block { name: "weight".into(), range: 0..600, kind: BlockKind::Weight, fan_in: 100, fan_out: 6 };
        let bias = Block { name: "bias".into(), range: 600..606, kind: BlockKind::Bias, fan_in: 100, fan_out: 6 };
        vec![weight, bias]
    }

    #[test]
    fn xavier_has_its_variance_and_zero_biases() {
        let model: Vec<f64> = InitSpec::Xavier(XavierInit::default()).model(&blocks(), &Streams::new(3), 0);
        let bound = (6.0f64 / 106.0).sqrt();
        assert!(model[..600].iter().all(|w| w.abs() <= bound) && model[600..].iter().all(|&b| b == 0.0));
        let variance = model[..600].iter().map(|w| w * w).sum::<f64>() / 600.0;
        assert!((variance / (2.0 / 106.0) - 1.0).abs() < 0.2, "{variance}");
    }

    #[test]
    fn nodes_share_a_model_unless_independent() {
        let at = |independent: bool, node: usize| -> Vec<f32> {
            InitSpec::Normal(NormalInit { sd: 0.5, independent }).model(&blocks(), &Streams::new(3), node)
        };
        assert_eq!(at(false, 1), at(false, 2));
        assert_ne!(at(true, 1), at(true, 2));
    }

    #[test]
    fn single_precision_rounds_the_same_draws() {
        let spec = InitSpec::Normal(NormalInit::default());
        let wide: Vec<f64> = spec.model(&blocks(), &Streams::new(1), 0);
        let narrow: Vec<f32> = spec.model(&blocks(), &Streams::new(1), 0);
        assert!(wide.iter().zip(&narrow).all(|(&wide, &narrow)| wide as f32 == narrow));
    }
}
