//! Methods: a file each, as their papers print them.
//!
//! A federated method has two halves and a recipe of default parts; a peer method has the rule of one node. Neither sees the queue. A
//! new method is a file here and a line in the [registry](crate::registry).

mod card;
mod parts;

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
pub use parts::Parts;

use crate::{
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

    /// Whether the server moves by the weighted sum of what plain local steps change at its clients, so that it is known where it
    /// settles.
    fn averages(&self) -> bool {
        false
    }

    /// Refuses parts that make no sense with this method.
    ///
    /// # Errors
    /// [`Invalid`] at `schedule`, `weighting` or `server`, with the reason.
    fn accepts(&self, parts: &Parts<'_>) -> Result<(), Invalid> {
        let _ = parts;
        Ok(())
    }

    /// Whether the server half takes nothing of a batch but [`Apply::aggregate`](crate::protocol::federated::Apply::aggregate), so that
    /// single updates may be hidden from it.
    fn sums_suffice(&self) -> bool {
        false
    }

    /// Whether the method solves for all samples together, wherever they are: the objective's optimum under `weights = "samples"`.
    fn pools_samples(&self) -> bool {
        false
    }

    /// The factor of a client's message before it is compressed, for methods whose clients add their own compressed messages to what
    /// they remember: with a compressor that loses too much for it they go astray. `None` for the others.
    fn takes_up(&self) -> Option<f64> {
        None
    }
}

/// A method whose nodes are all equal.
pub trait PeerMethod: Method {
    /// Local steps of every visit, for methods that leave no choice.
    fn steps(&self) -> Option<usize> {
        None
    }

    /// Why nodes have to take plain SGD steps, where they do: what the method does with its gradients itself.
    fn steps_itself(&self) -> Option<&'static str> {
        None
    }

    /// The key of the periods that nodes wait for by themselves, so that time passes even where work and messages take none, and the
    /// least time between two of their wakes [s].
    fn period(&self) -> Option<(&'static str, f64)> {
        None
    }

    /// Whether nodes take part in every iteration, even under an availability by rounds.
    fn overlooks_rounds(&self) -> bool {
        false
    }

    /// Refuses what makes no sense with this method on its ground.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to the method.
    fn suits(&self, ground: &Ground<'_>) -> Result<(), Invalid> {
        let _ = ground;
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

/// What a method without a server is to run on.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// What the scenario says of the nodes.
    pub parts: &'a PeersSpec,
    /// Number of parameters of a model `d`.
    pub d: usize,
    /// Whether messages on an edge go one way only.
    pub one_way: bool,
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
