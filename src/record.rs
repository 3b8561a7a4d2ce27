//! Records of runs: what is sampled while a run goes on, and what is made of it afterwards.
//!
//! A [`Recorder`] samples a run into its [`part`] file; the parts make up `curves.csv`, with [`runs.csv`](facts) beside it. Everything else here reads these files:
//! [summaries](summary), [targets](target), [claims](claim), [comparison tables](compare); but for the [page](gallery) about
//! many results.

pub mod axis;
pub mod bracket;
mod cell;
pub mod claim;
pub mod compare;
pub mod crews;
pub mod curves;
pub mod facts;
pub mod filter;
pub(crate) mod formula;
pub mod gallery;
pub mod iterates;
mod log;
pub(crate) mod markdown;
pub mod metric;
pub mod part;
pub mod participants;
mod plan;
pub mod predicted;
mod progress;
mod recorder;
pub mod spread;
pub mod staleness;
mod stall;
mod stop;
pub mod summary;
pub mod target;
pub mod trial;
pub mod units;

pub use metric::{Column, MetricSpec, PeerModel};
pub use part::OWN;
pub use plan::{EverySpec, LogSpec, RecordSpec};
pub use progress::{End, Outcome, Progress};
pub use recorder::{Ended, Files, Onlooker, RecordError, RecordPlan, Recorder, RecorderState, Wish, Written};
pub use stall::Stall;
pub use stop::Stop;
