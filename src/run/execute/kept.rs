//! Models and iterates of runs: a file for each run, and an index that says which is whose.

use std::io::{self, Write};

use crate::{
    record::RecordSpec,
    run::{Plan, RunId, tuning::Choices},
    scenario::cells,
};

/// The folder of the final models.
pub(super) const MODELS: &str = "models";
/// The folder of the recorded iterates.
pub(super) const ITERATES: &str = "iterates";

/// Whether a scenario asks for the files of a folder.
type Asked = fn(&RecordSpec) -> bool;

/// The folders, each with the key that asks for it.
pub(super) const FOLDERS: [(&str, Asked); 2] = [(MODELS, |record| record.models), (ITERATES, |record| record.iterates)];

/// The name of a run's file in either folder.
pub(super) fn file(plan: &Plan, run: RunId) -> String {
    format!("{}.npy", plan.name(run))
}

/// Writes which file is of which run: its cell, method and seed as in `curves.csv`, the values of tuned keys, and whether the run
/// is one of those in `curves.csv`, where a method is tuned. Row `k` of the iterates is of the `k`-th row of the run there.
pub(super) fn index(plan: &Plan, runs: &[RunId], choices: &Choices, out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let keys = plan.keys();
    let names = keys.iter().map(String::as_str);
    csv.write_record(["file"].into_iter().chain(names).chain(["method", "seed", "tuned", "kept"]))?;
    for &run in runs {
        let (cell, arm) = (&plan.cells[run.cell].cell, plan.arm(run));
        let kept = choices.arm(run.cell, run.method) == run.arm;
        let values = cell.keys.iter().map(|key| key.value.clone());
        let rest = [arm.label.clone(), plan.seeds[run.seed].to_string(), cells::name(&arm.tuned), kept.to_string()];
        csv.write_record([file(plan, run)].into_iter().chain(values).chain(rest))?;
    }
    csv.flush()
}
