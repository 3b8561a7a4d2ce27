//! The trait of compressors, and how a scenario names one.

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use super::Encoder;
use crate::{
    invalid::Invalid,
    named::{Kind, Named},
    num::{Real, by_scalar},
};

/// The parameters of a compressor, or of a memory around one, as a scenario writes them behind its name.
pub trait Compressor: Debug + Clone + Send + Sync + Serialize + DeserializeOwned + JsonSchema + 'static {
    /// Its name in a scenario.
    const NAME: &'static str;

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to the parameters, for values out of range.
    fn validate(&self) -> Result<(), Invalid> {
        Ok(())
    }

    /// Checks the parameters against vectors of `d` coordinates.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to the parameters, for more coordinates than there are.
    fn fits(&self, d: usize) -> Result<(), Invalid> {
        let _ = d;
        Ok(())
    }

    /// The promises of its messages.
    fn promises(&self) -> Promises;

    /// The relative variance `ω` of an unbiased compressor, `E‖C(v) − v‖² = ω ‖v‖²`, where it holds with equality for all vectors
    /// of `d` coordinates; `None` where there is a bound at most.
    fn variance(&self, d: usize) -> Option<f64> {
        let _ = d;
        None
    }

    /// The compressor for vectors of this scalar type.
    fn encoder<R: Real>(&self) -> Box<dyn Encoder<R>>;
}

/// The promises of a compressor for every vector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Promises {
    /// Messages are right on average.
    pub unbiased: bool,
    /// Every message keeps a share of its vector: `E‖C(v) − v‖² ≤ (1 − δ) ‖v‖²` with `δ > 0`, without further scaling.
    pub contractive: bool,
    /// The error is bounded by the range of the vector, not by its norm.
    pub absolute: bool,
    /// A message can lose more than it keeps, whatever its size: one bit over a range.
    pub one_bit: bool,
    /// It remembers earlier messages.
    pub remembers: bool,
    /// It sums errors up over messages, which evens out over updates but not over models.
    pub feeds_back: bool,
    /// Messages of one vector are not all of one size.
    pub varies: bool,
}

impl Promises {
    /// Right on average.
    pub const UNBIASED: Self = Self {
        unbiased: true,
        contractive: false,
        absolute: false,
        one_bit: false,
        remembers: false,
        feeds_back: false,
        varies: false,
    };

    /// A share of every vector is kept.
    pub const CONTRACTIVE: Self = Self { unbiased: false, contractive: true, ..Self::UNBIASED };

    /// Nothing but a bound by the range.
    pub const ABSOLUTE: Self = Self { unbiased: false, absolute: true, ..Self::UNBIASED };
}

/// [`Compressor`] behind a trait object.
pub trait AnyCompressor: Debug + Send + Sync {
    /// See [`Compressor::NAME`].
    fn name(&self) -> &'static str;
    /// See [`Compressor::validate`], with the name in front of the path.
    ///
    /// # Errors
    /// [`Invalid`] for parameters out of range.
    fn validate(&self) -> Result<(), Invalid>;
    /// See [`Compressor::fits`], with the name in front of the path.
    ///
    /// # Errors
    /// [`Invalid`] for more coordinates than there are.
    fn fits(&self, d: usize) -> Result<(), Invalid>;
    /// See [`Compressor::promises`].
    fn promises(&self) -> Promises;
    /// See [`Compressor::variance`].
    fn variance(&self, d: usize) -> Option<f64>;
    /// The parameters, defaults included.
    fn parameters(&self) -> toml::Value;
    /// The compressor in single precision.
    fn link_f32(&self) -> Box<dyn Encoder<f32>>;
    /// The compressor in double precision.
    fn link_f64(&self) -> Box<dyn Encoder<f64>>;
}

impl<C: Compressor> AnyCompressor for C {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn validate(&self) -> Result<(), Invalid> {
        Compressor::validate(self).map_err(|invalid| invalid.under(C::NAME))
    }

    fn fits(&self, d: usize) -> Result<(), Invalid> {
        Compressor::fits(self, d).map_err(|invalid| invalid.under(C::NAME))
    }

    fn promises(&self) -> Promises {
        Compressor::promises(self)
    }

    fn variance(&self, d: usize) -> Option<f64> {
        Compressor::variance(self, d)
    }

    fn parameters(&self) -> toml::Value {
        toml::Value::try_from(self).expect("parameters are plain values")
    }

    fn link_f32(&self) -> Box<dyn Encoder<f32>> {
        self.encoder()
    }

    fn link_f64(&self) -> Box<dyn Encoder<f64>> {
        self.encoder()
    }
}

impl Kind for dyn AnyCompressor {
    const KIND: &'static str = "compressor";

    fn name(&self) -> &'static str {
        AnyCompressor::name(self)
    }

    fn parameters(&self) -> toml::Value {
        AnyCompressor::parameters(self)
    }
}

/// A compressor, or a memory around one.
pub type CompressorSpec = Named<dyn AnyCompressor>;

impl CompressorSpec {
    /// The compressor for vectors of this scalar type.
    pub fn build<R: Real>(&self) -> Box<dyn Encoder<R>> {
        by_scalar::<R, _, _, _>(|| self.link_f32(), || self.link_f64())
    }

    /// Whether the compressor remembers earlier messages.
    pub fn remembers(&self) -> bool {
        self.promises().remembers
    }

    /// Whether messages of one vector are not all of one size.
    pub fn varies(&self) -> bool {
        self.promises().varies
    }

    /// Whether messages are right on average.
    pub fn is_unbiased(&self) -> bool {
        self.promises().unbiased
    }

    /// Whether every message keeps a share of its vector.
    pub fn is_contractive(&self) -> bool {
        self.promises().contractive
    }

    /// Whether a message can lose more than it keeps.
    pub fn is_one_bit(&self) -> bool {
        self.promises().one_bit
    }
}

impl<C: Compressor> From<C> for CompressorSpec {
    fn from(compressor: C) -> Self {
        Self::new(std::sync::Arc::new(compressor))
    }
}
