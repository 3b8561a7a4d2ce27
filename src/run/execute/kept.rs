//! Models, iterates and states of runs: a file for each run, and an index that says which is whose.

use std::io::{self, Write};

use crate::{
    protocol::StateVector,
    record::{RecordSpec, formula::guarded},
    run::{Plan, Results, RunId, tuning::Choices},
    scenario::cells,
};

/// The folder of the final models.
pub(super) const MODELS: &str = "models";
/// The folder of the recorded iterates.
pub(super) const ITERATES: &str = "iterates";

/// The folder of the vectors that methods remember, and the extension of the tables of their names.
pub(super) const STATES: &str = "states";

/// Whether a scenario asks for the files of a folder.
type Asked = fn(&RecordSpec) -> bool;

/// The folders, each with the key that asks for it.
pub(super) const FOLDERS: [(&str, Asked); 3] =
    [(MODELS, |record| record.models), (ITERATES, |record| record.iterates), (STATES, |record| record.states)];

/// The name of a run's file in either folder.
pub(super) fn file(plan: &Plan, run: RunId) -> String {
    format!("{}.npy", plan.name(run))
}

/// The names of the vectors in a file of a run's state, one a line with the row and the client, where there is one.
pub(super) fn names<R>(state_vectors: &[StateVector<'_, R>]) -> io::Result<String> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    for (row, StateVector { name, client, .. }) in state_vectors.iter().enumerate() {
        csv.write_record([&row.to_string(), name.as_ref(), &client.map_or_else(String::new, |client| client.to_string())])?;
    }
    let bytes = csv.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// Writes which file of `folder` is of which run: its cell, method and seed as in `curves.csv`, the values of tuned keys, and whether
/// the run is one of those in `curves.csv`, where a method is tuned. Row `k` of the iterates is of the `k`-th row of the run there;
/// each vector of a state has a line of its own.
pub(super) fn index(
    plan: &Plan,
    (results, folder): (&Results, &str),
    runs: &[RunId],
    choices: &Choices,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let keys = plan.keys();
    let vectors = if folder == STATES { &["row", "vector", "client"][..] } else { &[] };
    let names = ["file"].into_iter().chain(keys.iter().map(String::as_str)).chain(["method", "seed", "tuned", "kept"]);
    csv.write_record(names.chain(vectors.iter().copied()))?;
    for &run in runs {
        let (cell, arm) = (&plan.cells[run.cell].cell, plan.arm(run));
        let kept = choices.arm(run.cell, run.method) == run.arm;
        let texts = cell.keys.iter().map(|key| key.value.clone()).chain([arm.label.clone()]);
        let texts = texts.map(|text| guarded(&text).into_owned());
        let rest = [plan.seeds[run.seed].to_string(), guarded(&cells::name(&arm.tuned)).into_owned(), kept.to_string()];
        let line: Vec<String> = [file(plan, run)].into_iter().chain(texts).chain(rest).collect();
        if folder != STATES {
            csv.write_record(&line)?;
            continue;
        }
        let path = results.of_run(&plan.name(run), STATES);
        for vector in csv::ReaderBuilder::new().has_headers(false).from_path(path)?.records() {
            csv.write_record(line.iter().map(String::as_str).chain(&vector?))?;
        }
    }
    csv.flush()
}
