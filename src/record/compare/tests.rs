//! Tables against figures worked out by hand.

use super::*;

const FILE: &str = concat!(
    "alpha,method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,gap,accuracy\n",
    "1,a & b,0,0,0,0,0,0,0,1,0.5\n1,a & b,0,10,600,0,0,2000000,0,0.01,0.9\n",
    "1,a & b,1,0,0,0,0,0,0,1,0.5\n1,a & b,1,10,1800,0,0,4000000,0,0.01,0.9\n",
    "1,slow,0,0,0,0,0,0,0,1,0.5\n1,slow,0,20,2400,0,0,6000000,0,0.01,0.8\n",
    "1,slow,1,0,0,0,0,0,0,1,0.5\n1,slow,1,20,2400,0,0,6000000,0,0.01,0.8\n",
    "1,never,0,0,0,0,0,0,0,1,0.5\n1,never,0,20,2400,0,0,6000000,0,inf,0.1\n",
);

fn table(target: Option<&str>) -> Table {
    let curves = Curves::parse(FILE.as_bytes(), std::path::Path::new("t")).unwrap();
    target.map_or_else(|| Table::at_end(&curves), |target| Table::to_target(&curves, &target.parse().unwrap()).unwrap())
}

#[test]
fn cost_to_target_with_quartiles_and_ratio_to_the_best() {
    let table = table(Some("gap=0.01"));
    let seconds: Vec<Entry> = table.rows.iter().map(|row| row.entries[0].unwrap()).collect();
    assert_eq!((seconds[0].quartiles.lower, seconds[0].quartiles.median, seconds[0].quartiles.upper), (900.0, 1200.0, 1500.0));
    assert_eq!(seconds.iter().map(|e| e.ratio).collect::<Vec<_>>(), [Some(1.0), Some(2.0), None]);
    assert_eq!(table.rows.iter().map(|row| (row.reached, row.seeds)).collect::<Vec<_>>(), [(2, 2), (2, 2), (0, 1)]);
    assert_eq!(table.columns[0].heading, "time [min]");
    assert_eq!(table.columns[2].heading, "uplink [Mbit]");
}

#[test]
fn final_values_compare_accuracies_by_error_rate() {
    let table = table(None);
    let accuracy = table.columns.iter().position(|c| c.name == "accuracy").unwrap();
    approx::assert_relative_eq!(table.rows[1].entries[accuracy].unwrap().ratio.unwrap(), 2.0, epsilon = 1e-12);
    assert_eq!(table.rows[2].entries[0].unwrap().quartiles.median, f64::INFINITY);
    assert_eq!((table.rows[2].reached, table.reached), (0, "finite"));
}

#[test]
fn every_form_shows_the_same_figures() {
    let table = table(Some("gap=0.01"));
    let text = table.text();
    assert!(text.contains("20.0 [15.0, 25.0] ×1.00") && text.contains("40.0 ×2.00") && text.contains("never"), "{text}");
    let markdown = table.markdown();
    assert!(markdown.contains("| 1 | a & b | 2/2 | **20.0 [15.0, 25.0] ×1.00** |"), "{markdown}");
    let pipes = |line: &str| line.matches('|').count();
    assert!(markdown.lines().skip(2).all(|line| pipes(line) == pipes(markdown.lines().nth(2).unwrap())));
    let latex = table.latex();
    assert!(latex.contains(r"1 & a \& b & 2/2 & $\mathbf{20.0}$ $[15.0, 25.0]$"), "{latex}");
    assert!(latex.contains(r"Cost until optimality gap $\leq$ 1e-2"));
    let mut csv = Vec::new();
    table.csv(&mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.contains("\n1,a & b,2,2,1200,900,1500,1,"), "{csv}");
    assert!(csv.contains("\n1,never,1,0,inf,inf,inf,,"), "{csv}");
}

#[test]
fn a_target_on_an_unrecorded_metric_is_refused() {
    let curves = Curves::parse(FILE.as_bytes(), std::path::Path::new("t")).unwrap();
    let fault = Table::to_target(&curves, &"loss=1".parse().unwrap()).unwrap_err();
    assert_eq!(fault.help.unwrap(), "recorded are: gap, accuracy");
}
