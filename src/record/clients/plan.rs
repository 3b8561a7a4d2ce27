//! How a recording scores clients, checked against the world that they live in.

use super::{ClientsSpec, Groups, Instants, MixSpec, Rows, table};
use crate::{
    invalid::{Invalid, require},
    num::Real,
    problem::{
        client_scores::{Beside, Whose},
        data::ClientGroups,
        predictions::Score,
        predictor::Outputs,
    },
    protocol::Models,
    record::{
        RecordSpec,
        metric::{Column, Crowd, MetricSpec, OverClients, Statistic},
    },
    world::World,
};

/// How a recording scores clients.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientPlan {
    /// The rows of the tables, where they are kept.
    pub table: Option<Rows>,
    /// Numbers of the clients that are scored; `None` for all.
    only: Option<Vec<usize>>,
    /// The column that puts clients into groups.
    group: Option<String>,
    /// The models that are scored in the tables.
    beside: Beside,
    /// Whether the targets are classes.
    classes: bool,
    /// Those that the curves need.
    in_curves: Option<Beside>,
}

/// Facts about a world that scores of clients depend on.
#[derive(Debug, Clone, Copy)]
pub struct ClientWorld<'a> {
    /// Number of clients.
    pub clients: usize,
    /// Whether clients have held-out samples of their own.
    pub held_out: bool,
    /// The outputs of models, where they predict.
    pub outputs: Option<Outputs>,
    /// The columns that put clients into groups.
    pub groups: &'a [ClientGroups],
}

impl ClientPlan {
    /// The plan of `record`; `None` where nothing asks for scores of clients.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `record`, for what the world does not have.
    pub fn new(record: &RecordSpec, metrics: &[MetricSpec], world: &ClientWorld<'_>) -> Result<Option<Self>, Invalid> {
        let over: Vec<(usize, OverClients)> =
            metrics.iter().enumerate().filter_map(|(index, metric)| Some((index, metric.clients()?))).collect();
        let key = match (over.first(), &record.clients) {
            (Some((index, _)), _) => format!("metrics.{index}"),
            (None, Some(_)) => "clients".to_owned(),
            (None, None) => return unused(record).map(|()| None),
        };
        let outputs = check_world(&key, world)?;
        let classes = outputs != Outputs::Value;
        over.iter().try_for_each(|&(index, over)| check_metric(record, (index, metrics[index]), over, classes))?;
        let spec = record.clients.clone().unwrap_or_default();
        check_spec(&spec, world, classes).map_err(|invalid| invalid.under("clients"))?;
        if record.mix.is_some() && record.personalised.is_none() {
            return Err(Invalid::at("mix", "predictions are mixed with those of personalised models, and there are none")
                .help("set `personalised = { steps = 10, lr = 0.1 }` in `[record]`"));
        }
        let needs = |whose: Whose| over.iter().any(|(_, over)| over.whose == whose);
        let shares = record.mix.as_ref().map(MixSpec::shares).unwrap_or_default();
        let beside = Beside { personal: record.personalised, shares };
        let in_curves = (!over.is_empty()).then(|| Beside {
            personal: beside.personal.filter(|_| needs(Whose::Personal) || needs(Whose::Mixed)),
            shares: if needs(Whose::Mixed) { beside.shares.clone() } else { Vec::new() },
        });
        if record.clients.is_none() && record.personalised.is_some() && !needs(Whose::Personal) && !needs(Whose::Mixed) {
            unused(record)?;
        }
        let scores = spec.scores.unwrap_or_else(|| Score::ALL.into_iter().filter(|score| score.suits(classes)).collect());
        let table = record.clients.is_some().then_some(Rows { at: spec.at, scores });
        Ok(Some(Self { table, only: spec.only, group: spec.group, beside, classes, in_curves }))
    }

    /// Whether the tables have rows of a sample at `round`, when the sample before it was at the round `before`.
    pub fn is_due(&self, before: Option<u64>, round: u64) -> bool {
        self.table.as_ref().is_some_and(|rows| rows.at.include(before, round))
    }

    /// Whether the tables have rows of the end of a run.
    pub fn ends(&self) -> bool {
        self.table.as_ref().is_some_and(|rows| rows.at == Instants::End)
    }

    /// The groups of the clients of the fleet.
    pub fn groups<R: Real>(&self, world: &World<R>) -> Groups {
        let Some(column) = &self.group else { return Groups::default() };
        if let Some(groups) = world.problem.groups().iter().find(|groups| groups.name == *column) {
            return Groups { names: groups.values.clone(), of: groups.of.clone() };
        }
        let names = (0..world.fleet.groups()).map(|group| group.to_string()).collect();
        let of = (0..world.clients()).map(|client| Some(world.fleet.group(client) as u32)).collect();
        Groups { names, of }
    }

    /// The predictions for all clients that the curves need, or the tables where they are `due`; `None` where nothing needs any.
    pub fn crowd<'g, R: Real>(
        &self,
        world: &World<R>,
        models: &Models<'_, R>,
        due: bool,
        groups: &'g Groups,
    ) -> Option<Crowd<'g>> {
        let beside = if due { &self.beside } else { self.in_curves.as_ref()? };
        let all: Vec<usize>;
        let clients = match &self.only {
            Some(only) => only,
            None => {
                all = (0..world.clients()).collect();
                &all
            }
        };
        let model = |client: usize| match models {
            Models::Server(x) => x,
            Models::Nodes(nodes) => nodes[client],
        };
        let clients = world.problem.predict_clients(world.streams(), clients, model, beside);
        Some(Crowd { clients, groups: (!groups.of.is_empty()).then_some(&groups.of[..]) })
    }

    /// The names of the scores in the table of clients.
    pub fn scores(&self) -> Vec<String> {
        self.table.as_ref().map_or_else(Vec::new, |rows| table::names(rows, self.models()))
    }

    /// Whether the targets are classes, so that predictions have a confidence.
    pub fn has_classes(&self) -> bool {
        self.classes
    }

    /// The header of the table of clients, if it is kept.
    pub fn header(&self, keys: &[String]) -> Option<Vec<String>> {
        Some(table::header(keys, self.table.as_ref()?, self.models()))
    }

    /// Number of models with columns of their own in the table: that of the run, personalised ones, mixtures.
    pub fn models(&self) -> usize {
        1 + usize::from(self.beside.personal.is_some()) + usize::from(!self.beside.shares.is_empty())
    }
}

/// Refuses models that nothing scores.
fn unused(record: &RecordSpec) -> Result<(), Invalid> {
    let (key, metric) = match (&record.personalised, &record.mix) {
        (Some(_), _) => ("personalised", "personalised-loss-mean"),
        (None, Some(_)) => ("mix", "mixed-loss-mean"),
        (None, None) => return Ok(()),
    };
    let help = format!("add `[record.clients]` for the table of clients, or a metric such as `{metric}`");
    Err(Invalid::at(key, "nothing is recorded of these models").help(help))
}

/// The outputs of models in a world whose clients can be scored.
fn check_world(key: &str, world: &ClientWorld<'_>) -> Result<Outputs, Invalid> {
    let outputs = world.outputs.ok_or_else(|| {
        Invalid::at(key, "the models of this objective do not predict samples, so that clients cannot be scored by them")
            .help("use `softmax`, `logistic`, `least-squares` or `mlp`")
    })?;
    if !world.held_out {
        return Err(Invalid::at(key, "clients are scored on held-out samples of their own, and no client has any")
            .help("set `own-test = 0.2` in `[problem]` to hold out a fifth of each client's samples"));
    }
    Ok(outputs)
}

/// Refuses a score that the targets do not have.
fn check_score(key: &str, score: Score, classes: bool) -> Result<(), Invalid> {
    if score.suits(classes) {
        return Ok(());
    }
    let (is_of, targets, help) = if classes {
        ("real targets", "classes", "use `loss`, `accuracy`, `balanced-accuracy`, `macro-f1`, `auc`, `ece` or `brier`")
    } else {
        ("classes", "real values", "use `loss`, `rmse`, `mae` or `r2`")
    };
    Err(Invalid::at(key, format!("`{}` is a score of {is_of}, and the targets are {targets}", score.name())).help(help))
}

/// Refuses a metric over clients of models or groups that the scenario does not ask for.
fn check_metric(
    record: &RecordSpec,
    (index, metric): (usize, MetricSpec),
    over: OverClients,
    classes: bool,
) -> Result<(), Invalid> {
    let key = format!("metrics.{index}");
    let refuse = |what: &str, help: &str| Err(Invalid::at(&key, format!("`{}` {what}", metric.name())).help(help));
    if over.whose != Whose::Run && record.personalised.is_none() {
        return refuse(
            "is of personalised models, and there are none",
            "set `personalised = { steps = 10, lr = 0.1 }` in `[record]`",
        );
    }
    if over.whose == Whose::Mixed && record.mix.is_none() {
        return refuse("is of mixed predictions, and no share is given", "set `mix = 0.5` or `mix = \"fit\"` in `[record]`");
    }
    let groups = record.clients.as_ref().and_then(|clients| clients.group.as_ref());
    if over.statistic == Statistic::WorstGroup && groups.is_none() {
        return refuse(
            "needs groups of clients",
            "set `clients = { group = \"target\" }` in `[record]`, or another column of the data",
        );
    }
    check_score(&key, over.score, classes)
}

fn check_spec(spec: &ClientsSpec, world: &ClientWorld<'_>, classes: bool) -> Result<(), Invalid> {
    for (i, &client) in spec.only.iter().flatten().enumerate() {
        let expected = format!("a client from 0 to {}", world.clients - 1);
        require(client < world.clients, &format!("only.{i}"), client, &expected)?;
    }
    for (i, &score) in spec.scores.iter().flatten().enumerate() {
        check_score(&format!("scores.{i}"), score, classes)?;
    }
    let Some(group) = &spec.group else { return Ok(()) };
    if group == "fleet" || world.groups.iter().any(|groups| groups.name == *group) {
        return Ok(());
    }
    let known: Vec<String> = world.groups.iter().map(|groups| format!("`{}`", groups.name)).collect();
    let known = known.iter().map(String::as_str).chain(["`fleet`"]).collect::<Vec<_>>().join(", ");
    Err(Invalid::at("group", format!("the data have no column `{group}` beside the features that tells clients apart"))
        .help(format!("clients can be in groups by {known}; a CSV file keeps the columns that it `ignore`s")))
}

/// The columns of `metrics` of models with this many layers of weights.
pub(crate) fn columns(metrics: &[MetricSpec], layers: usize, record: &RecordSpec) -> Vec<Column> {
    let shares = record.mix.as_ref().map(MixSpec::several).unwrap_or_default();
    metrics.iter().flat_map(|&metric| Column::of(metric, layers, shares)).collect()
}
