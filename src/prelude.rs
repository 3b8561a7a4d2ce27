//! What the file of a method, a compressor, an objective or a metric imports: `use fedfleet::prelude::*`.
//!
//! Parameters derive `serde`'s and `schemars`'s traits, so a crate that adds some depends on both.

pub use rand::RngExt;
pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};

pub use crate::{
    engine::NodeId,
    invalid::{Invalid, require},
    message::Payload,
    method::{Averaging, BY_WEIGHTING, Card, Ground, LocalSgd, Method, Paper, Parts, PeerMethod, Recipe, ServedMethod, Setup},
    num::{Real, vector},
    part::link::{Class, Compressor, Link, Promises, Wire},
    problem::{
        Block, BlockKind, Drift, Inputs, Objective, ObjectiveKind, PerSample, Properties, Sample, SampleLoss, TestScore,
        Workspace,
        data::{ClientData, Samples, TargetKind, Targets},
    },
    random::Setting,
    registry::Registry,
    role::{
        Local,
        peers::{Mail, Node, PeerUpdate, Population, population},
        served::{Apply, Arrived, ClientUpdate, ServerUpdate, Update, weighted_sum},
    },
};
