//! Tables against figures worked out by hand.

use super::*;
use crate::record::{
    EverySpec,
    curves::{
        facts::{Facts, Sampling},
        trial::{Cost, Edge, Tuned},
    },
};

const FILE: &str = concat!(
    "alpha,method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,gap,accuracy\n",
    "1,a & b,0,0,0,0,0,0,0,1,0.5\n1,a & b,0,10,600,0,0,2000000,0,0.01,0.9\n",
    "1,a & b,1,0,0,0,0,0,0,1,0.5\n1,a & b,1,10,1800,0,0,4000000,0,0.01,0.9\n",
    "1,slow,0,0,0,0,0,0,0,1,0.5\n1,slow,0,20,2400,0,0,6000000,0,0.01,0.8\n",
    "1,slow,1,0,0,0,0,0,0,1,0.5\n1,slow,1,20,2400,0,0,6000000,0,0.01,0.8\n",
    "1,never,0,0,0,0,0,0,0,1,0.5\n1,never,0,20,2400,0,0,6000000,0,inf,0.1\n",
);

/// The curves of a server each of whose updates was sampled.
fn curves() -> Curves {
    let mut curves = Curves::parse(FILE.as_bytes(), std::path::Path::new("t")).unwrap();
    let sampling = Some(Sampling { every: EverySpec::Rounds(1), server: true });
    curves.runs.iter_mut().for_each(|run| run.sampling = sampling);
    curves
}

fn table(target: Option<&str>) -> Table {
    let curves = curves();
    target.map_or_else(|| Table::at_end(&curves), |target| Table::to_targets(&curves, &[target.parse().unwrap()]).unwrap())
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
    assert!(["20.0 ×1.00", "[15.0, 25.0]", "40.0 ×2.00", "never"].iter().all(|figure| text.contains(figure)), "{text}");
    let markdown = table.markdown();
    assert!(markdown.contains("| 1 | a &amp; b | 2/2 | **20.0 [15.0, 25.0] ×1.00** |"), "{markdown}");
    let pipes = |line: &str| line.matches('|').count();
    assert!(markdown.lines().skip(2).all(|line| pipes(line) == pipes(markdown.lines().nth(2).unwrap())));
    let latex = table.latex();
    assert!(latex.contains(r"1 & a \& b & 2/2 & $\mathbf{20.0}$ $[15.0, 25.0]$"), "{latex}");
    assert!(latex.contains(r"Cost until optimality gap $\leq$ 0.01"));
    let mut csv = Vec::new();
    table.csv(&mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.contains("\n1,a & b,2,2,1200,900,1500,1,1200,"), "{csv}");
    assert!(csv.contains("\n1,never,1,0,inf,inf,inf,,inf,"), "{csv}");
}

/// Two seeds that reach a gap of 0.01 by 18 s and by 20 s, where the samples before stood at 12 s and at 13 s.
const COARSE: &str = concat!(
    "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,gap\n",
    "a,0,0,0,0,0,0,0,1\na,0,4,12,0,0,800,0,0.5\na,0,6,18,0,0,1200,0,0.01\n",
    "a,1,0,0,0,0,0,0,1\na,1,4,13,0,0,800,0,0.5\na,1,6,20,0,0,1200,0,0.01\n",
);

#[test]
fn places_that_samples_leave_open_are_shown_with_both_ends_in_every_form() {
    let curves = Curves::parse(COARSE.as_bytes(), std::path::Path::new("t")).unwrap();
    let table = Table::to_targets(&curves, &["gap=0.01".parse().unwrap()]).unwrap();
    let (seconds, rounds) = (table.rows[0].entries[0].unwrap(), table.rows[0].entries[1].unwrap());
    // The median of 12 and 13, and that of 18 and 20; after round 4 is round 5 at the earliest.
    assert_eq!((seconds.low, seconds.quartiles.median), (12.5, 19.0));
    assert_eq!((rounds.low, rounds.quartiles.median), (5.0, 6.0));
    let (text, markdown, latex) = (table.text(), table.markdown(), table.latex());
    assert!(text.starts_with("Cost until optimality gap ≤ 0.01 (a–b: between two samples, ratios at the later)\n"), "{text}");
    for (form, figure) in [
        (&text, "12.5–19.0 ×1.00"),
        (&text, "[18.5, 19.5]"),
        (&text, "5.00–6.00 ×1.00"),
        (&markdown, "| **12.5–19.0 [18.5, 19.5] ×1.00** |"),
        (&latex, r"& $\mathbf{12.5}$--$\mathbf{19.0}$ $[18.5, 19.5]$ &"),
    ] {
        assert!(form.contains(figure), "{form}");
    }
    let mut csv = Vec::new();
    table.csv(&mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.starts_with("method,seeds,reached,seconds_median,seconds_q1,seconds_q3,seconds_ratio,seconds_low,round_median,"));
    assert!(csv.contains("\na,2,2,19,18.5,19.5,1,12.5,6,6,6,1,5,"), "{csv}");
    assert!(!Table::at_end(&curves).text().contains('–'));
}

#[test]
fn a_diverged_seed_counts_as_worst_in_every_column() {
    let file = concat!(
        "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss,accuracy,energy\n",
        "a,0,1,5,0,0,0,0,0.1,0.9,4\na,1,1,5,0,0,0,0,NaN,0.8,9\na,2,1,5,0,0,0,0,0.3,0.7,6\n",
    );
    let table = Table::at_end(&Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap());
    let medians: Vec<f64> = table.rows[0].entries[..3].iter().map(|entry| entry.unwrap().quartiles.median).collect();
    // Of 0.1, 0.3 and worse; of 0.9, 0.7 and worse; of 4, 6 and worse.
    assert_eq!(medians, [0.3, 0.7, 6.0]);
}

/// A method that reaches 0.5 first and then diverges, after few bits, and one that goes on.
const GIVES_UP: &str = concat!(
    "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss\n",
    "bad,0,0,0,0,0,0,0,1\nbad,0,1,1,0,0,100,0,0.4\nbad,0,2,2,0,0,200,0,inf\n",
    "good,0,0,0,0,0,0,0,1\ngood,0,1,10,0,0,100,0,0.45\ngood,0,9,90,0,0,900,0,0.3\n",
);

#[test]
fn a_method_that_diverges_sets_the_best_of_no_column() {
    let curves = Curves::parse(GIVES_UP.as_bytes(), std::path::Path::new("t")).unwrap();
    let tables = [Table::at_end(&curves), Table::to_targets(&curves, &["loss=0.5".parse().unwrap()]).unwrap()];
    for table in tables {
        let ratios = |row: usize| table.rows[row].entries.iter().map(|entry| entry.unwrap().ratio).collect::<Vec<_>>();
        assert!(ratios(0).iter().all(Option::is_none), "{}", table.text());
        // Where nothing is spent, as for downlink and gradients here, it is the best there is, too.
        assert!(ratios(1).iter().all(|&ratio| ratio == Some(1.0)), "{}", table.text());
        assert_eq!((table.rows[0].reached, table.rows[1].reached), (0, 1));
    }
}

#[test]
fn clients_at_work_have_quartiles_over_seeds() {
    let curves = Curves::parse(COARSE.as_bytes(), std::path::Path::new("t")).unwrap();
    let facts = "method,seed,outcome,sampled,server,at_work_mean,at_work_most\n\
                 a,0,finished,6 seconds,true,2.0,10\na,1,finished,6 seconds,true,4.0,12\n";
    let crews = crews::crews(&Facts::parse(facts.as_bytes(), std::path::Path::new("t")).unwrap());
    let mut csv = Vec::new();
    Table::at_end(&curves).manned(&crews).csv(&mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    let ends = ["at_work_mean_median", "_q1", "_q3", "_ratio,at_work_most_median"].join(",at_work_mean");
    assert!(csv.contains(&ends), "{csv}");
    // Of 2 and 4, and of 10 and 12, linear between them.
    assert!(csv.contains(",3,2.5,3.5,,11,10.5,11.5,\n"), "{csv}");
}

#[test]
fn tuned_values_stand_in_every_form() {
    let curves = Curves::parse(COARSE.as_bytes(), std::path::Path::new("t")).unwrap();
    let kept = Tuned { key: "local.lr".to_owned(), value: "0.1".to_owned(), edge: Some(Edge::Largest) };
    let winner = Winner { cell: Cell::default(), method: "a".to_owned(), values: vec![kept], cost: Cost::default() };
    let targets = ["gap=0.01", "gap=0.5"].map(|text| text.parse().unwrap());
    let table = Table::to_targets(&curves, &targets).unwrap().tuned(vec![winner]);
    let mut csv = Vec::new();
    table.csv(&mut csv).unwrap();
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.starts_with("target,method,tuned,edge,seeds,reached,"), "{csv}");
    assert_eq!(csv.matches(",a,local.lr=0.1,local.lr=largest,2,2,").count(), 2, "{csv}");
    for form in [table.text(), table.markdown(), table.latex()] {
        assert!(form.contains("local.lr = 0.1 (the largest tried)"), "{form}");
    }
}

#[test]
fn several_targets_come_as_a_key() {
    let curves = curves();
    let targets = ["gap=1e-2", "accuracy=0.85"].map(|text| text.parse().unwrap());
    let table = Table::to_targets(&curves, &targets).unwrap();
    assert_eq!(table.keys, ["target", "alpha"]);
    let shown = |row: &Row| (row.cell.get("target").unwrap().to_owned(), row.reached, row.entries[0].unwrap().ratio);
    let shown: Vec<_> = table.rows.iter().map(shown).collect();
    let (gap, accuracy) = ("gap=0.01".to_owned(), "accuracy=0.85".to_owned());
    // Each target has its own best method.
    assert_eq!(shown[..3], [(gap.clone(), 2, Some(1.0)), (gap.clone(), 2, Some(2.0)), (gap, 0, None)]);
    assert_eq!(shown[3..], [(accuracy.clone(), 2, Some(1.0)), (accuracy.clone(), 0, None), (accuracy, 0, None)]);
}

#[test]
fn seeds_that_fail_are_counted() {
    let half = concat!(
        "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss\n",
        "a,0,1,5,0,0,0,0,0.1\na,1,1,5,0,0,0,0,0.9\na,2,1,5,0,0,0,0,NaN\n",
    );
    let curves = Curves::parse(half.as_bytes(), std::path::Path::new("t")).unwrap();
    let never = Table::to_targets(&curves, &["loss=0.5".parse().unwrap()]).unwrap().text();
    assert!(never.contains(" 1/3") && never.contains("never (2 of 3)"), "{never}");
    let finals = table(None).text();
    assert!(finals.contains("diverged") && !finals.contains("never ("), "{finals}");
}

#[test]
fn a_wide_table_keeps_to_a_hundred_columns() {
    let names = (1..=9).map(|i| format!("metric-{i}")).collect::<Vec<_>>().join(",");
    let row = |seed: u64| format!("a method with a name,{seed},1,5,0,0,0,0{}\n", format!(",12.{seed}4").repeat(9));
    let file = format!("method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,{names}\n{}{}", row(1), row(9));
    let text = Table::at_end(&Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap()).text();
    assert!(text.lines().all(|line| line.trim_end().chars().count() <= 100), "{text}");
    let heads: Vec<&str> =
        text.split_whitespace().filter(|word| word.parse::<u64>().is_ok_and(|i| (1..10).contains(&i))).collect();
    assert_eq!(heads, ["1", "2", "3", "4", "5", "6", "7", "8", "9"], "{text}");
    assert!(text.matches("a method with a name").count() > 1 && text.contains("[12.3, 12.7]"), "{text}");
}

#[test]
fn latex_takes_every_letter() {
    let file = FILE.replace("slow", "β_0 #1 100 %");
    let curves = Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap();
    let latex = Table::to_targets(&curves, &["gap=1e-2".parse().unwrap()]).unwrap().latex();
    assert!(latex.contains(r"1 & $\beta$\_0 \#1 100 \% & 2/2 &"), "{latex}");
}

#[test]
fn a_target_on_an_unrecorded_metric_is_refused() {
    let curves = Curves::parse(FILE.as_bytes(), std::path::Path::new("t")).unwrap();
    let fault = Table::to_targets(&curves, &["loss=1".parse().unwrap()]).unwrap_err();
    assert_eq!(fault.help.unwrap(), "recorded are: gap, accuracy");
}
