//! Properties of compressors: mean, variance, contraction, size.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::{
    num::vector,
    problem::BlockKind,
    random::{Purpose, Streams},
    registry::Registry,
    toml::decode::read,
};

const DRAWS: u64 = 20_000;

fn spec(text: &str) -> CompressorSpec {
    let compressor = unchecked(text);
    compressor.validate().unwrap();
    compressor
}

fn unchecked(text: &str) -> CompressorSpec {
    let mut tables: BTreeMap<String, CompressorSpec> = read(&format!("compressor = {text}"), &Registry::builtin()).unwrap();
    tables.remove("compressor").unwrap()
}

fn block(name: &str, range: std::ops::Range<usize>) -> Block {
    Block { name: name.to_owned(), fan_in: 1, fan_out: range.len(), range, kind: BlockKind::Weight }
}

/// Sends `v` once, draw number `count`, and returns what arrives with the size of the message.
fn send_with(text: &str, v: &[f64], memory: &mut Payload<f64>, blocks: &[Block], count: u64) -> (Vec<f64>, u64) {
    carry(spec(text).build().as_ref(), v, memory, blocks, count)
}

fn carry(compressor: &dyn Encoder<f64>, v: &[f64], memory: &mut Payload<f64>, blocks: &[Block], count: u64) -> (Vec<f64>, u64) {
    let mut rng = Streams::new(1).stream(Purpose::Link, 0, count);
    let mut sent = v.to_vec();
    let bits = compressor.transmit(&mut sent, memory, &mut Wire { rng: &mut rng, blocks });
    (sent, bits)
}

fn send(text: &str, v: &[f64], count: u64) -> Vec<f64> {
    send_with(text, v, &mut Payload::default(), &[], count).0
}

fn class(text: &str, d: usize) -> Class {
    let compressor: Box<dyn Encoder<f64>> = spec(text).build();
    compressor.class(d)
}

/// A vector with large, small, negative, equal and zero coordinates.
fn uneven() -> Vec<f64> {
    vec![3.0, -1.0, 0.5, 0.0, 2.0, 2.0, -0.1, 0.7, -4.0, 1.3, 0.01, -0.6, 1.0, -2.5, 0.25, 0.9]
}

const UNBIASED: [&str; 11] = [
    "\"identity\"",
    "{ rand-k = { k = 4 } }",
    "{ rand-k = { fraction = 0.5, seeded = false } }",
    "{ lazy = 0.25 }",
    "{ qsgd = { bits = 2 } }",
    "{ qsgd = { bits = 4 } }",
    "{ qsgd = { levels = 5, norm = \"max\" } }",
    "\"tern-grad\"",
    "\"natural\"",
    "{ natural-dithering = { bits = 3 } }",
    "{ stochastic = { bits = 2 } }",
];
const BIASED: [&str; 5] = [
    "{ top-k = { k = 3 } }",
    "{ pruned = { fraction = 0.25 } }",
    "{ rand-k = { k = 4, scaled = false } }",
    "{ sign = {} }",
    "{ nearest = { bits = 3 } }",
];

/// Mean and mean squared error of what arrives, and standard errors of both.
fn moments(text: &str, v: &[f64]) -> (Vec<(f64, f64)>, (f64, f64)) {
    let mut sums = vec![(0.0, 0.0); v.len()];
    let mut errors = (0.0, 0.0);
    let compressor = spec(text).build();
    for count in 0..DRAWS {
        let (sent, _) = carry(compressor.as_ref(), v, &mut Payload::default(), &[], count);
        for ((sum, squares), &sent) in sums.iter_mut().zip(&sent) {
            *sum += sent;
            *squares += sent * sent;
        }
        let error = vector::distance2(&sent, v);
        errors = (errors.0 + error, errors.1 + error * error);
    }
    let summary = |(sum, squares): (f64, f64)| {
        let mean = sum / DRAWS as f64;
        (mean, ((squares / DRAWS as f64 - mean * mean).max(0.0) / DRAWS as f64).sqrt())
    };
    (sums.into_iter().map(summary).collect(), summary(errors))
}

#[test]
fn unbiased_compressors_are_right_on_average_and_within_their_variance() {
    let v = uneven();
    for text in UNBIASED {
        assert!(spec(text).is_unbiased(), "{text}");
        let (means, (error, spread)) = moments(text, &v);
        for ((mean, standard_error), v) in means.iter().zip(&v) {
            assert!((mean - v).abs() <= 5.0 * standard_error + 1e-12, "{text}: {mean} for {v}");
        }
        match class(text, v.len()) {
            Class::Unbiased(omega) => {
                assert!(error <= omega * vector::norm2(&v) * (1.0 + 1e-9) + 5.0 * spread, "{text}: {error}")
            }
            other => assert_eq!(other, Class::Absolute, "{text}"),
        }
    }
}

#[test]
fn variances_that_are_known_exactly_are_met() {
    let v = uneven();
    let norm2 = vector::norm2(&v);
    let dithering = |s: f64, norm: f64| -> f64 {
        let share = |v: &f64| (s * v.abs() / norm).fract();
        norm * norm / (s * s) * v.iter().map(|v| share(v) * (1.0 - share(v))).sum::<f64>()
    };
    let cases = [
        ("{ rand-k = { k = 4 } }", 3.0 * norm2),
        ("{ rand-k = { k = 4, scaled = false } }", 0.75 * norm2),
        ("{ lazy = 0.25 }", 3.0 * norm2),
        ("{ qsgd = { bits = 2 } }", dithering(1.0, norm2.sqrt())),
        ("{ qsgd = { bits = 4 } }", dithering(7.0, norm2.sqrt())),
        ("{ qsgd = { levels = 5, norm = \"max\" } }", dithering(5.0, 4.0)),
        ("\"tern-grad\"", dithering(1.0, 4.0)),
    ];
    for (text, expected) in cases {
        let (_, (error, spread)) = moments(text, &v);
        assert!((error - expected).abs() <= 5.0 * spread, "{text}: {error} instead of {expected}");
    }
    // A variance is told where it is the same for all vectors; a bound is not one.
    for (text, omega) in [("\"identity\"", 0.0), ("{ rand-k = { k = 4 } }", 3.0), ("{ lazy = 0.25 }", 3.0)] {
        assert_eq!(spec(text).variance(v.len()), Some(omega), "{text}");
    }
    for text in ["{ rand-k = { k = 4, scaled = false } }", "{ qsgd = { bits = 2 } }", "\"natural\"", "{ sign = {} }"] {
        assert_eq!(spec(text).variance(v.len()), None, "{text}");
    }
}

#[test]
fn natural_compression_is_worst_at_four_thirds() {
    let (_, (error, spread)) = moments("\"natural\"", &[4.0 / 3.0 * 8.0]);
    let expected = 0.125 * (4.0_f64 / 3.0 * 8.0).powi(2);
    assert!((error - expected).abs() <= 5.0 * spread, "{error} instead of {expected}");
    assert_eq!(send("\"natural\"", &[0.25, -8.0, 0.0], 3), [0.25, -8.0, 0.0], "powers of two are exact");
}

#[test]
fn natural_compression_of_magnitudes_spread_evenly_over_their_logarithms() {
    // ∫₀¹ (2ᵘ − 1)(2 − 2ᵘ) 4⁻ᵘ du = 3 / (4 ln 2) − 1.
    let v: Vec<f64> = (0..20_000).map(|j| (f64::from(j) / 2_000.0).exp2()).collect();
    let sent = send("\"natural\"", &v, 0);
    let mean = v.iter().zip(&sent).map(|(v, sent)| ((sent - v) / v).powi(2)).sum::<f64>() / v.len() as f64;
    let expected = 0.75 / std::f64::consts::LN_2 - 1.0;
    assert!((mean - expected).abs() < 0.003, "{mean} instead of {expected}");
}

#[test]
fn sizes_are_those_of_the_encodings() {
    let v: Vec<f64> = (0..1000).map(|j| (j as f64).sin()).collect();
    let layers = [block("weight", 0..900), block("bias", 900..1000)];
    let cases = [
        ("\"identity\"", 32_000),
        ("{ rand-k = { k = 10 } }", 32 * 10 + 64),
        ("{ rand-k = { k = 10, seeded = false } }", 32 * 10 + 10 * 10),
        ("{ top-k = { fraction = 0.01 } }", 10 * (32 + 10)),
        ("{ pruned = { fraction = 0.5 } }", 1000 + 500 * 32),
        ("{ qsgd = { bits = 2 } }", 32 + 1000 * 2),
        ("{ qsgd = { bits = 4 } }", 32 + 1000 * 4),
        ("{ qsgd = { levels = 8 } }", 32 + 1000 * 5),
        ("\"tern-grad\"", 32 + 2000),
        ("\"natural\"", 9000),
        ("{ natural-dithering = { bits = 4 } }", 32 + 1000 * 4),
        ("{ sign = {} }", 1000 + 64),
        ("{ sign = { block = 300 } }", 1000 + 4 * 32),
        ("{ stochastic = { bits = 8 } }", 64 + 8000),
        ("{ nearest = { bits = 8, by-layer = true } }", 128 + 8000),
        ("{ ef = { top-k = { k = 10 } } }", 10 * 42),
        ("{ diana = { qsgd = { bits = 4 } } }", 32 + 4000),
        ("{ ef21 = { top-k = { k = 10 } } }", 32_000),
    ];
    for (text, expected) in cases {
        assert_eq!(send_with(text, &v, &mut Payload::default(), &layers, 0).1, expected, "{text}");
    }
    let memory = &mut Payload::one(vec![0.0; 1000]);
    assert_eq!(send_with("{ ef21 = { top-k = { k = 10 } } }", &v, memory, &layers, 0).1, 420, "the second message is compressed");
}

#[test]
fn zero_comes_through_and_so_does_what_is_not_finite() {
    for text in UNBIASED.into_iter().chain(BIASED) {
        assert_eq!(send(text, &[0.0; 9], 0), [0.0; 9], "{text}");
        if !text.contains("rand-k") && !text.contains("lazy") {
            assert!(send(text, &[1.0, f64::NAN, 2.0, -1.0], 0)[1].is_nan(), "{text}");
        }
    }
}

#[test]
fn norms_whose_squares_leave_the_range_of_doubles_are_norms() {
    // 3, 4 and 5 times a power of ten: levels are fractions of 5.
    for scale in [1e-200, 1e-160, 1.0, 1e160, 1e300] {
        let v = [3.0 * scale, 0.0, -4.0 * scale];
        for text in ["{ qsgd = { levels = 5 } }", "{ qsgd = { levels = 1 } }", "{ natural-dithering = { levels = 4 } }"] {
            let sent = send(text, &v, 5);
            for level in sent.iter().map(|sent| sent.abs() / (5.0 * scale) * 40.0) {
                assert!((level - level.round()).abs() < 1e-9, "{text} at {scale}: {sent:?}");
            }
        }
        let exact = send("{ qsgd = { levels = 5 } }", &v, 5);
        assert!(exact.iter().zip(&v).all(|(sent, v)| (sent - v).abs() < 1e-12 * scale), "{exact:?} of {v:?}");
    }
}

#[test]
fn the_largest_coordinates_are_kept_and_ties_go_to_the_lowest_index() {
    assert_eq!(send("{ top-k = { k = 2 } }", &[1.0, -1.0, 1.0, 0.5], 0), [1.0, -1.0, 0.0, 0.0]);
    assert_eq!(send("{ top-k = { k = 3 } }", &[1.0, -2.0, 1.0, 1.0], 0), [1.0, -2.0, 1.0, 0.0]);
    assert_eq!(send("{ pruned = { k = 1 } }", &[1.0, -2.0, 2.0], 0), [0.0, -2.0, 0.0]);
}

#[test]
fn signs_take_the_mean_magnitude_of_their_layer() {
    let layers = [block("a", 0..2), block("b", 2..4)];
    let (sent, _) = send_with("{ sign = {} }", &[1.0, -3.0, 0.0, 0.5], &mut Payload::default(), &layers, 0);
    assert_eq!(sent, [2.0, -2.0, 0.25, 0.25]);
}

proptest! {
    #[test]
    fn top_k_is_a_sort(v in prop::collection::vec(-4_i32..5, 1..600), k in 1_usize..600) {
        let v: Vec<f64> = v.into_iter().map(f64::from).collect();
        let k = k.min(v.len());
        let mut order: Vec<usize> = (0..v.len()).collect();
        order.sort_by(|&a, &b| v[b].abs().total_cmp(&v[a].abs()));
        let mut expected = vec![0.0; v.len()];
        order[..k].iter().for_each(|&j| expected[j] = v[j]);
        prop_assert_eq!(send(&format!("{{ top-k = {{ k = {k} }} }}"), &v, 0), expected);
    }

    #[test]
    fn contractions_contract(v in prop::collection::vec(-1e3_f64..1e3, 16)) {
        for text in ["{ top-k = { k = 3 } }", "{ pruned = { k = 5 } }", "{ sign = {} }", "{ sign = { block = 5 } }"] {
            let Class::Contractive(delta) = class(text, v.len()) else { panic!("{text} is contractive") };
            let error = vector::distance2(&send(text, &v, 0), &v);
            prop_assert!(error <= (1.0 - delta) * vector::norm2(&v) * (1.0 + 1e-12), "{}: {}", text, error);
        }
    }

    #[test]
    fn rounding_stays_within_half_a_step(v in prop::collection::vec(-10.0_f64..10.0, 2..30), bits in 1_u32..12) {
        let (low, high) = v.iter().fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)));
        let step = (high - low) / f64::from((1_u32 << bits) - 1);
        for (sent, v) in send(&format!("{{ nearest = {{ bits = {bits} }} }}"), &v, 0).iter().zip(&v) {
            prop_assert!((sent - v).abs() <= 0.5 * step * (1.0 + 1e-9));
        }
        for (sent, v) in send(&format!("{{ stochastic = {{ bits = {bits} }} }}"), &v, 7).iter().zip(&v) {
            prop_assert!((sent - v).abs() <= step * (1.0 + 1e-9));
        }
    }

    #[test]
    fn error_feedback_loses_nothing(messages in prop::collection::vec(prop::collection::vec(-5.0_f64..5.0, 6), 1..20)) {
        for text in ["{ ef = { top-k = { k = 1 } } }", "{ ef = { qsgd = { bits = 2 } } }", "{ ef = { sign = {} } }"] {
            let (mut memory, mut owed) = (Payload::default(), vec![0.0; 6]);
            for (count, message) in messages.iter().enumerate() {
                let (sent, _) = send_with(text, message, &mut memory, &[], count as u64);
                owed.iter_mut().zip(message.iter().zip(&sent)).for_each(|(owed, (message, sent))| *owed += message - sent);
                for (owed, error) in owed.iter().zip(&memory.vectors[0]) {
                    prop_assert!((owed - error).abs() < 1e-9);
                }
            }
        }
    }
}

#[test]
fn what_both_ends_know_comes_to_be_exact() {
    let v = uneven();
    for text in ["{ ef21 = { top-k = { k = 2 } } }", "{ ef21 = { rand-k = { k = 4 } } }", "{ diana = { rand-k = { k = 4 } } }"] {
        let mut memory = Payload::default();
        let _ = send_with(text, &vec![1.0; v.len()], &mut memory, &[], 0);
        let mut last = Vec::new();
        for count in 1..400 {
            last = send_with(text, &v, &mut memory, &[], count).0;
        }
        assert!(vector::distance2(&last, &v) < 1e-20, "{text}: {last:?}");
    }
}

#[test]
fn a_shift_contracts_at_its_exact_rate() {
    let h: Vec<f64> = (1..=8).map(f64::from).collect();
    for (alpha, expected) in [(0.25, 0.75), (0.1, 0.84), (0.4, 0.84)] {
        let scaled: Vec<f64> = h.iter().map(|h| alpha * h).collect();
        let (mut sum, mut squares) = (0.0, 0.0);
        let compressor = spec("{ rand-k = { k = 2 } }").build();
        for count in 0..DRAWS {
            let (sent, _) = carry(compressor.as_ref(), &scaled, &mut Payload::default(), &[], count);
            let left = vector::distance2(&h, &sent) / vector::norm2(&h);
            sum += left;
            squares += left * left;
        }
        let mean = sum / DRAWS as f64;
        let standard_error = ((squares / DRAWS as f64 - mean * mean) / DRAWS as f64).sqrt();
        assert!((mean - expected).abs() < 5.0 * standard_error, "{alpha}: {mean} instead of {expected}");
    }
}

#[test]
fn nonsense_is_refused_with_a_reason() {
    let refused = |text: &str| {
        let compressor = unchecked(text);
        let invalid = compressor.validate().and_then(|()| compressor.fits(100)).unwrap_err();
        (invalid.path.join("."), invalid.message)
    };
    assert_eq!(refused("{ ef21 = { ef = { top-k = { k = 1 } } } }").0, "ef21.ef");
    assert_eq!(refused("{ ef = { nearest = { bits = 1 } } }").0, "ef.nearest.bits");
    assert!(refused("{ diana = { top-k = { k = 1 } } }").1.contains("unbiased"));
    assert_eq!(refused("{ ef = { top-k = { k = 101 } } }").0, "ef.top-k.k");
    assert_eq!(refused("{ rand-k = { fraction = 0.0 } }").0, "rand-k.fraction");
    assert_eq!(refused("{ top-k = { k = 1, fraction = 0.1 } }").0, "top-k.fraction");
    assert_eq!(refused("{ qsgd = { bits = 1 } }").0, "qsgd.bits");
    assert_eq!(refused("{ lazy = 0.0 }").0, "lazy");
    assert_eq!(refused("{ nearest = { bits = 40 } }").0, "nearest.bits");
}

#[test]
fn specs_are_written_as_they_are_read() {
    for text in UNBIASED.into_iter().chain(BIASED).chain(["{ ef21 = { top-k = { k = 3 } } }", "{ diana = \"natural\" }"]) {
        let compressor = spec(text);
        let written = toml::Value::try_from(&compressor).unwrap().to_string();
        assert_eq!(spec(&written), compressor, "{written}");
    }
}
