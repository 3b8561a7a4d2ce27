//! All methods by name.

use std::fmt::Debug;

use schemars::{Schema, SchemaGenerator};
use serde::de::DeserializeOwned;

use super::{
    Card, Method, PeerMethod, Recipe, ServedMethod, Setup, adpsgd, dpsgd, fedadaptive, fedasync, fedavg, fedavgm, fedbuff,
    feddyn, fednova, fedprox, fedsgd, fedvarp, gossip_vc, gradient_tracking, mifa, push_gossip, scaffold, sgp,
};
use crate::{
    invalid::Invalid,
    num::Real,
    random::Setting,
    role::{
        peers::Population,
        served::{ClientUpdate, ServerUpdate},
    },
    scenario::{Diagnostic, Node, decode::decode},
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
    peers::<gossip_vc::GossipVc>(),
    peers::<push_gossip::PushGossip>(),
    peers::<dpsgd::DPsgd>(),
    peers::<gradient_tracking::GradientTracking>(),
    peers::<sgp::Sgp>(),
    peers::<adpsgd::AdPsgd>(),
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
    /// Reads its parameters from the method's table, from which shared keys have been taken; the text is the table's path.
    pub parse: fn(&Node, &str) -> Result<Parameters, Vec<Diagnostic>>,
    /// The JSON Schema of its parameters.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Entry").field(&self.card.name).finish()
    }
}

/// Parameters of a method, by role.
#[derive(Debug, Clone)]
pub enum Parameters {
    /// A method with a server.
    Served(Box<dyn ServedParameters>),
    /// A method without a server.
    Peers(Box<dyn PeerParameters>),
}

impl Parameters {
    /// The parameters as a table, defaults included.
    pub fn to_table(&self) -> toml::Table {
        match self {
            Self::Served(parameters) => parameters.to_table(),
            Self::Peers(parameters) => parameters.to_table(),
        }
    }
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
        parse: |node, at| Ok(Parameters::Served(Box::new(parse::<M>(node, at)?))),
        schema: |generator| generator.subschema_for::<M>(),
    }
}

/// [`PeerMethod`] behind a trait object, at both precisions.
pub trait PeerParameters: Debug + Send + Sync {
    /// See [`Method::CARD`].
    fn card(&self) -> Card;
    /// See [`Method::validate`].
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    fn validate(&self) -> Result<(), Invalid>;
    /// See [`PeerMethod::steps`].
    fn steps(&self) -> Option<usize>;
    /// The parameters as a table, defaults included.
    fn to_table(&self) -> toml::Table;
    /// The nodes in single precision.
    ///
    /// # Errors
    /// See [`PeerMethod::nodes`].
    fn nodes_f32(&self, setting: &Setting) -> Result<Box<dyn Population<f32>>, Invalid>;
    /// The nodes in double precision.
    ///
    /// # Errors
    /// See [`PeerMethod::nodes`].
    fn nodes_f64(&self, setting: &Setting) -> Result<Box<dyn Population<f64>>, Invalid>;
    /// A copy.
    fn boxed(&self) -> Box<dyn PeerParameters>;
}

impl Clone for Box<dyn PeerParameters> {
    fn clone(&self) -> Self {
        self.as_ref().boxed()
    }
}

impl<M: PeerMethod> PeerParameters for M {
    fn card(&self) -> Card {
        M::CARD
    }

    fn validate(&self) -> Result<(), Invalid> {
        Method::validate(self)
    }

    fn steps(&self) -> Option<usize> {
        PeerMethod::steps(self)
    }

    fn to_table(&self) -> toml::Table {
        toml::Table::try_from(self).expect("parameters are plain tables")
    }

    fn nodes_f32(&self, setting: &Setting) -> Result<Box<dyn Population<f32>>, Invalid> {
        self.nodes(setting)
    }

    fn nodes_f64(&self, setting: &Setting) -> Result<Box<dyn Population<f64>>, Invalid> {
        self.nodes(setting)
    }

    fn boxed(&self) -> Box<dyn PeerParameters> {
        Box::new(self.clone())
    }
}

const fn peers<M: PeerMethod>() -> Entry {
    Entry {
        card: M::CARD,
        parse: |node, at| Ok(Parameters::Peers(Box::new(parse::<M>(node, at)?))),
        schema: |generator| generator.subschema_for::<M>(),
    }
}

fn parse<M: Method + DeserializeOwned>(node: &Node, at: &str) -> Result<M, Vec<Diagnostic>> {
    let parameters: M = decode(node, at)?;
    parameters.validate().map_err(|invalid| vec![Diagnostic::from_invalid(invalid, node)])?;
    Ok(parameters)
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
