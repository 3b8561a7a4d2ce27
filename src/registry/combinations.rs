//! Which parts a method combines with: choices of every kind of part, tried on its needs.

use super::{Entry, Registry};
use crate::{
    analysis::Ground,
    invalid::Invalid,
    problem::{Properties, data::TargetKind, spec::WeightsSpec},
    toml::{Sources, document},
};

/// One choice of a kind of part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// The kind of part.
    pub kind: &'static str,
    /// What the choice is called.
    pub name: &'static str,
    /// Keys of the method's table that make it; empty where it is the ground that makes it.
    pub keys: &'static str,
}

const fn choice(kind: &'static str, name: &'static str, keys: &'static str) -> Choice {
    Choice { kind, name, keys }
}

/// Choices of methods with a server.
const FEDERATED: [Choice; 37] = [
    choice("schedule", "rounds", "schedule = 'rounds'"),
    choice("schedule", "every-arrival", "schedule = 'every-arrival'"),
    choice("schedule", "buffered", "schedule.buffered.size = 2"),
    choice("schedule", "window", "schedule.window.seconds = 2"),
    choice("schedule", "group", "schedule.group.size = 2"),
    choice("schedule", "grace", "schedule.grace = { seconds = 0.5, buffer = 2 }"),
    choice("discount", "constant", "schedule.buffered = { size = 2, discount = 'constant' }"),
    choice("discount", "sqrt", "schedule.buffered = { size = 2, discount = 'sqrt' }"),
    choice("selection", "uniform", "schedule.rounds = { cohort = 2, select = 'uniform' }"),
    choice("selection", "by-size", "schedule.rounds = { cohort = 2, select = { by-size = {} } }"),
    choice("selection", "power-of-choice", "schedule.rounds = { cohort = 2, select = { power-of-choice = { candidates = 3 } } }"),
    choice("selection", "gradient-norm", "schedule.rounds = { cohort = 2, select = { gradient-norm = {} } }"),
    choice("selection", "tiers", "schedule.rounds = { cohort = 2, select = { tiers = { count = 2 } } }"),
    choice("selection", "in-time", "schedule.rounds = { cohort = 2, select = 'in-time', deadline = 100 }"),
    choice("weighting", "participating", "weighting = 'participating'"),
    choice("weighting", "participating-weighted", "weighting = 'participating-weighted'"),
    choice("weighting", "all", "weighting = 'all'"),
    choice("weighting", "known-probability", "weighting = 'known-probability'"),
    choice("weighting", "sampling", "weighting = 'sampling'"),
    choice("weighting", "all-weighted", "weighting = 'all-weighted'"),
    choice("weighting", "unbiased", "weighting = 'unbiased'"),
    choice("weighting", "inverse-root", "weighting = 'inverse-root'"),
    choice("weighting", "sum-weights", "weighting = 'sum-weights'"),
    choice("weighting", "sum", "weighting = 'sum'"),
    choice("weighting", "sum-weighted", "weighting = 'sum-weighted'"),
    choice("optimiser", "server optimiser", "server = [{ momentum = { beta = 0.5 } }]"),
    choice("optimiser", "client optimiser", "client.optimiser = [{ clip = 10.0 }]"),
    choice("uplink", "unbiased", "uplink = 'natural'"),
    choice("uplink", "contractive", "uplink = { top-k = { fraction = 0.5 } }"),
    choice("uplink", "memory", "uplink = { ef21 = { top-k = { fraction = 0.5 } } }"),
    choice("bit-width", "messages", "bit-width.applies-to = 'messages'"),
    choice("bit-width", "nothing", "bit-width.applies-to = 'nothing'"),
    choice("clients", "secure aggregation", "secure-aggregation = {}"),
    choice("clients", "stateless", "stateless-clients = true"),
    choice("clients", "shared shards", "shards = 'least-visited'"),
    choice("objective", "linear last layer", ""),
    choice("objective", WITHOUT_HEAD, ""),
];

const WITHOUT_HEAD: &str = "any other";
const ONE_WAY: &str = "directed";

/// Choices of methods without a server.
const PEERS: [Choice; 6] = [
    choice("compressor", "unbiased", "compressor = 'natural'"),
    choice("compressor", "contractive", "compressor = { top-k = { fraction = 0.5 } }"),
    choice("compressor", "memory", "compressor = { ef21 = { top-k = { fraction = 0.5 } } }"),
    choice("optimiser", "of nodes", "client.optimiser = [{ clip = 10.0 }]"),
    choice("topology", "undirected", ""),
    choice("topology", ONE_WAY, ""),
];

impl Choice {
    /// Whether both would write the same key.
    pub fn excludes(&self, other: &Self) -> bool {
        let first = |choice: &Self| choice.keys.split(['.', ' ']).next().unwrap_or_default();
        self.kind == other.kind || (first(self) == first(other) && !self.keys.is_empty())
    }
}

/// Whether a method works with a choice.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It does.
    Fits,
    /// It does under this schedule, but not under its own, for this reason.
    Under(Choice, Invalid),
    /// It does not, for this reason.
    Misfit(Invalid),
}

impl Entry {
    /// The choices of every kind of part that methods like this have.
    pub fn choices(&self) -> &'static [Choice] {
        if self.section == "federated" { &FEDERATED } else { &PEERS }
    }

    /// Whether the method, with its default parameters and recipe, works with `choice`.
    pub fn verdict(&self, choice: Choice, registry: &Registry) -> Verdict {
        let Some(reason) = self.misfits(&[choice], registry).into_iter().next() else { return Verdict::Fits };
        let others = self.choices().iter().filter(|other| other.kind == "schedule" && !other.excludes(&choice));
        match others.copied().find(|&other| self.misfits(&[choice, other], registry).is_empty()) {
            Some(other) => Verdict::Under(other, reason),
            None => Verdict::Misfit(reason),
        }
    }

    /// All that does not go together of the method, with its default parameters and recipe, and `choices`.
    ///
    /// # Panics
    /// For choices that exclude each other.
    pub fn misfits(&self, choices: &[Choice], registry: &Registry) -> Vec<Invalid> {
        let keys: String = choices.iter().map(|choice| format!("{}\n", choice.keys)).collect();
        let mut sources = Sources::default();
        let source = sources.add("choices", format!("local = {{ steps = 2, lr = 0.05 }}\n{keys}"));
        let node = document::parse(&sources, source).expect("the choices are TOML");
        let parameters = (self.parse)(&node, self.section, registry).expect("the choices are parts");
        let has = |name: &str| choices.iter().any(|choice| choice.name == name);
        let solvable_head = !has(WITHOUT_HEAD);
        let objective = Properties { samples: true, targets: TargetKind::Values, convex: true, solvable_head };
        let one_way = has(ONE_WAY);
        parameters.misfits(Ground { objective, weights: WeightsSpec::Uniform, clients: 4, d: 6, one_way, world: None })
    }
}
