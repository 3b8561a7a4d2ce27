//! The worlds of a plan: one for each cell and seed, built when first needed and dropped after the last run in it.

use std::sync::{Mutex, PoisonError};

use super::{any_world::AnyWorld, done::RunId, plan::Plan};
use crate::{file::opened, invalid::Invalid, scenario::Rejected};

/// All worlds of a plan.
pub struct Worlds<'p> {
    plan: &'p Plan,
    places: Vec<Mutex<Place>>,
}

struct Place {
    world: Option<AnyWorld>,
    /// Runs that still need it.
    left: usize,
}

impl<'p> Worlds<'p> {
    /// The worlds of `plan`, for these runs.
    pub fn new(plan: &'p Plan, runs: &[RunId]) -> Self {
        let mut left = vec![0; plan.cells.len() * plan.every_seed()];
        for run in runs {
            left[run.cell * plan.every_seed() + run.seed] += 1;
        }
        Self { plan, places: left.into_iter().map(|left| Mutex::new(Place { world: None, left })).collect() }
    }

    /// The world of a run.
    ///
    /// # Errors
    /// When the world cannot be built, with the place of the fault.
    pub fn of(&self, run: RunId) -> Result<AnyWorld, Rejected> {
        let place = &self.places[run.cell * self.plan.every_seed() + run.seed];
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        place.left -= 1;
        let world = match &place.world {
            Some(world) => world.clone(),
            None => self.build(run).map_err(|invalid| self.plan.reject(run.cell, invalid))?,
        };
        place.world = (place.left > 0).then(|| world.clone());
        Ok(world)
    }

    fn build(&self, run: RunId) -> Result<AnyWorld, Invalid> {
        let planned = &self.plan.cells[run.cell];
        let checked = if run.seed == 0 { planned.checked.lock().unwrap_or_else(PoisonError::into_inner).take() } else { None };
        match checked {
            Some(world) => Ok(world),
            None => {
                let build = || AnyWorld::build(&planned.cell, self.plan.seed(run), &self.plan.scenario.folder);
                let (world, files) = opened(build);
                let changed = files.iter().find(|(path, digest)| planned.files.get(*path).is_some_and(|known| known != *digest));
                match changed {
                    None => world,
                    Some((path, _)) => {
                        let fault = Invalid::at("problem", format!("`{}` has changed while the runs went on", path.display()));
                        Err(fault.help("restore the file, and continue the runs with --resume"))
                    }
                }
            }
        }
    }
}
