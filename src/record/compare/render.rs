//! Comparison tables as text for a terminal, as Markdown and as CSV.

use std::{io::Write, ops::Range};

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};

use super::{Column, Entry, Row, Table};
use crate::record::{axis::short, markdown, table::guarded};

impl Table {
    /// As Markdown, the best of each cell in bold.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut headings = self.headings();
        headings[..self.keys.len()].iter_mut().for_each(|key| *key = markdown::text(key));
        let rules: Vec<String> =
            (0..headings.len()).map(|i| if i > self.keys.len() { "---:" } else { "---" }.to_owned()).collect();
        let mut out = format!("{}\n\n{}{}", self.caption, line(&headings), line(&rules));
        let figure = |entry: &Entry, unit: f64| {
            let parts = [Some(median(entry, unit)), spread(entry, unit), ratio(entry)].into_iter().flatten();
            let plain = parts.collect::<Vec<_>>().join(" ");
            if is_best(entry) { format!("**{plain}**") } else { plain }
        };
        for mut row in self.grid(figure) {
            row[..=self.keys.len()].iter_mut().for_each(|text| *text = markdown::text(text));
            out.push_str(&line(&row));
        }
        if !self.notes.is_empty() {
            out.push('\n');
        }
        self.notes.iter().for_each(|note| out += &format!("- {}\n", markdown::text(note)));
        out
    }

    /// As CSV in base units (seconds, bits, ones): keys, method; where methods are tuned, the values that were kept and which of them are
    /// ends of their grids; seeds, reached, then median, quartiles and ratio to the best
    /// of every column, and for places the median of the lower ends between which samples leave them open; empty where nothing was
    /// recorded, `inf` where the target was not reached.
    ///
    /// # Errors
    /// What `out` or the CSV writer reports.
    pub fn csv(&self, out: impl Write) -> csv::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        let mut header = self.keys.clone();
        let choice = if self.tuned.is_empty() { &[][..] } else { &["tuned", "edge"] };
        header.extend(["method"].iter().chain(choice).chain(&["seeds", self.reached]).map(|&name| name.to_owned()));
        let figures = |column: &Column| {
            let low = column.bracketed.then_some("low");
            ["median", "q1", "q3", "ratio"]
                .into_iter()
                .chain(low)
                .map(|figure| format!("{}_{figure}", column.name))
                .collect::<Vec<_>>()
        };
        header.extend(self.columns.iter().flat_map(figures));
        writer.write_record(&header)?;
        for row in &self.rows {
            let kept = self.tuned.iter().find(|winner| row.is_of(&winner.cell, &winner.method));
            let kept = kept.map(|winner| [winner.tuned(), winner.edges()]).unwrap_or_default();
            let texts = row.cell.0.iter().map(|(_, value)| value).chain([&row.method]).chain(&kept[..choice.len()]);
            let mut record: Vec<String> = texts.map(|text| guarded(text).into_owned()).collect();
            record.extend([row.seeds.to_string(), row.reached.to_string()]);
            for (entry, column) in row.entries.iter().zip(&self.columns) {
                let figures = match entry {
                    Some(Entry { quartiles: q, low, ratio }) => {
                        [Some(q.median), Some(q.lower), Some(q.upper), *ratio, Some(*low)]
                    }
                    None => [None; 5],
                };
                let shown = if column.bracketed { &figures[..] } else { &figures[..4] };
                record.extend(shown.iter().map(|figure| figure.map_or_else(String::new, |figure| figure.to_string())));
            }
            writer.write_record(&record)?;
        }
        writer.flush()?;
        Ok(())
    }

    /// Keys, method, count and columns, in words.
    pub(super) fn headings(&self) -> Vec<String> {
        let keys = self.keys.iter().map(|key| key.rsplit('.').next().unwrap_or(key).to_owned());
        let fixed = ["method".to_owned(), self.reached.to_owned()];
        keys.chain(fixed).chain(self.columns.iter().map(|column| column.heading.clone())).collect()
    }

    /// Keys, method, count and figures of every row, finite figures written by `entry`.
    pub(super) fn grid(&self, entry: impl Fn(&Entry, f64) -> String) -> Vec<Vec<String>> {
        let figure = |row: &Row, found: &Option<Entry>, column: &Column| match found {
            None => "–".to_owned(),
            Some(found) if !found.quartiles.median.is_finite() => self.failure(row),
            Some(found) => entry(found, column.unit),
        };
        let line = |row: &Row| {
            let keys = row.cell.0.iter().map(|(_, value)| value.clone());
            let fixed = [row.method.clone(), format!("{}/{}", row.reached, row.seeds)];
            let figures = row.entries.iter().zip(&self.columns).map(|(found, column)| figure(row, found, column));
            keys.chain(fixed).chain(figures).collect()
        };
        self.rows.iter().map(line).collect()
    }

    /// The words where the median seed did not succeed: `never`, or `never (3 of 5)` where some did.
    fn failure(&self, row: &Row) -> String {
        match row.reached {
            0 => self.failed.to_owned(),
            reached => format!("{} ({} of {})", self.failed, row.seeds - reached, row.seeds),
        }
    }
}

pub(super) fn is_best(entry: &Entry) -> bool {
    entry.ratio == Some(1.0)
}

/// The median, with its lower end before it where samples leave it open: `12.0–18.0`.
pub(super) fn median(entry: &Entry, unit: f64) -> String {
    let high = scaled(entry.quartiles.median, unit);
    low(entry, unit).map_or_else(|| high.clone(), |low| format!("{low}–{high}"))
}

/// The lower end of the median, where samples leave that open by what its digits show.
pub(super) fn low(entry: &Entry, unit: f64) -> Option<String> {
    let low = scaled(entry.low, unit);
    (low != scaled(entry.quartiles.median, unit)).then_some(low)
}

/// `[first quartile, third quartile]`, where they differ.
pub(super) fn spread(entry: &Entry, unit: f64) -> Option<String> {
    let q = entry.quartiles;
    (q.lower != q.upper).then(|| format!("[{}, {}]", scaled(q.lower, unit), scaled(q.upper, unit)))
}

/// The ratio to the best method, such as `×1.50`.
pub(super) fn ratio(entry: &Entry) -> Option<String> {
    entry.ratio.map(|ratio| format!("×{}", short(ratio)))
}

pub(super) fn scaled(value: f64, unit: f64) -> String {
    if value.is_finite() { short(value / unit) } else { "∞".into() }
}

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
