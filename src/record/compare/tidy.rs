//! A comparison as rows for scripts.

use super::{Column, Difference, Entry, Form, Table};
use crate::record::tidy::{Tidy, Value};

impl Table {
    /// In base units (seconds, bits, ones): keys, method; where methods are tuned, the values that were kept and which of them are ends of
    /// their grids; seeds, reached, then of every column median, quartiles and ratio to the best, for places the median of the lower ends
    /// between which samples leave them open, mean and standard deviation; of an estimate itself alone. Where there is a baseline: pairs,
    /// effect with its interval, p, Holm's p, seeds won, tied and lost, Bayes factor. Nothing where nothing was recorded, infinite where the
    /// target was not reached.
    pub fn tidy(&self) -> Tidy {
        let mut header = self.keys.clone();
        let choice = if self.tuned.is_empty() { &[][..] } else { &["tuned", "edge"] };
        header.extend(["method"].iter().chain(choice).chain(&["seeds", self.reached]).map(|&name| name.to_owned()));
        header.extend(self.columns.iter().flat_map(|column| self.names(column)));
        let row = |row: &super::Row| {
            let kept = self.tuned.iter().find(|winner| row.is_of(&winner.cell, &winner.method));
            let kept = kept.map(|winner| [winner.tuned(), winner.edges()]).unwrap_or_default();
            let texts = row.cell.0.iter().map(|(_, value)| value).chain([&row.method]).chain(&kept[..choice.len()]);
            let mut values: Vec<Value> = texts.map(Value::from).collect();
            values.extend([row.seeds.into(), row.reached.into()]);
            for (entry, column) in row.entries.iter().zip(&self.columns) {
                values.extend(self.figures(entry.as_ref(), column).into_iter().map(Value::from));
            }
            values
        };
        Tidy { rows: self.rows.iter().map(row).collect(), header }
    }

    fn names(&self, column: &Column) -> Vec<String> {
        if column.form == Form::Estimate {
            return vec![column.name.clone()];
        }
        let mut names = vec!["median", "q1", "q3", "ratio"];
        names.extend((column.form == Form::Places).then_some("low"));
        names.extend(["mean", "sd"]);
        if self.versus.is_some() {
            names.extend(["pairs", "effect", "effect_low", "effect_high", "p", "p_holm", "won", "tied", "lost", "bayes"]);
        }
        names.into_iter().map(|name| format!("{}_{name}", column.name)).collect()
    }

    /// As many as there are [names](Self::names).
    fn figures(&self, entry: Option<&Entry>, column: &Column) -> Vec<Option<f64>> {
        let Some(entry) = entry else { return vec![None; self.names(column).len()] };
        let q = entry.quartiles;
        if column.form == Form::Estimate {
            return vec![Some(q.median)];
        }
        let mut figures = vec![Some(q.median), Some(q.lower), Some(q.upper), entry.ratio];
        figures.extend((column.form == Form::Places).then_some(Some(entry.low)));
        let (mean, deviation) = entry.moments();
        figures.extend([mean, deviation]);
        if self.versus.is_some() {
            figures.extend(entry.difference.map_or([None; 10], compared));
        }
        figures
    }
}

fn compared(difference: Difference) -> [Option<f64>; 10] {
    let Difference { pairs, effect, p, holm, counts, bayes } = difference;
    let [won, tied, lost] = counts.map(|count| Some(count as f64));
    let [value, low, high] = [effect.map(|e| e.value), effect.map(|e| e.low), effect.map(|e| e.high)];
    [Some(pairs as f64), value, low, high, Some(p), Some(holm), won, tied, lost, bayes]
}
