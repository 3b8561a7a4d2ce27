//! One cell of a plan, checked against its world before anything runs.

use std::{path::Path, sync::Mutex, time::Duration};

use super::{
    any_world::{AnyWorld, Facts},
    arm::{Arm, arms, beyond},
    capacity, concurrency, made, protocols, stall,
    threads::now,
};
use crate::{
    file::{Opened, digest::Digest},
    invalid::Invalid,
    memory,
    num::Precision,
    problem::{data::Report, predictor::Outputs},
    random::{Setting, Streams},
    record::{
        ClientPlan, Column, MetricSpec, RecordPlan, RecordSpec, clients, curves,
        metric::{Accuracy, Loss, ValidationLoss},
    },
    registry::Parameters,
    scenario::{Cell, Diagnostic, Runs, Scenario},
    search::TuneSpec,
};

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
    /// For each method the arms that continue its grids, where a winner at an end asks for them; numbered after those of `methods`.
    pub(super) beyond: Vec<Vec<Arm>>,
    /// What is recorded.
    pub metrics: Vec<MetricSpec>,
    /// The metric that decides among tuned values, where claims do not.
    pub criterion: MetricSpec,
    /// How its runs are recorded.
    pub record: RecordPlan,
    /// The data files that its worlds and methods come from.
    pub files: Opened,
    /// The digest of every arm; see [`identity`](Self::identity).
    pub(super) identities: Vec<Vec<u128>>,
    /// The same but for the bounds in `stop`: the same for runs of which one goes on where the other ends.
    pub(super) families: Vec<Vec<u128>>,
    /// What was read, in the world of the first seed; `None` for quadratics.
    pub data: Option<Report>,
    /// Memory that the models of its runs take [byte].
    pub(super) model_bytes: u64,
    /// Time that the world of the first seed took to build.
    pub(super) build_wall: Duration,
    /// What the parts of its methods may have against each other, with the label of the method.
    pub(super) notes: Vec<(String, String)>,
    /// Whether there are clients who take part by rounds.
    pub(super) by_rounds: bool,
    /// What may not have been meant about the data of the first seed.
    pub(super) data_notes: Vec<String>,
    /// The world of the first seed, which the check has built, until the first run in it takes it; of the first cell only.
    pub(super) checked: Mutex<Option<AnyWorld>>,
}

impl PlannedCell {
    /// Whether one of its methods is tuned.
    pub(super) fn tunes(&self) -> bool {
        self.methods.iter().any(|arms| arms.len() > 1)
    }

    /// Works out what every arm is.
    pub(super) fn identify(&mut self, record: &RecordSpec) {
        let build = (made::VERSION, made::COMMIT);
        let all = |plan: &RecordPlan| -> Vec<Vec<u128>> {
            let of = |arm: &Arm| self.identity(arm, record, plan, build);
            (0..self.methods.len()).map(|method| self.arms(method).map(of).collect()).collect()
        };
        (self.identities, self.families) = (all(&self.record), all(&self.record.unbounded()));
    }

    /// All arms of a method, those beyond its grids last.
    pub(super) fn arms(&self, method: usize) -> impl Iterator<Item = &Arm> {
        self.methods[method].iter().chain(&self.beyond[method])
    }

    /// The identity of an arm: the digest of everything that its runs come from but the seed, which is build, data, cell with its
    /// names, method with its parts, and what is recorded of it.
    ///
    /// Two runs of one identity and seed have the same bytes, whichever scenario, sweep or folder they stand in. So results can be
    /// extended, and what an earlier call has done is known again. What a type shows of itself is all that it holds, with every
    /// number to its last digit.
    fn identity(&self, arm: &Arm, record: &RecordSpec, plan: &RecordPlan, build: (&str, Option<&str>)) -> u128 {
        let cell = &self.cell;
        let keys: Vec<_> = cell.keys.iter().map(|key| (&key.name, &key.value)).collect();
        let data: Vec<_> = self.files.values().collect();
        let world = (&cell.problem, cell.fleet.resolved(), &cell.network, self.precision);
        let parameters = arm.parameters.clone().resolved(&cell.problem);
        // Whether models are kept changes no curve, but a run that kept none has none to show.
        let kept =
            (record.models, record.iterates, record.staleness, record.stationary_point, record.participants, record.states);
        let text = format!("{build:?} {data:?} {keys:?} {world:?} {:?} {parameters:?} {plan:?} {kept:?}", arm.label);
        Digest::of(text.as_bytes()).hash
    }
}

/// Resolves `cell` and checks all of it, in the world of the first seed.
///
/// # Errors
/// Every fault of its methods, or the first of its world.
pub(super) fn planned(
    scenario: &Scenario,
    cell: &Cell,
    (record, tune): (&RecordSpec, &TuneSpec),
    asked: &Runs,
) -> Result<PlannedCell, Vec<Diagnostic>> {
    let seed = scenario.seeds.list()[0];
    let before = now();
    let world = AnyWorld::build(cell, seed, &scenario.folder).map_err(|invalid| vec![cell.fault(invalid)])?;
    let build_wall = before.elapsed();
    let facts = world.facts();
    let mut methods = arms(cell, world.ground(), (&scenario.folder, &scenario.registry))?;
    let setting = Setting { streams: Streams::new(seed), clients: facts.clients, folder: scenario.folder.clone() };
    let mut notes = check_stability(&methods, cell, facts.dim)?;
    notes.extend(concurrency::notes(&methods, cell, facts.clients));
    stall::refuse(&methods, cell, &facts, &world)?;
    let sound = |arm: &Arm| {
        let alone = [vec![arm.clone()]];
        check_stability(&alone, cell, facts.dim).is_ok()
            && stall::refuse(&alone, cell, &facts, &world).is_ok()
            && check_built(&alone, cell, &world, &scenario.folder).is_ok()
    };
    let mut wider = if tune.widen { beyond(cell, world.ground(), (&scenario.folder, &scenario.registry)) } else { Vec::new() };
    wider.iter_mut().for_each(|arms| arms.retain(&sound));
    wider.resize(methods.len(), Vec::new());
    let runs = scenario.cells.len() * scenario.seeds.list().len() * methods.iter().map(Vec::len).sum::<usize>();
    let model_bytes = capacity::needed(&methods, cell, &facts, runs, memory::available())?;
    let roles = Roles::of(&methods);
    let tunes = methods.iter().any(|arms| arms.len() > 1);
    let runs_here = |arms: &Vec<Arm>| asked.contains_key(&arms[0].label);
    let beyond = methods.iter().zip(wider).filter(|(arms, _)| runs_here(arms)).map(|(_, wider)| wider).collect();
    methods.retain(runs_here);
    methods.iter().flatten().for_each(|arm| arm.read_files(&setting));
    check_built(&methods, cell, &world, &scenario.folder)?;
    let mut metrics = match &record.metrics {
        Some(metrics) => {
            for (index, &metric) in metrics.iter().enumerate() {
                check_metric((&format!("record.metrics.{index}"), metric), cell, &facts, roles)?;
            }
            metrics.clone()
        }
        None => [
            Some(MetricSpec::of::<Loss>()),
            facts.classified.then_some(MetricSpec::of::<Accuracy>()),
            facts.validated.then_some(MetricSpec::of::<ValidationLoss>()),
        ]
        .into_iter()
        .flatten()
        .collect(),
    };
    check_participants(record, cell, roles)?;
    let criterion = tune.metric(scenario.registry.metrics()).unwrap_or(record.criterion(facts.validated));
    if tunes {
        check_metric((&format!("tune.{}", tune.place()), criterion), cell, &facts, roles)?;
        if !metrics.contains(&criterion) {
            metrics.push(criterion);
        }
    }
    record.check_samples(&cell.stop).map_err(|invalid| vec![cell.fault(invalid.under("record"))])?;
    let every = record.every(&cell.stop);
    let of_clients = world.of_clients(|of_clients| ClientPlan::new(record, &metrics, of_clients));
    let of_clients = of_clients.map_err(|invalid| vec![cell.fault(invalid.under("record"))])?;
    let columns: Vec<Column> = clients::columns(&metrics, facts.layers, record);
    cell.stop.check_metrics(&columns).map_err(|invalid| vec![cell.fault(invalid.under("stop"))])?;
    let record = RecordPlan { every, columns, peers: record.peers, clients: of_clients, stop: cell.stop.clone() };
    let data_notes = world.notes().to_vec();
    let data = world.report();
    let checked = Mutex::new(std::ptr::eq(cell, &scenario.cells[0]).then_some(world));
    Ok(PlannedCell {
        cell: cell.clone(),
        clients: facts.clients,
        precision: cell.precision,
        methods,
        beyond,
        metrics,
        criterion,
        record,
        files: Opened::new(),
        identities: Vec::new(),
        families: Vec::new(),
        data,
        model_bytes,
        build_wall,
        notes,
        by_rounds: facts.by_rounds,
        data_notes,
        checked,
    })
}

/// Refuses compressors under which the memories of clients diverge; notes, each with the label of its method, on those under which
/// they hardly converge.
fn check_stability(methods: &[Vec<Arm>], cell: &Cell, d: usize) -> Result<Vec<(String, String)>, Vec<Diagnostic>> {
    let (mut faults, mut notes) = (Vec::new(), Vec::new());
    for arm in methods.iter().flatten() {
        let (diverges, note) = arm.parameters.stability(d);
        faults.extend(diverges.map(|invalid| arm.fault(cell, invalid)));
        notes.extend(note.map(|note| (arm.label.clone(), note)));
    }
    if faults.is_empty() { Ok(notes) } else { Err(faults) }
}

/// Refuses what shows only when a method is built in its world.
fn check_built(methods: &[Vec<Arm>], cell: &Cell, world: &AnyWorld, folder: &Path) -> Result<(), Vec<Diagnostic>> {
    let built = |arm: &Arm| protocols::check_built(&arm.parameters, world.clone(), folder);
    let fault = |arm: &Arm| built(arm).err().map(|invalid| arm.fault(cell, invalid));
    let faults: Vec<Diagnostic> = methods.iter().flatten().filter_map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Whether a scenario has methods with a server, and methods without one.
#[derive(Debug, Clone, Copy)]
struct Roles {
    federated: bool,
    peers: bool,
    /// Whether a method knows the evidence for its model.
    evidence: bool,
}

impl Roles {
    fn of(methods: &[Vec<Arm>]) -> Self {
        let is_federated = |arm: &Arm| matches!(arm.parameters, Parameters::Federated { .. });
        let knows = |arm: &Arm| matches!(&arm.parameters, Parameters::Federated { own, .. } if own.needs().evidence);
        let arms = || methods.iter().flatten();
        Self { federated: arms().any(is_federated), peers: arms().any(|arm| !is_federated(arm)), evidence: arms().any(knows) }
    }
}

/// Refuses a metric at `key` that the problem or the methods do not have.
fn check_metric((key, metric): (&str, MetricSpec), cell: &Cell, facts: &Facts, roles: Roles) -> Result<(), Vec<Diagnostic>> {
    let refuse =
        |reason: &str, help: &str| Err(vec![cell.fault(Invalid::at(key, format!("`{}` {reason}", metric.name())).help(help))]);
    if metric.needs().peers && !roles.peers {
        return refuse("is of methods without a server, and the scenario has none", "record `loss`, or add such a method");
    }
    if metric.needs().server && !roles.federated {
        return refuse("is of methods with a server, and the scenario has none", "record `loss`, or add such a method");
    }
    if metric.needs().evidence && !roles.evidence {
        return refuse(
            "needs a method that computes it, and the scenario has none",
            "give `analytic` a prior, such as `evidence = { known-noise = { signal = 1.0, noise = 0.1 } }`",
        );
    }
    if metric.needs_optimum() && !facts.convex {
        return refuse("needs the exact optimum, which a neural network does not have", "record `loss` or `grad-norm`");
    }
    if metric.needs().energy && !facts.known_energy {
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
    if metric.needs_validation() && !facts.validated {
        return refuse(
            "needs a validation part, which this problem does not have",
            "record `loss`, or give `validation = 0.1` in the data",
        );
    }
    let Some(score) = metric.needs().prediction else { return Ok(()) };
    match facts.outputs {
        None => refuse("is of predictions, which the models of this objective do not make", "record `loss` or `test-loss`"),
        Some(Outputs::Value) if !score.suits(false) => {
            refuse("is of classes, and the targets are real values", "record `rmse` or `mae`")
        }
        Some(Outputs::Logits | Outputs::Margin) if !score.suits(true) => {
            refuse("is of real targets, and the targets are classes", "record `accuracy` or `nll`")
        }
        Some(_) => Ok(()),
    }
}

/// Refuses what is kept of server steps where no method has a server.
fn check_participants(record: &RecordSpec, cell: &Cell, roles: Roles) -> Result<(), Vec<Diagnostic>> {
    if !record.participants || roles.federated {
        return Ok(());
    }
    let reason = "who takes part is kept for each step of a server, and no method of the scenario has one";
    Err(vec![cell.fault(Invalid::at("record.participants", reason).help("remove it, or add a method with a server"))])
}

/// The swept values of a cell, as records have them.
pub(super) fn swept(cell: &Cell) -> curves::Cell {
    curves::Cell(cell.keys.iter().map(|key| (key.name.clone(), key.value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{registry::Registry, run::Plan};

    fn plan(lines: &str) -> Plan {
        let text = format!(
            "problem.objective = 'quadratic'\nfleet.clients = 3\nfederated.local.lr = 0.1\nrecord.metrics = ['gap']\n{lines}\n\
             [[method]]\nname = 'fedavg'"
        );
        Plan::resolve(Scenario::read(Path::new("cell.toml"), &text, &[], &Registry::builtin()).unwrap(), &[]).unwrap()
    }

    #[test]
    fn runs_of_another_build_are_others() {
        let plan = plan("stop.rounds = 5");
        let (cell, record) = (&plan.cells[0], &plan.record);
        let of = |build| cell.identity(&cell.methods[0][0], record, &cell.record, build);
        assert_eq!(of((made::VERSION, made::COMMIT)), cell.identities[0][0]);
        assert_ne!(of(("0.0.1", made::COMMIT)), cell.identities[0][0]);
        assert_ne!(of((made::VERSION, Some("0123abc"))), cell.identities[0][0]);
    }

    #[test]
    fn runs_that_differ_in_their_bounds_alone_are_of_one_family() {
        let of = |lines: &str| {
            let plan = plan(lines);
            (plan.cells[0].identities[0][0], plan.cells[0].families[0][0])
        };
        let every = "record.every.rounds = 1\n";
        let first = of(&format!("{every}stop.rounds = 5"));
        let later = of(&format!("{every}stop.rounds = 9"));
        assert!(first.0 != later.0 && first.1 == later.1);
        assert_ne!(first.1, of(&format!("{every}stop = {{ rounds = 9, target.gap = 1e-3 }}")).1);
        // Left out, the distance between samples grows with the run, and so does the first of those that grow with time.
        assert_ne!(of("stop.rounds = 500").1, of("stop.rounds = 900").1);
        let growing =
            |seconds: u32| of(&format!("record.every.log = {{ axis = 'seconds', per-decade = 3 }}\nstop.seconds = {seconds}"));
        assert_ne!(growing(50).1, growing(90).1);
    }
}
