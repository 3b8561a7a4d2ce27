use std::path::PathBuf;

use approx::{assert_abs_diff_eq, assert_relative_eq};

use super::*;
use crate::random::Purpose;

pub(super) fn setting(clients: usize, seed: u64) -> Setting {
    Setting { streams: Streams::new(seed), clients, folder: PathBuf::new() }
}

pub(super) fn fleet(text: &str, clients: usize) -> Fleet {
    toml::from_str::<FleetSpec>(text).unwrap().build(&setting(clients, 1), None).unwrap()
}

fn refusal(text: &str, clients: usize) -> Invalid {
    toml::from_str::<FleetSpec>(text).unwrap().build(&setting(clients, 1), None).unwrap_err()
}

const UNLIKE: &str = r#"
clients = 100
leave = "lose"
[[group]]
share = 0.7
step = { exponential = { mean = 0.2 } }
[[group]]
share = 0.3
step = { lognormal = { median = 2.0, sigma = 0.8 } }
availability = { markov = { up = 600, down = 300 } }
bits = 8
bits-speed = 1.0
leave = "pause"
"#;

#[test]
fn a_spec_survives_a_round_trip() {
    let more = r#"
availability = { bernoulli = { probability = { labels = { alpha = 0.1, mean = 0.1, min = 0.02 } }, over-time = { sine = { gamma = 0.3, period = 20 } } } }
dropout = { fixed = { uniform = { low = 0.0, high = 0.2 } } }
assign = "blocks"
"#;
    let others = [
        "availability = { pattern = [[0], [1, 2], [], [3], [0, 1, 2, 3], [1]] }",
        "availability = { pattern = \"rounds.csv\" }",
        "availability = { trace = \"trace.csv\" }",
        "availability = \"always\"",
        "availability = { cyclic-rounds = { probability = 0.3 } }",
        "availability = { markov-rounds = { probability = { values = [0.1, 0.5] } } }",
        "",
    ];
    for text in [UNLIKE, more].into_iter().chain(others) {
        let spec: FleetSpec = toml::from_str(text).unwrap();
        spec.validate().unwrap();
        let written = toml::to_string(&spec).unwrap();
        assert_eq!(toml::from_str::<FleetSpec>(&written).unwrap(), spec, "{written}");
    }
}

#[test]
fn groups_override_the_fleet() {
    let fleet = fleet(UNLIKE, 100);
    assert_eq!((fleet.group_size(0), fleet.group_size(1)), (70, 30));
    let slow: Vec<usize> = (0..100).filter(|&client| fleet.group(client) == 1).collect();
    assert_eq!(slow.len(), 30);
    for client in 0..100 {
        let is_slow = slow.contains(&client);
        assert_eq!(fleet.bits(client), if is_slow { 8 } else { FULL_WIDTH });
        assert_eq!(fleet.leave(client), if is_slow { Leave::Pause } else { Leave::Lose });
        let probability = fleet.probability(client).unwrap();
        assert_relative_eq!(probability, if is_slow { 2.0 / 3.0 } else { 1.0 });
        // An 8-bit client needs a quarter of the time.
        let mean = if is_slow { 2.0 * (0.32_f64).exp() / 4.0 } else { 0.2 };
        assert_relative_eq!(fleet.mean_duration(client, 10.0), 10.0 * mean, max_relative = 1e-12);
    }
}

#[test]
fn a_visit_takes_its_steps_and_its_fixed_part() {
    let spread = fleet("step = 0\nvisit = { spread = { slowest = 1.0, percent = 80 } }", 4);
    let mut rng = Streams::new(0).stream(Purpose::Delay, 0, 0);
    for (client, tau) in [1.0, 11.0 / 15.0, 7.0 / 15.0, 0.2].into_iter().enumerate() {
        assert_relative_eq!(spread.duration(client, 4, &mut rng), tau, max_relative = 1e-15);
    }
    // The asynchronous Local-SGD toy: seconds per step of 4 workers.
    let toy = fleet("step = { values = [0.58, 0.75, 1.51, 3.33] }\nvisit = 0.5", 4);
    assert_relative_eq!(toy.duration(2, 10, &mut rng), 15.6, max_relative = 1e-15);
    assert_relative_eq!(toy.mean_duration(2, 10.0), 15.6, max_relative = 1e-15);
}

#[test]
fn energy_is_a_property_of_the_client() {
    let text =
        "energy = { lognormal = { median = 1.0, sigma = 1.0 } }\n[[group]]\nshare = 0.5\nenergy = 2.5\n[[group]]\nshare = 0.5";
    let unlike = fleet(text, 40);
    assert!(unlike.knows_energy());
    let joules = |group: usize| -> Vec<f64> {
        (0..40).filter(|&client| unlike.group(client) == group).filter_map(|client| unlike.energy(client)).collect()
    };
    assert_eq!(joules(0), [2.5; 20]);
    let drawn = joules(1);
    assert!(drawn.windows(2).all(|pair| pair[0] != pair[1]), "{drawn:?}");
    assert_eq!(drawn, joules(1), "drawn once a client");
    let partly = fleet("[[group]]\nshare = 0.5\nenergy = 2.5\n[[group]]\nshare = 0.5", 4);
    assert!(!partly.knows_energy());
}

#[test]
fn arrivals_of_the_hardware_scenario_come_in_the_golden_order() {
    let fleet = fleet("step = 0\nvisit = { spread = { slowest = 1.0, percent = 80 } }", 4);
    let mut rng = Streams::new(0).stream(Purpose::Delay, 0, 0);
    let mut next: Vec<f64> = (0..4).map(|client| fleet.duration(client, 4, &mut rng)).collect();
    for (client, time) in [(3, 0.2), (3, 0.4), (2, 0.4667), (3, 0.6), (1, 0.7333), (3, 0.8), (2, 0.9333)] {
        let first = (0..4).min_by(|&a, &b| next[a].total_cmp(&next[b])).unwrap();
        assert_eq!(first, client);
        assert_abs_diff_eq!(next[first], time, epsilon = 5e-5);
        next[first] += fleet.duration(first, 4, &mut rng);
    }
}

#[test]
fn dropouts_come_at_their_rate_and_leave_a_fraction() {
    let fleet = fleet("dropout = 0.25\ndropout-done = { uniform = { low = 0.5, high = 1.0 } }", 10);
    let mut rng = Streams::new(0).stream(Purpose::Fault, 0, 0);
    let lost: Vec<f64> = (0..40_000).filter_map(|visit| fleet.dropout(visit % 10, &mut rng)).collect();
    assert_abs_diff_eq!(lost.len() as f64 / 40_000.0, 0.25, epsilon = 0.011);
    assert!(lost.iter().all(|done| (0.5..1.0).contains(done)));
    assert!(self::fleet("", 10).dropout(3, &mut rng).is_none());
}

#[test]
fn ten_million_clients_cost_what_is_asked_of_them() {
    let fleet = fleet(&UNLIKE.replace("clients = 100\n", ""), 10_000_000);
    assert_eq!(fleet.group_size(1), 3_000_000);
    let mut presence = Presence::new();
    for client in (0..10_000_000).step_by(999_983) {
        assert!(fleet.group(client) < 2);
        let up = presence.next_up(&fleet, client, 5000.0).unwrap();
        assert!(presence.is_up(&fleet, client, up));
    }
    assert!(presence.followed() <= 11);
}

#[test]
fn label_rules_follow_the_label_mix() {
    let labels = ndarray::array![[1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]];
    let probabilities = |rule: &str| -> Vec<f64> {
        let text = format!("availability = {{ bernoulli = {{ probability = {rule} }} }}");
        let spec: FleetSpec = toml::from_str(&text).unwrap();
        let fleet = spec.build(&setting(3, 5), Some(labels.view())).unwrap();
        (0..3).map(|client| fleet.probability(client).unwrap()).collect()
    };
    let needs = |text: &str| toml::from_str::<FleetSpec>(text).unwrap().needs_labels();
    assert!(needs("group = [{ share = 1.0, availability = { cyclic-rounds = { probability = { labels = {} } } } }]"));
    assert!(!needs("availability = { bernoulli = { probability = 0.1 } }"));
    // With min = 0 and small means nothing is clipped, so p = mean · C · κ q, and the rows of the identity sum to mean · C.
    let p = probabilities("{ labels = { alpha = 1.0, mean = 0.1, min = 0.0 } }");
    let q1 = 0.3 - p[0] - p[2];
    assert_relative_eq!(p[1], (q1 + p[2]) / 2.0, max_relative = 1e-12);
    assert!(probabilities("{ labels = { alpha = 1e-9, mean = 1.0, min = 0.02 } }").iter().all(|&p| p == 0.02 || p == 1.0));
    let lowest = probabilities("{ lowest-label = { min = 0.2 } }");
    lowest.iter().zip([0.2, 0.6, 1.0]).for_each(|(found, expected)| assert_relative_eq!(*found, expected, max_relative = 1e-15));
    let p = probabilities("{ label-rates = { first = 1.0, second = 0.5 } }");
    assert!(p.iter().all(|&p| (0.0..=1.0).contains(&p)) && p[2] <= 0.5);
}

#[test]
fn label_weights_are_dirichlet() {
    // p = 0.1 · C · q_0 with q ~ Dirichlet(0.1, 0.1, 0.1): mean 0.1, variance 0.3² · (2/9) / 1.3.
    let labels = ndarray::array![[1.0, 0.0, 0.0]];
    let text = "availability = { bernoulli = { probability = { labels = { min = 0.0 } } } }";
    let spec: FleetSpec = toml::from_str(text).unwrap();
    let seeds = 20_000;
    let draw = |seed| spec.build(&setting(1, seed), Some(labels.view())).unwrap().probability(0).unwrap();
    let (sum, squares) = (0..seeds).map(draw).fold((0.0, 0.0), |(sum, squares), p| (sum + p, squares + p * p));
    let mean = sum / seeds as f64;
    let variance = 0.09 * (2.0 / 9.0) / 1.3;
    assert_abs_diff_eq!(mean, 0.1, epsilon = 5.0 * f64::sqrt(variance / seeds as f64));
    assert_relative_eq!(squares / seeds as f64 - mean * mean, variance, max_relative = 0.05);
}

#[test]
fn unfit_fleets_are_refused_with_their_path() {
    for (text, path, part) in [
        ("clients = 0", "clients", "from 1 client"),
        ("clients = 2000000000", "clients", "100 million"),
        ("step = -1", "step", "at least 0"),
        ("bits = 1", "bits", "2 to 32"),
        ("bits-speed = -1", "bits-speed", "exponent"),
        ("dropout = 1.5", "dropout", "from 0 to 1"),
        ("group = [{ share = 0.5 }]", "group", "sum to 0.5"),
        ("group = [{ share = 0.5 }, { share = 0.5, step = inf }]", "group.1.step", "finite"),
        ("group = [{ share = 1.0, up = { loss = 2 } }]", "group.0.up.loss", "from 0 to 1"),
        ("group = [{ share = -1.0 }, { share = 2.0 }]", "group.0.share", "fraction"),
        ("availability = { markov = { up = 0, down = 1 } }", "availability.markov.up", "above 0"),
        ("availability = { bernoulli = { probability = 2 } }", "availability.bernoulli.probability", "from 0 to 1"),
        ("availability = { bernoulli = { probability = { labels = {} } } }", "availability.bernoulli.probability", "need data"),
        ("availability = { cyclic-rounds = { probability = 0.1, period = 1 } }", "availability.cyclic-rounds.period", "2 rounds"),
        ("availability = { pattern = [] }", "availability.pattern", "at least one round"),
        ("step = 1e308", "step", "`1e308` s is out of range"),
        ("visit = { exponential = { mean = 1e16 } }", "visit", "at most 1e15 s"),
        ("step = 10\navailability = { markov = { up = 3e-5, down = 3e-5 } }", "availability.markov", "within a step of 10.0 s"),
        ("step = 10\navailability = { cyclic = { up = 3e-9, down = 3e-9 } }", "availability.cyclic", "1e9 times"),
        ("availability = { pattern = [[7]] }", "availability.pattern", "`7` is no client"),
        ("availability = { trace = \"missing.csv\" }", "availability.trace", "cannot read"),
    ] {
        let error = refusal(text, 4);
        assert_eq!(error.path.join("."), path, "{text}: {}", error.message);
        assert!(error.message.contains(part), "{text}: {}", error.message);
    }
}

#[test]
fn times_in_a_file_are_as_long_as_others() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("steps.csv"), "value\n1\n1e300\n").unwrap();
    for text in ["step = { file = \"steps.csv\" }", "visit = { fixed = { file = \"steps.csv\" } }"] {
        let setting = Setting { folder: folder.path().into(), ..setting(2, 1) };
        let error = toml::from_str::<FleetSpec>(text).unwrap().build(&setting, None).unwrap_err();
        assert!(error.message.contains("`1e300` s is out of range"), "{text}: {}", error.message);
    }
}

#[test]
fn malformed_availabilities_say_what_was_expected() {
    for (text, part) in [
        ("availability = { bernoulli = { probability = \"often\" } }", "a probability"),
        ("availability = { bernoulli = { probability = { labels = { beta = 1 } } } }", "unknown field `beta`"),
        ("availability = { bernoulli = { probability = { unifrom = 1 } } }", "unknown variant `unifrom`"),
        ("availability = { bernoulli = {} }", "missing field `probability`"),
        ("availability = { markow = { up = 1, down = 1 } }", "unknown variant `markow`"),
        ("availability = { pattern = 3 }", "the path of a file or a list"),
        ("group = [{ step = 1 }]", "missing field `share`"),
        ("speed = 1", "unknown field `speed`"),
    ] {
        let error = toml::from_str::<FleetSpec>(text).unwrap_err();
        assert!(error.message().contains(part), "{text}: {}", error.message());
        assert!(error.span().is_some(), "{text}");
    }
}

#[test]
fn the_schema_knows_numbers_rules_and_files() {
    let schema = serde_json::to_string(&schemars::schema_for!(FleetSpec)).unwrap();
    for part in ["over-time", "label-rates", "half-normal", "markov-rounds", "bits-speed", "Quantity"] {
        assert!(schema.contains(part), "{part}");
    }
}

#[test]
fn a_group_may_have_its_own_links() {
    let network = toml::from_str::<crate::network::NetworkSpec>("up = { latency = 1 }\ndown = { latency = 2 }").unwrap();
    let network = network.build(&setting(4, 1)).unwrap();
    let fleet = fleet("assign = \"blocks\"\ngroup = [{ share = 0.5 }, { share = 0.5, up = { bandwidth = 10 } }]", 4);
    let delays = |direction| [0, 1, 2, 3].map(|client| fleet.link(&network, direction, client).steady_delay(client, 30));
    assert_eq!(delays(Direction::Up), [1.0, 1.0, 3.0, 3.0].map(Some));
    assert_eq!(delays(Direction::Down), [Some(2.0); 4]);
}
