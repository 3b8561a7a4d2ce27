//! The plan of a scenario: every cell with its arms, checked before anything runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::de::DeserializeOwned;

use super::{
    any_world::AnyWorld,
    arm::Arm,
    cell::{PlannedCell, planned, swept},
    design::Tuning,
    done::{self, RunId},
    error::RunError,
    made,
    protocols::{self, Pilot},
};
use crate::{
    figure::{self, FigureSpec, Kind, Model},
    file::{Opened, opened},
    invalid::Invalid,
    record::{
        self, ClientPlan, Column, MetricSpec, RecordSpec, cell,
        claim::ClaimSpec,
        curves::staleness::{KEY, SHARE},
        metric::Measure,
    },
    scenario::{Cell, Diagnostic, Made, OfCells, Override, Ran, Rejected, Runs, Scenario, Seeds, decode::decode},
    search::TuneSpec,
};

/// A scenario, resolved and checked.
pub struct Plan {
    /// The scenario.
    pub scenario: Scenario,
    /// The cells of its sweeps.
    pub cells: Vec<PlannedCell>,
    /// The seeds that are reported.
    pub seeds: Vec<u64>,
    /// How tuned methods are tuned.
    pub tuning: Tuning,
    /// The columns of `curves.csv` after the axes: those of all cells.
    pub columns: Vec<Column>,
    /// The `[record]` section.
    pub record: RecordSpec,
    /// The claims.
    pub claims: Vec<ClaimSpec>,
    /// The figures.
    pub figures: Vec<FigureSpec>,
    /// The methods that run, with their seeds.
    pub(super) asked: Runs,
}

impl Plan {
    /// Resolves `scenario` and checks all of it, data files included; with `only`, keeps the methods of these labels.
    ///
    /// # Errors
    /// Every fault of the scenario, pointing into its file.
    pub fn resolve(scenario: Scenario, only: &[String]) -> Result<Self, Rejected> {
        let mut asked = scenario.runs();
        if !only.is_empty() {
            asked.retain(|label, _| only.contains(label));
        }
        match Self::parts(&scenario, &asked) {
            Ok((cells, record, columns, claims, figures, tune)) => {
                for (index, claim) in claims.iter().enumerate().filter(|(_, claim)| !claim.holds_with.is_empty()) {
                    let _ = scenario.asking(index, &claim.holds_with)?;
                }
                let seeds = scenario.seeds.list();
                let tuning = Tuning::of(tune, &cells, &columns, &claims);
                Ok(Self { scenario, cells, seeds, tuning, columns, record, claims, figures, asked })
            }
            Err(faults) => Err(scenario.reject(faults)),
        }
    }

    #[allow(clippy::type_complexity)]
    fn parts(
        scenario: &Scenario,
        asked: &Runs,
    ) -> Result<(Vec<PlannedCell>, RecordSpec, Vec<Column>, Vec<ClaimSpec>, Vec<FigureSpec>, TuneSpec), Vec<Diagnostic>> {
        let first = &scenario.cells[0];
        let record: RecordSpec = section(scenario, first, "record")?.unwrap_or_default();
        record.validate().map_err(|invalid| vec![first.fault(invalid.under("record"))])?;
        let tune: TuneSpec = section(scenario, first, "tune")?.unwrap_or_default();
        tune.check(scenario.registry.metrics()).map_err(|invalid| vec![first.fault(invalid.under("tune"))])?;
        let mut faults = OfCells::default();
        let mut cells = Vec::new();
        for cell in &scenario.cells {
            let (found, files) = opened(|| planned(scenario, cell, (&record, &tune), asked));
            let found = found.map(|cell| cells.push(PlannedCell { files, ..cell })).err();
            faults.add(&cell.name(), found.unwrap_or_default());
            if faults.are_many() {
                break;
            }
        }
        let faults = faults.told();
        if !faults.is_empty() {
            return Err(faults);
        }
        check_criterion(&cells).map_err(|invalid| vec![first.fault(invalid)])?;
        let tuned = Tuning::check(&tune, &cells, &scenario.seeds.list());
        tuned.map_err(|invalid| vec![first.fault(invalid.under("tune"))])?;
        let claims: Vec<ClaimSpec> = section(scenario, first, "claim")?.unwrap_or_default();
        let figures: Vec<FigureSpec> = section(scenario, first, "figure")?.unwrap_or_default();
        let columns = share_columns(&mut cells);
        check_claims_and_figures(scenario, &cells, (&record, &columns), &claims, &figures)?;
        cells.iter_mut().for_each(|cell| cell.identify(&record));
        let changed = |made: &Made| cells.iter().find_map(|cell| made::check_data(made, &cell.files, &scenario.folder).err());
        if let Some(changed) = scenario.made.as_ref().and_then(changed) {
            return Err(vec![first.fault(changed)]);
        }
        Ok((cells, record, columns, claims, figures, tune))
    }

    /// How the runs of a cell score clients, where a table is kept of it.
    pub(super) fn scores_clients(&self, cell: usize) -> Option<&ClientPlan> {
        self.cells[cell].record.clients.as_ref().filter(|clients| clients.table.is_some())
    }

    /// Whether the runs of a cell keep bins of confidence.
    pub(super) fn bins_confidence(&self, cell: usize) -> bool {
        self.scores_clients(cell).is_some_and(ClientPlan::has_classes)
    }

    /// Names of the swept keys: the first columns of `curves.csv`.
    pub fn keys(&self) -> Vec<String> {
        self.cells[0].cell.keys.iter().map(|key| key.name.clone()).collect()
    }

    /// The whole run as a scenario file for `folder`, defaults included; see [`Scenario::manifest`].
    pub fn resolved(&self, folder: &Path) -> String {
        self.scenario.manifest(folder, self.shared_metrics())
    }

    /// The manifest of its results in `folder`: the whole run, and what it was made by and from.
    pub fn manifest(&self, folder: &Path) -> String {
        self.scenario.manifest_of(&self.made(), folder, self.shared_metrics())
    }

    /// The origin of its results.
    pub fn made(&self) -> Made {
        let all = self.scenario.labels().into_iter().all(|label| self.seeds_of(label).len() == self.seeds.len());
        let seeds = |label: &str| Ran { method: label.to_owned(), seeds: Seeds::of(&self.seeds_of(label)) };
        let asked = self.scenario.labels().into_iter().filter(|label| self.asked.contains_key(*label));
        let runs = if all { Vec::new() } else { asked.map(seeds).collect() };
        Made { runs, ..made::here(&self.scenario, &self.files()) }
    }

    /// The data files that its worlds and methods come from.
    pub fn files(&self) -> Opened {
        self.cells.iter().flat_map(|cell| cell.files.clone()).collect()
    }

    /// The metrics that every cell records; `None` where cells record different ones.
    pub(super) fn shared_metrics(&self) -> Option<&[MetricSpec]> {
        let metrics = &self.cells[0].metrics;
        self.cells.iter().all(|cell| cell.metrics == *metrics).then_some(metrics)
    }

    /// The seeds with which the method of this label runs, in the order of the scenario.
    pub fn seeds_of(&self, label: &str) -> Vec<u64> {
        let asked = self.asked.get(label).map_or(&[][..], Vec::as_slice);
        self.seeds.iter().copied().filter(|seed| asked.contains(seed)).collect()
    }

    /// The name of the files of a run.
    pub(super) fn name(&self, run: RunId) -> String {
        let identity = self.cells[run.cell].identities[run.method][run.arm];
        done::file_name(&self.arm(run).label, identity, self.seed(run))
    }

    /// The keys that were changed from the command line, with their values; those that are swept have a column already, and seeds
    /// are counted.
    pub fn overridden(&self) -> BTreeMap<String, String> {
        let swept = |key: &str| self.cells[0].cell.keys.iter().any(|swept| swept.path == key);
        let changed = self.scenario.overrides.iter().filter_map(|text| Override::set(text.as_str()).parts());
        changed.filter(|(key, _)| key != "seeds" && !swept(key)).collect()
    }

    /// The name of the file that keeps the end of a run for those that go on from it.
    pub(super) fn kept_name(&self, run: RunId) -> String {
        let family = self.cells[run.cell].families[run.method][run.arm];
        done::file_name(&self.arm(run).label, family, self.seed(run))
    }

    /// A fault of a cell's world, with a path from the root of the scenario.
    pub(super) fn reject(&self, cell: usize, invalid: Invalid) -> Rejected {
        self.scenario.reject(vec![self.cells[cell].cell.fault(invalid)])
    }

    /// A fault of the method of a run, with a path from the method's table.
    pub(super) fn reject_method(&self, run: RunId, invalid: Invalid) -> Rejected {
        self.scenario.reject(vec![self.arm(run).fault(&self.cells[run.cell].cell, invalid)])
    }

    /// Builds the protocol of a run in its world, and hands it to `pilot`.
    ///
    /// # Errors
    /// [`RunError::Rejected`] for parts that cannot be built, and what the pilot returns.
    pub(super) fn build<T: Pilot>(&self, run: RunId, world: AnyWorld, pilot: T) -> Result<T::Outcome, RunError> {
        let refuse = |invalid| self.reject_method(run, invalid).into();
        protocols::build(&self.arm(run).parameters, world, &self.scenario.folder, pilot, refuse)
    }

    /// The runs that are known before any has ended, by cell, then seed, then method, then arm: those of all arms of the grids on the
    /// tuning seeds, and those that are reported, where the first arm of a tuned method represents the one that will be kept.
    pub fn runs(&self) -> Vec<RunId> {
        let tuning = self.tuned().flat_map(|(cell, method)| {
            let count = self.cells[cell].methods[method].len();
            let seeds = self.tuning.expected(self.tuning_seeds(method).count(), count);
            (0..count)
                .flat_map(move |arm| self.tuning_seeds(method).take(seeds).map(move |seed| RunId { cell, seed, method, arm }))
        });
        let runs: BTreeSet<RunId> = tuning.chain(self.reported(|_, _| Some(0))).collect();
        runs.into_iter().collect()
    }

    /// The runs that are reported, by cell, then seed, then method, of the arms that are `kept` of each method in each cell; none of
    /// a method of which none is known.
    pub(super) fn reported(&self, kept: impl Fn(usize, usize) -> Option<usize>) -> Vec<RunId> {
        let mut runs = Vec::new();
        for cell in 0..self.cells.len() {
            for seed in 0..self.seeds.len() {
                let methods = (0..self.cells[cell].methods.len()).filter(|&method| self.asks(method, seed));
                runs.extend(methods.filter_map(|method| Some(RunId { cell, seed, method, arm: kept(cell, method)? })));
            }
        }
        runs
    }

    /// All runs that there may be: of every arm, those beyond the grids included, on all seeds.
    pub(super) fn possible(&self) -> Vec<RunId> {
        let mut runs = BTreeSet::new();
        for (cell, planned) in self.cells.iter().enumerate() {
            for method in 0..planned.methods.len() {
                let reported = (0..self.seeds.len()).filter(|&seed| self.asks(method, seed));
                let tuning = self.tuning_seeds(method).filter(|_| self.is_tuned(cell, method));
                for seed in reported.chain(tuning) {
                    runs.extend((0..planned.arms(method).count()).map(|arm| RunId { cell, seed, method, arm }));
                }
            }
        }
        runs.into_iter().collect()
    }

    /// Whether a method is asked for on a reported seed. Cells have the same methods.
    fn asks(&self, method: usize, seed: usize) -> bool {
        let label = &self.cells[0].methods[method][0].label;
        self.asked.get(label).is_some_and(|seeds| seeds.contains(&self.seeds[seed]))
    }

    /// The tuned methods of all cells, as cell and method.
    pub(super) fn tuned(&self) -> impl Iterator<Item = (usize, usize)> {
        let methods = |cell: usize| (0..self.cells[cell].methods.len()).map(move |method| (cell, method));
        (0..self.cells.len()).flat_map(methods).filter(|&(cell, method)| self.is_tuned(cell, method))
    }

    /// Whether a method is tuned in a cell.
    pub(super) fn is_tuned(&self, cell: usize, method: usize) -> bool {
        self.cells[cell].methods[method].len() > 1
    }

    /// The seeds on which the arms of a method are compared, by their places in [`RunId`]: those apart follow the reported ones.
    pub(super) fn tuning_seeds(&self, method: usize) -> impl Iterator<Item = usize> {
        let (reported, apart) = (self.seeds.len(), self.tuning.apart.as_ref());
        let seeds = 0..apart.map_or(reported, Vec::len);
        seeds
            .filter(move |&seed| apart.is_some() || self.asks(method, seed))
            .map(move |seed| if apart.is_some() { reported + seed } else { seed })
    }

    /// The number of seeds, tuning seeds included.
    pub(super) fn every_seed(&self) -> usize {
        self.seeds.len() + self.tuning.apart.as_ref().map_or(0, Vec::len)
    }

    /// The seed of a run.
    pub fn seed(&self, run: RunId) -> u64 {
        let apart = self.tuning.apart.as_deref().unwrap_or_default();
        self.seeds.iter().chain(apart).nth(run.seed).copied().unwrap_or_default()
    }

    /// The arm of a run.
    pub fn arm(&self, run: RunId) -> &Arm {
        let planned = &self.cells[run.cell];
        let grid = &planned.methods[run.method];
        grid.get(run.arm).unwrap_or_else(|| &planned.beyond[run.method][run.arm - grid.len()])
    }
}

fn section<T: DeserializeOwned>(scenario: &Scenario, cell: &Cell, key: &str) -> Result<Option<T>, Vec<Diagnostic>> {
    cell.tree.get(key).map(|node| decode(node, key, &scenario.registry)).transpose()
}

/// Refuses tuned methods where cells differ in what decides among their values, since only some have a validation part.
fn check_criterion(cells: &[PlannedCell]) -> Result<(), Invalid> {
    let mut tuned = cells.iter().filter(|cell| cell.tunes()).map(|cell| cell.criterion);
    let Some(first) = tuned.next() else { return Ok(()) };
    tuned.find(|other| *other != first).map_or(Ok(()), |other| {
        let (first, other) = (first.name(), other.name());
        let message = format!(
            "`{first}` decides among tuned values in some cells and `{other}` in others, where only some have a validation part"
        );
        Err(Invalid::at("tune.by", message).help("name one metric for all, such as `tune = { by = \"loss\" }`"))
    })
}

/// Has every cell record the columns of all, in the order in which they come up; returns them.
fn share_columns(cells: &mut [PlannedCell]) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for &column in cells.iter().flat_map(|cell| &cell.record.columns) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    cells.iter_mut().for_each(|cell| cell.record.columns.clone_from(&columns));
    columns
}

fn check_claims_and_figures(
    scenario: &Scenario,
    cells: &[PlannedCell],
    (record, columns): (&RecordSpec, &[Column]),
    claims: &[ClaimSpec],
    figures: &[FigureSpec],
) -> Result<(), Vec<Diagnostic>> {
    let first = &scenario.cells[0];
    let labels: Vec<String> = cells[0].methods.iter().map(|arms| arms[0].label.clone()).collect();
    let all: Vec<String> = first.methods.iter().map(|method| method.label.clone()).collect();
    let measures: Vec<Measure> = columns.iter().map(|&column| Measure::from(column)).collect();
    let metrics: Vec<String> = columns.iter().map(|column| column.name()).collect();
    let keys: Vec<String> = first.keys.iter().map(|key| key.name.clone()).collect();
    let labels = if labels.len() == all.len() { labels } else { all };
    let swept: Vec<record::curves::Cell> = cells.iter().map(|planned| swept(&planned.cell)).collect();
    // Claims and figures are about all cells.
    let fault = |invalid| Diagnostic::from_invalid(invalid, &first.tree);
    let mut faults = Vec::new();
    for (index, claim) in claims.iter().enumerate() {
        let checked = claim.validate(&labels, &measures, &keys).and_then(|()| cell::keeps_some(&claim.cells, &swept));
        faults.extend(checked.err().map(|invalid| fault(invalid.under(&format!("claim.{index}")))));
    }
    for (index, figure) in figures.iter().enumerate() {
        let checked = if figure.kind.is_of_clients() {
            check_clients(figure, record, cells).and_then(|scores| figure.validate_clients(&labels, &scores, &keys))
        } else if figure.counts_staleness() {
            check_counted(record).and_then(|()| figure.validate(&labels, &[SHARE.into()], &[&keys[..], &[KEY.into()]].concat()))
        } else {
            check_predicted(figure, record).and_then(|()| figure.validate(&labels, &metrics, &keys))
        };
        // Which updates there will be of each staleness is not known yet.
        let mut of_cells = figure.cells.clone();
        let _ = of_cells.remove(KEY);
        let checked = checked.and_then(|()| cell::keeps_some(&of_cells, &swept));
        faults.extend(checked.err().map(|invalid| fault(invalid.under(&format!("figure.{index}")))));
    }
    faults.extend(figure::distinct(figures).err().map(fault));
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// The scores that the table of clients will have for a figure over them.
fn check_clients(figure: &FigureSpec, record: &RecordSpec, cells: &[PlannedCell]) -> Result<Vec<String>, Invalid> {
    let unrecorded = || Invalid::at("kind", "no scores of clients are recorded").help("add `[record.clients]`");
    let plan = cells[0].record.clients.as_ref().filter(|_| record.clients.is_some()).ok_or_else(unrecorded)?;
    if figure.kind == Kind::Reliability && !plan.has_classes() {
        return Err(
            Invalid::at("kind", "predictions of real values have no confidence").help("draw a `scatter` or a `box` of scores")
        );
    }
    if let Some(at) = figure.models.iter().position(|&model| model == Model::Mixed)
        && record.mix.as_ref().is_some_and(|mix| mix.several().len() > 1)
    {
        return Err(Invalid::at(&format!("models.{at}"), "there are mixtures of several shares, which one figure cannot show")
            .help("give one share in `record.mix`, or draw metrics such as `mixed-accuracy-mean-0.5`"));
    }
    Ok(plan.scores())
}

fn check_counted(record: &RecordSpec) -> Result<(), Invalid> {
    let uncounted = Invalid::at("x", "no staleness is recorded").help("set `record.staleness = true`");
    if record.staleness { Ok(()) } else { Err(uncounted) }
}

fn check_predicted(figure: &FigureSpec, record: &RecordSpec) -> Result<(), Invalid> {
    let unpredicted =
        Invalid::at("stationary-point", "no stationary point is recorded").help("set `record.stationary-point = true`");
    if record.stationary_point || !figure.stationary_point { Ok(()) } else { Err(unpredicted) }
}
