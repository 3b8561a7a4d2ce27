//! What the file of a method, a compressor, an objective or a metric imports: `use fedfleet::prelude::*`.
//!
//! Parameters derive `serde`'s and `schemars`'s traits, so a crate that adds some depends on both.

pub use rand::RngExt;
pub use schemars::JsonSchema;
pub use serde::{Deserialize, Serialize};

pub use crate::{
    analysis::{Identity, Needs, PeerNeeds, Slot},
    engine::NodeId,
    invalid::{Invalid, require},
    message::Payload,
    method::{Averaging, BY_WEIGHTING, Card, FederatedMethod, LocalSgd, Method, Paper, PeerMethod, Recipe, Setup},
    num::{Real, vector},
    part::compressor::{Class, Compressor, Encoder, Promises, Wire},
    problem::{
        Block, BlockKind, Correction, HeldOutScore, Inputs, Objective, ObjectiveKind, PerSample, Properties, Sample, SampleLoss,
        Workspace,
        data::{ClientData, HeldOut, Samples, TargetKind, Targets},
        evaluate::{Evaluation, Wanted},
    },
    protocol::{
        Local,
        federated::{Apply, Arrived, ClientUpdate, ServerUpdate, Update, weighted_sum},
        peers::{Exchange, Message, Node, Nodes, PeerUpdate, Phase, SynchronousUpdate, nodes_with, synchronous_nodes},
    },
    random::Setting,
    record::metric::{Better, Metric, MetricCard, MetricNeeds, Observation, ScaleKind},
    registry::Registry,
};
