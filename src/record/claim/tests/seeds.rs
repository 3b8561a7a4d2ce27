//! Claims over seeds that differ.

use rand::RngExt as _;
use rand_distr::StandardNormal;

use super::*;
use crate::random::{Purpose, Streams};

/// Two methods with one sample each under seeds `0, 1, …`: the losses of the bad one are those of the good one times `ratios`.
fn paired(ratios: &[f64]) -> Curves {
    let rows = ratios.iter().enumerate().map(|(seed, ratio)| {
        // Worlds differ a hundredfold, which pairs cancel.
        let good = 10f64.powf((seed % 3) as f64);
        (seed, good, good * ratio)
    });
    let mut file = String::from("method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss\n");
    for (seed, good, bad) in rows {
        writeln!(file, "good,{seed},0,0,0,0,0,0,{good:?}\nbad,{seed},0,0,0,0,0,0,{bad:?}").unwrap();
    }
    Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap()
}

fn ask(ratios: &[f64], more: &str) -> Verdict {
    judged(&claim(&format!("metric = \"loss\"\nbetter = \"good\"\nworse = \"bad\"\n{more}")), &paired(ratios)).remove(0)
}

/// Ratios of about 2, of which pairs leave little spread though the worlds differ a hundredfold.
const RATIOS: [f64; 8] = [2.0, 1.5, 2.5, 1.2, 3.0, 1.8, 2.2, 1.4];

#[test]
fn a_claim_holds_or_is_refuted_by_its_interval_over_pairs() {
    // Logarithms: mean 0.6261, standard deviation 0.3092, t(7) = 2.3646: 1.87 (1.44 to 2.42).
    let found = ask(&RATIOS, "by = 1");
    assert_eq!((found.answer, found.evidence.seeds, found.evidence.favour), (Answer::Holds, 8, 8));
    approx::assert_abs_diff_eq!(found.measured.unwrap(), 1.870, epsilon = 1e-3);
    let interval = found.interval.unwrap();
    approx::assert_abs_diff_eq!(interval.low, 1.444, epsilon = 1e-3);
    approx::assert_abs_diff_eq!(interval.high, 2.422, epsilon = 1e-3);
    // All of eight signs: 2 of 256.
    assert_eq!(found.evidence.exact, Some(2.0 / 256.0));
    for (by, answer) in [(1.4, Answer::Holds), (1.5, Answer::Undecided), (2.4, Answer::Undecided), (2.5, Answer::Refuted)] {
        assert_eq!(ask(&RATIOS, &format!("by = {by:?}")).answer, answer, "{by}");
    }
}

#[test]
fn a_claim_becomes_undecided_when_seeds_are_removed() {
    let answers: Vec<Answer> = [8, 5, 2, 1].map(|count| ask(&RATIOS[..count], "by = 1.3").answer).to_vec();
    assert_eq!(answers, [Answer::Holds, Answer::Undecided, Answer::Undecided, Answer::Undecided]);
    assert!(ask(&RATIOS[..2], "by = 1.2").note.unwrap().contains("2 seeds are too few"));
    assert!(ask(&RATIOS[..1], "by = 1.2").note.unwrap().contains("one seed"));
    // What follows from a formula needs no second seed.
    assert_eq!(ask(&RATIOS[..1], "by = 1.2\nkind = \"identity\"").answer, Answer::Holds);
}

#[test]
fn the_order_of_seeds_moves_nothing() {
    let curves = paired(&RATIOS);
    let mut shuffled = curves.clone();
    shuffled.runs.reverse();
    shuffled.runs.swap(1, 6);
    let spec = claim("metric = \"loss\"\nbetter = \"good\"\nworse = \"bad\"\nby = 1.5");
    assert_eq!(judged(&spec, &curves), judged(&spec, &shuffled));
}

#[test]
fn effects_without_spread_are_judged_by_their_value() {
    let found = ask(&[2.0; 5], "by = 2");
    assert_eq!((found.answer, found.measured, found.interval), (Answer::Holds, Some(2.0), None));
    assert!(found.evidence.by_value && found.evidence.p.is_none());
    assert_eq!(ask(&[2.0; 5], "by = 2.01").answer, Answer::Refuted);
}

#[test]
fn as_good_up_to_a_margin() {
    let about_one = [1.01, 0.98, 1.02, 0.99, 1.0, 0.97, 1.03, 1.0];
    for (ratios, more, answer) in [
        (&about_one, "margin = 0.1", Answer::Holds),
        (&about_one, "margin = 0.001", Answer::Undecided),
        // Twice as good is no worse, but not equivalent.
        (&RATIOS, "margin = 0.1", Answer::Holds),
        (&RATIOS, "margin = 0.1\nequivalent = true", Answer::Refuted),
        (&about_one, "margin = 0.1\nequivalent = true", Answer::Holds),
    ] {
        assert_eq!(ask(ratios, more).answer, answer, "{more}");
    }
    assert_eq!(ask(&about_one, "margin = 0.25\nequivalent = true").required, "ratio in [0.800, 1.25]");
}

#[test]
fn a_seed_that_diverges_leaves_an_interval_for_the_median() {
    let mut ratios = [2.0; 10].to_vec();
    ratios.iter_mut().enumerate().for_each(|(seed, ratio)| *ratio += 0.1 * seed as f64);
    // The good method diverges under one seed of ten, where the ratio is 0: the second to the ninth of 0, 2.0, …, 2.8.
    let mut curves = paired(&ratios);
    let run = curves.runs.iter_mut().find(|run| run.method == "good" && run.seed == 9).unwrap();
    run.diverged = true;
    let spec = |by: f64| claim(&format!("metric = \"loss\"\nbetter = \"good\"\nworse = \"bad\"\nby = {by:?}"));
    let found = judged(&spec(1.5), &curves).remove(0);
    let interval = found.interval.unwrap();
    assert_eq!((found.answer, found.evidence.favour), (Answer::Holds, 9));
    approx::assert_relative_eq!(interval.low, 2.0, max_relative = 1e-12);
    approx::assert_relative_eq!(interval.high, 2.7, max_relative = 1e-12);
    assert_eq!(judged(&spec(2.2), &curves)[0].answer, Answer::Undecided);
}

#[test]
fn the_mean_of_a_tail() {
    // The loss is 2^(−t) at t = 0, …, 8; the last quarter are the rounds 6, 7 and 8: (4 + 2 + 1) / 3 / 256.
    let keys = "metric = \"loss\"\nof = \"fast\"\nat = { last = 0.25 }\nbelow = 1\nwhere = { alpha = 1 }";
    let verdict = judged(&claim(keys), &curves()).remove(0);
    approx::assert_relative_eq!(verdict.measured.unwrap(), 7.0 / 3.0 / 256.0, max_relative = 1e-12);
}

#[test]
fn claims_of_a_scenario_share_their_errors() {
    // Alone, the first has t(7) = 2.49 and p = 0.041; four times that is not below 0.05.
    let ratios = [2.0, 1.5, 0.9, 1.2, 3.0, 0.8, 2.2, 1.4];
    let specs = ["by = 1", "by = 1.45", "by = 1.5", "by = 1.55"]
        .map(|by| claim(&format!("metric = \"loss\"\nbetter = \"good\"\nworse = \"bad\"\n{by}")));
    let alone = all(&specs[..1], &paired(&ratios), Rules::default()).unwrap();
    let together = all(&specs, &paired(&ratios), Rules::default()).unwrap();
    let p = alone[0].evidence.p.unwrap();
    assert!(p > 0.0125 && p < 0.05, "{p}");
    assert_eq!((alone[0].evidence.holm, &alone[0].note), (Some(p), &None));
    assert_eq!(together[0].evidence.holm, Some(4.0 * p));
    assert_eq!(together[0].answer, Answer::Holds);
    assert!(together[0].note.as_ref().unwrap().contains("not clear after Holm's correction"));
}

/// The share of samples of `n` lognormal ratios whose interval includes the true one.
fn coverage(n: usize, interval: &str, spread: f64) -> f64 {
    const REPEATS: usize = 400;
    let mut rng = Streams::new(11).stream(Purpose::Data, n, 0);
    let covered = (0..REPEATS).filter(|_| {
        let ratios: Vec<f64> = (0..n).map(|_| (spread * rng.sample::<f64, _>(StandardNormal)).exp()).collect();
        let found = ask(&ratios, &format!("interval = \"{interval}\""));
        found.interval.is_some_and(|interval| interval.low <= 1.0 && 1.0 <= interval.high)
    });
    covered.count() as f64 / REPEATS as f64
}

#[test]
fn intervals_of_ratios_cover_the_true_one() {
    // Four standard errors of a share of 0.95 among 400 are 0.044; the median has 1 − 2 · 9/256 = 0.93 between the second and seventh of
    // eight, which is too little, and so 1 − 2/256 = 0.992 between all.
    for n in [3, 8, 20] {
        let found = coverage(n, "student", 0.5);
        assert!((found - 0.95).abs() < 0.044, "{n}: {found}");
    }
    assert!(coverage(8, "median", 0.5) > 0.97);
    // With few seeds, percentiles of the bootstrap are too narrow.
    assert!(coverage(5, "bootstrap", 0.5) < 0.9);
}
