//! The forms of a report, on scores that can be ranked by hand.

use super::*;
use crate::rank::{Pool, Rule, Task};

/// `b` wins on two tasks, `a` on one, and `c` comes last on all; two seeds each, the second as the first.
fn report(by: &[Rule], baseline: Option<&str>) -> Report {
    let task = |name: &str, scores: [f64; 3]| Task {
        name: name.into(),
        group: name.into(),
        weight: 1.0,
        scores: scores.map(|score| vec![Some(score); 2]).to_vec(),
    };
    let tasks = vec![task("s", [2.0, 3.0, 1.0]), task("t", [2.0, 3.0, 1.0]), task("u", [4.0, 3.0, f64::NEG_INFINITY])];
    let scores = Scores::new(["a_1", "b", "c"].map(String::from).to_vec(), tasks);
    let measured = Measured { scores, title: "final training loss".into(), logarithmic: true, notes: vec!["made".into()] };
    let reading = Reading { pool: Pool::Mean, two_stage: false };
    let rankings = by.iter().map(|rule| rule.rank(&measured.scores, reading).unwrap()).collect();
    Report::of(&measured, rankings, reading, baseline)
}

#[test]
fn text_has_places_values_and_notes() {
    let text = report(&[Rule::Borda, Rule::Condorcet, Rule::Mean], None).sheet().text();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0].join(" "), "Ranking by final training loss");
    assert!(rows.contains(&vec!["b", "1", "(5)", "1", "(1)", "1", "(3)"]), "{text}");
    assert!(rows.contains(&vec!["a_1", "2", "(4)", "2=", "(0)", "2", "(2.67)"]), "{text}");
    assert!(rows.contains(&vec!["c", "3", "(0)", "2=", "(0)", "3", "(−∞)"]), "{text}");
    // Mean ranks 5/3, 4/3, 3: χ² = 12 · 3 / 12 · (1/9 + 4/9 + 1) = 14/3, F = 2 χ² / (6 − χ²) = 7.
    assert!(text.contains("Friedman: χ² = 4.67 (p = 0.0970), F = 7"), "{text}");
    // 2.3437 · √(3 · 4 / 18) = 1.91
    assert!(text.contains("Nemenyi: mean ranks less than 1.91 apart do not differ at 5 %: b, a_1, c"), "{text}");
}

#[test]
fn a_baseline_is_compared_with_every_method() {
    let text = report(&[Rule::Borda], Some("a_1")).sheet().text();
    // b wins all pairs of runs on two of three tasks; all seeds are alike, so nothing varies.
    for part in ["P(better than a_1)", "0.667 [0.667, 0.667]", "0.500 [0.500, 0.500]", "0 [0, 0]", "2/0/1", "0/0/0", "0/0/3"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn markdown_and_latex_escape_labels_and_mark_the_first() {
    let report = report(&[Rule::Borda, Rule::Kemeny], None);
    assert!(report.sheet().markdown().contains("| b | **1 (5)** | **1** |"), "{}", report.sheet().markdown());
    assert!(report.sheet().markdown().contains("| a\\_1 | 2 (4) | 2 |"), "{}", report.sheet().markdown());
    let latex = report.sheet().latex();
    assert!(
        latex.contains("    b & $\\mathbf{1}$ ($\\mathbf{5}$) & $\\mathbf{1}$ \\\\\n    a\\_1 & $2$ ($4$) & $2$ \\\\\n"),
        "{latex}"
    );
    assert!(latex.contains("\\toprule") && latex.contains("\\bottomrule") && latex.contains("\\chi"), "{latex}");
}

#[test]
fn csv_has_a_row_for_each_procedure_and_method() {
    let mut out = Vec::new();
    report(&[Rule::Condorcet, Rule::Nash], Some("b")).tidy().csv(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "rule,method,place,tied_with,value,low,high,share,won,tied,lost");
    assert_eq!(lines[1..4], ["condorcet,b,1,,1,,,,,,", "condorcet,a_1,2,c,0,,,,,,", "condorcet,c,2,a_1,0,,,,,,"]);
    assert!(lines[4].starts_with("nash,b,1,,0,,,1,"), "{text}");
    assert_eq!(lines.len(), 10);
    assert!(lines[8].starts_with("better-than-baseline,a_1,,,0.333"), "{text}");
    assert!(lines[8].ends_with(",1,0,2"), "{text}");
}
