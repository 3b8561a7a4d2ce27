//! What a scenario may name: methods, the parts of every open list, and metrics.
//!
//! A [`Registry`] is a value. fedfleet's own has all that it ships; a user's crate adds to it:
//!
//! ```no_run
//! # use fedfleet::registry::Registry;
//! let registry = Registry::builtin(); // .method::<FedSign>().compressor::<Sketch>().objective::<Huber>().metric::<Fairness>()
//! ```

mod builtin;
mod combinations;
mod entry;
mod federated;
mod parameter;
mod peers;
mod resolved;

use std::{any::Any, sync::Arc};

pub use combinations::{Choice, Verdict};
pub use entry::{Entry, Parameters, PartEntry};
pub use federated::{FederatedParameters, Halves};
pub use parameter::{Parameter, parameters};
pub use peers::PeerParameters;
pub use resolved::{complete, takes_weighting};
use serde::Deserialize;

use crate::{
    method::{FederatedMethod, PeerMethod},
    named::{Kind, Named},
    part::compressor::{AnyCompressor, Compressor},
    problem::kind::{AnyObjective, ObjectiveKind},
    record::metric::{self, Metric, MetricSpec},
    toml::decode::{Catalogue, Fault, Reader},
};

/// All that a scenario may name. Clones share the lists.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    lists: Arc<Lists>,
}

#[derive(Clone, Debug, Default)]
struct Lists {
    methods: Vec<Entry>,
    compressors: Vec<PartEntry<dyn AnyCompressor>>,
    objectives: Vec<PartEntry<dyn AnyObjective>>,
    metrics: Vec<MetricSpec>,
}

impl Registry {
    /// Nothing at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Adds a method with a server; one of the same name gives way to it.
    #[must_use]
    pub fn method<M: FederatedMethod>(self) -> Self {
        self.with(|lists| put(&mut lists.methods, Entry::federated::<M>(), |entry| entry.card.name))
    }

    /// Adds a method without a server; one of the same name gives way to it.
    #[must_use]
    pub fn peer_method<M: PeerMethod>(self) -> Self {
        self.with(|lists| put(&mut lists.methods, Entry::peers::<M>(), |entry| entry.card.name))
    }

    /// Adds a compressor; one of the same name gives way to it.
    #[must_use]
    pub fn compressor<C: Compressor>(self) -> Self {
        let entry = PartEntry::new(C::NAME, |compressor: C| Arc::new(compressor) as Arc<dyn AnyCompressor>);
        self.with(|lists| put(&mut lists.compressors, entry, |entry| entry.name))
    }

    /// Adds a kind of objective; one of the same name gives way to it.
    #[must_use]
    pub fn objective<O: ObjectiveKind>(self) -> Self {
        let entry = PartEntry::new(O::NAME, |kind: O| Arc::new(kind) as Arc<dyn AnyObjective>);
        self.with(|lists| put(&mut lists.objectives, entry, |entry| entry.name))
    }

    /// Adds a metric; one of the same name gives way to it.
    #[must_use]
    pub fn metric<M: Metric>(self) -> Self {
        self.with(|lists| put(&mut lists.metrics, MetricSpec::of::<M>(), MetricSpec::name))
    }

    fn with(mut self, add: impl FnOnce(&mut Lists)) -> Self {
        add(Arc::make_mut(&mut self.lists));
        self
    }

    /// Every method, in the order in which lists show them.
    pub fn methods(&self) -> &[Entry] {
        &self.lists.methods
    }

    /// The method of this name.
    pub fn find(&self, name: &str) -> Option<&Entry> {
        self.lists.methods.iter().find(|entry| entry.card.name == name)
    }

    /// Every compressor, in the order in which lists show them.
    pub fn compressors(&self) -> &[PartEntry<dyn AnyCompressor>] {
        &self.lists.compressors
    }

    /// Every kind of objective, in the order in which lists show them.
    pub fn objectives(&self) -> &[PartEntry<dyn AnyObjective>] {
        &self.lists.objectives
    }

    /// Every metric, in the order in which lists show them.
    pub fn metrics(&self) -> &[MetricSpec] {
        &self.lists.metrics
    }
}

/// Puts `new` in the place of what has its name, or at the end.
fn put<T>(list: &mut Vec<T>, new: T, name: impl Fn(&T) -> &'static str) {
    match list.iter_mut().find(|old| name(old) == name(&new)) {
        Some(old) => *old = new,
        None => list.push(new),
    }
}

impl Catalogue for Registry {
    fn names(&self, kind: &str) -> Option<Vec<&'static str>> {
        match kind {
            <dyn AnyCompressor as Kind>::KIND => Some(names(&self.lists.compressors)),
            <dyn AnyObjective as Kind>::KIND => Some(names(&self.lists.objectives)),
            MetricSpec::KIND => Some(self.lists.metrics.iter().map(MetricSpec::name).collect()),
            _ => None,
        }
    }

    fn unlisted(&self, kind: &str, name: &str) -> Vec<&'static str> {
        if kind == MetricSpec::KIND { metric::like(name) } else { Vec::new() }
    }

    fn read(&self, kind: &str, name: &str, parameters: Reader<'_>) -> Result<Box<dyn Any>, Fault> {
        match kind {
            <dyn AnyCompressor as Kind>::KIND => read(&self.lists.compressors, name, parameters),
            <dyn AnyObjective as Kind>::KIND => read(&self.lists.objectives, name, parameters),
            MetricSpec::KIND => read_metric(&self.lists.metrics, name, parameters),
            _ => Err(Fault::unknown_name(name, &[])),
        }
    }
}

fn names<T: ?Sized>(entries: &[PartEntry<T>]) -> Vec<&'static str> {
    entries.iter().map(|entry| entry.name).collect()
}

fn read<T: Kind + ?Sized>(entries: &[PartEntry<T>], name: &str, parameters: Reader<'_>) -> Result<Box<dyn Any>, Fault> {
    let entry = entries.iter().find(|entry| entry.name == name).ok_or_else(|| Fault::unknown_name(name, &names(entries)))?;
    Ok(Box::new(Named::new(entry.read(parameters)?)))
}

/// A metric has no parameters.
fn read_metric(metrics: &[MetricSpec], name: &str, parameters: Reader<'_>) -> Result<Box<dyn Any>, Fault> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct NoParameters {}

    let NoParameters {} = NoParameters::deserialize(parameters)?;
    let names: Vec<&'static str> = metrics.iter().map(MetricSpec::name).collect();
    let listed = metrics.iter().find(|metric| metric.name() == name).copied();
    let metric = listed.or_else(|| metric::named(name)).ok_or_else(|| Fault::unknown_name(name, &names))?;
    Ok(Box::new(Named::new(Arc::new(metric))))
}
