//! [`FederatedMethod`] behind a trait object.

use std::fmt::Debug;

use crate::{
    analysis::{Combination, Needs, misfits},
    invalid::Invalid,
    message::Payload,
    method::{Card, FederatedMethod, Method, Recipe, Setup},
    num::{Real, by_scalar, same},
    protocol::federated::{ClientUpdate, ServerUpdate},
};

/// [`FederatedMethod`] behind a trait object, at both precisions.
pub trait FederatedParameters: Debug + Send + Sync {
    /// See [`Method::CARD`].
    fn card(&self) -> Card;
    /// See [`Method::validate`].
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    fn validate(&self) -> Result<(), Invalid>;
    /// See [`FederatedMethod::recipe`].
    fn recipe(&self) -> Recipe;
    /// See [`FederatedMethod::needs`].
    fn needs(&self) -> Needs;
    /// All that does not go together in `of`, parts of this method, each misfit at the key to change.
    fn misfits(&self, of: &Combination<'_>) -> Vec<Invalid>;
    /// The parameters as a table, defaults included.
    fn to_table(&self) -> toml::Table;
    /// The halves in single precision.
    fn halves_f32(&self, setup: &Setup<f32>) -> Halves<f32>;
    /// The halves in double precision.
    fn halves_f64(&self, setup: &Setup<f64>) -> Halves<f64>;
    /// A copy.
    fn boxed(&self) -> Box<dyn FederatedParameters>;
}

impl Clone for Box<dyn FederatedParameters> {
    fn clone(&self) -> Self {
        self.as_ref().boxed()
    }
}

impl dyn FederatedParameters + '_ {
    /// The halves in the precision `R`.
    pub fn halves<R: Real>(&self, setup: &Setup<R>) -> Halves<R> {
        by_scalar::<R, _, _, _>(|| self.halves_f32(&same(setup.clone())), || self.halves_f64(&same(setup.clone())))
    }
}

/// The two halves of a federated method, and what the server sends at first.
pub struct Halves<R: Real> {
    /// What clients are sent at first.
    pub model: Payload<R>,
    /// The client half.
    pub client: Box<dyn ClientUpdate<R>>,
    /// The server half.
    pub server: Box<dyn ServerUpdate<R>>,
}

impl<R: Real> Halves<R> {
    fn of(method: &impl FederatedMethod, setup: &Setup<R>) -> Self {
        Self { model: method.model(setup.x.clone()), client: method.client(), server: method.server(setup) }
    }
}

impl<M: FederatedMethod> FederatedParameters for M {
    fn card(&self) -> Card {
        M::CARD
    }

    fn validate(&self) -> Result<(), Invalid> {
        Method::validate(self)
    }

    fn recipe(&self) -> Recipe {
        FederatedMethod::recipe(self)
    }

    fn needs(&self) -> Needs {
        FederatedMethod::needs(self)
    }

    fn misfits(&self, of: &Combination<'_>) -> Vec<Invalid> {
        let mut found = misfits(&FederatedMethod::needs(self), of);
        found.extend(self.refuses(of));
        found
    }

    fn to_table(&self) -> toml::Table {
        toml::Table::try_from(self).expect("parameters are plain tables")
    }

    fn halves_f32(&self, setup: &Setup<f32>) -> Halves<f32> {
        Halves::of(self, setup)
    }

    fn halves_f64(&self, setup: &Setup<f64>) -> Halves<f64> {
        Halves::of(self, setup)
    }

    fn boxed(&self) -> Box<dyn FederatedParameters> {
        Box::new(self.clone())
    }
}
