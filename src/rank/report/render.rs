//! The report as a printed table, and as rows for scripts.

use super::Report;
use crate::{
    rank::places::ties,
    record::{
        sheet::{Figure, Line, Sheet},
        tidy::{Tidy, Value},
    },
};

impl Report {
    /// A line for each method, a column for each procedure and comparison.
    pub fn sheet(&self) -> Sheet {
        let columns = self.columns();
        let line = |(r, &i): (usize, &usize)| {
            let figures = columns.iter().map(|(_, cells)| Figure { bold: cells[r].1, ..Figure::plain(&cells[r].0) });
            Line { cells: [Figure::plain(&self.methods[i])].into_iter().chain(figures).collect(), begins: false }
        };
        Sheet {
            caption: self.caption.clone(),
            headings: ["method".to_owned()].into_iter().chain(columns.iter().map(|(heading, _)| heading.clone())).collect(),
            texts: 1,
            fixed: 1,
            lines: self.order.iter().enumerate().map(line).collect(),
            bold: "the first by each procedure",
            notes: self.notes.clone(),
        }
    }

    /// A row for each procedure and method: place, with whom it is shared, value, ends of its 95 % interval, share in an equilibrium; for
    /// the comparison to a baseline, rows `better-than-baseline` with the probability, and the tasks won, tied and lost.
    pub fn tidy(&self) -> Tidy {
        let header = ["rule", "method", "place", "tied_with", "value", "low", "high", "share", "won", "tied", "lost"];
        let ranked = |ranking: &super::Ranking, i: usize| {
            let tied: Vec<&str> = ties(&ranking.places, i).map(|j| self.methods[j].as_str()).collect();
            let ends = ranking.intervals.as_ref().map(|intervals| intervals[i]);
            let numbers = [
                ranking.values.as_ref().map(|values| values[i]),
                ends.map(|interval| interval.low),
                ends.map(|interval| interval.high),
                ranking.mixture.as_ref().map(|mixture| mixture[i]),
            ];
            let fixed =
                [ranking.rule.name().into(), Value::from(&self.methods[i]), ranking.places[i].into(), (&tied.join("; ")).into()];
            fixed.into_iter().chain(numbers.map(Value::from)).chain([const { Value::Missing }; 3]).collect::<Vec<_>>()
        };
        let compared = |versus: &super::Versus, i: usize| {
            let interval = versus.improvement[i];
            let numbers = [interval.value, interval.low, interval.high].map(Value::Number).into_iter().chain([Value::Missing]);
            let fixed = ["better-than-baseline".into(), Value::from(&self.methods[i]), Value::Missing, Value::Missing];
            fixed.into_iter().chain(numbers).chain(versus.counts[i].map(Value::Number)).collect()
        };
        let rankings = self.rankings.iter().flat_map(|ranking| self.order.iter().map(move |&i| ranked(ranking, i)));
        let versus = self.versus.iter().flat_map(|versus| self.order.iter().map(move |&i| compared(versus, i)));
        Tidy { header: header.map(str::to_owned).to_vec(), rows: rankings.chain(versus).collect() }
    }
}
