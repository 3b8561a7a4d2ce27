//! Simulated low precision.
