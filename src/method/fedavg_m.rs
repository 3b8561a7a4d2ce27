//! FedAvg-M: momentum in every local step (FedCM).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Card, FederatedMethod, Method, Setup,
    momentum::{Coefficients, cheng, mean_direction, scaled, validate},
};
use crate::{
    analysis::{Needs, Slot},
    invalid::Invalid,
    num::Real,
    problem::Correction,
    protocol::{
        Local, Payload,
        federated::{Apply, Arrived, ClientUpdate, ServerUpdate, Update},
    },
};

/// Parameters of FedAvg-M.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct FedAvgLocalM {
    /// Share of the fresh gradient in a local step; the rest is the server's momentum. 1 is FedAvg.
    pub beta: f64,
    /// Server step `gamma` along the momentum; FedAvg's, `K lr`, when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gamma: Option<f64>,
}

impl Default for FedAvgLocalM {
    fn default() -> Self {
        Self { beta: 0.1, gamma: None }
    }
}

impl Method for FedAvgLocalM {
    const CARD: Card = Card {
        name: "fedavg-m",
        summary: "FedAvg-M (client momentum, FedCM): the server's momentum in every local step; drift shrinks with beta",
        paper: cheng("Algorithm 1"),
        update: "client:  y ← x;  K times  y ← y − lr (beta ∇F_i(y; ξ) + (1 − beta) g);  send D_i = x − y\n\
                 server:  g ← (1/|S|) Σ_{i∈S} D_i / (K lr);   x ← x − gamma g",
        weights: "with weights p_i: g ← Σ_{i∈S} (N p_i/|S|) beta ∇f_i + (1 − beta) g: gradients count by N p_i/|S| (`sampling`), and the \
                  share of g in the D_i counts once",
        traffic: "down: x, g [2 d]; up: D [d]; nothing stays at the client",
        differs: "where clients take different numbers of steps, each D_i is divided by the client's sum of step sizes; gamma may be \
                  left out, which averages models as FedAvg does",
    };

    fn validate(&self) -> Result<(), Invalid> {
        validate(self.beta, self.gamma)
    }
}

impl FederatedMethod for FedAvgLocalM {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(self.clone())
    }

    fn model<R: Real>(&self, x: Vec<R>) -> Payload<R> {
        Payload::with_zeros(x, 1)
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Server { beta: self.beta, gamma: self.gamma })
    }

    fn needs(&self) -> Needs {
        Needs { client: Slot::Own("the momentum is a mean local gradient, read from how far the clients went"), ..Needs::NOTHING }
    }
}

impl<R: Real> ClientUpdate<R> for FedAvgLocalM {
    fn update(&self, down: &Payload<R>, _: &Payload<R>, local: &mut Local<'_, R>) -> Update<R> {
        let [x, g] = down.firsts();
        let momentum = scaled(1.0 - self.beta, g);
        let mut y = x.to_vec();
        local.descend(&mut y, &Correction { scale: self.beta, shift: Some(&momentum), pull: None });
        Update::stateless(Payload::one(local.model_change(x, y)))
    }
}

/// Clients are sent `x` and `g`.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Server {
    beta: f64,
    gamma: Option<f64>,
}

impl<R: Real> ServerUpdate<R> for Server {
    fn apply(&mut self, model: &mut Payload<R>, batch: &[Arrived<R>], ctx: &mut Apply<'_, R>) {
        let coefficients = Coefficients::of(batch, ctx);
        let Some(g) = mean_direction(batch, &coefficients, self.beta) else { return };
        let update = match self.gamma {
            Some(gamma) => scaled(gamma, &g),
            None => coefficients.sum(batch, self.beta, |_| 1.0),
        };
        ctx.step(&mut model.vectors[0], update);
        model.vectors[1] = g;
    }

    fn sent(&self) -> &'static [&'static str] {
        &["g"]
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use super::*;
    use crate::{
        analysis::Ground,
        engine::{Engine, Watcher, Workers},
        protocol::federated::Federated,
        registry::Parameters,
        run::{arms, build_world, federated},
        scenario::Scenario,
        world::WorldClock,
    };

    /// Two quadratics with curvatures 1 and 3 and centres 0 and 4, two local steps of 0.1.
    const GP: &str = "stop = { rounds = 3 }
        problem.objective = { quadratic = { curvature = [1.0, 3.0], centre = [0.0, 4.0] } }
        problem.init = { constant = 1.0 }
        fleet.clients = 2
        federated.local = { steps = 2, lr = 0.1 }
        [[method]]
        name = 'fedavg-m'
        beta = 0.5
        gamma = 0.4";

    #[derive(Default)]
    struct Trace(Vec<(f64, f64)>);

    impl Watcher<Federated<f64>> for Trace {
        fn before(&mut self, _: f64, engine: &Engine<Federated<f64>>) -> bool {
            let federated = engine.protocol();
            if federated.version() > self.0.len() as u64 {
                self.0.push((federated.iterate()[0], federated.model().vectors[1][0]));
            }
            self.0.len() < 3
        }
    }

    #[test]
    fn momentum_that_starts_at_one_half_follows_the_golden_trace() {
        let scenario = Scenario::read(Path::new("gp.toml"), GP, &[], &crate::registry::Registry::builtin()).unwrap();
        let world = Arc::new(build_world::<f64>(&scenario.cells[0], 0, Path::new("")).unwrap());
        let arms = arms(&scenario.cells[0], Ground::of(&world), (Path::new(""), &scenario.registry)).unwrap();
        let Parameters::Federated { own, parts } = &arms[0][0].parameters else { panic!("it has a server") };
        let protocol = federated(own.as_ref(), parts, Arc::clone(&world), Path::new("")).unwrap();
        let protocol = protocol.with_model(Payload::of([vec![1.0], vec![0.5]]));
        let mut engine = Engine::new(protocol, Box::new(WorldClock::new(Arc::clone(&world))), world.streams(), Workers::single());
        let mut trace = Trace::default();
        let _ = engine.run(&mut trace);
        for ((x, g), expected) in trace.0.iter().zip([(1.64, -1.6), (2.439, -1.9975), (3.0139, -1.43725)]) {
            approx::assert_abs_diff_eq!(*x, expected.0, epsilon = 1e-12);
            approx::assert_abs_diff_eq!(*g, expected.1, epsilon = 1e-12);
        }
    }
}
