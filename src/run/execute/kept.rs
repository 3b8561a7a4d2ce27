//! Models, iterates and states of runs: a file for each run, and an index that says which is whose.

use std::io::{self, Write};

use crate::{
    protocol::StateVector,
    record::table::{self, guarded},
    run::{Plan, Results, RunId, ours::STATES, tuning::Choices},
    scenario::cells,
};

/// The name of a run's file in either folder.
pub(super) fn file(plan: &Plan, run: RunId) -> String {
    format!("{}.npy", plan.name(run))
}

/// The names of the vectors in a file of a run's state, one a line with the row and the client, where there is one.
pub(super) fn names<R>(state_vectors: &[StateVector<'_, R>]) -> io::Result<String> {
    table::text(|csv| {
        state_vectors.iter().enumerate().try_for_each(|(row, StateVector { name, client, .. })| {
            csv.write_record([&row.to_string(), name.as_ref(), &client.map_or_else(String::new, |client| client.to_string())])
        })
    })
}

/// Writes which file of `folder` is of which run: its cell, method and seed as in `curves.csv`, the values of tuned keys, and whether
/// the run is one of those in `curves.csv`, where a method is tuned. Row `k` of the iterates is of the `k`-th row of the run there;
/// each vector of a state has its own line.
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
        let kept = choices.reports(plan, run);
        let texts = cell.keys.iter().map(|key| key.value.clone()).chain([arm.label.clone()]);
        let texts = texts.map(|text| guarded(&text).into_owned());
        let rest = [plan.seed(run).to_string(), guarded(&cells::name(&arm.tuned)).into_owned(), kept.to_string()];
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
