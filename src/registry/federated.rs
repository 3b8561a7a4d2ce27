//! [`FederatedMethod`] behind a trait object.

use std::fmt::Debug;

use crate::{
    invalid::Invalid,
    message::Payload,
    method::{Card, FederatedMethod, Method, Parts, Recipe, Setup},
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
    /// See [`FederatedMethod::averages`].
    fn averages(&self) -> bool;
    /// Refuses parts that make no sense together or with this method, see [`FederatedMethod::accepts`].
    ///
    /// # Errors
    /// [`Invalid`] at the part that does not fit, with the reason.
    fn accepts(&self, parts: &Parts<'_>) -> Result<(), Invalid>;
    /// See [`FederatedMethod::sums_suffice`].
    fn sums_suffice(&self) -> bool;
    /// See [`FederatedMethod::pools_samples`].
    fn pools_samples(&self) -> bool;
    /// See [`FederatedMethod::takes_up`].
    fn takes_up(&self) -> Option<f64>;
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

    fn averages(&self) -> bool {
        FederatedMethod::averages(self)
    }

    fn accepts(&self, parts: &Parts<'_>) -> Result<(), Invalid> {
        parts.check()?;
        FederatedMethod::accepts(self, parts)
    }

    fn sums_suffice(&self) -> bool {
        FederatedMethod::sums_suffice(self)
    }

    fn pools_samples(&self) -> bool {
        FederatedMethod::pools_samples(self)
    }

    fn takes_up(&self) -> Option<f64> {
        FederatedMethod::takes_up(self)
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
