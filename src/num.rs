//! Numbers: the scalar type, vector and matrix kernels, ordered sums, simulated low precision.
//!
//! Everything here is single-threaded: parallelism is over jobs and runs, never inside a product.

mod real;
pub mod vector;

pub use real::{Precision, Real};
