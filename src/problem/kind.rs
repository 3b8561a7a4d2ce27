//! Kinds of objectives: their properties, and the names by which a scenario chooses them.

use std::{fmt::Debug, path::PathBuf, sync::Arc};

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Objective,
    data::{ClientData, TargetKind},
};
use crate::{
    invalid::Invalid,
    named::{Kind, Named},
    num::{Real, by_scalar, same},
    random::Streams,
};

/// The parameters of a kind of objective, as a scenario writes them behind its name.
pub trait ObjectiveKind: Debug + Clone + Send + Sync + Serialize + DeserializeOwned + JsonSchema + 'static {
    /// Its name in a scenario.
    const NAME: &'static str;

    /// Checks the parameters. Files are not looked at.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to the parameters, for values out of range.
    fn validate(&self) -> Result<(), Invalid> {
        Ok(())
    }

    /// Its properties, known before it is built.
    fn properties(&self) -> Properties;

    /// The objectives of all clients.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to the section `[problem]`, such as `data` or `objective`, for inputs that do not suit.
    fn build<R: Real>(&self, inputs: &Inputs<R>) -> Result<Box<dyn Objective<R>>, Invalid>;
}

/// The properties of a kind of objective, known before it is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Properties {
    /// Whether its clients hold samples; without them a scenario gives neither `data` nor `partition`, `l2` or `weights`.
    pub samples: bool,
    /// The targets that it needs, where the data do not say what they are.
    pub targets: TargetKind,
    /// Whether it is convex, so that there is an exact optimum to hold models against.
    pub convex: bool,
    /// Whether the model ends in a linear layer over samples that can be solved for in closed form.
    pub solvable_head: bool,
}

/// The inputs that an objective is built from.
#[derive(Debug, Clone)]
pub struct Inputs<R> {
    /// Number of clients, where the fleet says it.
    pub clients: Option<usize>,
    /// Training samples of all clients and held-out samples; `None` for objectives without samples.
    pub data: Option<Arc<ClientData<R>>>,
    /// The weights `pᵢ` of the clients, which sum to 1, shape `[n]`; empty for objectives without samples.
    pub weights: Vec<f64>,
    /// Strength `λ` of the regularisation `(λ/2) ‖x‖²` on all parameters of every client [1].
    pub l2: f64,
    /// Random streams of the seed.
    pub streams: Streams,
    /// Folder of the scenario file, from which relative paths start.
    pub folder: PathBuf,
}

impl<R> Inputs<R> {
    /// The samples.
    ///
    /// # Errors
    /// [`Invalid`] at `data` without any.
    pub fn data(&self) -> Result<Arc<ClientData<R>>, Invalid> {
        self.data.clone().ok_or_else(|| Invalid::at("data", "this objective needs samples"))
    }
}

/// [`ObjectiveKind`] behind a trait object.
pub trait AnyObjective: Debug + Send + Sync {
    /// See [`ObjectiveKind::NAME`].
    fn name(&self) -> &'static str;
    /// See [`ObjectiveKind::validate`], with the name in front of the path.
    ///
    /// # Errors
    /// [`Invalid`] for parameters out of range.
    fn validate(&self) -> Result<(), Invalid>;
    /// See [`ObjectiveKind::properties`].
    fn properties(&self) -> Properties;
    /// The parameters, defaults included.
    fn parameters(&self) -> toml::Value;
    /// See [`ObjectiveKind::build`], in single precision.
    ///
    /// # Errors
    /// [`Invalid`] for inputs that do not suit.
    fn build_f32(&self, inputs: &Inputs<f32>) -> Result<Box<dyn Objective<f32>>, Invalid>;
    /// See [`ObjectiveKind::build`], in double precision.
    ///
    /// # Errors
    /// [`Invalid`] for inputs that do not suit.
    fn build_f64(&self, inputs: &Inputs<f64>) -> Result<Box<dyn Objective<f64>>, Invalid>;
}

impl<O: ObjectiveKind> AnyObjective for O {
    fn name(&self) -> &'static str {
        O::NAME
    }

    fn validate(&self) -> Result<(), Invalid> {
        ObjectiveKind::validate(self).map_err(|invalid| invalid.under(O::NAME))
    }

    fn properties(&self) -> Properties {
        ObjectiveKind::properties(self)
    }

    fn parameters(&self) -> toml::Value {
        toml::Value::try_from(self).expect("parameters are plain values")
    }

    fn build_f32(&self, inputs: &Inputs<f32>) -> Result<Box<dyn Objective<f32>>, Invalid> {
        self.build(inputs)
    }

    fn build_f64(&self, inputs: &Inputs<f64>) -> Result<Box<dyn Objective<f64>>, Invalid> {
        self.build(inputs)
    }
}

impl Kind for dyn AnyObjective {
    const KIND: &'static str = "objective";

    fn name(&self) -> &'static str {
        AnyObjective::name(self)
    }

    fn parameters(&self) -> toml::Value {
        AnyObjective::parameters(self)
    }
}

/// The local objectives that a scenario names.
pub type ObjectiveSpec = Named<dyn AnyObjective>;

impl ObjectiveSpec {
    /// The objectives of all clients.
    ///
    /// # Errors
    /// [`Invalid`] relative to the section `[problem]`, for inputs that do not suit.
    pub fn build<R: Real>(&self, inputs: &Inputs<R>) -> Result<Box<dyn Objective<R>>, Invalid> {
        by_scalar::<R, _, _, _>(|| self.build_f32(&same(inputs.clone())), || self.build_f64(&same(inputs.clone())))
    }
}

impl<O: ObjectiveKind> From<O> for ObjectiveSpec {
    fn from(kind: O) -> Self {
        Self::new(Arc::new(kind))
    }
}
