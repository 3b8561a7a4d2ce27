use std::collections::BTreeMap;

use approx::assert_relative_eq;

use super::*;
use crate::{
    random::{Purpose, Setting, Streams},
    toml::decode,
};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Holder {
    value: Quantity,
}

const ANY: RangeInclusive<f64> = f64::NEG_INFINITY..=f64::INFINITY;

fn parse(text: &str) -> Result<Quantity, String> {
    toml::from_str::<Holder>(&format!("value = {text}")).map(|holder| holder.value).map_err(|error| error.message().to_owned())
}

fn setting(clients: usize) -> Setting {
    Setting { streams: Streams::new(1), clients, folder: PathBuf::new() }
}

/// Every form, with its closed-form variance (infinite where the mean cannot be tested by averaging).
const FORMS: [(&str, f64); 16] = [
    ("3", 0.0),
    ("0.25", 0.0),
    ("{ constant = 2.5 }", 0.0),
    ("{ uniform = { low = 1, high = 3 } }", 1.0 / 3.0),
    ("{ exponential = { mean = 0.2 } }", 0.04),
    ("{ lognormal = { median = 2.0, sigma = 0.8 } }", 14.41),
    ("{ lognormal = { mu = 2.5, sigma = 1.0 } }", 693.2),
    ("{ half-normal = { min = 1.0, sd = 2.0 } }", 1.4535),
    ("{ gamma = { shape = 0.5, mean = 3.0 } }", 18.0),
    ("{ pareto = { min = 1.0, shape = 4.0 } }", 0.2223),
    ("{ normal = { mean = 1.0, sd = 2.0, min = 0.5 } }", 2.0),
    ("{ integer = { low = 1, high = 20 } }", 33.25),
    ("{ spread = { slowest = 1.0, percent = 80.0 } }", 0.0),
    ("{ values = [0.58, 0.75, 1.51, 3.33] }", 0.0),
    ("{ fixed = { exponential = { mean = 2.0 } } }", 4.0),
    ("{ file = \"speeds.txt\" }", 0.0),
];

#[test]
fn every_form_survives_a_round_trip() {
    for (text, _) in FORMS {
        let value = parse(text).unwrap();
        let holder = Holder { value };
        let written = toml::to_string(&holder).unwrap();
        assert_eq!(toml::from_str::<Holder>(&written).unwrap(), holder, "{written}");
    }
    assert_eq!(parse("3").unwrap(), Quantity::Constant(3.0));
}

#[test]
fn sample_means_agree_with_the_closed_forms() {
    let draws = 200_000;
    for (text, variance) in FORMS.iter().filter(|(text, _)| !text.contains("file")) {
        let sampler = parse(text).unwrap().build("test", &ANY, &setting(200)).unwrap();
        let mut rng = Streams::new(3).stream(Purpose::Delay, 0, 0);
        let mean = (0..draws).map(|client| sampler.sample(client % 200, &mut rng)).sum::<f64>() / draws as f64;
        let repeated = if text.contains("fixed") { 200 } else { draws };
        let error = 5.0 * (variance / repeated as f64).sqrt() + 1e-9;
        assert!((mean - sampler.mean()).abs() <= error, "{text}: {mean} is not {}", sampler.mean());
    }
}

#[test]
fn the_truncated_normal_has_the_textbook_mean() {
    // φ(-1/4) / (1 − Φ(-1/4)) = 0.386668 / 0.598706
    let sampler = Quantity::Normal { mean: 1.0, sd: 2.0, min: 0.5 }.build("test", &ANY, &setting(1)).unwrap();
    assert_relative_eq!(sampler.mean(), 1.0 + 2.0 * 0.386_668_116 / 0.598_706_326, max_relative = 1e-7);
}

#[test]
fn a_fixed_draw_belongs_to_the_client_and_the_name() {
    let fixed = Quantity::Exponential { mean: 1.0 }.per_client();
    let (a, b) = (fixed.build("a", &ANY, &setting(9)).unwrap(), fixed.build("b", &ANY, &setting(9)).unwrap());
    let mut rng = Streams::new(3).stream(Purpose::Delay, 0, 0);
    assert_eq!(a.sample(4, &mut rng), a.sample(4, &mut rng));
    assert_eq!(Some(a.sample(4, &mut rng)), a.of_client(4));
    assert_ne!(a.sample(4, &mut rng), a.sample(5, &mut rng));
    assert_ne!(a.sample(4, &mut rng), b.sample(4, &mut rng));
    let fresh = Quantity::Exponential { mean: 1.0 }.build("a", &ANY, &setting(9)).unwrap();
    assert_ne!(fresh.sample(4, &mut rng), fresh.sample(4, &mut rng));
}

#[test]
fn the_spread_is_the_hardware_scenario_f80() {
    let sampler = Quantity::Spread { slowest: 1.0, percent: 80.0 }.build("step", &ANY, &setting(4)).unwrap();
    for (client, expected) in [1.0, 11.0 / 15.0, 7.0 / 15.0, 0.2].into_iter().enumerate() {
        assert_relative_eq!(sampler.of_client(client).unwrap(), expected, max_relative = 1e-15);
    }
    assert_relative_eq!(sampler.mean(), 0.6, max_relative = 1e-15);
}

#[test]
fn unfit_quantities_are_refused() {
    let seconds = 0.0..=f64::MAX;
    for (text, part) in [
        ("-1", "`-1` is out of range: expected values of at least 0"),
        ("{ uniform = { low = 3, high = 1 } }", "out of range"),
        ("{ exponential = { mean = 0 } }", "above 0"),
        ("{ lognormal = { sigma = 1 } }", "either `median` or `mu`"),
        ("{ normal = { mean = 1, sd = 1, min = -1 } }", "can be `-1`"),
        ("{ normal = { mean = 0, sd = 1, min = 9 } }", "standard deviations"),
        ("{ values = [] }", "empty"),
        ("{ values = [1, nan] }", "expected a number"),
        ("{ fixed = { pareto = { min = -1, shape = 1 } } }", "above 0"),
        ("inf", "finite"),
    ] {
        let error = parse(text).unwrap().validate(&seconds).unwrap_err();
        assert!(error.message.contains(part), "{text}: {}", error.message);
    }
    let error = parse("{ exponential = { mean = 1 } }").unwrap().validate(&(0.0..=1.0)).unwrap_err();
    assert!(error.message.contains("arbitrarily large"), "{}", error.message);
    let error = parse("{ exponential = { mean = 2 } }").unwrap().validate(&(1.0..=f64::MAX)).unwrap_err();
    assert_eq!(
        error.message,
        "a value that can be arbitrarily close to 0 is out of range: expected values of at least 1 and finite"
    );
}

#[test]
fn malformed_quantities_say_what_was_expected() {
    for (text, part) in [
        ("\"fast\"", "a number or a distribution"),
        ("{ exponentail = { mean = 1 } }", "unknown variant `exponentail`"),
        ("{ exponential = { median = 1 } }", "unknown field `median`"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn a_scenario_names_one_distribution() {
    let text = "step = { constant = 1, uniform = { low = 0, high = 1 } }";
    let faults = decode::read::<BTreeMap<String, Quantity>>(text, &decode::NoParts).unwrap_err();
    assert_eq!(faults[0].title, "`step` must name one choice, but has 2 keys");
}

#[test]
fn a_file_gives_one_value_per_client() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("speeds.txt"), "seconds\n0.5\n1.5\n-1\n").unwrap();
    let quantity = Quantity::File("speeds.txt".into());
    let build = |clients, range| quantity.build("step", &range, &Setting { folder: folder.path().into(), ..setting(clients) });
    assert_eq!(build(3, ANY).unwrap().of_client(1), Some(1.5));
    assert!(build(4, ANY).unwrap_err().message.contains("3 values"));
    assert_eq!(build(3, 0.0..=1.0).unwrap_err().place(), "3:1 1.5");
}

#[test]
fn the_schema_allows_a_bare_number() {
    let schema = schemars::schema_for!(Quantity);
    let forms = schema.get("oneOf").unwrap().as_array().unwrap();
    assert!(forms.iter().any(|form| form["type"] == "number"));
    assert_eq!(schema.get("title").unwrap(), "Quantity");
}

#[test]
fn the_names_of_distributions_are_those_that_are_read() {
    let error = parse("{ none = 1 }").unwrap_err();
    let (_, expected) = error.split_once("expected one of").unwrap();
    assert_eq!(expected.split('`').skip(1).step_by(2).collect::<Vec<_>>(), distributions());
}
