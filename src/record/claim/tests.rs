//! Claims in every form, and claims that no run could answer.

mod seeds;

use std::fmt::Write as _;

use super::*;
use crate::record::{
    EverySpec,
    curves::{Curves, facts::Sampling},
    metric::{Better, Measure},
    spread::Bracket,
};

/// The curves of [`coarse`] as those of a server each of whose updates was sampled.
fn curves() -> Curves {
    let mut curves = coarse();
    let sampling = Some(Sampling { every: EverySpec::Rounds(1), server: true });
    curves.runs.iter_mut().for_each(|run| run.sampling = sampling);
    curves
}

/// Two methods, two values of `alpha`, three seeds: `loss` of the fast one halves each second, that of the slow one each two.
/// Samples stand a second apart.
fn coarse() -> Curves {
    let mut file =
        String::from("problem.alpha,method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss,accuracy\n");
    for (alpha, scale) in [("1", 1.0), ("0.1", 4.0)] {
        for (method, half_life) in [("fast", 1.0), ("slow", 2.0)] {
            for seed in 0..3_u32 {
                for t in 0..=8_i32 {
                    let loss = scale * 0.5f64.powf(f64::from(t) / half_life);
                    let accuracy = 1.0 - loss / 8.0;
                    writeln!(file, "{alpha},{method},{seed},{t},{t},0,0,{},0,{loss},{accuracy}", 100 * t).unwrap();
                }
            }
        }
    }
    Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap()
}

fn claim(keys: &str) -> ClaimSpec {
    toml::from_str(&format!("text = \"t\"\n{keys}")).unwrap()
}

fn judged(claim: &ClaimSpec, curves: &Curves) -> Vec<Verdict> {
    evaluate(claim, curves, Rules::default()).unwrap()
}

fn answer(keys: &str) -> Vec<(Option<f64>, Option<bool>)> {
    judged(&claim(keys), &curves()).into_iter().map(|v| (v.measured, v.answer.holds())).collect()
}

#[test]
fn ratio_of_a_metric_at_an_instant() {
    let keys = "metric = \"loss\"\nat = { seconds = 4.9 }\nbetter = \"fast\"\nworse = \"slow\"\n";
    assert_eq!(answer(&format!("{keys}by = 4.0")), [(Some(4.0), Some(true)); 2]);
    assert_eq!(answer(&format!("{keys}by = 4.1\nwhere = {{ alpha = 0.1 }}")), [(Some(4.0), Some(false))]);
    assert_eq!(
        answer(&format!("{keys}compare = \"difference\"\nby = 0.1\nwhere = {{ alpha = 1 }}")),
        [(Some(0.1875), Some(true))]
    );
}

#[test]
fn a_reason_is_told_where_the_claim_does_not_hold() {
    let note = |by: f64| {
        let keys = "reason = \"why\"\nmetric = \"loss\"\nat = { seconds = 4.9 }\nbetter = \"fast\"\nworse = \"slow\"";
        judged(&claim(&format!("{keys}\nby = {by:?}\nwhere = {{ alpha = 1 }}")), &curves()).remove(0).note
    };
    assert_eq!((note(4.0), note(4.1)), (None, Some("why".to_owned())));
}

#[test]
fn accuracies_are_compared_by_their_error_rates() {
    let keys = "metric = \"accuracy\"\nat = { rounds = 4 }\nbetter = \"fast\"\nworse = \"slow\"\nwhere = { alpha = 1 }\n";
    assert_eq!(answer(keys), [(Some(4.0), Some(true))]);
    assert_eq!(answer(&format!("{keys}compare = \"difference\"")), [(Some(0.25 / 8.0 - 0.0625 / 8.0), Some(true))]);
}

#[test]
fn ratio_of_places_where_a_target_is_reached() {
    let keys = "target = { loss = 0.25 }\nbetter = \"fast\"\nworse = \"slow\"\nby = 2\nwhere = { \"problem.alpha\" = 1 }";
    assert_eq!(answer(keys), [(Some(2.0), Some(true))]);
    let verdicts = judged(&claim(&keys.replace("0.25", "0.03125").replace("by = 2", "by = 1.7")), &curves());
    // The slow one ends at 8 s without reaching it: at least 8/5.
    assert_eq!((verdicts[0].measured, verdicts[0].answer), (Some(1.6), Answer::Undecided));
    assert!(verdicts[0].note.as_ref().unwrap().starts_with("at least: slow"));
    let never = judged(&claim(&keys.replace("0.25", "1e-9")), &curves());
    let note = never[0].note.as_deref().unwrap();
    assert!(never[0].answer == Answer::Undecided && note.contains("fast does not") && note.contains("slow does not"), "{note}");
}

#[test]
fn value_of_one_method() {
    let keys = "metric = \"loss\"\nof = \"fast\"\nwhere = { alpha = 1 }\nat = { uplink-bits = 250 }\n";
    assert_eq!(answer(&format!("{keys}equals = 0.26\nwithin = 0.02")), [(Some(0.25), Some(true))]);
    assert_eq!(answer(&format!("{keys}equals = 0.26\nwithin = 0.005")), [(Some(0.25), Some(false))]);
    assert_eq!(answer(&format!("{keys}below = 0.25")), [(Some(0.25), Some(true))]);
    assert_eq!(answer(&format!("{keys}above = 0.3")), [(Some(0.25), Some(false))]);
    assert_eq!(
        answer("target = { loss = 0.25 }\naxis = \"uplink-bits\"\nof = \"slow\"\nbelow = 400\nwhere = { alpha = 1 }"),
        [(Some(400.0), Some(true))]
    );
}

#[test]
fn trend_across_a_sweep() {
    let keys = "metric = \"loss\"\nof = \"fast\"\nat = { seconds = 0 }\n";
    for (direction, holds) in [("falls", true), ("rises", false), ("flat", false)] {
        let trend = format!("{keys}trend = {{ over = \"alpha\", direction = \"{direction}\" }}");
        assert_eq!(answer(&trend), [(Some(0.25), Some(holds))], "{direction}");
    }
    assert_eq!(
        answer(&format!("{keys}within = 3.0\ntrend = {{ over = \"alpha\", direction = \"flat\" }}")),
        [(Some(0.25), Some(true))]
    );
}

#[test]
fn a_diverged_run_is_worse_than_any_other() {
    let file = concat!(
        "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss\n",
        "good,0,0,0,0,0,0,0,1\nbad,0,0,0,0,0,0,0,1\nbad,0,1,1,0,0,0,0,NaN\n",
    );
    let curves = Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap();
    let ask = |better: &str, worse: &str| {
        let spec = claim(&format!("metric = \"loss\"\nkind = \"theorem\"\nbetter = \"{better}\"\nworse = \"{worse}\"\nby = 2"));
        judged(&spec, &curves)[0].answer.holds()
    };
    assert_eq!(ask("good", "bad"), Some(true));
    assert_eq!(ask("bad", "good"), Some(false));
}

#[test]
fn a_target_missed_by_divergence_is_worse_than_any_that_is_reached() {
    let file = concat!(
        "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss\n",
        "good,0,0,0,0,0,0,0,1\ngood,0,1,10,0,0,0,0,0.1\nbad,0,0,0,0,0,0,0,1\nbad,0,1,1,0,0,0,0,NaN\n",
    );
    let curves = Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap();
    let ask = |better: &str, worse: &str| {
        let spec =
            claim(&format!("target = {{ loss = 0.5 }}\nkind = \"theorem\"\nbetter = \"{better}\"\nworse = \"{worse}\"\nby = 2"));
        let verdict = judged(&spec, &curves).remove(0);
        (verdict.measured, verdict.answer, verdict.note.unwrap())
    };
    assert_eq!(ask("good", "bad"), (Some(f64::INFINITY), Answer::Holds, "bad diverges".to_owned()));
    assert_eq!(ask("bad", "good"), (Some(0.0), Answer::Refuted, "bad diverges".to_owned()));
}

#[test]
fn a_run_that_diverges_is_worst_at_every_instant_and_reaches_no_target() {
    let file = concat!(
        "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss,accuracy\n",
        "good,0,0,0,0,0,0,0,1,0.1\ngood,0,1,10,0,0,0,0,0.4,0.6\n",
        "bad,0,0,0,0,0,0,0,1,0.1\nbad,0,1,1,0,0,0,0,0.1,0.9\nbad,0,2,2,0,0,0,0,NaN,0.9\n",
    );
    let curves = Curves::parse(file.as_bytes(), std::path::Path::new("t")).unwrap();
    for what in [
        "target = { loss = 0.5 }",
        "target = { accuracy = 0.5 }",
        "metric = \"loss\"\nat = { seconds = 1 }",
        "metric = \"accuracy\"\nat = { rounds = 1 }",
    ] {
        let ask = |better: &str, worse: &str| {
            let spec = claim(&format!("{what}\nkind = \"theorem\"\nbetter = \"{better}\"\nworse = \"{worse}\"\nby = 2"));
            judged(&spec, &curves)[0].answer
        };
        assert_eq!((ask("good", "bad"), ask("bad", "good")), (Answer::Holds, Answer::Refuted), "{what}");
    }
}

/// At 4.9 s the fast method has a loss from 1/16, at 4 s, to 1/32, at 5 s, the slow one from 1/4 to 2^(-5/2) = 0.1768.
#[test]
fn a_claim_that_hangs_on_the_value_between_two_samples_is_undecided() {
    let keys = "metric = \"loss\"\nat = { seconds = 4.9 }\nwhere = { alpha = 1 }\n";
    let ask = |more: &str| judged(&claim(&format!("{keys}{more}")), &coarse()).remove(0);
    for (more, answer) in [
        // From 0.1768 / (1/16) = 2.83 to (1/4) / (1/32) = 8 times; from 0.1768 - 1/16 = 0.114 to 1/4 - 1/32 = 0.219 apart.
        ("better = \"fast\"\nworse = \"slow\"\nby = 2.8", Answer::Holds),
        ("better = \"fast\"\nworse = \"slow\"\nby = 2.9", Answer::Undecided),
        ("better = \"fast\"\nworse = \"slow\"\nby = 8", Answer::Undecided),
        ("better = \"fast\"\nworse = \"slow\"\nby = 8.1", Answer::Refuted),
        ("better = \"fast\"\nworse = \"slow\"\ncompare = \"difference\"\nby = 0.11", Answer::Holds),
        ("better = \"fast\"\nworse = \"slow\"\ncompare = \"difference\"\nby = 0.2", Answer::Undecided),
        ("better = \"fast\"\nworse = \"slow\"\ncompare = \"difference\"\nby = 0.22", Answer::Refuted),
        ("of = \"slow\"\nbelow = 0.25", Answer::Holds),
        ("of = \"slow\"\nbelow = 0.2", Answer::Undecided),
        ("of = \"slow\"\nbelow = 0.17", Answer::Refuted),
    ] {
        assert_eq!(ask(more).answer, answer, "{more}");
    }
    let verdict = ask("better = \"fast\"\nworse = \"slow\"\nby = 2.8");
    // The figure is that of the last samples by then, as it is told of every claim: what else it may be stands beside it.
    assert_eq!(verdict.measured, Some(4.0));
    let range = verdict.interval.unwrap();
    approx::assert_relative_eq!(range.low, 16.0 * 0.5f64.powf(2.5), epsilon = 1e-12);
    assert_eq!(range.high, 8.0);
    let note = verdict.note.unwrap();
    for words in ["fast was sampled at 4.00 and 5.00 seconds, not at 4.9", "slow was sampled", "record.every = { rounds = 1 }"] {
        assert!(note.contains(words), "{note}");
    }
}

#[test]
fn a_value_is_known_where_a_sample_is_of_the_instant() {
    for at in ["seconds = 4", "rounds = 4.5", "uplink-bits = 400", "seconds = 8.5", "seconds = 3.999999999999"] {
        let keys = format!("metric = \"loss\"\nat = {{ {at} }}\nwhere = {{ alpha = 1 }}\nof = \"fast\"\nbelow = 0.0625");
        let verdict = judged(&claim(&keys), &coarse()).remove(0);
        assert_eq!((verdict.answer, verdict.interval), (Answer::Holds, None), "{at}");
    }
}

#[test]
fn accuracies_between_two_samples_are_compared_by_their_error_rates() {
    // Error rates are the losses over 8.
    let keys =
        "metric = \"accuracy\"\nat = { seconds = 4.9 }\nbetter = \"fast\"\nworse = \"slow\"\nwhere = { alpha = 1 }\nby = 8";
    let verdict = judged(&claim(keys), &coarse()).remove(0);
    assert_eq!((verdict.measured, verdict.answer, verdict.interval.unwrap().high), (Some(4.0), Answer::Undecided, 8.0));
}

#[test]
fn trends_of_values_between_two_samples() {
    // With 1 the fast method is between 1/2 and 1 at 0.5 s, with 0.1 between 2 and 4.
    for (direction, answer) in [("falls", Answer::Holds), ("rises", Answer::Refuted)] {
        let keys = format!(
            "metric = \"loss\"\nof = \"fast\"\nat = {{ seconds = 0.5 }}\ntrend = {{ over = \"alpha\", direction = \"{direction}\" }}"
        );
        let verdict = judged(&claim(&keys), &coarse()).remove(0);
        assert_eq!((verdict.answer, verdict.measured), (answer, Some(0.25)));
        let note = verdict.note.unwrap();
        assert!(
            note.starts_with("2.00–4.00 at 0.1, 0.500–1.00 at 1; fast was sampled at 0 and 1.00 seconds, not at 0.5; "),
            "{note}"
        );
    }
}

/// What the samples of [`coarse`] leave of a claim: the fast method reaches a loss of 0.25 after 1 s and by 2 s, the slow one after 3 s
/// and by 4 s.
fn left_open(keys: &str) -> Vec<Answer> {
    let spec = claim(&format!("target = {{ loss = 0.25 }}\n{keys}\nwhere = {{ alpha = 1 }}"));
    judged(&spec, &coarse()).into_iter().map(|v| v.answer).collect()
}

#[test]
fn a_claim_that_hangs_on_where_between_two_samples_is_undecided() {
    let versus = "better = \"fast\"\nworse = \"slow\"\n";
    for (keys, answer) in [
        // The ratio is from 3/2 to 4/1, the difference from 3 - 2 to 4 - 1.
        ("by = 1.5", Answer::Holds),
        ("by = 1.6", Answer::Undecided),
        ("by = 4", Answer::Undecided),
        ("by = 4.1", Answer::Refuted),
        ("compare = \"difference\"\nby = 1", Answer::Holds),
        ("compare = \"difference\"\nby = 2", Answer::Undecided),
        ("compare = \"difference\"\nby = 3.1", Answer::Refuted),
        // After 100 bits and by 200, after 300 and by 400.
        ("axis = \"uplink-bits\"\nby = 1.6", Answer::Undecided),
        // Rounds are whole: the second and the fourth.
        ("axis = \"rounds\"\nby = 2", Answer::Holds),
        ("axis = \"rounds\"\nby = 2.01", Answer::Refuted),
    ] {
        assert_eq!(left_open(&format!("{versus}{keys}")), [answer], "{keys}");
    }
    for (keys, answer) in [
        ("below = 4", Answer::Holds),
        ("below = 3.5", Answer::Undecided),
        ("below = 2.9", Answer::Refuted),
        ("above = 3.5", Answer::Undecided),
        ("above = 3", Answer::Holds),
        ("equals = 3.5\nwithin = 0.5", Answer::Holds),
        ("equals = 3.5\nwithin = 0.2", Answer::Undecided),
        ("equals = 5\nwithin = 0.5", Answer::Refuted),
    ] {
        assert_eq!(left_open(&format!("of = \"slow\"\n{keys}")), [answer], "{keys}");
    }
}

#[test]
fn trends_over_places_that_are_left_open() {
    // With 0.1 the fast method reaches it after 3 s and by 4 s, with 1 after 1 s and by 2 s.
    for (direction, within, answer) in [
        ("falls", "", Answer::Holds),
        ("rises", "", Answer::Refuted),
        ("flat", "within = 3", Answer::Holds),
        ("flat", "within = 1", Answer::Undecided),
        ("flat", "within = 0.1", Answer::Refuted),
    ] {
        let keys = format!(
            "target = {{ loss = 0.25 }}\nof = \"fast\"\n{within}\ntrend = {{ over = \"alpha\", direction = \"{direction}\" }}"
        );
        let verdict = judged(&claim(&keys), &coarse()).remove(0);
        assert_eq!(verdict.answer, answer, "{direction} {within}");
        assert_eq!((verdict.measured, verdict.interval), (Some(0.5), Some(Bracket { low: 0.25, high: 2.0 / 3.0 })));
        assert!(verdict.note.unwrap().starts_with("3.00–4.00 at 0.1, 1.00–2.00 at 1"));
    }
    let slow = "target = { loss = 0.7 }\nof = \"fast\"\ntrend = { over = \"alpha\", direction = \"rises\" }";
    // After 0 s and by 1 s with 1; with 0.1 after 2 s and by 3 s: it falls.
    assert_eq!(judged(&claim(slow), &coarse())[0].answer, Answer::Refuted);
}

#[test]
fn an_undecided_claim_says_between_what_and_what_would_decide_it() {
    let keys = "target = { loss = 0.25 }\nbetter = \"fast\"\nworse = \"slow\"\nby = 1.6\nwhere = { alpha = 1 }";
    let verdicts = judged(&claim(keys), &coarse());
    let line = verdicts[0].line();
    assert!(
        line.starts_with("undecided t (alpha = 1): measured 2.00 (1.50 to 4.00), required ratio ≥ 1.6; the same in 3 seeds; "),
        "{line}"
    );
    for words in [
        "fast reaches loss=0.25 between 1.00 and 2.00 seconds",
        "slow reaches loss=0.25 between 3.00 and 4.00 seconds",
        "record.every = { rounds = 1 }",
    ] {
        assert!(line.contains(words), "{line}");
    }
    let mut out = Vec::new();
    write(&verdicts, &mut out).unwrap();
    let row = String::from_utf8(out).unwrap();
    assert!(
        row.lines().nth(1).unwrap().starts_with("t,,own,,alpha = 1,2,1.5,4,ratio,ratio ≥ 1.6,1.6,,undecided,3,3,value,,,,,,,"),
        "{row}"
    );
}

#[test]
fn what_was_not_recorded_is_unknown_with_a_reason() {
    for keys in [
        "metric = \"gap\"\nof = \"fast\"\nbelow = 1",
        "metric = \"loss\"\nof = \"other\"\nbelow = 1",
        "metric = \"loss\"\nof = \"fast\"\nbelow = 1\nwhere = { alpha = 7 }",
    ] {
        for verdict in judged(&claim(keys), &curves()) {
            assert_eq!((verdict.measured, verdict.answer), (None, Answer::Unknown));
            assert!(verdict.note.is_some());
        }
    }
}

#[test]
fn a_run_that_ends_before_the_instant_counts_with_a_note() {
    let notes = |at: &str| {
        let keys = format!("metric = \"loss\"\nof = \"fast\"\nbelow = 1\nat = {at}\nwhere = {{ alpha = 1 }}");
        judged(&claim(&keys), &curves())[0].note.clone()
    };
    // The last two rows stand at 7 s and 8 s, so the run may well have gone on to 9 s.
    assert_eq!(notes("{ seconds = 9 }"), None);
    assert_eq!(notes("{ seconds = 20 }").unwrap(), "fast ends before 20 seconds: its last value counts");
}

#[test]
fn claims_without_meaning_are_refused_at_the_key() {
    let names = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect::<Vec<_>>();
    let (labels, swept) = (names(&["fast", "slow"]), names(&["problem.alpha"]));
    let aimless = Measure { better: Better::Neither, ..Measure::named("drift") };
    let metrics = [Measure::named("loss"), Measure::named("accuracy"), aimless];
    for (keys, path) in [
        ("", ""),
        ("metric = \"loss\"", ""),
        ("metric = \"loss\"\ntarget = { loss = 1 }\nof = \"fast\"\nbelow = 1", "target"),
        ("metric = \"gap\"\nof = \"fast\"\nbelow = 1", "metric"),
        ("target = { gap = 1 }\nof = \"fast\"\nbelow = 1", "target"),
        ("target = { loss = 1, gap = 2 }\nof = \"fast\"\nbelow = 1", "target"),
        ("metric = \"loss\"\naxis = \"rounds\"\nof = \"fast\"\nbelow = 1", "axis"),
        ("target = { loss = 1 }\nat = \"end\"\nof = \"fast\"\nbelow = 1", "at"),
        ("metric = \"loss\"\nat = { seconds = -1 }\nof = \"fast\"\nbelow = 1", "at"),
        ("metric = \"loss\"\nat = { last = 0 }\nof = \"fast\"\nbelow = 1", "at"),
        ("metric = \"loss\"\nat = { last = 1.5 }\nof = \"fast\"\nbelow = 1", "at"),
        ("metric = \"loss\"\nbetter = \"fast\"\nworse = \"slow\"\nby = 1\nmargin = 0.1", "margin"),
        ("metric = \"loss\"\nbetter = \"fast\"\nworse = \"slow\"\nmargin = 0", "margin"),
        ("metric = \"loss\"\nbetter = \"fast\"\nworse = \"slow\"\nequivalent = true", "equivalent"),
        ("metric = \"loss\"\nof = \"fast\"\nbelow = 1\nmargin = 0.1", "margin"),
        ("metric = \"loss\"\nof = \"fast\"\nbelow = 1\nkind = \"own\"\npaper = { effect = 2 }", "paper"),
        ("metric = \"loss\"\nof = \"fast\"\nbelow = 1\nkind = \"finding\"\npaper = { effect = inf }", "paper.effect"),
        ("metric = \"drift\"\nbetter = \"fast\"\nworse = \"slow\"", "metric"),
        ("target = { drift = 1 }\nof = \"fast\"\nbelow = 1", "target"),
        ("metric = \"loss\"\nbetter = \"fast\"", "better"),
        ("metric = \"loss\"\nworse = \"fast\"", "worse"),
        ("metric = \"loss\"\nbetter = \"fast\"\nworse = \"fast\"", "worse"),
        ("metric = \"loss\"\nbetter = \"quick\"\nworse = \"fast\"", "better"),
        ("metric = \"loss\"\nbetter = \"fast\"\nworse = \"slow\"\nof = \"slow\"", "of"),
        ("metric = \"loss\"\nbetter = \"fast\"\nworse = \"slow\"\nby = 0", "by"),
        ("metric = \"loss\"\nbetter = \"fast\"\nworse = \"slow\"\nbelow = 0.5", "better"),
        ("metric = \"loss\"\nof = \"fast\"", "of"),
        ("metric = \"loss\"\nof = \"fast\"\nequals = 1", "equals"),
        ("metric = \"loss\"\nof = \"fast\"\nequals = 1\nwithin = -1", "within"),
        ("metric = \"loss\"\nof = \"fast\"\nbelow = 1\nabove = 2", "above"),
        ("metric = \"loss\"\nof = \"fast\"\nby = 2", "by"),
        ("metric = \"loss\"\nof = \"fast\"\nbelow = 1\ntrend = { over = \"alpha\", direction = \"falls\" }", "trend"),
        ("metric = \"loss\"\nof = \"fast\"\ntrend = { over = \"beta\", direction = \"falls\" }", "trend.over"),
        ("metric = \"loss\"\nof = \"fast\"\nbelow = 1\nwhere = { beta = 1 }", "where.beta"),
    ] {
        let fault = claim(keys).validate(&labels, &metrics, &swept).expect_err(keys);
        assert_eq!(fault.path.join("."), path, "{keys}");
    }
    assert_eq!(claim("metric = \"loss\"\nof = \"fast\"\nbelow = 1").validate(&labels, &metrics, &swept), Ok(()));
}

#[test]
fn a_claim_survives_its_own_toml() {
    let spec = claim(
        "source = \"s\"\nmetric = \"loss\"\nat = { seconds = 600 }\nbetter = \"a\"\nworse = \"b\"\nby = 1.5\nwhere = { alpha = 0.1, n = 3 }",
    );
    assert_eq!(toml::from_str::<ClaimSpec>(&toml::to_string(&spec).unwrap()).unwrap(), spec);
    assert!(toml::from_str::<ClaimSpec>("text = \"t\"\nbettr = \"a\"").is_err());
}

#[test]
fn the_csv_leaves_the_unknown_empty() {
    let mut out = Vec::new();
    let mut verdicts = judged(&claim("metric = \"loss\"\nof = \"fast\"\nbelow = 2\nwhere = { alpha = 1 }"), &curves());
    verdicts.extend(judged(&claim("metric = \"gap\"\nof = \"fast\"\nbelow = 1\nwhere = { alpha = 1 }"), &curves()));
    write(&verdicts, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "text,source,kind,with,cell,measured,measured_low,measured_high,effect,required,required_low,required_high,verdict,seeds,in_favour,judged_by,p,p_exact,p_holm,\
         paper_effect,paper_where,paper_read,note"
    );
    assert_eq!(lines[1], "t,,own,,alpha = 1,0.00390625,,,value,≤ 2,,2,holds,3,3,value,,,,,,,");
    assert_eq!(lines[2], "t,,own,,alpha = 1,,,,value,≤ 1,,1,,,,,,,,,,,gap was not recorded");
}
