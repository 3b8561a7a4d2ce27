//! All methods by name.

mod peers;

use std::fmt::Debug;

pub use peers::PeerParameters;
use peers::peers;
use schemars::{Schema, SchemaGenerator};

use super::{
    Card, Method, Parts, Recipe, ServedMethod, Setup, adpsgd, anarchic, delayed_nesterov, diloco, dpsgd, fedadaptive, fedasync,
    fedau, fedavg, fedavgm, fedbuff, feddyn, fednova, fedprox, fedsgd, fedvarp, gossip_vc, gradient_tracking, mifa, push_gossip,
    scaffold, sgp, token_walk,
};
use crate::{
    invalid::Invalid,
    num::Real,
    random::Setting,
    role::{
        peers::{PeersSpec, Population},
        served::{ClientUpdate, ServerUpdate},
        spec::ServedSpec,
    },
    scenario::{Diagnostic, Node, decode::split},
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
    served::<fedau::FedAu>(),
    served::<fedbuff::FedBuff>(),
    served::<fedasync::FedAsync>(),
    served::<anarchic::AfaCd>(),
    served::<anarchic::AfaCs>(),
    served::<diloco::DiLoCo>(),
    served::<delayed_nesterov::DelayedNesterov>(),
    peers::<gossip_vc::GossipVc>(),
    peers::<push_gossip::PushGossip>(),
    peers::<dpsgd::DPsgd>(),
    peers::<gradient_tracking::GradientTracking>(),
    peers::<sgp::Sgp>(),
    peers::<adpsgd::AdPsgd>(),
    peers::<token_walk::TokenWalk>(),
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
    pub shared: &'static [&'static str],
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
    /// A method whose nodes are all equal.
    Peers {
        /// The method's own parameters.
        own: Box<dyn PeerParameters>,
        /// The parts.
        parts: Box<PeersSpec>,
    },
}

/// [`ServedMethod`] behind a trait object, at both precisions.
pub trait ServedParameters: Debug + Send + Sync {
    /// See [`Method::CARD`].
    fn card(&self) -> Card;
    /// See [`Method::validate`].
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    fn validate(&self) -> Result<(), Invalid>;
    /// See [`ServedMethod::recipe`].
    fn recipe(&self) -> Recipe;
    /// Refuses parts that make no sense together or with this method, see [`ServedMethod::accepts`].
    ///
    /// # Errors
    /// [`Invalid`] at the part that does not fit, with the reason.
    fn accepts(&self, parts: &Parts<'_>) -> Result<(), Invalid>;
    /// The parameters as a table, defaults included.
    fn to_table(&self) -> toml::Table;
    /// The halves in single precision.
    fn halves_f32(&self, setup: Setup<f32>) -> Halves<f32>;
    /// The halves in double precision.
    fn halves_f64(&self, setup: Setup<f64>) -> Halves<f64>;
    /// A copy.
    fn boxed(&self) -> Box<dyn ServedParameters>;
}

impl Clone for Box<dyn ServedParameters> {
    fn clone(&self) -> Self {
        self.as_ref().boxed()
    }
}

/// The two halves of a served method.
pub struct Halves<R: Real> {
    /// The client half.
    pub client: Box<dyn ClientUpdate<R>>,
    /// The server half.
    pub server: Box<dyn ServerUpdate<R>>,
}

impl<M: ServedMethod> ServedParameters for M {
    fn card(&self) -> Card {
        M::CARD
    }

    fn validate(&self) -> Result<(), Invalid> {
        Method::validate(self)
    }

    fn recipe(&self) -> Recipe {
        ServedMethod::recipe(self)
    }

    fn accepts(&self, parts: &Parts<'_>) -> Result<(), Invalid> {
        parts.check()?;
        ServedMethod::accepts(self, parts)
    }

    fn to_table(&self) -> toml::Table {
        toml::Table::try_from(self).expect("parameters are plain tables")
    }

    fn halves_f32(&self, setup: Setup<f32>) -> Halves<f32> {
        Halves { client: self.client(), server: self.server(setup) }
    }

    fn halves_f64(&self, setup: Setup<f64>) -> Halves<f64> {
        Halves { client: self.client(), server: self.server(setup) }
    }

    fn boxed(&self) -> Box<dyn ServedParameters> {
        Box::new(self.clone())
    }
}

const fn served<M: ServedMethod>() -> Entry {
    Entry {
        card: M::CARD,
        section: "served",
        shared: &ServedSpec::KEYS,
        parse: |node, at| {
            let (parts, own): (ServedSpec, M) = split(node, at)?;
            Method::validate(&own).map_err(|invalid| vec![Diagnostic::from_invalid(invalid, node)])?;
            Ok(Parameters::Served { own: Box::new(own), parts: Box::new(parts) })
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
    /// See [`PeerMethod::nodes`](super::PeerMethod::nodes).
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
