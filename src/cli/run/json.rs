//! What came of a scenario, for scripts.

use std::path::Path;

use crate::{
    record::{
        claim::{Answer, Verdict},
        curves::Cell,
        summary::Row,
    },
    run::Summary,
};
use serde_json::{Map, Value, json};

/// The summary as JSON: the rows of `summary.csv`, the claims, the runs that diverged, the keys that were changed from the
/// command line, the figures.
pub fn told(summary: &Summary, folder: &Path) -> String {
    let diverged = summary.diverged.iter().map(|(label, seed)| json!({ "label": label, "seed": seed }));
    let value = |text: &String| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.as_str()));
    let overrides: Map<_, _> = summary.overridden.iter().map(|(key, text)| (key.clone(), value(text))).collect();
    let all = json!({
        "results": folder.display().to_string(),
        "runs": summary.runs,
        "summary": summary.rows.iter().map(|row| of_row(row, &summary.columns)).collect::<Vec<_>>(),
        "diverged": diverged.collect::<Vec<_>>(),
        "overrides": overrides,
        "claims": summary.verdicts.iter().map(claim).collect::<Vec<_>>(),
        "figures": summary.figures.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
    });
    format!("{all:#}\n")
}

/// A method in a cell: its values by the names of the columns. Infinities and what was not recorded are null.
fn of_row(row: &Row, columns: &[String]) -> Value {
    let values = columns.iter().cloned().zip(row.values().into_iter().map(Value::from));
    let named = [("cell".to_owned(), cell(&row.cell)), ("method".to_owned(), row.method.as_str().into())];
    named.into_iter().chain(values).collect::<Map<_, _>>().into()
}

/// The swept values by their keys; numbers where they are some.
fn cell(cell: &Cell) -> Value {
    let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| text.into());
    cell.0.iter().map(|(key, text)| (key.clone(), value(text))).collect::<Map<_, _>>().into()
}

/// A claim: whether it `holds`, null where that is unknown or `undecided`; the `range` of what was measured, null where it is exact.
fn claim(verdict: &Verdict) -> Value {
    json!({
        "text": verdict.text, "cell": verdict.cell.to_string(), "required": verdict.required,
        "measured": verdict.measured, "range": verdict.range.map(|range| [range.low, range.high]),
        "holds": verdict.answer.holds(), "undecided": verdict.answer == Answer::Undecided, "note": verdict.note,
    })
}
