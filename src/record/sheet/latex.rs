//! A table as LaTeX.

use std::{fmt::Write as _, ops::Range};

use super::{Figure, Sheet, pieces};

/// Width of the text of a standard article `[pt]`, of a character in it at the size of footnotes, and of the room beside a column.
const TEXT: f64 = 345.0;
const CHARACTER: f64 = 4.25;
const ROOM: f64 = 6.0;

impl Sheet {
    /// As a LaTeX `table` for the `booktabs` package, which fits the text of a standard article: one that is too wide for it is cut into
    /// several below each other. Notes come below.
    pub fn latex(&self) -> String {
        let mut out = format!(
            "% needs \\usepackage{{booktabs}}\n\\begin{{table}}\n  \\centering\\footnotesize\\setlength{{\\tabcolsep}}{{3pt}}\n  \\caption{{{}}}\n",
            escaped(&self.caption),
        );
        let pieces = pieces(self.fixed..self.headings.len(), |columns| self.width(columns) <= TEXT);
        let tabulars: Vec<String> = pieces.into_iter().map(|columns| self.tabular(columns)).collect();
        out += &tabulars.join("  \\par\\medskip\n");
        // Writing to a String cannot fail.
        for note in self.notes_in_print() {
            let _ = writeln!(out, "  \\par\\smallskip{{\\raggedright {}\\par}}", escaped(&note));
        }
        out + "\\end{table}\n"
    }

    /// About how wide the first columns are with some of the others `[pt]`.
    fn width(&self, columns: Range<usize>) -> f64 {
        let of = |column: usize| {
            let figures = self.lines.iter().map(|line| shown(&line.cells[column]).chars().count());
            figures.chain([self.headings[column].chars().count()]).max().unwrap_or(0) as f64 * CHARACTER + ROOM
        };
        (0..self.fixed).chain(columns).map(of).sum()
    }

    /// The first columns, and some of the others.
    fn tabular(&self, columns: Range<usize>) -> String {
        let shown: Vec<usize> = (0..self.fixed).chain(columns).collect();
        let alignment: String = shown.iter().map(|&column| if column < self.texts { 'l' } else { 'r' }).collect();
        let headings: Vec<String> = shown.iter().map(|&column| escaped(&self.headings[column])).collect();
        let mut out = format!(
            "  \\begin{{tabular}}{{@{{}}{alignment}@{{}}}}\n    \\toprule\n    {} \\\\\n    \\midrule\n",
            headings.join(" & ")
        );
        for (i, line) in self.lines.iter().enumerate() {
            if line.begins && i > 0 {
                out.push_str("    \\addlinespace\n");
            }
            let cell = |&column: &usize| {
                let figure = &line.cells[column];
                if column < self.texts { set(&figure.main, figure.bold) } else { written(figure) }
            };
            let _ = writeln!(out, "    {} \\\\", shown.iter().map(cell).collect::<Vec<_>>().join(" & "));
        }
        out + "    \\bottomrule\n  \\end{tabular}\n"
    }
}

/// What LaTeX shows of a figure, as plain text.
fn shown(figure: &Figure) -> String {
    figure.spread.iter().fold(figure.main.clone(), |main, spread| main + " " + spread)
}

/// Text, in bold or not.
fn set(text: &str, bold: bool) -> String {
    if bold { format!("\\textbf{{{}}}", escaped(text)) } else { escaped(text) }
}

/// A figure, its numbers in mathematical mode.
fn written(figure: &Figure) -> String {
    let main = numbers(&figure.main, figure.bold);
    figure.spread.iter().fold(main, |main, spread| main + " " + &numbers(spread, false))
}

/// `text` with its numbers in mathematical mode, in bold or not.
fn numbers(text: &str, bold: bool) -> String {
    const BETWEEN: [char; 10] = [' ', '[', ']', '(', ')', ',', '–', '±', '×', '/'];
    let piece = |piece: &str| {
        let (token, between) = piece.split_at(piece.trim_end_matches(BETWEEN).len());
        let number = token.parse::<f64>().is_ok_and(f64::is_finite).then(|| match token.split_once('e') {
            Some((mantissa, exponent)) => format!("{mantissa}\\times10^{{{exponent}}}"),
            None => token.to_owned(),
        });
        let token = match number {
            Some(number) if bold => format!("$\\mathbf{{{number}}}$"),
            Some(number) => format!("${number}$"),
            None if token.is_empty() => String::new(),
            None => set(token, bold),
        };
        token + &escaped(between)
    };
    joined(text.split_inclusive(BETWEEN).map(piece).collect())
}

/// `latex` with formulas that follow each other as one.
fn joined(latex: String) -> String {
    latex.replace("$$", "")
}

/// `text` with everything escaped that LaTeX would act on.
fn escaped(text: &str) -> String {
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
    joined(out)
}

/// The command for a character that the fonts of a plain document have in mathematical mode only.
fn command(c: char) -> Option<&'static str> {
    const COMMANDS: [(char, &str); 26] = [
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
        ('<', "<"),
        ('>', ">"),
        ('×', "\\times"),
        ('±', "\\pm"),
    ];
    COMMANDS.iter().find(|(known, _)| *known == c).map(|(_, command)| *command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sheet::Line;

    #[test]
    fn numbers_are_set_as_mathematics_and_words_as_text() {
        for (text, bold, set) in [
            ("12.5–19.0", false, "$12.5$--$19.0$"),
            ("1.20e-5 ± 0.1", true, "$\\mathbf{1.20\\times10^{-5}}$ $\\pm$ $\\mathbf{0.1}$"),
            ("[-0.5, 1e7]", false, "[$-0.5$, $1\\times10^{7}$]"),
            ("×0.82", false, "$\\times0.82$"),
            ("never (2 of 3)", false, "never ($2$ of $3$)"),
            ("> 50.0", false, "$>$ $50.0$"),
            ("1= (−∞)", true, "\\textbf{1=} (\\textbf{$-\\infty$})"),
        ] {
            assert_eq!(numbers(text, bold), set);
        }
    }

    #[test]
    fn what_is_wider_than_the_text_comes_in_pieces() {
        let headings: Vec<String> = (0..9).map(|i| format!("column {i}")).collect();
        let line = Line { cells: vec![Figure::plain("1.00 [0.50, 1.50]"); 9], begins: false };
        let sheet = Sheet { caption: "c".into(), headings, texts: 1, fixed: 1, lines: vec![line], bold: "", notes: Vec::new() };
        // 17 characters of 4.25 pt and 6 pt of room are 78.25 pt: four columns fit 345 pt, so that three pieces have 3, 3 and 2 of eight.
        let latex = sheet.latex();
        assert_eq!(latex.matches("\\begin{tabular}{@{}lrrr@{}}").count(), 2, "{latex}");
        assert_eq!(latex.matches("\\begin{tabular}{@{}lrr@{}}").count(), 1, "{latex}");
        assert_eq!(latex.matches("column 0 &").count(), 3);
    }
}
