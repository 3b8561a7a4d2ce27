//! fedfleet: a discrete-event simulator for federated optimisation.

pub mod figure;
pub mod invalid;
pub mod num;
pub mod problem;
pub mod random;
pub mod record;
