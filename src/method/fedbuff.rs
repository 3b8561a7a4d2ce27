//! FedBuff: asynchronous clients, a buffer at the server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Card, FederatedMethod, Method, Paper, Recipe};
use crate::{
    analysis::Needs,
    part::discount::Discount,
    protocol::schedule::{BufferedSpec, Replace, ScheduleSpec},
};

/// Parameters of FedBuff: none of its own; buffer, concurrency and discount belong to its schedule.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FedBuff {}

impl Method for FedBuff {
    const CARD: Card = Card {
        name: "fedbuff",
        summary: "asynchronous FedAvg: the server steps whenever a buffer of updates is full",
        paper: Paper {
            key: "nguyen2022federated",
            authors: "Nguyen, John and Malik, Kshitiz and Zhan, Hongyuan and Yousefpour, Ashkan and Rabbat, Mike and Malek, Mani and Huba, Dzmitry",
            title: "Federated Learning with Buffered Asynchronous Aggregation",
            venue: "AISTATS",
            year: 2022,
            place: "Algorithm 1",
            link: "https://arxiv.org/abs/2106.06639",
        },
        update: "client:  as FedAvg, from the model it was sent\n\
                 server:  on arrival with staleness s:  B ← B + w(s) Δ_i;   every K arrivals:  x ← x − B/K,  B ← 0;   w(s) = 1/√(1 + s)\n\
                 \x20        a client that has answered is replaced at once by one drawn at random",
        weights: super::BY_WEIGHTING,
        traffic: "down: x [d]; up: Δ [d]; nothing stays at the client",
        differs: "the divisor is K unless `weighting` is \"sum-weights\" or \"sum\"; `discount = \"sqrt\"` and `replace = \"random\"` \
                  apply under any `schedule` that has these keys and leaves them out; `secure-aggregation` hides all but Σ w(s) Δ_i of a \
                  buffer (So et al. 2021, arXiv 2110.02177) by integers modulo 2^bits, and simulates neither agreement on keys, \
                  nor the recovery of dropouts, nor the traffic of masks; w(s) is that of the arrival, as if a client knew it \
                  when it rounds",
    };
}

impl FederatedMethod for FedBuff {
    fn recipe(&self) -> Recipe {
        let buffered = BufferedSpec { discount: Some(Discount::Sqrt), replace: Some(Replace::Random), ..BufferedSpec::default() };
        Recipe { schedule: Some(ScheduleSpec::Buffered(buffered)), ..Recipe::default() }
    }

    fn needs(&self) -> Needs {
        Needs::AVERAGES
    }
}
