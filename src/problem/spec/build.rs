//! The problem of one seed: its objective, its optimum and its initial models.

use std::{
    any::Any,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use rayon::prelude::*;

use super::{ProblemSpec, WeightsSpec};
use crate::{
    invalid::Invalid,
    num::Real,
    problem::{
        Inputs, Objective, Optimum, Workspace,
        data::{self, ClientData, ClientGroups, ClientTest, Owned},
        evaluate::{Evaluation, Wanted, evaluate},
        init::InitSpec,
        optimum::{self, OptimumError, cache::Key},
        predictions::Predictions,
    },
    random::Streams,
};

/// A problem with its objective over all clients, and its optimum once it is asked for.
pub struct Problem<R: Real> {
    built: Built<R>,
    recipe: Recipe,
    init: InitSpec,
    optimum: OnceLock<Result<Optimum, OptimumError>>,
    client_test: OnceLock<Option<ClientTest<R>>>,
}

/// An objective and its samples.
struct Built<R: Real> {
    objective: Box<dyn Objective<R>>,
    data: Option<Arc<ClientData<R>>>,
    /// Where each client's held-out samples are.
    owned: Owned<R>,
    /// The groups of the clients.
    groups: Vec<ClientGroups>,
    /// Notes on data that may not be as the author meant.
    notes: Vec<String>,
}

/// All that a problem is built from, to build it again in double precision.
struct Recipe {
    spec: ProblemSpec,
    clients: Option<usize>,
    streams: Streams,
    base: PathBuf,
}

impl<R: Real> Problem<R> {
    /// Builds the problem of one seed; `clients` is the size of the fleet where the scenario gives one, and `base` the folder
    /// of the scenario file.
    ///
    /// # Errors
    /// [`Invalid`] relative to the `[problem]` section.
    pub fn build(spec: &ProblemSpec, clients: Option<usize>, streams: Streams, base: &Path) -> Result<Self, Invalid> {
        spec.check()?;
        let recipe = Recipe { spec: spec.clone(), clients, streams, base: base.to_owned() };
        let built: Built<R> = recipe.build()?;
        let mut init = spec.init();
        init.load(base, built.objective.dim()).map_err(|error| error.under("init"))?;
        init.check_dim(built.objective.dim()).map_err(|error| error.under("init"))?;
        Ok(Self { built, recipe, init, optimum: OnceLock::new(), client_test: OnceLock::new() })
    }

    /// The local objectives.
    pub fn objective(&self) -> &dyn Objective<R> {
        self.built.objective.as_ref()
    }

    /// The samples of all clients; `None` for quadratics.
    pub fn data(&self) -> Option<&ClientData<R>> {
        self.built.data.as_deref()
    }

    /// The held-out samples of each client; `None` where no client has any of its own.
    pub fn client_test(&self) -> Option<&ClientTest<R>> {
        let shared = || self.data().and_then(|data| data.test.as_ref());
        match &self.built.owned {
            Owned::Nobody => None,
            Owned::Apart(test) => Some(test),
            Owned::Shared(rows) => self.client_test.get_or_init(|| shared().map(|test| ClientTest::select(test, rows))).as_ref(),
        }
    }

    /// Whether clients have held-out samples of their own.
    pub fn has_client_test(&self) -> bool {
        !matches!(self.built.owned, Owned::Nobody)
    }

    /// The columns by which clients are in groups.
    pub fn groups(&self) -> &[ClientGroups] {
        &self.built.groups
    }

    /// Notes on data that may not be as the author meant, a line each.
    pub fn notes(&self) -> &[String] {
        &self.built.notes
    }

    /// The specification that the problem was built from.
    pub fn spec(&self) -> &ProblemSpec {
        &self.recipe.spec
    }

    /// The initial model of `node`, shape `[d]`.
    pub fn initial(&self, node: usize) -> Vec<R> {
        self.init.model(self.objective().blocks(), &self.recipe.streams, node)
    }

    /// The reference optimum, solved for in double precision when first asked for and kept on disk between runs.
    ///
    /// # Errors
    /// [`OptimumError`] for neural networks, and where the optimum is not found to the tolerance.
    pub fn optimum(&self) -> Result<&Optimum, &OptimumError> {
        self.optimum.get_or_init(|| self.solve()).as_ref()
    }

    /// Scores of `x`, shape `[d]`. Gap and distance are `None` where there is no reference optimum.
    pub fn evaluate(&self, x: &[R], wanted: Wanted) -> Evaluation {
        self.score(self.optimum_for(wanted), x, wanted)
    }

    fn score(&self, optimum: Option<&Optimum>, x: &[R], wanted: Wanted) -> Evaluation {
        let predictions = if wanted.predictions { self.predictions(x) } else { None };
        Evaluation { predictions, ..evaluate(self.objective(), optimum, x, wanted) }
    }

    /// The predictions of the model `x`, shape `[d]`, for the held-out samples that all share.
    pub fn predictions(&self, x: &[R]) -> Option<Predictions> {
        let test = self.data()?.test.as_ref().filter(|test| !test.is_empty())?;
        Some(Predictions::of(self.objective().predictor()?, x, (test, 0..test.len()), &mut Workspace::new()))
    }

    /// Scores of several models, each of shape `[d]`, in parallel.
    pub fn evaluate_all<X: AsRef<[R]> + Sync>(&self, models: &[X], wanted: Wanted) -> Vec<Evaluation> {
        if let [x] = models {
            return vec![self.evaluate(x.as_ref(), wanted)];
        }
        // Solved before the threads part: a thread that solves within must not be handed another model that waits for it.
        let optimum = self.optimum_for(wanted);
        let _ = self.objective().quadratic_form();
        models.par_iter().map(|x| self.score(optimum, x.as_ref(), wanted)).collect()
    }

    fn optimum_for(&self, wanted: Wanted) -> Option<&Optimum> {
        if wanted.gap || wanted.distance { self.optimum().ok() } else { None }
    }

    fn solve(&self) -> Result<Optimum, OptimumError> {
        if !self.spec().is_convex() {
            return Err(OptimumError::NotConvex);
        }
        if let Some(form) = self.objective().quadratic_form() {
            return Ok(form.optimum.clone());
        }
        let key = self.key();
        if let Some(known) = key.load(self.objective().dim()) {
            return Ok(known);
        }
        let solved = self.in_double(optimum::solve)?;
        key.store(&solved);
        Ok(solved)
    }

    /// What `solve` makes of the objective in double precision.
    ///
    /// # Errors
    /// [`OptimumError`] of `solve`, and where the objective cannot be set up in double precision.
    pub fn in_double<T>(&self, solve: impl FnOnce(&dyn Objective<f64>) -> Result<T, OptimumError>) -> Result<T, OptimumError> {
        match (&self.built as &dyn Any).downcast_ref::<Built<f64>>() {
            Some(built) => solve(built.objective.as_ref()),
            None => {
                let built: Built<f64> = self.recipe.build().map_err(|error| OptimumError::Unavailable(error.to_string()))?;
                solve(built.objective.as_ref())
            }
        }
    }

    /// The key of everything that the optimum depends on: the objective, its weights and its training samples.
    fn key(&self) -> Key {
        let ProblemSpec { objective, l2, weights, .. } = self.spec();
        let mut key = Key::new(&format!("{objective:?} {l2:e} {weights:?} {:?}", R::PRECISION));
        if let Some(data) = self.data() {
            key.add(data);
        }
        key
    }
}

impl Recipe {
    fn build<R: Real>(&self) -> Result<Built<R>, Invalid> {
        let Self { spec, clients, streams, base } = self;
        let mut inputs =
            Inputs { clients: *clients, data: None, weights: Vec::new(), l2: spec.l2, streams: *streams, folder: base.clone() };
        let (mut owned, mut groups, mut notes) = (Owned::Nobody, Vec::new(), Vec::new());
        let properties = spec.objective.properties();
        if properties.samples {
            let source = spec.data.as_ref().ok_or_else(|| Invalid::at("data", "this objective needs samples"))?;
            let wanted = (*clients, properties.targets);
            let loaded = data::load::<R>(source, (spec.partition.as_ref(), spec.own_test), wanted, streams, base)?;
            let data = loaded.data.aligned();
            inputs.weights = weights(spec.weights, &data);
            inputs.data = Some(Arc::new(data));
            (owned, groups, notes) = (loaded.owned, loaded.groups, loaded.notes);
        }
        let objective = spec.objective.build(&inputs)?;
        Ok(Built { objective, data: inputs.data, owned, groups, notes })
    }
}

/// The weights `pᵢ`, shape `[n]`, which sum to 1. A client without samples has no loss: its weight is 0.
fn weights<R: Real>(spec: WeightsSpec, data: &ClientData<R>) -> Vec<f64> {
    let size = |client| match spec {
        WeightsSpec::Uniform => f64::from(!data.rows(client).is_empty()),
        WeightsSpec::Samples => data.rows(client).len() as f64,
    };
    let total: f64 = (0..data.clients()).map(size).sum();
    (0..data.clients()).map(|client| size(client) / total).collect()
}
