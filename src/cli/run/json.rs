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

/// The summary as JSON: the rows of `summary.csv`, the claims, the runs that diverged, what makes the comparison uneven, the keys
/// that were changed from the command line, the figures.
pub fn told(summary: &Summary, folder: &Path) -> String {
    let diverged = summary.diverged.iter().map(|(label, seed)| json!({ "label": label, "seed": seed }));
    let overrides: Map<_, _> = summary.overridden.iter().map(|(key, text)| (key.clone(), value(text))).collect();
    let all = json!({
        "results": folder.display().to_string(),
        "runs": summary.runs,
        "summary": summary.rows.iter().map(|row| of_row(row, summary)).collect::<Vec<_>>(),
        "diverged": diverged.collect::<Vec<_>>(),
        "notes": summary.notes,
        "overrides": overrides,
        "claims": summary.verdicts.iter().map(claim).collect::<Vec<_>>(),
        "figures": summary.figures.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
    });
    format!("{all:#}\n")
}

/// A method in a cell: what was kept of its tuned keys, with those that are ends of their grids, and its values by the names of the
/// columns. Infinities and what was not recorded are null.
fn of_row(row: &Row, summary: &Summary) -> Value {
    let values = summary.columns.iter().cloned().zip(row.values().into_iter().map(Value::from));
    let named = [("cell".to_owned(), cell(&row.cell)), ("method".to_owned(), row.method.as_str().into())];
    let tuned = row.choice(&summary.tuned).into_iter().flat_map(|winner| {
        let kept: Map<_, _> = winner.values.iter().map(|tuned| (tuned.key.clone(), value(&tuned.value))).collect();
        let edges = winner.values.iter().filter_map(|tuned| Some((tuned.key.clone(), tuned.edge?.name().into())));
        [("tuned".to_owned(), kept.into()), ("edge".to_owned(), edges.collect::<Map<_, Value>>().into())]
    });
    named.into_iter().chain(tuned).chain(values).collect::<Map<_, _>>().into()
}

/// A value of a scenario; a number where it is one.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// The swept values by their keys; numbers where they are some.
fn cell(cell: &Cell) -> Value {
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
