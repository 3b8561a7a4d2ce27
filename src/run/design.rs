//! What is known of the tuning before anything runs: on which seeds, and what decides.

use crate::{
    invalid::Invalid,
    record::{Column, Stop, axis::Axis, claim::ClaimSpec, metric::Better},
    run::{Arm, PlannedCell, cell::swept},
    search::{
        Criterion, Grid, TuneSpec,
        strategy::{Among, OnAxis},
    },
};

/// A criterion with its column among those of the curves, and the direction in which its metric is better.
pub type Deciding = (Criterion, usize, Better);

/// The numbers of arms of the tuned methods of `cells`, with the ends of their runs.
fn searched(cells: &[PlannedCell]) -> impl Iterator<Item = (usize, &Stop)> {
    cells.iter().flat_map(|planned| {
        let arms = planned.methods.iter().map(Vec::len).filter(|&arms| arms > 1);
        arms.map(|arms| (arms, &planned.record.stop))
    })
}

/// How the methods of a plan are tuned.
#[derive(Debug)]
pub struct Tuning {
    /// The section of the scenario.
    pub spec: TuneSpec,
    /// The tuning seeds; `None` where they are the reported ones, none where nothing is tuned.
    pub(super) apart: Option<Vec<u64>>,
    /// What decides, for each method of each cell; nothing where it is not tuned.
    deciding: Vec<Vec<Vec<Deciding>>>,
}

impl Tuning {
    /// The tuning of the methods of `cells`, of which `columns` are recorded. The search of each method has been [checked](Self::check).
    pub fn of(spec: TuneSpec, cells: &[PlannedCell], columns: &[Column], claims: &[ClaimSpec]) -> Self {
        let column = |criterion: Criterion| {
            let at = columns.iter().position(|column| column.name() == criterion.metric())?;
            let better = columns[at].metric.card().better;
            (better != Better::Neither).then_some((criterion, at, better))
        };
        let of_method = |planned: &PlannedCell, label: &str| -> Vec<Deciding> {
            let fixed = spec.criterion().ok().flatten();
            let asked = if spec.by_claims() {
                Criterion::of_claims(claims, label, &swept(&planned.cell))
            } else {
                fixed.into_iter().collect()
            };
            let mut deciding: Vec<Deciding> = asked.into_iter().filter_map(&column).collect();
            if deciding.is_empty() {
                deciding.extend(column(Criterion::last(planned.criterion.name())));
            }
            deciding
        };
        let of_cell = |planned: &PlannedCell| {
            let tuned = |arms: &Vec<Arm>| if arms.len() > 1 { of_method(planned, &arms[0].label) } else { Vec::new() };
            planned.methods.iter().map(tuned).collect()
        };
        let deciding = cells.iter().map(of_cell).collect();
        let tunes = cells.iter().flat_map(|planned| &planned.methods).any(|arms| arms.len() > 1);
        let needed = searched(cells).filter_map(|(arms, stop)| spec.needed(arms, stop).ok().flatten()).max();
        let apart = if tunes { spec.seeds.apart(needed) } else { Some(Vec::new()) };
        Self { spec, apart, deciding }
    }

    /// Checks that there is a search for each tuned method of `cells`, on seeds that are not `reported`.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `tune`.
    pub fn check(spec: &TuneSpec, cells: &[PlannedCell], reported: &[u64]) -> Result<(), Invalid> {
        for (arms, stop) in searched(cells) {
            let needed = spec.needed(arms, stop)?;
            spec.check_apart(needed, reported)?;
            let seeds = spec.seeds.apart(needed).map_or(reported.len(), |apart| apart.len());
            let _ = spec.search(Among { arms, seeds, stop })?;
        }
        Ok(())
    }

    /// The search among the arms of a method, with the axis of its rungs.
    pub(super) fn search(&self, among: Among<'_>) -> OnAxis {
        let search = self.spec.search(among);
        // It has been checked.
        search.unwrap_or_else(|_| (Box::new(Grid::new(among.arms, among.seeds)), Axis::Rounds))
    }

    /// The runs on tuning seeds that are expected of each arm of a method.
    pub(super) fn expected(&self, seeds: usize, arms: usize) -> usize {
        if self.spec.strategy.takes_seeds() { seeds.div_ceil(arms) } else { seeds }
    }

    /// What decides among the arms of a method in a cell; nothing where it is not tuned.
    pub fn deciding(&self, cell: usize, method: usize) -> &[Deciding] {
        &self.deciding[cell][method]
    }

    /// What decides, in words: `final loss`, or `final loss and seconds to loss=0.3` where several quantities do.
    pub fn words(&self, cell: usize, method: usize) -> String {
        self.deciding(cell, method).iter().map(|(criterion, ..)| criterion.to_string()).collect::<Vec<_>>().join(" and ")
    }
}
