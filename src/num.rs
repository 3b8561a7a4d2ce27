//! Numbers: the scalar type, vector and matrix kernels, ordered sums, simulated low precision.
//!
//! Everything here is single-threaded: parallelism is over jobs and runs, never inside a product.
//!
//! **Same bits.** Any number of threads gives the same bits on one kind of processor. [`vector`] and [`rows`] promise
//! more: their sums have a fixed shape and give the same bits on every processor. The products of [`matrix`] choose their
//! shape by the processor, and `ln` and `tanh` come from the platform's mathematics library.

mod exp;
mod lanes;
pub mod low_precision;
pub mod matrix;
mod real;
pub mod rows;
pub mod vector;
mod wide;

pub use lanes::Lanes;
pub use real::{Precision, Real, by_scalar, same};
