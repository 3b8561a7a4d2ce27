//! A table as text, Markdown, LaTeX and CSV.

use std::fmt::Write as _;
use std::io::Write;

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, TableStyle};

use super::{Column, Entry, Table};
use crate::record::units::short;

/// A rule above, below the headings and at the end, as in a printed table.
const RULES: TableStyle = TableStyle::new()
    .top_border(LineStyle::none().fill('─').junction('─'))
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

impl Table {
    /// For a terminal: aligned columns, no colour.
    pub fn text(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(RULES).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(self.headings());
        for row in self.grid(plain) {
            table.add_row(row);
        }
        for (i, column) in table.column_iter_mut().enumerate() {
            if i > self.keys.len() {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        format!("{}\n{table}\n", self.caption)
    }

    /// As Markdown, the best of each cell in bold.
    pub fn markdown(&self) -> String {
        let escaped = |text: &String| text.replace('|', "\\|");
        let line = |cells: &[String]| format!("| {} |\n", cells.iter().map(escaped).collect::<Vec<_>>().join(" | "));
        let headings = self.headings();
        let rules: Vec<String> =
            (0..headings.len()).map(|i| if i > self.keys.len() { "---:" } else { "---" }.to_owned()).collect();
        let mut out = format!("{}\n\n{}{}", self.caption, line(&headings), line(&rules));
        for row in
            self.grid(|entry, unit| if is_best(entry) { format!("**{}**", plain(entry, unit)) } else { plain(entry, unit) })
        {
            out.push_str(&line(&row));
        }
        out
    }

    /// As a LaTeX `table` for the `booktabs` package, the best of each cell in bold.
    pub fn latex(&self) -> String {
        let headings: Vec<String> = self.headings().iter().map(|heading| latex_escape(heading)).collect();
        let columns = "l".repeat(self.keys.len() + 1) + &"r".repeat(headings.len() - self.keys.len() - 1);
        let mut out = format!(
            "% needs \\usepackage{{booktabs}}\n\\begin{{table}}\n  \\centering\n  \\caption{{{}}}\n  \\begin{{tabular}}{{{columns}}}\n    \\toprule\n    {} \\\\\n    \\midrule\n",
            latex_escape(&self.caption),
            headings.join(" & "),
        );
        let mut rows = self.grid(latex_entry);
        for row in &mut rows {
            for label in &mut row[..=self.keys.len()] {
                *label = latex_escape(label);
            }
        }
        for (i, row) in rows.iter().enumerate() {
            if i > 0 && self.rows[i].cell != self.rows[i - 1].cell {
                out.push_str("    \\addlinespace\n");
            }
            // Writing to a String cannot fail.
            let _ = writeln!(out, "    {} \\\\", row.join(" & "));
        }
        out + "    \\bottomrule\n  \\end{tabular}\n\\end{table}\n"
    }

    /// As CSV in base units (seconds, bits, ones): keys, method, seeds, reached, then median, quartiles and ratio to the best
    /// of every column; empty where nothing was recorded, `inf` where the target was not reached.
    ///
    /// # Errors
    /// What `out` or the CSV writer reports.
    pub fn csv(&self, out: impl Write) -> csv::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        let mut header = self.keys.clone();
        header.extend(["method", "seeds", self.reached].map(str::to_owned));
        header.extend(self.columns.iter().flat_map(|c| ["median", "q1", "q3", "ratio"].map(|q| format!("{}_{q}", c.name))));
        writer.write_record(&header)?;
        for row in &self.rows {
            let mut record: Vec<String> = row.cell.0.iter().map(|(_, value)| value.clone()).collect();
            record.extend([row.method.clone(), row.seeds.to_string(), row.reached.to_string()]);
            record.extend(row.entries.iter().flat_map(|entry| match entry {
                Some(Entry { quartiles: q, ratio }) => [
                    q.median.to_string(),
                    q.lower.to_string(),
                    q.upper.to_string(),
                    ratio.map_or_else(String::new, |r| r.to_string()),
                ],
                None => [const { String::new() }; 4],
            }));
            writer.write_record(&record)?;
        }
        writer.flush()?;
        Ok(())
    }

    fn headings(&self) -> Vec<String> {
        let keys = self.keys.iter().map(|key| key.rsplit('.').next().unwrap_or(key).to_owned());
        let fixed = ["method".to_owned(), self.reached.to_owned()];
        keys.chain(fixed).chain(self.columns.iter().map(|column| column.heading.clone())).collect()
    }

    /// Keys, method, count and figures of every row, the figures written by `entry`.
    fn grid(&self, entry: impl Fn(&Entry, f64) -> String) -> Vec<Vec<String>> {
        let figure = |(found, column): (&Option<Entry>, &Column)| {
            found.as_ref().map_or_else(|| "–".to_owned(), |found| entry(found, column.unit))
        };
        let row = |row: &super::Row| {
            let keys = row.cell.0.iter().map(|(_, value)| value.clone());
            let fixed = [row.method.clone(), format!("{}/{}", row.reached, row.seeds)];
            keys.chain(fixed).chain(row.entries.iter().zip(&self.columns).map(figure)).collect()
        };
        self.rows.iter().map(row).collect()
    }
}

fn is_best(entry: &Entry) -> bool {
    entry.ratio == Some(1.0)
}

/// `median [first quartile, third quartile] ×ratio`.
fn plain(entry: &Entry, unit: f64) -> String {
    let q = entry.quartiles;
    if !q.median.is_finite() {
        return "never".into();
    }
    let spread =
        if q.lower == q.upper { String::new() } else { format!(" [{}, {}]", scaled(q.lower, unit), scaled(q.upper, unit)) };
    let ratio = entry.ratio.map_or_else(String::new, |ratio| format!(" ×{}", short(ratio)));
    format!("{}{spread}{ratio}", scaled(q.median, unit))
}

fn scaled(value: f64, unit: f64) -> String {
    if value.is_finite() { short(value / unit) } else { "∞".into() }
}

fn latex_entry(entry: &Entry, unit: f64) -> String {
    let q = entry.quartiles;
    if !q.median.is_finite() {
        return "never".into();
    }
    let number = |value: f64| match scaled(value, unit).split_once('e') {
        Some((mantissa, exponent)) => format!("{mantissa}\\times10^{{{exponent}}}"),
        None => scaled(value, unit).replace('∞', "\\infty"),
    };
    let median = if is_best(entry) { format!("\\mathbf{{{}}}", number(q.median)) } else { number(q.median) };
    if q.lower == q.upper { format!("${median}$") } else { format!("${median}$ $[{}, {}]$", number(q.lower), number(q.upper)) }
}

fn latex_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' | '&' | '#' | '_' | '$' | '{' | '}' => out.extend(['\\', c]),
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '≤' => out.push_str("$\\leq$"),
            '≥' => out.push_str("$\\geq$"),
            '³' => out.push_str("$^3$"),
            '⁶' => out.push_str("$^6$"),
            '⁹' => out.push_str("$^9$"),
            '–' => out.push_str("--"),
            other => out.push(other),
        }
    }
    out
}
