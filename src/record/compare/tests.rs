//! Tables against figures worked out by hand.

use super::*;
use crate::record::{
    EverySpec,
    curves::{
        facts::{Facts, Sampling},
        trial::{Cost, Edge, Tuned},
    },
    sheet::Sheet,
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

fn sheet(table: &Table) -> Sheet {
    table.sheets(&View::default()).unwrap().swap_remove(0)
}

fn csv(table: &Table) -> String {
    let mut csv = Vec::new();
    table.tidy().csv(&mut csv).unwrap();
    String::from_utf8(csv).unwrap()
}

fn table(target: Option<&str>) -> Table {
    let curves = curves();
    target.map_or_else(|| Table::at_end(&curves), |target| Table::to_targets(&curves, &[target.parse().unwrap()]).unwrap())
}

#[test]
fn cost_to_target_with_quartiles_and_ratio_to_the_best() {
    let table = table(Some("gap=0.01"));
    let seconds: Vec<Entry> = table.rows.iter().map(|row| row.entries[0].clone().unwrap()).collect();
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
    approx::assert_relative_eq!(table.rows[1].entries[accuracy].as_ref().unwrap().ratio.unwrap(), 2.0, epsilon = 1e-12);
    assert_eq!(table.rows[2].entries[0].as_ref().unwrap().quartiles.median, f64::INFINITY);
    assert_eq!((table.rows[2].reached, table.reached), (0, "finite"));
}

#[test]
fn every_form_shows_the_same_figures() {
    let table = table(Some("gap=0.01"));
    let text = sheet(&table).text();
    assert!(["20.0 ×1.00", "[15.0, 25.0]", "40.0 ×2.00", "never"].iter().all(|figure| text.contains(figure)), "{text}");
    let markdown = sheet(&table).markdown();
    assert!(markdown.contains("| 1 | a &amp; b | 2/2 | 20.0 [15.0, 25.0] ×1.00 |"), "{markdown}");
    let pipes = |line: &str| line.matches('|').count();
    assert!(
        markdown.lines().filter(|line| line.starts_with('|')).all(|line| pipes(line) == pipes(markdown.lines().nth(2).unwrap()))
    );
    let latex = sheet(&table).latex();
    assert!(latex.contains(r"1 & a \& b & $2$/$2$ & $20.0$ [$15.0$, $25.0$]"), "{latex}");
    assert!(latex.contains(r"Cost until optimality gap $\leq$ 0.01"));
    let csv = csv(&table);
    assert!(csv.contains("\n1,a & b,2,2,1200,900,1500,1,1200,1200,848.5281374238571,"), "{csv}");
    assert!(csv.contains("\n1,never,1,0,inf,inf,inf,,inf,,,"), "{csv}");
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
    let (seconds, rounds) = (table.rows[0].entries[0].clone().unwrap(), table.rows[0].entries[1].clone().unwrap());
    // The median of 12 and 13, and that of 18 and 20; after round 4 is round 5 at the earliest.
    assert_eq!((seconds.low, seconds.quartiles.median), (12.5, 19.0));
    assert_eq!((rounds.low, rounds.quartiles.median), (5.0, 6.0));
    let (text, markdown, latex) = (sheet(&table).text(), sheet(&table).markdown(), sheet(&table).latex());
    assert!(text.starts_with("Cost until optimality gap ≤ 0.01 (a–b: between two samples, ratios at the later)\n"), "{text}");
    for (form, figure) in [
        (&text, "12.5–19.0 ×1.00"),
        (&text, "[18.5, 19.5]"),
        (&text, "5.00–6.00 ×1.00"),
        (&markdown, "| 12.5–19.0 [18.5, 19.5] ×1.00 |"),
        (&latex, r"& $12.5$--$19.0$ [$18.5$, $19.5$] &"),
    ] {
        assert!(form.contains(figure), "{form}");
    }
    let csv = csv(&table);
    assert!(csv.starts_with(
        "method,seeds,reached,seconds_median,seconds_q1,seconds_q3,seconds_ratio,seconds_low,seconds_mean,seconds_sd,"
    ));
    assert!(csv.contains("\na,2,2,19,18.5,19.5,1,12.5,19,1.4142135623730951,6,6,6,1,5,6,0,"), "{csv}");
    assert!(!sheet(&Table::at_end(&curves)).text().contains('–'));
}

#[test]
fn a_diverged_seed_counts_as_worst_in_every_column() {
    let file = concat!(
        "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss,accuracy,energy\n",
        "a,0,1,5,0,0,0,0,0.1,0.9,4\na,1,1,5,0,0,0,0,NaN,0.8,9\na,2,1,5,0,0,0,0,0.3,0.7,6\n",
    );
    let table = Table::at_end(&Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap());
    let medians: Vec<f64> = table.rows[0].entries[..3].iter().map(|entry| entry.as_ref().unwrap().quartiles.median).collect();
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
        let ratios = |row: usize| table.rows[row].entries.iter().map(|entry| entry.as_ref().unwrap().ratio).collect::<Vec<_>>();
        assert!(ratios(0)[..4].iter().all(Option::is_none), "{}", sheet(&table).text());
        // Where nothing is spent, as for downlink and gradients here, it is the best there is, too.
        assert!(ratios(1)[..4].iter().all(|&ratio| ratio == Some(1.0)), "{}", sheet(&table).text());
        assert_eq!((table.rows[0].reached, table.rows[1].reached), (0, 1));
    }
}

#[test]
fn clients_at_work_have_quartiles_over_seeds() {
    let curves = Curves::parse(COARSE.as_bytes(), std::path::Path::new("t")).unwrap();
    let facts = "method,seed,outcome,sampled,server,at_work_mean,at_work_most\n\
                 a,0,finished,6 seconds,true,2.0,10\na,1,finished,6 seconds,true,4.0,12\n";
    let crews = crews::crews(&Facts::parse(facts.as_bytes(), std::path::Path::new("t")).unwrap());
    let csv = csv(&Table::at_end(&curves).manned(&crews));
    let ends = ["at_work_mean_median", "_q1", "_q3", "_ratio", "_mean", "_sd,at_work_most_median"].join(",at_work_mean");
    assert!(csv.contains(&ends), "{csv}");
    // Of 2 and 4, and of 10 and 12, linear between them.
    assert!(csv.contains(",3,2.5,3.5,,,,11,10.5,11.5,,,\n"), "{csv}");
}

#[test]
fn tuned_values_stand_in_every_form() {
    let curves = Curves::parse(COARSE.as_bytes(), std::path::Path::new("t")).unwrap();
    let kept = Tuned { key: "local.lr".to_owned(), value: "0.1".to_owned(), edge: Some(Edge::Largest) };
    let winner = Winner { cell: Cell::default(), method: "a".to_owned(), values: vec![kept], cost: Cost::default() };
    let targets = ["gap=0.01", "gap=0.5"].map(|text| text.parse().unwrap());
    let table = Table::to_targets(&curves, &targets).unwrap().tuned(vec![winner]);
    let csv = csv(&table);
    assert!(csv.starts_with("target,method,tuned,edge,seeds,reached,"), "{csv}");
    assert_eq!(csv.matches(",a,local.lr=0.1,local.lr=largest,2,2,").count(), 2, "{csv}");
    for form in [sheet(&table).text(), sheet(&table).markdown(), sheet(&table).latex()] {
        assert!(form.contains("local.lr = 0.1 (the largest tried)"), "{form}");
    }
}

#[test]
fn several_targets_come_as_a_key() {
    let curves = curves();
    let targets = ["gap=1e-2", "accuracy=0.85"].map(|text| text.parse().unwrap());
    let table = Table::to_targets(&curves, &targets).unwrap();
    assert_eq!(table.keys, ["target", "alpha"]);
    let shown = |row: &Row| (row.cell.get("target").unwrap().to_owned(), row.reached, row.entries[0].clone().unwrap().ratio);
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
    let never = sheet(&Table::to_targets(&curves, &["loss=0.5".parse().unwrap()]).unwrap()).text();
    assert!(never.contains(" 1/3") && never.contains("never (2 of 3)"), "{never}");
    let finals = sheet(&table(None)).text();
    assert!(finals.contains("diverged") && !finals.contains("never ("), "{finals}");
}

#[test]
fn a_wide_table_keeps_to_a_hundred_columns() {
    let names = (1..=9).map(|i| format!("metric-{i}")).collect::<Vec<_>>().join(",");
    let row = |seed: u64| format!("a method with a name,{seed},1,5,0,0,0,0{}\n", format!(",12.{seed}4").repeat(9));
    let file = format!("method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,{names}\n{}{}", row(1), row(9));
    let text = sheet(&Table::at_end(&Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap())).text();
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
    let latex = sheet(&Table::to_targets(&curves, &["gap=1e-2".parse().unwrap()]).unwrap()).latex();
    assert!(latex.contains(r"1 & $\beta$\_0 \#1 100 \% & $2$/$2$ &"), "{latex}");
}

#[test]
fn a_target_on_an_unrecorded_metric_is_refused() {
    let curves = Curves::parse(FILE.as_bytes(), std::path::Path::new("t")).unwrap();
    let fault = Table::to_targets(&curves, &["loss=1".parse().unwrap()]).unwrap_err();
    assert_eq!(fault.help.unwrap(), "recorded are: gap, accuracy");
}

/// Eight seeds of a baseline and of methods that have half its loss, a quarter to thrice of it, and diverge under three seeds.
fn eight_seeds() -> Curves {
    let mut file = String::from("method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss,accuracy\n");
    for seed in 0..8_i32 {
        let (base, share) = (0.1 * f64::from(seed + 1), 0.02 * f64::from(seed));
        let noisy = if seed % 2 == 0 { 0.25 } else { 3.0 };
        let lost = if seed < 3 { f64::INFINITY } else { base };
        for (method, loss, accuracy) in
            [("base", base, share), ("half", 0.5 * base, share + 0.125), ("noisy", noisy * base, share), ("lost", lost, share)]
        {
            file += &format!("{method},{seed},10,{},0,0,0,0,{loss},{accuracy}\n", 10 * (seed + 1));
        }
    }
    Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap()
}

#[test]
fn differences_are_those_under_the_same_seed() {
    let table = Table::at_end(&eight_seeds()).versus("base", true).unwrap();
    let found = |row: usize, column: usize| table.rows[row].entries[column].as_ref().unwrap().difference;
    assert_eq!(found(0, 0), None);
    // Half under every seed: no spread, all eight won, one sign in 2⁸ combinations twice. Three comparisons of the loss.
    let half = found(1, 0).unwrap();
    approx::assert_relative_eq!(half.effect.unwrap().low, 0.5, max_relative = 1e-9);
    assert_eq!((half.pairs, half.counts, half.p, half.holm), (8, [8, 0, 0], 2.0 / 256.0, 6.0 / 256.0));
    approx::assert_relative_eq!(half.bayes.unwrap(), half.ceiling(), max_relative = 1e-6);
    // Four times a quarter and four times thrice: the mean of the logarithms is that of 3/4, sixteen seeds apart from equality.
    let noisy = found(2, 0).unwrap();
    approx::assert_relative_eq!(noisy.effect.unwrap().value, 0.75_f64.sqrt(), max_relative = 1e-9);
    assert!(noisy.effect.unwrap().includes(1.0) && noisy.p > 0.05);
    assert_eq!(noisy.counts, [4, 0, 4]);
    // Three seeds without a finite difference, five of equality: of 8 signs of which 3 count, one in four is as far.
    let lost = found(3, 0).unwrap();
    assert_eq!((lost.effect, lost.counts, lost.p, lost.bayes), (None, [0, 5, 3], 0.25, None));
    // Accuracies are subtracted.
    let accuracy = found(1, 1).unwrap().effect.unwrap();
    approx::assert_relative_eq!(accuracy.value, 0.125, max_relative = 1e-9);
}

#[test]
fn only_what_differs_from_all_others_is_bold() {
    // Half of the baseline is better than it and than the one that diverged thrice; a quarter to thrice is not clear of it.
    let clear = |table: &Table, row: usize| table.rows[row].entries[0].as_ref().unwrap().clear;
    let mut curves = eight_seeds();
    assert!((0..4).all(|row| !clear(&Table::at_end(&curves), row)));
    curves.runs.retain(|run| run.method != "noisy" && run.method != "lost");
    let table = Table::at_end(&curves);
    assert!(clear(&table, 1) && !clear(&table, 0));
    assert!(sheet(&table).markdown().contains("**0.225 [0.138, 0.313] ×1.00**"), "{}", sheet(&table).markdown());
    // One seed alone shows nothing.
    curves.runs.retain(|run| run.seed == 0);
    assert!(!clear(&Table::at_end(&curves), 1));
}

#[test]
fn values_of_a_key_become_columns() {
    let file = concat!(
        "alpha,method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,accuracy\n",
        "0.1,a,0,1,1,0,0,0,0,0.5\n0.1,a,1,1,1,0,0,0,0,0.7\n1,a,0,1,1,0,0,0,0,0.8\n1,a,1,1,1,0,0,0,0,0.8\n0.1,b,0,1,1,0,0,0,0,0.25\n",
    );
    let curves = Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap();
    let table = Table::at_end(&curves).only(&["accuracy".to_owned()]).unwrap();
    let view = |across: &str, show: &str| View { show: show.parse().unwrap(), across: Some(across.to_owned()) };
    let text = table.sheets(&view("alpha", "mean +- sd")).unwrap()[0].text();
    let rows: Vec<String> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(rows[0], "Final values: test accuracy; mean±sd over seeds");
    assert_eq!(rows[2], "method alpha = 0.1 alpha = 1");
    // The deviation of 0.5 and 0.7 is 0.2 / √2.
    assert_eq!(rows[4..6], ["a 0.600 ± 0.141 0.800 ± 0", "b 0.250 –"]);
    let markdown = table.sheets(&view("method", "median [q25, q75]")).unwrap()[0].markdown();
    assert!(markdown.contains("| alpha | a | b |\n| --- | ---: | ---: |\n| 0.1 | 0.600 [0.550, 0.650] | 0.250 |"), "{markdown}");
    let told = table.sheets(&view("beta", "mean")).unwrap_err();
    assert_eq!((told.path.join("."), told.help.unwrap()), ("columns".to_owned(), "those that do: alpha, method".to_owned()));
    assert!("mode".parse::<Show>().unwrap_err().help.unwrap().contains("`mean±sd`"));
    let told = Table::at_end(&curves).only(&["loss".to_owned()]).unwrap_err();
    assert_eq!(told.help.unwrap(), "its columns are: accuracy, seconds, rounds, uplink-bits");
    let told = table.versus("c", false).unwrap_err();
    assert_eq!(told.help.unwrap(), "the methods are: a, b");
}

/// Six runs of a method that reach a loss of 0.5 after 10, 20, 20 and 30 s, and not by 50 s; all of another reach it.
fn unreached_twice() -> Curves {
    let mut file = String::from("method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss\n");
    for (seed, end) in [10, 20, 20, 30, 50, 50].into_iter().enumerate() {
        let last = if end == 50 { 0.75 } else { 0.25 };
        file += &format!("some,{seed},0,0,0,0,0,0,1\nsome,{seed},1,{end},0,0,0,0,{last}\n");
        file += &format!("all,{seed},0,0,0,0,0,0,1\nall,{seed},1,60,0,0,0,0,0.5\n");
    }
    Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap()
}

#[test]
fn runs_that_do_not_reach_the_target_count_in_every_estimate() {
    let table =
        Table::to_targets(&unreached_twice(), &["loss=0.5".parse().unwrap()]).unwrap().only(&["seconds".to_owned()]).unwrap();
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["seconds", "seconds_km_median", "seconds_rmst", "seconds_ert"]);
    let figure = |row: usize, column: usize| table.rows[row].entries[column].as_ref().unwrap().quartiles.median;
    // The mean of the four that reach it, 20 s, is nowhere. Means go up to 50 s: until then all were watched.
    assert_eq!([figure(0, 1), figure(0, 2), figure(0, 3)].map(|value| (value * 1e9).round() / 1e9), [20.0, 30.0, 45.0]);
    assert_eq!([figure(1, 1), figure(1, 2), figure(1, 3)], [60.0, 50.0, 60.0]);
    assert!(sheet(&table).text().contains("H = 50 s"), "{}", sheet(&table).text());
    let never = Table::to_targets(&unreached_twice(), &["loss=0.3".parse().unwrap()]).unwrap();
    let text = sheet(&never.only(&["seconds".to_owned()]).unwrap()).text();
    assert!(text.contains("> 60.0"), "{text}");
}

#[test]
fn profiles_count_runs_within_a_factor_of_the_least() {
    // Least: 10, 20, 20, 30 s of `some`, and 60 s twice of `all`, which needs 6, 3, 3 and 2 times as long on the others.
    let (sheet, tidy) = profiles(&unreached_twice(), &["loss=0.5".parse().unwrap()], Axis::Seconds).unwrap();
    let text = sheet.text();
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows.contains(&vec!["some", "0.667", "0.667", "0.667", "0.667", "0.667", "0.667", "0.667"]), "{text}");
    assert!(rows.contains(&vec!["all", "0.333", "0.333", "0.500", "0.833", "0.833", "1.00", "1.00"]), "{text}");
    assert_eq!(tidy.rows.len(), 1 + 4);
}

/// A folder whose manifest says these things, with one run.
fn source(name: &str, manifest: &str, curves: &str) -> Source {
    let curves = Curves::parse(curves.as_bytes(), std::path::Path::new("t")).unwrap();
    Source { name: name.to_owned(), manifest: manifest.parse().unwrap(), curves, crews: Vec::new(), winners: Vec::new() }
}

const RUN: &str = "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss\na,0,1,5,0,0,0,0,0.5\n";

#[test]
fn folders_are_told_apart_by_what_differs_in_their_manifests() {
    let manifest = |clients: &str, lr: &str, stop: &str| {
        format!(
            "title = \"{clients}\"\nstop = {stop}\n[fleet]\nclients = {clients}\nstep = 1.0\n[[method]]\nname = \"a\"\nlocal = {{ lr = {lr}, steps = 1 }}\n"
        )
    };
    let swept = "clients,method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,accuracy\n10,a,0,1,5,0,0,0,0,0.5\n20,a,0,1,5,0,0,0,0,0.75\n";
    let joined = Joined::of(vec![
        source("one", &manifest("10", "0.1", "{ rounds = 5 }"), RUN),
        source("two", &manifest("{ sweep = [10, 20] }", "0.5", "{ seconds = 9.0 }"), swept),
    ]);
    // A key that one sweeps has the name of its column; a table of which two share no key is a value.
    assert_eq!(joined.curves.keys, ["clients", "method.a.local.lr", "stop"]);
    let cells: Vec<String> = joined
        .curves
        .runs
        .iter()
        .map(|run| run.cell.0.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(cells, ["10 0.1 { rounds = 5 }", "10 0.5 { seconds = 9.0 }", "20 0.5 { seconds = 9.0 }"]);
    // Each has the metrics that it recorded.
    assert_eq!(joined.curves.names(), ["loss", "accuracy"]);
    assert_eq!([0, 2].map(|run| joined.curves.runs[run].last(1)), [None, Some(0.75)]);
}

#[test]
fn folders_that_differ_in_nothing_are_told_apart_by_name() {
    let joined = Joined::of(vec![source("one", "seeds = 1", RUN), source("two", "seeds = 1", RUN)]);
    assert_eq!(joined.curves.keys, ["results"]);
    assert_eq!(joined.curves.values("results"), ["one", "two"]);
    // Other seeds of the same setting need no name.
    let other = RUN.replace("a,0,", "a,1,");
    let joined = Joined::of(vec![source("one", "seeds = 1", RUN), source("two", "seeds = [1]", &other)]);
    assert_eq!((joined.curves.keys.len(), joined.curves.runs.len()), (0, 2));
    assert_eq!(Joined::of(vec![source("one", "", RUN)]).curves.runs[0].cell, Cell::default());
}
