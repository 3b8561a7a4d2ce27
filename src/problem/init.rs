//! Initial models.

use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Block, BlockKind};
use crate::{
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
            Self::Zeros | Self::Xavier(_) => Ok(()),
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
            Self::Values(values) => values.iter().map(|&value| R::of(value)).collect(),
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
