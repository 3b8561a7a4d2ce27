//! What a scenario runs: every cell with its arms, checked before anything runs.

use std::{path::Path, sync::Mutex};

use serde::de::DeserializeOwned;

use super::{
    any_world::{AnyWorld, Facts},
    arm::{Arm, arms},
    standstill, uptake,
};
use crate::{
    figure::{self, FigureSpec},
    invalid::Invalid,
    method::Ground,
    num::Precision,
    random::{Setting, Streams},
    record::{
        Column, Metric, RecordPlan, RecordSpec,
        claim::ClaimSpec,
        staleness::{KEY, SHARE},
    },
    registry::{Parameters, PeerParameters},
    role::peers::PeersSpec,
    scenario::{Cell, Diagnostic, Rejected, Scenario, decode::decode},
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
    /// What the parts of its methods may have against each other, with the label of the method.
    pub(super) notes: Vec<(String, String)>,
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
        match Self::parts(&scenario, only) {
            Ok((cells, record, columns, claims, figures)) => {
                let seeds = scenario.seeds.list();
                Ok(Self { scenario, cells, seeds, columns, record, claims, figures })
            }
            Err(faults) => Err(scenario.reject(faults)),
        }
    }

    #[allow(clippy::type_complexity)]
    fn parts(
        scenario: &Scenario,
        only: &[String],
    ) -> Result<(Vec<PlannedCell>, RecordSpec, Vec<Column>, Vec<ClaimSpec>, Vec<FigureSpec>), Vec<Diagnostic>> {
        let first = &scenario.cells[0];
        let record: RecordSpec = section(scenario, first, "record")?.unwrap_or_default();
        record.validate().map_err(|invalid| vec![first.fault(invalid.under("record"))])?;
        let mut faults = Vec::new();
        let mut cells = Vec::new();
        for cell in &scenario.cells {
            match planned(scenario, cell, &record, only) {
                Ok(cell) => cells.push(cell),
                Err(found) => faults.extend(found.into_iter().filter(|fault| !faults.contains(fault)).collect::<Vec<_>>()),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let claims: Vec<ClaimSpec> = section(scenario, first, "claim")?.unwrap_or_default();
        let figures: Vec<FigureSpec> = section(scenario, first, "figure")?.unwrap_or_default();
        let columns = share_columns(&mut cells);
        check_claims_and_figures(scenario, &cells, (&record, &columns), &claims, &figures)?;
        Ok((cells, record, columns, claims, figures))
    }

    /// Names of the swept keys: the first columns of `curves.csv`.
    pub fn keys(&self) -> Vec<String> {
        self.cells[0].cell.keys.iter().map(|key| key.name.clone()).collect()
    }

    /// The whole run as a scenario file for `folder`, defaults included; see [`Scenario::manifest`].
    pub fn manifest(&self, folder: &Path) -> String {
        let metrics = &self.cells[0].metrics;
        let shared = self.cells.iter().all(|cell| cell.metrics == *metrics);
        self.scenario.manifest(folder, shared.then_some(metrics))
    }

    /// A fault found while the plan is run, with a path from the root of the scenario.
    pub fn reject(&self, invalid: Invalid) -> Rejected {
        self.scenario.reject(vec![self.scenario.cells[0].fault(invalid)])
    }

    /// All runs: by cell, then seed, then method, then arm.
    pub fn runs(&self) -> Vec<RunId> {
        let mut runs = Vec::new();
        for (cell, planned) in self.cells.iter().enumerate() {
            for seed in 0..self.seeds.len() {
                for (method, arms) in planned.methods.iter().enumerate() {
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

fn section<T: DeserializeOwned>(scenario: &Scenario, cell: &Cell, key: &str) -> Result<Option<T>, Vec<Diagnostic>> {
    cell.tree.get(key).map(|node| decode(node, key, &scenario.registry)).transpose()
}

fn planned(scenario: &Scenario, cell: &Cell, record: &RecordSpec, only: &[String]) -> Result<PlannedCell, Vec<Diagnostic>> {
    let seed = scenario.seeds.list()[0];
    let world = AnyWorld::build(cell, seed, &scenario.folder).map_err(|invalid| vec![cell.fault(invalid)])?;
    let facts = world.facts();
    let mut methods = arms(cell, facts.clients, &scenario.registry)?;
    let setting = Setting { streams: Streams::new(seed), clients: facts.clients, folder: scenario.folder.clone() };
    let notes = check_parts(&methods, cell, &facts, &setting)?;
    standstill::refuse(&methods, cell, &facts)?;
    let roles = Roles::of(&methods);
    if !only.is_empty() {
        methods.retain(|arms| arms.iter().any(|arm| only.contains(&arm.label)));
    }
    let metrics = match &record.metrics {
        Some(metrics) => {
            check_metrics(metrics, cell, &facts, roles)?;
            metrics.clone()
        }
        None if facts.classified => vec![Metric::Loss, Metric::Accuracy],
        None => vec![Metric::Loss],
    };
    record.check_samples(&cell.stop).map_err(|invalid| vec![cell.fault(invalid.under("record"))])?;
    let every = record.every(&cell.stop);
    let columns = metrics.iter().flat_map(|&metric| Column::of(metric, facts.layers)).collect();
    let record = RecordPlan { every, columns, peers: record.peers, stop: cell.stop.clone() };
    let checked = Mutex::new(std::ptr::eq(cell, &scenario.cells[0]).then_some(world));
    Ok(PlannedCell {
        cell: cell.clone(),
        clients: facts.clients,
        precision: cell.precision,
        methods,
        metrics,
        record,
        notes,
        checked,
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

/// Refuses parts that the model has no place for; notes, each with the label of its method, on those that it hardly bears.
fn check_parts(
    methods: &[Vec<Arm>],
    cell: &Cell,
    facts: &Facts,
    setting: &Setting,
) -> Result<Vec<(String, String)>, Vec<Diagnostic>> {
    let mut notes = Vec::new();
    for (index, arm) in methods.iter().enumerate().flat_map(|(index, arms)| arms.iter().map(move |arm| (index, arm))) {
        let (section, checked) = match &arm.parameters {
            Parameters::Served { own, parts } => {
                ("served", parts.fits(facts.dim).and_then(|()| uptake::check(own.as_ref(), parts, facts.dim)))
            }
            Parameters::Peers { own, parts } => ("peers", check_peers(own.as_ref(), parts, facts, setting).map(|()| None)),
        };
        let note = checked.map_err(|invalid| {
            let own = invalid.path.first().is_some_and(|key| cell.methods[index].table.get(key).is_some());
            let place = if own { format!("method.{index}") } else { section.to_owned() };
            vec![cell.fault(invalid.under(&place))]
        })?;
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
    let mut faults = Vec::new();
    for (index, claim) in claims.iter().enumerate() {
        let checked = claim.validate(&labels, &metrics, &keys);
        faults.extend(checked.err().map(|invalid| first.fault(invalid.under(&format!("claim.{index}")))));
    }
    for (index, figure) in figures.iter().enumerate() {
        let checked = if figure.counts_staleness() {
            check_counted(record).and_then(|()| figure.validate(&labels, &[SHARE.into()], &[&keys[..], &[KEY.into()]].concat()))
        } else {
            check_predicted(figure, record).and_then(|()| figure.validate(&labels, &metrics, &keys))
        };
        faults.extend(checked.err().map(|invalid| first.fault(invalid.under(&format!("figure.{index}")))));
    }
    faults.extend(figure::distinct(figures).err().map(|invalid| first.fault(invalid)));
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn check_counted(record: &RecordSpec) -> Result<(), Invalid> {
    let uncounted = Invalid::at("x", "updates are not counted by their staleness").help("set `record.staleness = true`");
    if record.staleness { Ok(()) } else { Err(uncounted) }
}

fn check_predicted(figure: &FigureSpec, record: &RecordSpec) -> Result<(), Invalid> {
    let unpredicted = Invalid::at("surrogate", "what theory predicts is not recorded").help("set `record.surrogate = true`");
    if record.surrogate || !figure.surrogate { Ok(()) } else { Err(unpredicted) }
}
