//! A table as LaTeX.

use std::fmt::Write as _;

use super::render::{is_best, low, scaled};
use super::{Entry, Table};

impl Table {
    /// As a LaTeX `table` for the `booktabs` package, the best of each cell in bold, the notes below.
    pub fn latex(&self) -> String {
        let headings: Vec<String> = self.headings().iter().map(|heading| escaped(heading)).collect();
        let columns = "l".repeat(self.keys.len() + 1) + &"r".repeat(headings.len() - self.keys.len() - 1);
        let mut out = format!(
            "% needs \\usepackage{{booktabs}}\n\\begin{{table}}\n  \\centering\n  \\caption{{{}}}\n  \\begin{{tabular}}{{{columns}}}\n    \\toprule\n    {} \\\\\n    \\midrule\n",
            escaped(&self.caption),
            headings.join(" & "),
        );
        let mut rows = self.grid(figure);
        for row in &mut rows {
            for label in &mut row[..=self.keys.len()] {
                *label = escaped(label);
            }
        }
        for (i, row) in rows.iter().enumerate() {
            if i > 0 && self.rows[i].cell != self.rows[i - 1].cell {
                out.push_str("    \\addlinespace\n");
            }
            // Writing to a String cannot fail.
            let _ = writeln!(out, "    {} \\\\", row.join(" & "));
        }
        out.push_str("    \\bottomrule\n  \\end{tabular}\n");
        for note in &self.notes {
            let _ = writeln!(out, "  \\par\\smallskip{{\\footnotesize {}\\par}}", escaped(note));
        }
        out + "\\end{table}\n"
    }
}

/// The median and the quartiles in mathematical mode.
fn figure(entry: &Entry, unit: f64) -> String {
    let q = entry.quartiles;
    let written = |number: String| match number.split_once('e') {
        Some((mantissa, exponent)) => format!("{mantissa}\\times10^{{{exponent}}}"),
        None => number.replace('∞', "\\infty"),
    };
    let number = |value: f64| written(scaled(value, unit));
    let bold = |number: String| if is_best(entry) { format!("$\\mathbf{{{number}}}$") } else { format!("${number}$") };
    let low = low(entry, unit).map_or_else(String::new, |low| format!("{}--", bold(written(low))));
    let median = low + &bold(number(q.median));
    if q.lower == q.upper { median } else { format!("{median} $[{}, {}]$", number(q.lower), number(q.upper)) }
}

/// `text` with everything escaped that LaTeX would act on.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' | '&' | '#' | '_' | '$' | '{' | '}' => out.extend(['\\', c]),
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '–' => out.push_str("--"),
            other => match command(other) {
                Some(command) => out.push_str(&format!("${command}$")),
                None => out.push(other),
            },
        }
    }
    out
}

/// The command for a character that the fonts of a plain document have in mathematical mode only.
fn command(c: char) -> Option<&'static str> {
    const COMMANDS: [(char, &str); 22] = [
        ('≤', "\\leq"),
        ('≥', "\\geq"),
        ('²', "^2"),
        ('³', "^3"),
        ('⁶', "^6"),
        ('⁹', "^9"),
        ('α', "\\alpha"),
        ('β', "\\beta"),
        ('γ', "\\gamma"),
        ('δ', "\\delta"),
        ('ε', "\\varepsilon"),
        ('ζ', "\\zeta"),
        ('η', "\\eta"),
        ('λ', "\\lambda"),
        ('μ', "\\mu"),
        ('ρ', "\\rho"),
        ('σ', "\\sigma"),
        ('τ', "\\tau"),
        ('χ', "\\chi"),
        ('ω', "\\omega"),
        ('−', "-"),
        ('∞', "\\infty"),
    ];
    COMMANDS.iter().find(|(known, _)| *known == c).map(|(_, command)| *command)
}
