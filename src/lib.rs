//! fedfleet: a discrete-event simulator for federated optimisation.

pub mod engine;
pub mod figure;
pub mod fleet;
pub mod invalid;
pub mod method;
pub mod network;
pub mod num;
pub mod part;
pub mod problem;
pub mod random;
pub mod record;
pub mod role;
pub mod run;
pub mod scenario;
pub mod table;
pub mod world;
