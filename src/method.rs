//! Methods: a file each, as their papers print them.
//!
//! A federated method has two halves and a recipe of default parts; a peer method has the rule of one node. Neither sees the queue. A
//! new method is a file here and a line in the [registry](crate::registry).

mod card;

pub(crate) mod adpsgd;
pub(crate) mod analytic;
pub(crate) mod anarchic;
pub(crate) mod choco;
pub(crate) mod controlled;
pub(crate) mod delayed_nesterov;
pub(crate) mod diloco;
pub(crate) mod dpsgd;
pub(crate) mod fedadaptive;
pub(crate) mod fedasync;
pub(crate) mod fedau;
pub(crate) mod fedavg;
pub(crate) mod fedavg_m;
pub(crate) mod fedavg_m_vr;
pub(crate) mod fedavgm;
pub(crate) mod fedbuff;
pub(crate) mod feddyn;
pub(crate) mod fednova;
pub(crate) mod fedprox;
pub(crate) mod fedsgd;
pub(crate) mod fedvarp;
pub(crate) mod gossip_vc;
pub(crate) mod gradient_tracking;
pub(crate) mod grouped_average;
pub(crate) mod mifa;
mod momentum;
pub(crate) mod prowd;
pub(crate) mod push_gossip;
pub(crate) mod scaffold;
pub(crate) mod scaffold_m;
pub(crate) mod scaffold_m_vr;
pub(crate) mod sgp;
pub(crate) mod token_walk;

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

pub use card::{BY_WEIGHTING, Card, Paper};
use card::{CONTROLLED, SCALED};
pub use fedavg::{Averaging, LocalSgd};

use crate::{
    analysis::{Combination, Needs, PeerNeeds},
    fleet::Widths,
    invalid::Invalid,
    message::Payload,
    num::Real,
    part::{compressor::CompressorSpec, transform::TransformSpec, weighting::Weighting},
    protocol::{
        federated::{ClientUpdate, ServerUpdate},
        peers::{Nodes, PeersSpec},
        schedule::ScheduleSpec,
        spec::ClientSpec,
    },
    random::Setting,
};

/// The parameters of a method, as a scenario writes them next to its name.
pub trait Method: Debug + Clone + Default + Send + Sync + Serialize + DeserializeOwned + JsonSchema + 'static {
    /// The method's page: its idea, its source and its update.
    const CARD: Card;

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    fn validate(&self) -> Result<(), Invalid> {
        Ok(())
    }
}

/// A method with a server.
pub trait FederatedMethod: Method {
    /// The default parts, which a scenario may replace one by one.
    fn recipe(&self) -> Recipe {
        Recipe::default()
    }

    /// The first message to clients: the initial model `x`, shape `[d]`, and the vectors that the method sends along with it.
    fn model<R: Real>(&self, x: Vec<R>) -> Payload<R> {
        Payload::one(x)
    }

    /// The client half; plain local SGD by default.
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(LocalSgd { mu: 0.0 })
    }

    /// The server half; by default it steps along the weighted sum of the updates.
    fn server<R: Real>(&self, setup: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        let _ = setup;
        Box::new(Averaging)
    }

    /// What it needs of the parts around it.
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    /// A part that it does not work with for a reason that [`Needs`] have no words for, at the part's key.
    fn refuses(&self, of: &Combination<'_>) -> Option<Invalid> {
        let _ = of;
        None
    }
}

/// A method whose nodes are all equal.
pub trait PeerMethod: Method {
    /// What it needs of the parts around it.
    fn needs(&self) -> PeerNeeds {
        PeerNeeds::NOTHING
    }

    /// Checks the parameters against a model of `d` parameters.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to the method.
    fn fits(&self, d: usize) -> Result<(), Invalid> {
        let _ = d;
        Ok(())
    }

    /// The compressor of the nodes' messages where the scenario names none.
    fn compressor(&self) -> Option<CompressorSpec> {
        None
    }

    /// The rule of the nodes, ready for their initial models.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to the method, for what depends on the fleet or on data files.
    fn nodes<R: Real>(&self, parts: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<R>>, Invalid>;
}

/// Default parts of a federated method.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recipe {
    /// When the server acts; synchronous rounds of everybody when `None`.
    pub schedule: Option<ScheduleSpec>,
    /// How updates are weighted.
    pub weighting: Weighting,
    /// The server optimiser.
    pub server: Vec<TransformSpec>,
    /// Local steps of every visit, for methods that leave no choice.
    pub steps: Option<usize>,
    /// The clients' optimiser.
    pub client: ClientSpec,
}

/// The starting point of a server half.
#[derive(Debug, Clone)]
pub struct Setup<R> {
    /// The initial model, shape `[d]`.
    pub x: Vec<R>,
    /// Number of clients `N`.
    pub clients: usize,
    /// Precision in which each client computes and stores.
    pub widths: Widths,
}

impl<R: Real> Setup<R> {
    /// A zero vector of the model's shape.
    pub fn zeros(&self) -> Vec<R> {
        vec![R::zero(); self.x.len()]
    }
}
