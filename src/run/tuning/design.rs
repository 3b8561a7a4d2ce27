//! What is known of the tuning before anything runs: on which seeds, and what decides.

use crate::{
    record::{Column, MetricSpec, claim::ClaimSpec, metric::Better},
    run::{Arm, PlannedCell, plan::swept},
    search::{Criterion, TuneSpec},
};

/// A criterion with its column among those of the curves, and the direction in which its metric is better.
pub type Deciding = (Criterion, usize, Better);

/// How the methods of a plan are tuned.
#[derive(Debug)]
pub struct Tuning {
    /// The section of the scenario.
    pub spec: TuneSpec,
    /// The tuning seeds; `None` where they are the reported ones, none where nothing is tuned.
    pub(in crate::run) apart: Option<Vec<u64>>,
    /// What decides, for each method of each cell; nothing where it is not tuned.
    deciding: Vec<Vec<Vec<Deciding>>>,
}

impl Tuning {
    /// The tuning of the methods of `cells`, of which `columns` are recorded; `default` decides where nothing else is said.
    pub fn of(
        spec: TuneSpec,
        cells: &[PlannedCell],
        columns: &[Column],
        claims: &[ClaimSpec],
        default: MetricSpec,
    ) -> Self {
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
                deciding.extend(column(Criterion::last(default.name())));
            }
            deciding
        };
        let of_cell = |planned: &PlannedCell| {
            let tuned = |arms: &Vec<Arm>| if arms.len() > 1 { of_method(planned, &arms[0].label) } else { Vec::new() };
            planned.methods.iter().map(tuned).collect()
        };
        let deciding = cells.iter().map(of_cell).collect();
        let tunes = cells.iter().flat_map(|planned| &planned.methods).any(|arms| arms.len() > 1);
        let apart = if tunes { spec.seeds.apart() } else { Some(Vec::new()) };
        Self { spec, apart, deciding }
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
