//! The reference optimum `x*`, `f*` of a convex problem, in double precision.
//!
//! Quadratics and least squares have it in closed form. Everything else is minimised by a truncated Newton method until
//! `‖∇f(x)‖ ≤` [`TOLERANCE`], which is checked on the result.

pub mod cache;
mod newton;

pub use newton::minimise;
use thiserror::Error;

use super::{Objective, Optimum};

/// Gradient norm at which a point counts as the optimum.
pub const TOLERANCE: f64 = 1e-12;

/// Why there is no reference optimum.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum OptimumError {
    /// The objective is not convex, so that no optimum can be certified.
    #[error("the objective is not convex: it has no reference optimum")]
    NotConvex,
    /// The solver stopped short of the tolerance.
    #[error(
        "the reference optimum was found only to a gradient norm of {achieved:.1e} (wanted {TOLERANCE:.0e}) after {iterations} Newton steps: {reason}"
    )]
    Inexact {
        /// The smallest gradient norm met.
        achieved: f64,
        /// Newton steps done.
        iterations: usize,
        /// What stopped the solver.
        reason: &'static str,
    },
    /// The loss falls for ever along a ray, as that of a classifier on separable data does.
    #[error("no finite point minimises the loss: it still falls at a distance of {distance:.1e} from zero")]
    NoMinimiser {
        /// How far from zero the solver went `‖x‖`.
        distance: f64,
    },
    /// The problem could not be set up in double precision.
    #[error("the problem cannot be set up in double precision: {0}")]
    Unavailable(String),
}

/// Solves a convex problem.
///
/// # Errors
/// [`OptimumError::Inexact`] where the gradient norm cannot be brought to the tolerance, with the norm that was reached;
/// [`OptimumError::NoMinimiser`] where it vanishes at infinity only.
pub fn solve(objective: &dyn Objective<f64>) -> Result<Optimum, OptimumError> {
    match objective.quadratic_form() {
        Some(form) => Ok(form.optimum.clone()),
        None => minimise(objective),
    }
}

#[cfg(test)]
mod tests;
