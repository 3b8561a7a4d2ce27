//! What a scenario runs: every cell with its arms, checked before anything runs.

use std::{collections::BTreeMap, path::Path, sync::Mutex, time::Duration};

use serde::de::DeserializeOwned;

use super::{
    any_world::{AnyWorld, Facts},
    arm::{Arm, arms},
    capacity, execute, identity, made, placed, standstill, uptake,
    wall::now,
};
use crate::{
    figure::{self, FigureSpec},
    file::{Opened, opened},
    invalid::Invalid,
    memory,
    method::Ground,
    num::Precision,
    problem::data::Report,
    random::{Setting, Streams},
    record::{
        self, Column, Metric, RecordPlan, RecordSpec,
        claim::ClaimSpec,
        filter,
        staleness::{KEY, SHARE},
    },
    registry::{Parameters, PeerParameters},
    role::peers::PeersSpec,
    scenario::{Cell, Diagnostic, Made, OfCells, Override, Ran, Rejected, Runs, Scenario, Seeds, decode::decode},
};

/// A scenario, resolved and checked.
pub struct Plan {
    /// The scenario.
    pub scenario: Scenario,
    /// The cells of its sweeps.
    pub cells: Vec<PlannedCell>,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The columns of `curves.csv` after the axes: those of all cells.
    pub columns: Vec<Column>,
    /// The `[record]` section.
    pub record: RecordSpec,
    /// What the scenario claims.
    pub claims: Vec<ClaimSpec>,
    /// What it draws.
    pub figures: Vec<FigureSpec>,
    /// The methods that run, with their seeds.
    pub(super) asked: Runs,
}

/// One combination of the swept keys.
pub struct PlannedCell {
    /// The cell as the scenario has it.
    pub cell: Cell,
    /// Number of clients.
    pub clients: usize,
    /// The scalar type.
    pub precision: Precision,
    /// For each method its arms: one, or one for each combination of its tuned keys.
    pub methods: Vec<Vec<Arm>>,
    /// What is recorded.
    pub metrics: Vec<Metric>,
    /// How its runs are recorded.
    pub record: RecordPlan,
    /// The data files that its worlds and methods come from.
    pub files: Opened,
    /// The digest of every arm; see [`identity`].
    pub(super) identities: Vec<Vec<u128>>,
    /// What was read, in the world of the first seed; `None` for quadratics.
    pub data: Option<Report>,
    /// Memory that the models of its runs take [byte].
    pub(super) model_bytes: u64,
    /// Time that the world of the first seed took to build.
    pub(super) build_wall: Duration,
    /// What the parts of its methods may have against each other, with the label of the method.
    pub(super) notes: Vec<(String, String)>,
    /// What may not have been meant about the data of the first seed.
    pub(super) data_notes: Vec<String>,
    /// The world of the first seed, which the check has built, until the first run in it takes it; of the first cell only.
    pub(super) checked: Mutex<Option<AnyWorld>>,
}

/// One run of a plan, by its places in the plan's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId {
    /// The cell.
    pub cell: usize,
    /// The seed.
    pub seed: usize,
    /// The method.
    pub method: usize,
    /// The arm of the method.
    pub arm: usize,
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
            Ok((cells, record, columns, claims, figures)) => {
                let seeds = scenario.seeds.list();
                Ok(Self { scenario, cells, seeds, columns, record, claims, figures, asked })
            }
            Err(faults) => Err(scenario.reject(faults)),
        }
    }

    #[allow(clippy::type_complexity)]
    fn parts(
        scenario: &Scenario,
        asked: &Runs,
    ) -> Result<(Vec<PlannedCell>, RecordSpec, Vec<Column>, Vec<ClaimSpec>, Vec<FigureSpec>), Vec<Diagnostic>> {
        let first = &scenario.cells[0];
        let record: RecordSpec = section(scenario, first, "record")?.unwrap_or_default();
        record.validate().map_err(|invalid| vec![first.fault(invalid.under("record"))])?;
        let mut faults = OfCells::default();
        let mut cells = Vec::new();
        for cell in &scenario.cells {
            let (found, files) = opened(|| planned(scenario, cell, &record, asked));
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
        let claims: Vec<ClaimSpec> = section(scenario, first, "claim")?.unwrap_or_default();
        let figures: Vec<FigureSpec> = section(scenario, first, "figure")?.unwrap_or_default();
        let columns = share_columns(&mut cells);
        check_claims_and_figures(scenario, &cells, (&record, &columns), &claims, &figures)?;
        cells.iter_mut().for_each(|cell| cell.identify(&record));
        let changed = |made: &Made| cells.iter().find_map(|cell| made::check_data(made, &cell.files, &scenario.folder).err());
        if let Some(changed) = scenario.made.as_ref().and_then(changed) {
            return Err(vec![first.fault(changed)]);
        }
        Ok((cells, record, columns, claims, figures))
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

    /// What its results are made by and from.
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
    pub(super) fn shared_metrics(&self) -> Option<&[Metric]> {
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
        identity::name(&self.arm(run).label, identity, self.seeds[run.seed])
    }

    /// The keys that were changed from the command line, with their values; those that are swept have a column already, and seeds
    /// are counted.
    pub fn overridden(&self) -> BTreeMap<String, String> {
        let swept = |key: &str| self.cells[0].cell.keys.iter().any(|swept| swept.path == key);
        let changed = self.scenario.overrides.iter().filter_map(|text| Override::set(text.as_str()).parts());
        changed.filter(|(key, _)| key != "seeds" && !swept(key)).collect()
    }

    /// A fault of a cell's world, with a path from the root of the scenario.
    pub(super) fn reject(&self, cell: usize, invalid: Invalid) -> Rejected {
        self.scenario.reject(vec![self.cells[cell].cell.fault(invalid)])
    }

    /// A fault of the method of a run, with a path from the method's table.
    pub(super) fn reject_method(&self, run: RunId, invalid: Invalid) -> Rejected {
        self.scenario.reject(vec![placed::fault(&self.cells[run.cell].cell, self.arm(run), invalid)])
    }

    /// All runs: by cell, then seed, then method, then arm.
    pub fn runs(&self) -> Vec<RunId> {
        let mut runs = Vec::new();
        for (cell, planned) in self.cells.iter().enumerate() {
            for seed in 0..self.seeds.len() {
                let asked =
                    |arms: &Vec<Arm>| self.asked.get(&arms[0].label).is_some_and(|seeds| seeds.contains(&self.seeds[seed]));
                for (method, arms) in planned.methods.iter().enumerate().filter(|(_, arms)| asked(arms)) {
                    runs.extend((0..arms.len()).map(|arm| RunId { cell, seed, method, arm }));
                }
            }
        }
        runs
    }

    /// The arm of a run.
    pub fn arm(&self, run: RunId) -> &Arm {
        &self.cells[run.cell].methods[run.method][run.arm]
    }
}

impl PlannedCell {
    /// Works out what every arm is.
    fn identify(&mut self, record: &RecordSpec) {
        let of = |arm: &Arm| identity::of_arm(self, arm, record);
        self.identities = self.methods.iter().map(|arms| arms.iter().map(of).collect()).collect();
    }
}

fn section<T: DeserializeOwned>(scenario: &Scenario, cell: &Cell, key: &str) -> Result<Option<T>, Vec<Diagnostic>> {
    cell.tree.get(key).map(|node| decode(node, key, &scenario.registry)).transpose()
}

fn planned(scenario: &Scenario, cell: &Cell, record: &RecordSpec, asked: &Runs) -> Result<PlannedCell, Vec<Diagnostic>> {
    let seed = scenario.seeds.list()[0];
    let before = now();
    let world = AnyWorld::build(cell, seed, &scenario.folder).map_err(|invalid| vec![cell.fault(invalid)])?;
    let build_wall = before.elapsed();
    let facts = world.facts();
    let mut methods = arms(cell, facts.clients, (&scenario.folder, &scenario.registry))?;
    let setting = Setting { streams: Streams::new(seed), clients: facts.clients, folder: scenario.folder.clone() };
    let notes = check_parts(&methods, cell, &facts, &setting)?;
    standstill::refuse(&methods, cell, &facts, &world)?;
    let runs = scenario.cells.len() * scenario.seeds.list().len() * methods.iter().map(Vec::len).sum::<usize>();
    let model_bytes = capacity::needed(&methods, cell, &facts, runs, memory::available())?;
    let roles = Roles::of(&methods);
    methods.retain(|arms| arms.iter().any(|arm| asked.contains_key(&arm.label)));
    methods.iter().flatten().for_each(|arm| arm.read_files(&setting));
    check_built(&methods, cell, &world, &scenario.folder)?;
    let metrics = match &record.metrics {
        Some(metrics) => {
            check_metrics(metrics, cell, &facts, roles)?;
            metrics.clone()
        }
        None if facts.classified => vec![Metric::Loss, Metric::Accuracy],
        None => vec![Metric::Loss],
    };
    check_participants(record, cell, roles)?;
    record.check_samples(&cell.stop).map_err(|invalid| vec![cell.fault(invalid.under("record"))])?;
    let every = record.every(&cell.stop);
    let columns = metrics.iter().flat_map(|&metric| Column::of(metric, facts.layers)).collect();
    let record = RecordPlan { every, columns, peers: record.peers, stop: cell.stop.clone() };
    let data_notes = world.notes().to_vec();
    let data = world.report();
    let checked = Mutex::new(std::ptr::eq(cell, &scenario.cells[0]).then_some(world));
    Ok(PlannedCell {
        cell: cell.clone(),
        clients: facts.clients,
        precision: cell.precision,
        methods,
        metrics,
        record,
        files: Opened::new(),
        identities: Vec::new(),
        data,
        model_bytes,
        build_wall,
        notes,
        data_notes,
        checked,
    })
}

/// Refuses what shows only when a method is built in its world.
fn check_built(methods: &[Vec<Arm>], cell: &Cell, world: &AnyWorld, folder: &Path) -> Result<(), Vec<Diagnostic>> {
    let built = |arm: &Arm| execute::check_built(&arm.parameters, world.clone(), folder);
    let fault = |arm: &Arm| built(arm).err().map(|invalid| placed::fault(cell, arm, invalid));
    let faults: Vec<Diagnostic> = methods.iter().flatten().filter_map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
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

/// Refuses parts that the model has no place for; notes, each with the label of its method, on those that it hardly bears.
fn check_parts(
    methods: &[Vec<Arm>],
    cell: &Cell,
    facts: &Facts,
    setting: &Setting,
) -> Result<Vec<(String, String)>, Vec<Diagnostic>> {
    let mut notes = Vec::new();
    for arm in methods.iter().flatten() {
        let checked = match &arm.parameters {
            Parameters::Served { own, parts } => {
                parts.fits(facts.dim).and_then(|()| uptake::check(own.as_ref(), parts, facts.dim))
            }
            Parameters::Peers { own, parts } => check_peers(own.as_ref(), parts, facts, setting).map(|()| None),
        };
        let note = checked.map_err(|invalid| vec![placed::fault(cell, arm, invalid)])?;
        notes.extend(note.map(|note| (arm.label.clone(), note)));
    }
    Ok(notes)
}

/// Refuses links that the model or the method has no use for, and one that remembers where the nodes do not all hear the same.
fn check_peers(own: &dyn PeerParameters, parts: &PeersSpec, facts: &Facts, setting: &Setting) -> Result<(), Invalid> {
    parts.fits(facts.dim)?;
    own.suits(&Ground { parts, d: facts.dim, one_way: facts.one_way })?;
    parts.check_memory(own.nodes_f64(setting)?.broadcasts())
}

/// Whether a scenario has methods with a server, and methods without one.
#[derive(Debug, Clone, Copy)]
struct Roles {
    served: bool,
    peers: bool,
}

impl Roles {
    fn of(methods: &[Vec<Arm>]) -> Self {
        let is_served = |arm: &Arm| matches!(arm.parameters, Parameters::Served { .. });
        let mut arms = methods.iter().flatten();
        Self { served: arms.clone().any(is_served), peers: arms.any(|arm| !is_served(arm)) }
    }
}

fn check_metrics(metrics: &[Metric], cell: &Cell, facts: &Facts, roles: Roles) -> Result<(), Vec<Diagnostic>> {
    for (index, metric) in metrics.iter().enumerate() {
        let name = metric.name();
        let refuse = |reason: &str, help: &str| {
            let invalid = Invalid::at(&format!("record.metrics.{index}"), format!("`{name}` {reason}")).help(help);
            Err(vec![cell.fault(invalid)])
        };
        if metric.needs_peers() && !roles.peers {
            return refuse("is of methods without a server, and the scenario has none", "record `loss`, or add such a method");
        }
        if metric.needs_server() && !roles.served {
            return refuse("is of methods with a server, and the scenario has none", "record `loss`, or add such a method");
        }
        if metric.needs_optimum() && !facts.convex {
            return refuse("needs the exact optimum, which a perceptron does not have", "record `loss` or `grad-norm`");
        }
        if *metric == Metric::Energy && !facts.known_energy {
            return refuse("needs what a local step of each client takes", "give `energy` in `[fleet]` or in every group");
        }
        if metric.is_by_layer() && facts.layers == 0 {
            return refuse("needs layers of weights, which this problem does not have", "record `consensus`");
        }
        if metric.needs_test() && !facts.held_out {
            return refuse(
                "needs held-out samples, which this problem does not have",
                "record `loss`, or give `test = 0.2` in the data",
            );
        }
    }
    Ok(())
}

/// Refuses what is kept of server steps where no method has a server.
fn check_participants(record: &RecordSpec, cell: &Cell, roles: Roles) -> Result<(), Vec<Diagnostic>> {
    if !record.participants || roles.served {
        return Ok(());
    }
    let reason = "who takes part is kept for each step of a server, and no method of the scenario has one";
    Err(vec![cell.fault(Invalid::at("record.participants", reason).help("remove it, or add a method with a server"))])
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
    let metrics: Vec<String> = columns.iter().map(|column| column.name()).collect();
    let keys: Vec<String> = first.keys.iter().map(|key| key.name.clone()).collect();
    let labels = if labels.len() == all.len() { labels } else { all };
    let swept: Vec<record::curves::Cell> = cells.iter().map(|planned| swept(&planned.cell)).collect();
    // Claims and figures are about all cells.
    let fault = |invalid| Diagnostic::from_invalid(invalid, &first.tree);
    let mut faults = Vec::new();
    for (index, claim) in claims.iter().enumerate() {
        let checked = claim.validate(&labels, &metrics, &keys).and_then(|()| filter::keeps_some(&claim.cells, &swept));
        faults.extend(checked.err().map(|invalid| fault(invalid.under(&format!("claim.{index}")))));
    }
    for (index, figure) in figures.iter().enumerate() {
        let checked = if figure.counts_staleness() {
            check_counted(record).and_then(|()| figure.validate(&labels, &[SHARE.into()], &[&keys[..], &[KEY.into()]].concat()))
        } else {
            check_predicted(figure, record).and_then(|()| figure.validate(&labels, &metrics, &keys))
        };
        // Which updates there will be of each staleness is not known yet.
        let mut of_cells = figure.cells.clone();
        let _ = of_cells.remove(KEY);
        let checked = checked.and_then(|()| filter::keeps_some(&of_cells, &swept));
        faults.extend(checked.err().map(|invalid| fault(invalid.under(&format!("figure.{index}")))));
    }
    faults.extend(figure::distinct(figures).err().map(fault));
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// The swept values of a cell, as records have them.
fn swept(cell: &Cell) -> record::curves::Cell {
    record::curves::Cell(cell.keys.iter().map(|key| (key.name.clone(), key.value.clone())).collect())
}

fn check_counted(record: &RecordSpec) -> Result<(), Invalid> {
    let uncounted = Invalid::at("x", "updates are not counted by their staleness").help("set `record.staleness = true`");
    if record.staleness { Ok(()) } else { Err(uncounted) }
}

fn check_predicted(figure: &FigureSpec, record: &RecordSpec) -> Result<(), Invalid> {
    let unpredicted = Invalid::at("surrogate", "what theory predicts is not recorded").help("set `record.surrogate = true`");
    if record.surrogate || !figure.surrogate { Ok(()) } else { Err(unpredicted) }
}
