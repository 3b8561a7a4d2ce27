//! [`PeerMethod`] behind a trait object.

use std::fmt::Debug;

use crate::{
    invalid::Invalid,
    method::{Card, Ground, Method, PeerMethod},
    num::{Real, by_scalar},
    protocol::{
        peers::{Nodes, PeersSpec},
        spec::ClientSpec,
    },
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
    /// See [`PeerMethod::steps`].
    fn steps(&self) -> Option<usize>;
    /// See [`PeerMethod::period`].
    fn period(&self) -> Option<(&'static str, f64)>;
    /// See [`PeerMethod::overlooks_rounds`].
    fn overlooks_rounds(&self) -> bool;
    /// Refuses a clients' optimiser where the method has no place for one.
    ///
    /// # Errors
    /// [`Invalid`] at `client.optimiser`, with the reason.
    fn accepts(&self, client: &ClientSpec) -> Result<(), Invalid>;
    /// See [`PeerMethod::suits`].
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to the method.
    fn suits(&self, ground: &Ground<'_>) -> Result<(), Invalid>;
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

    fn steps(&self) -> Option<usize> {
        PeerMethod::steps(self)
    }

    fn period(&self) -> Option<(&'static str, f64)> {
        PeerMethod::period(self)
    }

    fn overlooks_rounds(&self) -> bool {
        PeerMethod::overlooks_rounds(self)
    }

    fn accepts(&self, client: &ClientSpec) -> Result<(), Invalid> {
        match self.steps_itself() {
            Some(reason) if !client.optimiser.is_empty() => {
                Err(Invalid::at("client.optimiser", format!("{reason}: it has no place for another optimiser"))
                    .help("remove `client`"))
            }
            _ => Ok(()),
        }
    }

    fn suits(&self, ground: &Ground<'_>) -> Result<(), Invalid> {
        PeerMethod::suits(self, ground)
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
