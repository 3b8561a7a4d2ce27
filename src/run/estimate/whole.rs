//! The resources of this machine that all runs of a scenario take.
//!
//! Wall time is that of the [timed trials](super::timing): each method runs its first rounds as it will, one thread a run or all
//! threads in one run, and goes on at the rate that it had; worlds are built once a seed. Figures and a target that ends runs early
//! are not foreseen. Memory is what reading the data has needed so far, the worlds of other threads, and the models of the runs that
//! go on together; disk is the rows of the record, and while runs go on their checkpoints.

use std::fs;

use serde::Serialize;

use super::Forecast;
use crate::run::{Plan, threads::together};

/// Characters of a number in `curves.csv`, with its comma, at the most usual.
const NUMBER: u64 = 19;
/// Columns of `curves.csv` that every record has, numbers that are often short.
const AXES: u64 = 6 * 9;

/// The expected resources of all runs together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Whole {
    /// Threads that run.
    pub threads: usize,
    /// Wall time [s].
    pub wall_seconds: f64,
    /// Memory [byte].
    pub memory_bytes: u64,
    /// Disk that the results take, figures aside [byte].
    pub disk_bytes: u64,
    /// Disk that is needed besides while runs go on [byte].
    pub checkpoint_bytes: u64,
}

impl Whole {
    /// The resources of a `share` of the runs [1].
    pub(super) fn shared(self, share: f64) -> Self {
        let part = |bytes: u64| (share * bytes as f64) as u64;
        let (wall_seconds, disk_bytes) = (share * self.wall_seconds, part(self.disk_bytes));
        Self { wall_seconds, disk_bytes, checkpoint_bytes: self.checkpoint_bytes - self.disk_bytes + disk_bytes, ..self }
    }

    /// Adds up the forecasts of all cells; `memory` is what the process has needed to read the data [byte].
    pub(super) fn of(plan: &Plan, cells: &[Forecast], memory: Option<u64>) -> Self {
        let threads = rayon::current_num_threads();
        let seeds = plan.seeds.len();
        let apart = plan.every_seed() - seeds;
        let (mut work, mut longest, mut disk, mut state, mut world, mut models) = (0.0, 0.0_f64, 0, 0, 0, 0);
        for (planned, cell) in plan.cells.iter().zip(cells) {
            work += cell.world_wall * plan.every_seed() as f64;
            world = world.max(planned.data.as_ref().map_or(0, |data| data.bytes));
            models = models.max(planned.model_bytes);
            let prefix: usize = planned.cell.keys.iter().map(|key| key.value.len() + 1).sum();
            for (arms, run) in planned.methods.iter().zip(&cell.runs) {
                let runs = match (arms.len(), apart) {
                    (1, _) => seeds,
                    (arms, 0) => seeds * arms,
                    (arms, apart) => seeds + plan.tuning.expected(apart, arms) * arms,
                };
                work += run.wall * runs as f64;
                longest = longest.max(run.wall + cell.world_wall);
                state = state.max(run.state);
                let row = (prefix + arms[0].label.len()) as u64 + AXES + NUMBER * planned.record.columns.len() as u64;
                disk += run.samples * row * seeds as u64;
            }
        }
        let runs = plan.runs().len();
        let together = together(runs);
        let wall = if together == 1 { work } else { longest.max(work / together as f64) };
        let worlds = together.min(plan.cells.len() * plan.every_seed()) as u64;
        let memory = memory.unwrap_or(2 * world) + world * worlds.saturating_sub(1) + models;
        Self {
            threads,
            wall_seconds: wall,
            memory_bytes: memory,
            disk_bytes: disk,
            checkpoint_bytes: disk + state * together as u64,
        }
    }
}

/// The most memory that this process has had so far [byte], where the system reports it.
pub(super) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
