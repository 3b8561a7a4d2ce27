//! A printed table, whatever it is about: for a terminal, as Markdown, and as LaTeX.

mod latex;

use std::ops::Range;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};

use super::markdown;

/// The content of one cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figure {
    /// What is read first: a number, or words.
    pub main: String,
    /// How far it spreads, in brackets; below it where a line is too long.
    pub spread: Option<String>,
    /// Its ratio to the best, which LaTeX leaves out.
    pub ratio: Option<String>,
    /// Whether it is set in bold.
    pub bold: bool,
}

impl Figure {
    /// Plain words, or a number without more.
    pub fn plain(main: impl Into<String>) -> Self {
        Self { main: main.into(), ..Self::default() }
    }

    /// All of it, in one line.
    fn line(&self) -> String {
        [Some(&self.main), self.spread.as_ref(), self.ratio.as_ref()].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
    }

    /// All of it, the spread in a second line.
    fn lines(&self) -> String {
        let first = [Some(&self.main), self.ratio.as_ref()].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        self.spread.iter().fold(first, |first, spread| first + "\n" + spread)
    }
}

/// One line of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Texts that say what it is about, then figures.
    pub cells: Vec<Figure>,
    /// Whether a new group of lines begins with it.
    pub begins: bool,
}

/// A table, ready for [`text`](Sheet::text), [`markdown`](Sheet::markdown) and [`latex`](Sheet::latex).
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// The table in words.
    pub caption: String,
    /// Headings of all columns.
    pub headings: Vec<String>,
    /// How many of the first columns are texts, which are aligned on the left.
    pub texts: usize,
    /// How many columns come first in each piece of a table that is too wide.
    pub fixed: usize,
    /// The lines.
    pub lines: Vec<Line>,
    /// What it means that a figure is set in bold, where forms have that.
    pub bold: &'static str,
    /// Notes below the table, a line each.
    pub notes: Vec<String>,
}

/// The widest line that is written, where names and figures leave the choice.
const WIDTH: usize = 100;

/// A rule above, below the headings and at the end, as in a printed table.
const RULES: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

impl Sheet {
    /// For a terminal: aligned columns, no colour.
    ///
    /// A table that is too wide has its spreads below the figures, and then comes in several pieces.
    pub fn text(&self) -> String {
        self.notes.iter().fold(format!("{}\n{}", self.caption, self.table()), |text, note| text + note + "\n")
    }

    fn table(&self) -> String {
        let beside = self.drawn(&self.headings, Figure::line, self.fixed..self.headings.len());
        if width(&beside) <= WIDTH {
            return beside;
        }
        let headings: Vec<String> = self.headings.iter().map(|heading| heading.replacen(' ', "\n", 1)).collect();
        let drawn = |columns: Range<usize>| self.drawn(&headings, Figure::lines, columns);
        pieces(self.fixed..headings.len(), |columns| width(&drawn(columns)) <= WIDTH)
            .into_iter()
            .map(drawn)
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The first columns, and some of the others.
    fn drawn(&self, headings: &[String], written: fn(&Figure) -> String, columns: Range<usize>) -> String {
        let part = |line: &[String]| [&line[..self.fixed], &line[columns.clone()]].concat();
        let mut table = comfy_table::Table::new();
        table.load_style(RULES).set_content_arrangement(ContentArrangement::Disabled).set_header(part(headings));
        for line in &self.lines {
            table.add_row(part(&line.cells.iter().map(written).collect::<Vec<_>>()));
        }
        for (i, column) in table.column_iter_mut().enumerate() {
            column.set_padding((1, 0));
            if i >= self.texts {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{table}\n")
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let headings: Vec<String> = self.headings.iter().map(|heading| markdown::text(heading)).collect();
        let rules: Vec<String> = (0..headings.len()).map(|i| if i < self.texts { "---" } else { "---:" }.to_owned()).collect();
        let mut out = format!("{}\n\n{}{}", self.caption, line(&headings), line(&rules));
        for row in &self.lines {
            let cell = |(i, figure): (usize, &Figure)| {
                let text = if i < self.texts { markdown::text(&figure.line()) } else { figure.line() };
                if figure.bold { format!("**{text}**") } else { text }
            };
            out += &line(&row.cells.iter().enumerate().map(cell).collect::<Vec<_>>());
        }
        let notes: Vec<String> = self.notes_in_print().map(|note| format!("- {}\n", markdown::text(&note))).collect();
        if !notes.is_empty() {
            out.push('\n');
        }
        out + &notes.concat()
    }

    /// The notes, and before them what bold figures are, where there are some.
    fn notes_in_print(&self) -> impl Iterator<Item = String> + '_ {
        let bold = self.lines.iter().flat_map(|line| &line.cells).any(|figure| figure.bold);
        bold.then(|| format!("bold: {}", self.bold)).into_iter().chain(self.notes.iter().cloned())
    }
}

/// Consecutive ranges of `columns`, as few as possible and each as long as it `fits`, or of one column.
fn pieces(columns: Range<usize>, fits: impl Fn(Range<usize>) -> bool) -> Vec<Range<usize>> {
    let (mut pieces, mut start) = (Vec::new(), columns.start);
    while start < columns.end {
        let end = (start + 1..=columns.end).rev().find(|&end| fits(start..end)).unwrap_or(start + 1);
        pieces.push(start..end);
        start = end;
    }
    pieces
}

/// Characters of the longest line.
fn width(text: &str) -> usize {
    text.lines().map(|line| line.trim_end().chars().count()).max().unwrap_or(0)
}
