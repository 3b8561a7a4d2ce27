//! Records of runs: samples taken while a run goes on, and the tables made of them afterwards.
//!
//! A [`Recorder`] samples a run into its [part](recorder::files) file; the parts make up `curves.csv`, with [`runs.csv`](curves::facts) beside it. Everything else here reads these files:
//! [summaries](curves::summary), [targets](curves::target), [claims](claim), [comparison tables](compare); but for the [page](gallery) about
//! many results.

pub mod axis;
pub mod cell;
pub mod claim;
pub mod clients;
pub mod compare;
pub mod curves;
pub mod gallery;
pub(crate) mod markdown;
pub mod metric;
pub mod paper;
mod patience;
pub mod recorder;
pub mod sheet;
mod spec;
pub mod spread;
mod stop;
pub(crate) mod table;
pub mod tidy;

pub use clients::{ClientPlan, ClientWorld, ClientsSpec, MixSpec};
pub use metric::{Column, MetricSpec, PeerModel};
pub use patience::Patience;
pub use recorder::{
    Ended, Files, Onlooker, RecordError, RecordPlan, Recorder, RecorderState, Wish, Written,
    files::OWN,
    progress::{End, Outcome, Progress},
};
pub use spec::{EverySpec, LogSpec, RecordSpec};
pub use stop::{Bounds, Stall, Stop};
