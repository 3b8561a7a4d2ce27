//! All methods by name.

mod peers;
mod resolved;
mod served;

use std::fmt::Debug;

use schemars::{Schema, SchemaGenerator};

pub use peers::PeerParameters;
pub use resolved::{complete, fit};
pub use served::{Halves, ServedParameters};

use super::{
    Card, Method, PeerMethod, ServedMethod, Setup,
    adpsgd::AdPsgd,
    analytic::Analytic,
    anarchic::{AfaCd, AfaCs},
    choco::Choco,
    controlled::{Scafcom, Scaffold1, Scallion},
    delayed_nesterov::DelayedNesterov,
    diloco::DiLoCo,
    dpsgd::DPsgd,
    fedadaptive::{FedAdagrad, FedAdam, FedYogi},
    fedasync::FedAsync,
    fedau::FedAu,
    fedavg::FedAvg,
    fedavg_m::FedAvgLocalM,
    fedavg_m_vr::FedAvgMVr,
    fedavgm::FedAvgM,
    fedbuff::FedBuff,
    feddyn::FedDyn,
    fednova::FedNova,
    fedprox::FedProx,
    fedsgd::FedSgd,
    fedvarp::FedVarp,
    gossip_vc::GossipVc,
    gradient_tracking::GradientTracking,
    grouped_average::GroupedAverage,
    mifa::Mifa,
    prowd::ProWd,
    push_gossip::PushGossip,
    scaffold::Scaffold,
    scaffold_m::ScaffoldM,
    scaffold_m_vr::ScaffoldMVr,
    sgp::Sgp,
    token_walk::TokenWalk,
};
use crate::{
    invalid::Invalid,
    num::Real,
    random::Setting,
    role::{
        peers::{PeersSpec, Population},
        spec::ServedSpec,
    },
    toml::{
        Diagnostic, Node,
        decode::{keys, split},
    },
};

/// Every method, in the order in which lists show them.
pub const METHODS: &[Entry] = &[
    served::<FedSgd>(),
    served::<FedAvg>(),
    served::<FedProx>(),
    served::<FedNova>(),
    served::<Scaffold>(),
    served::<Scaffold1>(),
    served::<Scallion>(),
    served::<Scafcom>(),
    served::<FedAvgLocalM>(),
    served::<FedAvgMVr>(),
    served::<ScaffoldM>(),
    served::<ScaffoldMVr>(),
    served::<GroupedAverage>(),
    served::<ProWd>(),
    served::<FedAvgM>(),
    served::<FedAdagrad>(),
    served::<FedAdam>(),
    served::<FedYogi>(),
    served::<FedDyn>(),
    served::<Mifa>(),
    served::<FedVarp>(),
    served::<FedAu>(),
    served::<FedBuff>(),
    served::<FedAsync>(),
    served::<AfaCd>(),
    served::<AfaCs>(),
    served::<DiLoCo>(),
    served::<DelayedNesterov>(),
    served::<Analytic>(),
    peers::<GossipVc>(),
    peers::<PushGossip>(),
    peers::<DPsgd>(),
    peers::<GradientTracking>(),
    peers::<Sgp>(),
    peers::<AdPsgd>(),
    peers::<Choco>(),
    peers::<TokenWalk>(),
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
    /// The section of a scenario whose keys the method shares with others of its role.
    pub section: &'static str,
    /// Those keys.
    pub shared: fn() -> &'static [&'static str],
    /// Reads the shared keys and the method's own from one table; the text is the table's path.
    pub parse: fn(&Node, &str) -> Result<Parameters, Vec<Diagnostic>>,
    /// The JSON Schema of its parameters.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Entry").field(&self.card.name).finish()
    }
}

/// Parameters of a method and the parts that a scenario chooses for it, by role.
#[derive(Debug, Clone)]
pub enum Parameters {
    /// A method with a server.
    Served {
        /// The method's own parameters.
        own: Box<dyn ServedParameters>,
        /// The parts.
        parts: Box<ServedSpec>,
    },
    /// A method without a server.
    Peers {
        /// The method's own parameters.
        own: Box<dyn PeerParameters>,
        /// The parts.
        parts: Box<PeersSpec>,
    },
}

const fn served<M: ServedMethod>() -> Entry {
    Entry {
        card: M::CARD,
        section: "served",
        shared: keys::<ServedSpec>,
        parse: |node, at| {
            let (parts, own): (ServedSpec, M) = split(node, at)?;
            Method::validate(&own).map_err(|invalid| vec![Diagnostic::from_invalid(invalid, node)])?;
            Ok(Parameters::Served { own: Box::new(own), parts: Box::new(parts) })
        },
        schema: |generator| generator.subschema_for::<M>(),
    }
}

const fn peers<M: PeerMethod>() -> Entry {
    Entry {
        card: M::CARD,
        section: "peers",
        shared: keys::<PeersSpec>,
        parse: |node, at| {
            let (parts, own): (PeersSpec, M) = split(node, at)?;
            Method::validate(&own).map_err(|invalid| vec![Diagnostic::from_invalid(invalid, node)])?;
            Ok(Parameters::Peers { own: Box::new(own), parts: Box::new(parts) })
        },
        schema: |generator| generator.subschema_for::<M>(),
    }
}

/// Chooses the halves, or the nodes, of a precision.
pub trait Halved: Real {
    /// The halves of `method` in this precision.
    fn halves(method: &dyn ServedParameters, setup: Setup<Self>) -> Halves<Self>;

    /// The nodes of `method` in this precision.
    ///
    /// # Errors
    /// See [`PeerMethod::nodes`].
    fn nodes(method: &dyn PeerParameters, setting: &Setting) -> Result<Box<dyn Population<Self>>, Invalid>;
}

impl Halved for f32 {
    fn halves(method: &dyn ServedParameters, setup: Setup<Self>) -> Halves<Self> {
        method.halves_f32(setup)
    }

    fn nodes(method: &dyn PeerParameters, setting: &Setting) -> Result<Box<dyn Population<Self>>, Invalid> {
        method.nodes_f32(setting)
    }
}

impl Halved for f64 {
    fn halves(method: &dyn ServedParameters, setup: Setup<Self>) -> Halves<Self> {
        method.halves_f64(setup)
    }

    fn nodes(method: &dyn PeerParameters, setting: &Setting) -> Result<Box<dyn Population<Self>>, Invalid> {
        method.nodes_f64(setting)
    }
}
