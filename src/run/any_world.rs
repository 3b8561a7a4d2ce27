//! A world at the precision of its cell, and what checks need to know of it.

use std::{path::Path, sync::Arc};

use ndarray::Array2;

use crate::{
    analysis::Ground,
    fleet::FULL_WIDTH,
    invalid::Invalid,
    network::{Direction, Topology},
    num::{Precision, Real, low_precision::Bits},
    problem::{
        Block, BlockKind, Problem,
        data::{ClientData, Report, Targets},
        predictor::{Outputs, Predictor},
    },
    protocol::spec::LocalSpec,
    random::{Setting, Streams},
    record::{ClientWorld, MetricSpec},
    scenario::Cell,
    world::World,
};

/// A world at the precision of its cell.
#[derive(Clone)]
pub enum AnyWorld {
    /// Single precision.
    F32(Arc<World<f32>>),
    /// Double precision.
    F64(Arc<World<f64>>),
}

/// Facts about a cell's world that checks need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Number of clients.
    pub clients: usize,
    /// Number of parameters `d`.
    pub dim: usize,
    /// Number of layers of weights.
    pub layers: usize,
    /// Whether there is an exact optimum.
    pub convex: bool,
    /// Whether there are held-out samples.
    pub held_out: bool,
    /// The outputs of models, where they predict samples.
    pub outputs: Option<Outputs>,
    /// Whether there is a validation part.
    pub validated: bool,
    /// Whether held-out samples have classes.
    pub classified: bool,
    /// Whether work and messages around a server surely take no time.
    pub instant_server: bool,
    /// Whether work and messages between peers surely take no time.
    pub instant_peers: bool,
    /// Whether there are clients whose steps surely take no time.
    pub free_steps: bool,
    /// Whether the energy of a local step is known of every client.
    pub known_energy: bool,
    /// Whether there are clients who take part by rounds.
    pub by_rounds: bool,
}

/// Builds the world of `cell` and `seed`; data files are looked for from `folder`.
///
/// # Errors
/// [`Invalid`] with a path from the root of the scenario.
pub fn build<R: Real>(cell: &Cell, seed: u64, folder: &Path) -> Result<World<R>, Invalid> {
    let streams = Streams::new(seed);
    let problem =
        Problem::<R>::build(&cell.problem, cell.fleet.clients, streams, folder).map_err(|invalid| invalid.under("problem"))?;
    let clients = problem.objective().clients();
    let setting = Setting { streams, clients, folder: folder.to_owned() };
    let labels = if cell.fleet.needs_labels() { label_fractions(&problem) } else { None };
    let fleet =
        cell.fleet.build(&setting, labels.as_ref().map(|labels| labels.view())).map_err(|invalid| invalid.under("fleet"))?;
    let network = cell.network.build(&setting).map_err(|invalid| invalid.under("network"))?;
    Ok(World { problem, fleet, network, streams })
}

impl AnyWorld {
    /// Builds the world of `cell` and `seed` at the precision of the cell.
    ///
    /// # Errors
    /// [`Invalid`] with a path from the root of the scenario.
    pub fn build(cell: &Cell, seed: u64, folder: &Path) -> Result<Self, Invalid> {
        Ok(match cell.precision {
            Precision::F32 => Self::F32(Arc::new(build(cell, seed, folder)?)),
            Precision::F64 => Self::F64(Arc::new(build(cell, seed, folder)?)),
        })
    }

    /// What methods run on.
    pub fn ground(&self) -> Ground<'_> {
        match self {
            Self::F32(world) => Ground::of(world),
            Self::F64(world) => Ground::of(world),
        }
    }

    /// The topology, where the scenario has one.
    pub fn topology(&self) -> Option<&Topology> {
        match self {
            Self::F32(world) => world.network.topology(),
            Self::F64(world) => world.network.topology(),
        }
    }

    /// A report on the data; `None` for problems without data.
    pub fn report(&self) -> Option<Report> {
        match self {
            Self::F32(world) => world.problem.data().map(ClientData::report),
            Self::F64(world) => world.problem.data().map(ClientData::report),
        }
    }

    /// Notes on the data that may point at a mistake, a line each.
    pub fn notes(&self) -> &[String] {
        match self {
            Self::F32(world) => world.problem.notes(),
            Self::F64(world) => world.problem.notes(),
        }
    }

    /// Widths of the clients with what a model takes of their memory, both in [bit]; empty where all have full precision.
    pub fn models(&self) -> Vec<(u32, u64)> {
        match self {
            Self::F32(world) => models(world),
            Self::F64(world) => models(world),
        }
    }

    /// Checks that the optimum exists if one of `metrics` needs it.
    ///
    /// # Errors
    /// [`Invalid`] at the metric, with a path from the root of the scenario.
    pub fn check_optimum(&self, metrics: &[MetricSpec]) -> Result<(), Invalid> {
        let Some((index, metric)) = metrics.iter().enumerate().find(|(_, metric)| metric.needs_optimum()) else { return Ok(()) };
        let found = match self {
            Self::F32(world) => world.problem.optimum(),
            Self::F64(world) => world.problem.optimum(),
        };
        found.map(|_| ()).map_err(|error| {
            Invalid::at(&format!("record.metrics.{index}"), format!("`{}` needs the exact optimum: {error}", metric.name()))
                .help("without regularisation there may be none: set `l2` above 0 in `[problem]`, or record `grad-norm` instead")
        })
    }

    /// The key that gives the length of visits other than in steps, and the most steps that it makes in the visit of a client; `None`
    /// where steps are counted.
    pub fn longest_visit(&self, local: &LocalSpec) -> Option<(&'static str, f64)> {
        match self {
            Self::F32(world) => longest_visit(world, local),
            Self::F64(world) => longest_visit(world, local),
        }
    }

    /// What `of` makes of the facts that scores of clients depend on.
    pub fn of_clients<T>(&self, of: impl FnOnce(&ClientWorld<'_>) -> T) -> T {
        match self {
            Self::F32(world) => of(&of_clients(world)),
            Self::F64(world) => of(&of_clients(world)),
        }
    }

    /// The facts that checks need.
    pub fn facts(&self) -> Facts {
        match self {
            Self::F32(world) => facts_of(world),
            Self::F64(world) => facts_of(world),
        }
    }
}

fn outputs<R: Real>(world: &World<R>) -> Option<Outputs> {
    world.objective().predictor().map(Predictor::outputs)
}

fn of_clients<R: Real>(world: &World<R>) -> ClientWorld<'_> {
    let problem = &world.problem;
    ClientWorld {
        clients: world.clients(),
        held_out: problem.has_client_test(),
        outputs: outputs(world),
        groups: problem.groups(),
    }
}

fn facts_of<R: Real>(world: &World<R>) -> Facts {
    let is_weight = |block: &&Block| block.kind == BlockKind::Weight;
    let test = world.problem.data().and_then(|data| data.test.as_ref());
    Facts {
        clients: world.clients(),
        dim: world.objective().dim(),
        layers: world.objective().blocks().iter().filter(is_weight).count(),
        convex: world.problem.spec().is_convex(),
        held_out: test.is_some(),
        outputs: outputs(world),
        validated: world.problem.data().is_some_and(|data| data.validation.is_some()),
        classified: test.is_some_and(|test| matches!(test.targets, Targets::Classes { .. })),
        instant_server: world.is_instant(&[Direction::Up, Direction::Down]),
        instant_peers: world.is_instant(&[Direction::Peer]),
        free_steps: world.fleet.has_free_steps(),
        known_energy: world.fleet.knows_energy(),
        by_rounds: (0..world.clients()).any(|client| world.fleet.goes_by_rounds(client)),
    }
}

/// See [`AnyWorld::longest_visit`].
fn longest_visit<R: Real>(world: &World<R>, local: &LocalSpec) -> Option<(&'static str, f64)> {
    let clients = 0..world.clients();
    if let Some(epochs) = local.epochs {
        let longest = clients.map(|client| local.batch.pass(world.objective().samples(client))).max()?;
        return Some(("epochs", epochs * longest as f64));
    }
    if let Some(seconds) = local.seconds {
        return Some(("seconds", seconds / world.fleet.fastest_step()));
    }
    let energy = local.energy?;
    let least = clients.filter_map(|client| world.fleet.energy(client)).fold(f64::INFINITY, f64::min);
    Some(("energy", energy / least))
}

/// Share of each class among each client's samples, shape `[n, C]`.
fn label_fractions<R: Real>(problem: &Problem<R>) -> Option<Array2<f64>> {
    let rows = problem.data()?.label_fractions()?;
    let classes = rows.first().map_or(0, Vec::len);
    let flat: Vec<f64> = rows.iter().flatten().copied().collect();
    Array2::from_shape_vec((rows.len(), classes), flat).ok()
}

/// See [`AnyWorld::models`].
fn models<R: Real>(world: &World<R>) -> Vec<(u32, u64)> {
    let (objective, widths) = (world.objective(), world.fleet.widths().ascending());
    if widths == [FULL_WIDTH] {
        return Vec::new();
    }
    let blocks = objective.blocks().len();
    let size = |width: u32| Bits::new(width).unwrap_or(Bits::FLOAT).symmetric_message(objective.dim(), blocks);
    widths.into_iter().map(|width| (width, size(width))).collect()
}
