//! The table as text, Markdown, LaTeX and CSV.

use std::{fmt::Write as _, io::Write};

use super::Report;
use crate::{
    rank::places::ties,
    record::{
        compare::{escaped, pieces},
        markdown,
        table::guarded,
    },
};

/// Most procedures beside each other in LaTeX.
const BESIDE: usize = 6;

impl Report {
    /// For a terminal: aligned columns, no colour; a table that is too wide comes in several pieces.
    pub fn text(&self) -> String {
        let columns = self.columns();
        let headings: Vec<String> =
            std::iter::once("method".to_owned()).chain(columns.iter().map(|(heading, _)| heading.clone())).collect();
        let row = |(r, &i): (usize, &usize)| {
            std::iter::once(self.methods[i].clone()).chain(columns.iter().map(|(_, cells)| cells[r].0.clone())).collect()
        };
        let grid: Vec<Vec<String>> = self.order.iter().enumerate().map(row).collect();
        let table = pieces(&headings, &grid, (1, 1)).join("\n");
        self.notes.iter().fold(format!("{}\n{table}", self.caption), |text, note| text + note + "\n")
    }

    /// As Markdown, the first of each procedure in bold.
    pub fn markdown(&self) -> String {
        let columns = self.columns();
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let headings: Vec<String> =
            std::iter::once("method".to_owned()).chain(columns.iter().map(|(heading, _)| markdown::text(heading))).collect();
        let rules: Vec<String> = std::iter::once("---").chain(columns.iter().map(|_| "---:")).map(str::to_owned).collect();
        let mut out = format!("{}\n\n{}{}", self.caption, line(&headings), line(&rules));
        for (r, &i) in self.order.iter().enumerate() {
            let cell = |(text, first): &(String, bool)| if *first { format!("**{text}**") } else { text.clone() };
            let cells = columns.iter().map(|(_, cells)| cell(&cells[r]));
            out += &line(&std::iter::once(markdown::text(&self.methods[i])).chain(cells).collect::<Vec<_>>());
        }
        out.push('\n');
        self.notes.iter().for_each(|note| out += &format!("- {}\n", markdown::text(note)));
        out
    }

    /// As a LaTeX `table` for the `booktabs` package, the first of each procedure in bold, the notes below.
    pub fn latex(&self) -> String {
        let mut out = format!(
            "% needs \\usepackage{{booktabs}}\n\\begin{{table}}\n  \\centering\n  \\caption{{{}}}\n",
            escaped(&self.caption)
        );
        // Writing to a String cannot fail.
        for columns in self.columns().chunks(BESIDE) {
            let headings: Vec<String> = columns.iter().map(|(heading, _)| escaped(heading)).collect();
            let _ = writeln!(out, "  \\begin{{tabular}}{{l{}}}\n    \\toprule", "r".repeat(columns.len()));
            let _ = writeln!(out, "    method & {} \\\\\n    \\midrule", headings.join(" & "));
            for (r, &i) in self.order.iter().enumerate() {
                let cell = |(text, first): &(String, bool)| match first {
                    true => format!("\\textbf{{{}}}", escaped(text)),
                    false => escaped(text),
                };
                let cells: Vec<String> = columns.iter().map(|(_, cells)| cell(&cells[r])).collect();
                let _ = writeln!(out, "    {} & {} \\\\", escaped(&self.methods[i]), cells.join(" & "));
            }
            out.push_str("    \\bottomrule\n  \\end{tabular}\n");
        }
        for note in &self.notes {
            let _ = writeln!(out, "  \\par\\smallskip{{\\footnotesize {}\\par}}", escaped(note));
        }
        out + "\\end{table}\n"
    }

    /// As CSV, a row for each procedure and method: place, with whom it is shared, value, ends of its 95 % interval, share in an
    /// equilibrium; for the comparison to a baseline, rows `better-than-baseline` with the probability, and the tasks won, tied and lost.
    ///
    /// # Errors
    /// What `out` or the CSV writer reports.
    pub fn csv(&self, out: impl Write) -> csv::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(["rule", "method", "place", "tied_with", "value", "low", "high", "share", "won", "tied", "lost"])?;
        let text = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
        for ranking in &self.rankings {
            for &i in &self.order {
                let tied: Vec<&str> = ties(&ranking.places, i).map(|j| self.methods[j].as_str()).collect();
                let ends = ranking.intervals.as_ref().map(|intervals| intervals[i]);
                let numbers = [
                    ranking.values.as_ref().map(|values| values[i]),
                    ends.map(|interval| interval.low),
                    ends.map(|interval| interval.high),
                    ranking.mixture.as_ref().map(|mixture| mixture[i]),
                    None,
                    None,
                    None,
                ];
                let (method, tied) = (guarded(&self.methods[i]).into_owned(), guarded(&tied.join("; ")).into_owned());
                let fixed = [ranking.rule.name().to_owned(), method, ranking.places[i].to_string(), tied];
                writer.write_record(fixed.into_iter().chain(numbers.map(text)))?;
            }
        }
        if let Some(versus) = &self.versus {
            for &i in &self.order {
                let (interval, [won, tied, lost]) = (versus.improvement[i], versus.counts[i]);
                let numbers = [interval.value, interval.low, interval.high].map(Some).into_iter().chain([None]);
                let numbers = numbers.chain([won, tied, lost].map(Some));
                let fixed =
                    ["better-than-baseline".to_owned(), guarded(&self.methods[i]).into_owned(), String::new(), String::new()];
                writer.write_record(fixed.into_iter().chain(numbers.map(text)))?;
            }
        }
        writer.flush()?;
        Ok(())
    }
}
