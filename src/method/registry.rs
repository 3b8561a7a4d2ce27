//! All methods by name.

use std::fmt::Debug;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{
    Card, Method, Recipe, ServedMethod, Setup, fedadaptive, fedasync, fedavg, fedavgm, fedbuff, feddyn, fednova, fedprox, fedsgd,
    fedvarp, mifa, scaffold,
};
use crate::{
    invalid::Invalid,
    num::Real,
    role::served::{ClientUpdate, ServerUpdate},
};

/// Every method, in the order in which lists show them.
pub const METHODS: &[Entry] = &[
    served::<fedsgd::FedSgd>(),
    served::<fedavg::FedAvg>(),
    served::<fedprox::FedProx>(),
    served::<fednova::FedNova>(),
    served::<scaffold::Scaffold>(),
    served::<fedavgm::FedAvgM>(),
    served::<fedadaptive::FedAdagrad>(),
    served::<fedadaptive::FedAdam>(),
    served::<fedadaptive::FedYogi>(),
    served::<feddyn::FedDyn>(),
    served::<mifa::Mifa>(),
    served::<fedvarp::FedVarp>(),
    served::<fedbuff::FedBuff>(),
    served::<fedasync::FedAsync>(),
];

/// The method of this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    METHODS.iter().find(|entry| entry.card.name == name)
}

/// One method of the registry.
#[derive(Clone, Copy)]
pub struct Entry {
    /// What it is and where it comes from.
    pub card: Card,
    /// Reads its parameters from a table.
    pub parse: fn(&mut dyn Reader) -> Result<Parameters, Invalid>,
    /// The JSON Schema of its parameters.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Entry").field(&self.card.name).finish()
    }
}
