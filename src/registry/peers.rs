//! [`PeerMethod`] behind a trait object.

use std::fmt::Debug;

use crate::{
    analysis::PeerNeeds,
    invalid::Invalid,
    method::{Card, Method, PeerMethod},
    num::{Real, by_scalar},
    protocol::peers::{Nodes, PeersSpec},
    random::Setting,
};

/// [`PeerMethod`] behind a trait object, at both precisions.
pub trait PeerParameters: Debug + Send + Sync {
    /// See [`Method::CARD`].
    fn card(&self) -> Card;
    /// See [`Method::validate`].
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    fn validate(&self) -> Result<(), Invalid>;
    /// See [`PeerMethod::needs`].
    fn needs(&self) -> PeerNeeds;
    /// See [`PeerMethod::fits`].
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to the method.
    fn fits(&self, d: usize) -> Result<(), Invalid>;
    /// The parameters as a table, defaults included.
    fn to_table(&self) -> toml::Table;
    /// The nodes in single precision.
    ///
    /// # Errors
    /// See [`PeerMethod::nodes`].
    fn nodes_f32(&self, parts: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<f32>>, Invalid>;
    /// The nodes in double precision.
    ///
    /// # Errors
    /// See [`PeerMethod::nodes`].
    fn nodes_f64(&self, parts: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<f64>>, Invalid>;
    /// A copy.
    fn boxed(&self) -> Box<dyn PeerParameters>;
}

impl Clone for Box<dyn PeerParameters> {
    fn clone(&self) -> Self {
        self.as_ref().boxed()
    }
}

impl dyn PeerParameters + '_ {
    /// The nodes in the precision `R`.
    ///
    /// # Errors
    /// See [`PeerMethod::nodes`].
    pub fn nodes<R: Real>(&self, parts: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<R>>, Invalid> {
        by_scalar::<R, _, _, _>(|| self.nodes_f32(parts, setting), || self.nodes_f64(parts, setting))
    }
}

impl<M: PeerMethod> PeerParameters for M {
    fn card(&self) -> Card {
        M::CARD
    }

    fn validate(&self) -> Result<(), Invalid> {
        Method::validate(self)
    }

    fn needs(&self) -> PeerNeeds {
        PeerMethod::needs(self)
    }

    fn fits(&self, d: usize) -> Result<(), Invalid> {
        PeerMethod::fits(self, d)
    }

    fn to_table(&self) -> toml::Table {
        toml::Table::try_from(self).expect("parameters are plain tables")
    }

    fn nodes_f32(&self, parts: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<f32>>, Invalid> {
        self.nodes(parts, setting)
    }

    fn nodes_f64(&self, parts: &PeersSpec, setting: &Setting) -> Result<Box<dyn Nodes<f64>>, Invalid> {
        self.nodes(parts, setting)
    }

    fn boxed(&self) -> Box<dyn PeerParameters> {
        Box::new(self.clone())
    }
}
