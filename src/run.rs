//! A scenario's runs: cells × methods × seeds, in parallel, into a results folder.
//!
//! [`Plan`] resolves a scenario into [arms](Arm) and checks all of it before anything runs. Each run writes its rows into a
//! part file of its own and saves checkpoints; when all are done the parts become `curves.csv`, in the order of the file,
//! whatever the order in which they finished.

mod any_world;
mod arm;
mod checkpoint;
mod estimate;
mod execute;
mod notes;
mod plan;
mod results;
mod standstill;
mod tuning;
mod uptake;
mod verify;
mod worlds;

pub use any_world::{AnyWorld, build as build_world};
pub use arm::{Arm, arms};
pub use estimate::{Estimate, Forecast, forecast};
pub use execute::{Options, Progressing, RunError, RunProgress, Silent, Summary, execute, served};
pub use plan::{Plan, PlannedCell, RunId};
pub use results::Results;
pub use verify::{Difference, verify};
