//! [`ServedMethod`] behind a trait object.

use std::fmt::Debug;

use crate::{
    invalid::Invalid,
    method::{Card, Method, Parts, Recipe, ServedMethod, Setup},
    num::{Real, by_scalar, same},
    role::served::{ClientUpdate, ServerUpdate},
};

/// [`ServedMethod`] behind a trait object, at both precisions.
pub trait ServedParameters: Debug + Send + Sync {
    /// See [`Method::CARD`].
    fn card(&self) -> Card;
    /// See [`Method::validate`].
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    fn validate(&self) -> Result<(), Invalid>;
    /// See [`ServedMethod::recipe`].
    fn recipe(&self) -> Recipe;
    /// See [`ServedMethod::averages`].
    fn averages(&self) -> bool;
    /// Refuses parts that make no sense together or with this method, see [`ServedMethod::accepts`].
    ///
    /// # Errors
    /// [`Invalid`] at the part that does not fit, with the reason.
    fn accepts(&self, parts: &Parts<'_>) -> Result<(), Invalid>;
    /// See [`ServedMethod::sums_suffice`].
    fn sums_suffice(&self) -> bool;
    /// See [`ServedMethod::pools_samples`].
    fn pools_samples(&self) -> bool;
    /// See [`ServedMethod::takes_up`].
    fn takes_up(&self) -> Option<f64>;
    /// The parameters as a table, defaults included.
    fn to_table(&self) -> toml::Table;
    /// The halves in single precision.
    fn halves_f32(&self, setup: Setup<f32>) -> Halves<f32>;
    /// The halves in double precision.
    fn halves_f64(&self, setup: Setup<f64>) -> Halves<f64>;
    /// A copy.
    fn boxed(&self) -> Box<dyn ServedParameters>;
}

impl Clone for Box<dyn ServedParameters> {
    fn clone(&self) -> Self {
        self.as_ref().boxed()
    }
}

impl dyn ServedParameters + '_ {
    /// The halves in the precision `R`.
    pub fn halves<R: Real>(&self, setup: &Setup<R>) -> Halves<R> {
        by_scalar::<R, _, _, _>(|| self.halves_f32(same(setup.clone())), || self.halves_f64(same(setup.clone())))
    }
}

/// The two halves of a served method.
pub struct Halves<R: Real> {
    /// The client half.
    pub client: Box<dyn ClientUpdate<R>>,
    /// The server half.
    pub server: Box<dyn ServerUpdate<R>>,
}

impl<M: ServedMethod> ServedParameters for M {
    fn card(&self) -> Card {
        M::CARD
    }

    fn validate(&self) -> Result<(), Invalid> {
        Method::validate(self)
    }

    fn recipe(&self) -> Recipe {
        ServedMethod::recipe(self)
    }

    fn averages(&self) -> bool {
        ServedMethod::averages(self)
    }

    fn accepts(&self, parts: &Parts<'_>) -> Result<(), Invalid> {
        parts.check()?;
        ServedMethod::accepts(self, parts)
    }

    fn sums_suffice(&self) -> bool {
        ServedMethod::sums_suffice(self)
    }

    fn pools_samples(&self) -> bool {
        ServedMethod::pools_samples(self)
    }

    fn takes_up(&self) -> Option<f64> {
        ServedMethod::takes_up(self)
    }

    fn to_table(&self) -> toml::Table {
        toml::Table::try_from(self).expect("parameters are plain tables")
    }

    fn halves_f32(&self, setup: Setup<f32>) -> Halves<f32> {
        Halves { client: self.client(), server: self.server(setup) }
    }

    fn halves_f64(&self, setup: Setup<f64>) -> Halves<f64> {
        Halves { client: self.client(), server: self.server(setup) }
    }

    fn boxed(&self) -> Box<dyn ServedParameters> {
        Box::new(self.clone())
    }
}
