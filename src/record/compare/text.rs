//! A table as text for a terminal.

use std::ops::Range;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};

use super::render::{median, ratio, spread};
use super::{Entry, Table};

/// The widest line that is written, where names and figures leave the choice.
const WIDTH: usize = 100;

/// A rule above, below the headings and at the end, as in a printed table.
const RULES: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

impl Table {
    /// For a terminal: aligned columns, no colour.
    ///
    /// A table that is too wide has its quartiles below the medians, and then comes in several pieces.
    pub fn text(&self) -> String {
        self.notes.iter().fold(self.table(), |text, note| text + note + "\n")
    }

    fn table(&self) -> String {
        let beside = |entry: &Entry, unit: f64| joined([Some(median(entry, unit)), spread(entry, unit), ratio(entry)], " ");
        let fixed = self.keys.len() + 2;
        let labels = (self.keys.len() + 1, fixed);
        let one_line = drawn(&self.headings(), &self.grid(beside), labels, fixed..fixed + self.columns.len());
        if width(&one_line) <= WIDTH {
            return format!("{}\n{one_line}", self.caption);
        }
        let below = |entry: &Entry, unit: f64| {
            let first = joined([Some(median(entry, unit)), ratio(entry)], " ");
            joined([Some(first), spread(entry, unit)], "\n")
        };
        let headings: Vec<String> = self.headings().iter().map(|heading| heading.replacen(' ', "\n", 1)).collect();
        format!("{}\n{}", self.caption, pieces(&headings, &self.grid(below), labels).join("\n"))
    }
}

/// The table in as few pieces as [`WIDTH`] allows, each with the first columns and at least one of the others; `labels` says how many of
/// the first are texts, which are aligned on the left, and how many come first in each piece.
pub(crate) fn pieces(headings: &[String], grid: &[Vec<String>], labels: (usize, usize)) -> Vec<String> {
    let (mut pieces, mut start) = (Vec::new(), labels.1);
    while start < headings.len() {
        let drawn = |end: usize| drawn(headings, grid, labels, start..end);
        let end = (start + 1..=headings.len()).rev().find(|&end| width(&drawn(end)) <= WIDTH).unwrap_or(start + 1);
        pieces.push(drawn(end));
        start = end;
    }
    pieces
}

/// The first columns, and some of the others.
fn drawn(headings: &[String], grid: &[Vec<String>], (texts, fixed): (usize, usize), columns: Range<usize>) -> String {
    let part = |line: &[String]| [&line[..fixed], &line[columns.clone()]].concat();
    let mut table = comfy_table::Table::new();
    table.load_style(RULES).set_content_arrangement(ContentArrangement::Disabled).set_header(part(headings));
    grid.iter().for_each(|line| {
        table.add_row(part(line));
    });
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((1, 0));
        if i >= texts {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}\n")
}

fn joined<const N: usize>(parts: [Option<String>; N], by: &str) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(by)
}

/// Characters of the longest line.
fn width(text: &str) -> usize {
    text.lines().map(|line| line.trim_end().chars().count()).max().unwrap_or(0)
}
