//! A scenario's runs: cells × methods × seeds, in parallel, into a results folder.
//!
//! [`Plan`] resolves a scenario into [arms](Arm) and checks all of it before anything runs. Each run writes its rows into its
//! own part file and saves checkpoints; when all are done the parts become `curves.csv`, in the order of the file,
//! whatever the order in which they finished. A run is identified by [its contents](cell), so that a folder of results is extended and
//! no run is repeated; its files are [sealed], so that damage is noticed.

mod any_world;
mod arm;
mod capacity;
mod cell;
mod checkpoint;
mod concurrency;
mod design;
mod done;
mod error;
mod estimate;
mod execute;
mod held;
mod made;
mod notes;
mod options;
mod ours;
mod placed;
mod plan;
mod protocols;
mod results;
mod sealed;
mod stall;
mod threads;
mod tuning;
mod verify;
mod worlds;

pub use any_world::{AnyWorld, build as build_world};
pub use arm::{Arm, arms};
pub use cell::PlannedCell;
pub use design::Tuning;
pub use done::RunId;
pub use error::RunError;
pub use estimate::{Estimate, Forecast, Whole, differing_crews, forecast, outlook};
pub use execute::{Summary, execute};
pub use options::{Options, Progressing, RunProgress, Silent};
pub use ours::Ours;
pub use plan::Plan;
pub use protocols::{federated, peers};
pub use results::{Results, holder};
pub use verify::{Difference, verify};
