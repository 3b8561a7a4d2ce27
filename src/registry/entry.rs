//! One line of the registry.

use std::{fmt::Debug, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;

use super::{FederatedParameters, PeerParameters, Registry};
use crate::{
    method::{Card, FederatedMethod, Method, PeerMethod},
    protocol::{peers::PeersSpec, spec::FederatedSpec},
    toml::{
        Diagnostic, Node,
        decode::{Fault, Reader, keys, split},
    },
};

/// A method.
#[derive(Clone, Copy)]
pub struct Entry {
    /// What it is and where it comes from.
    pub card: Card,
    /// The section of a scenario whose keys the method shares with others of its role.
    pub section: &'static str,
    /// Those keys.
    pub shared: fn() -> &'static [&'static str],
    /// Reads the shared keys and the method's own from one table; the text is the table's path.
    pub parse: fn(&Node, &str, &Registry) -> Result<Parameters, Vec<Diagnostic>>,
    /// The JSON Schema of its parameters.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Entry").field(&self.card.name).finish()
    }
}

impl Entry {
    /// A method with a server.
    pub(super) const fn federated<M: FederatedMethod>() -> Self {
        Self {
            card: M::CARD,
            section: "federated",
            shared: keys::<FederatedSpec>,
            parse: |node, at, registry| {
                let (parts, own): (FederatedSpec, M) = split(node, at, registry)?;
                Method::validate(&own).map_err(|invalid| vec![Diagnostic::from_invalid(invalid, node)])?;
                Ok(Parameters::Federated { own: Box::new(own), parts: Box::new(parts) })
            },
            schema: |generator| generator.subschema_for::<M>(),
        }
    }

    /// A method without a server.
    pub(super) const fn peers<M: PeerMethod>() -> Self {
        Self {
            card: M::CARD,
            section: "peers",
            shared: keys::<PeersSpec>,
            parse: |node, at, registry| {
                let (mut parts, own): (PeersSpec, M) = split(node, at, registry)?;
                Method::validate(&own).map_err(|invalid| vec![Diagnostic::from_invalid(invalid, node)])?;
                parts.compressor = parts.compressor.or_else(|| own.compressor());
                Ok(Parameters::Peers { own: Box::new(own), parts: Box::new(parts) })
            },
            schema: |generator| generator.subschema_for::<M>(),
        }
    }
}

/// Parameters of a method and the parts that a scenario chooses for it, by role.
#[derive(Debug, Clone)]
pub enum Parameters {
    /// A method with a server.
    Federated {
        /// The method's own parameters.
        own: Box<dyn FederatedParameters>,
        /// The parts.
        parts: Box<FederatedSpec>,
    },
    /// A method without a server.
    Peers {
        /// The method's own parameters.
        own: Box<dyn PeerParameters>,
        /// The parts.
        parts: Box<PeersSpec>,
    },
}

impl Parameters {
    /// The section of a scenario whose keys the method shares with others of its role.
    pub fn section(&self) -> &'static str {
        match self {
            Self::Federated { .. } => "federated",
            Self::Peers { .. } => "peers",
        }
    }
}

/// A part of an open list, under the trait object `T`.
pub struct PartEntry<T: ?Sized> {
    /// Its name in a scenario.
    pub name: &'static str,
    /// Reads its parameters.
    read: Arc<ReadPart<T>>,
    /// The JSON Schema of its parameters.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

type ReadPart<T> = dyn Fn(Reader<'_>) -> Result<Arc<T>, Fault> + Send + Sync;

impl<T: ?Sized + 'static> PartEntry<T> {
    /// The part `P` under this name.
    pub(super) fn new<P: DeserializeOwned + JsonSchema + 'static>(name: &'static str, erase: fn(P) -> Arc<T>) -> Self {
        Self {
            name,
            read: Arc::new(move |parameters| P::deserialize(parameters).map(erase)),
            schema: |generator| generator.subschema_for::<P>(),
        }
    }

    /// Reads its parameters.
    ///
    /// # Errors
    /// Every fault of them.
    pub fn read(&self, parameters: Reader<'_>) -> Result<Arc<T>, Fault> {
        (self.read)(parameters)
    }
}

impl<T: ?Sized> Clone for PartEntry<T> {
    fn clone(&self) -> Self {
        Self { name: self.name, read: Arc::clone(&self.read), schema: self.schema }
    }
}

impl<T: ?Sized> Debug for PartEntry<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PartEntry").field(&self.name).finish()
    }
}
