//! A scenario's runs: cells × methods × seeds, in parallel, into a results folder.
//!
//! [`Plan`] resolves a scenario into [arms](Arm) and checks all of it before anything runs. Each run writes its rows into a
//! part file of its own and saves checkpoints; when all are done the parts become `curves.csv`, in the order of the file,
//! whatever the order in which they finished. A run is known by [what it is](identity), so that a folder of results is extended and
//! no run is made twice; its files are [sealed], so that what is damaged is never believed.

mod any_world;
mod arm;
mod capacity;
mod checkpoint;
mod done;
mod estimate;
mod execute;
mod identity;
mod lock;
mod made;
mod notes;
mod placed;
mod plan;
mod results;
mod sealed;
mod standstill;
mod threads;
mod tuning;
mod uptake;
mod verify;
mod wall;
mod worlds;

pub use any_world::{AnyWorld, build as build_world};
pub use arm::{Arm, arms};
pub use estimate::{AtWork, Estimate, Forecast, Whole, forecast, outlook};
pub use execute::{Options, Progressing, RunError, RunProgress, Silent, Summary, execute, peers, served};
pub use plan::{Plan, PlannedCell, RunId};
pub use results::Results;
pub use verify::{Difference, verify};
