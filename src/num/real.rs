//! The scalar type of a run.

use std::{
    any::Any,
    fmt::{Debug, Display},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Which scalar type a run computes in, chosen in the scenario file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// Single precision: twice the speed, the default of neural objectives.
    F32,
    /// Double precision: gaps down to 1e-12, the default of convex objectives.
    F64,
}

/// A floating-point scalar: `f32` or `f64`.
///
/// Loss values, means over clients and virtual time are always `f64`; only model coordinates and data are `R`.
pub trait Real:
    ndarray::NdFloat
    + ndarray_npy::WritableElement
    + super::Lanes
    + faer::traits::RealField
    + Default
    + Debug
    + Display
    + Serialize
    + DeserializeOwned
{
    /// The name of the type in a scenario.
    const PRECISION: Precision;

    /// Rounds a double to this type.
    fn of(value: f64) -> Self;

    /// Widens to a double, exactly.
    fn f64(self) -> f64;
}

impl Real for f32 {
    const PRECISION: Precision = Precision::F32;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn f64(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    const PRECISION: Precision = Precision::F64;

    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn f64(self) -> f64 {
        self
    }
}

/// The result of one of two functions, chosen by the scalar type `R`: `single` for `f32` and `double` for `f64`. `T` is what that one
/// makes, written in terms of `R`.
pub fn by_scalar<R: Real, A: 'static, B: 'static, T: 'static>(single: impl FnOnce() -> A, double: impl FnOnce() -> B) -> T {
    match R::PRECISION {
        Precision::F32 => same(single()),
        Precision::F64 => same(double()),
    }
}

/// `value`, whose type `A` is `B` in the scalar type of a run.
///
/// # Panics
/// Where `A` and `B` are different types.
pub fn same<A: 'static, B: 'static>(value: A) -> B {
    let value: Box<dyn Any> = Box::new(value);
    *value.downcast().expect("both types belong to one scalar type")
}
