//! SCAFFOLD: control variates against client drift.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Card, FederatedMethod, Method, Paper, Setup,
    controlled::{CONTROLS, Server, Visited, renew},
};
use crate::{
    analysis::Needs,
    num::{Real, vector},
    protocol::{
        Local, Payload,
        federated::{ClientUpdate, ServerUpdate, Update, Workload},
    },
};

/// How a client renews its control variate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ControlOption {
    /// The exact local gradient at the received model, for the cost of a pass over the client's samples.
    I,
    /// The mean of the local gradients along the visit, free of charge.
    #[default]
    II,
}

/// Parameters of SCAFFOLD.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Scaffold {
    /// How a client renews its control variate.
    pub option: ControlOption,
}

impl Method for Scaffold {
    const CARD: Card = Card {
        name: "scaffold",
        summary: "control variates correct the drift of local steps; converges to the exact optimum",
        paper: Paper {
            key: "karimireddy2020scaffold",
            authors: "Karimireddy, Sai Praneeth and Kale, Satyen and Mohri, Mehryar and Reddi, Sashank J. and Stich, Sebastian U. and Suresh, Ananda Theertha",
            title: "SCAFFOLD: Stochastic Controlled Averaging for Federated Learning",
            venue: "ICML",
            year: 2020,
            place: "Algorithm 1",
            link: "https://arxiv.org/abs/1910.06378",
        },
        update: "client:  y ← x;  K times  y ← y − lr (∇F_i(y; ξ) − c_i + c)\n\
                 \x20        c_i⁺ = ∇f_i(x)  (option I)   or   c_i − c + (x − y)/(K lr)  (option II);  send x − y and c_i⁺ − c_i\n\
                 server:  x ← x − (1/|S|) Σ_{i∈S} (x − y_i);   c ← c + (1/N) Σ_{i∈S} (c_i⁺ − c_i)",
        weights: super::CONTROLLED,
        traffic: "down: x, c [2 d]; up: x − y, c_i⁺ − c_i [2 d]; stays at the client: c_i [d]",
        differs: "c_i changes by the vector that the server receives, so that c stays the mean of the c_i with lossy compressors \
                  (unbiased ones of variance 1 or more need the damping of `scallion`); \
                  a visit whose step sizes are all 0 leaves c_i as it is (option II)",
    };
}

impl FederatedMethod for Scaffold {
    fn client<R: Real>(&self) -> Box<dyn ClientUpdate<R>> {
        Box::new(self.clone())
    }

    fn model<R: Real>(&self, x: Vec<R>) -> Payload<R> {
        Payload::with_zeros(x, 1)
    }

    fn server<R: Real>(&self, _: &Setup<R>) -> Box<dyn ServerUpdate<R>> {
        Box::new(Server::OfTwo)
    }

    fn needs(&self) -> Needs {
        CONTROLS
    }
}

impl<R: Real> ClientUpdate<R> for Scaffold {
    fn remembers(&self) -> &'static [&'static str] {
        &["c_i"]
    }

    fn gradients(&self, _: &Payload<R>, work: Workload) -> usize {
        match self.option {
            ControlOption::I => work.steps + work.pass,
            ControlOption::II => work.steps,
        }
    }

    fn update(&self, down: &Payload<R>, memory: &Payload<R>, local: &mut Local<'_, R>) -> Update<R> {
        let [x, c] = down.firsts();
        let mut c_i = memory.vector_or_zeros(0, x.len());
        let Visited { y, mut change } = Visited::of(x, c, &c_i, local);
        if self.option == ControlOption::I {
            change = vector::difference(&local.full_gradient(x), &c_i);
        }
        let delta = local.transmit_change(x, &y);
        local.transmit(&mut change);
        renew(&mut c_i, &change);
        Update { up: Payload::of([delta, change]), memory: Some(Payload::one(c_i)) }
    }
}
