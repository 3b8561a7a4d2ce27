//! Where theory says that runs settle: the predictions that a scenario records.

use std::path::Path;

use fedfleet::{
    record::curves::predicted,
    run::{Options, Plan, Results, Silent, execute},
    scenario::Scenario,
};

/// Runs `methods` on `head` and returns label and predicted metrics of each run, in order.
fn predictions(head: &str, methods: &str) -> Vec<(String, Vec<Option<f64>>)> {
    let text = format!("{head}\n{methods}");
    let scenario = Scenario::read(Path::new("surrogate.toml"), &text, &[], &fedfleet::registry::Registry::builtin())
        .unwrap_or_else(|fault| panic!("{fault}"));
    let plan = Plan::resolve(scenario, &[]).unwrap_or_else(|fault| panic!("{fault}"));
    let folder = tempfile::tempdir().expect("there is room");
    let _ = execute(&plan, &Results::at(folder.path()), &Options::default(), &Silent).expect("the run ends");
    let found = predicted::read(&folder.path().join("predicted.csv")).expect("the predictions are there");
    let metrics = 0..found.metrics.len();
    found.runs.iter().map(|run| (run.method.clone(), metrics.clone().map(|metric| run.last(metric)).collect())).collect()
}

/// Q4 with five local steps of 0.002 under the hardware spread F-80.
const F80: &str = r#"
stop = { seconds = 2 }
fleet = { clients = 4, step = 0, visit = { spread = { slowest = 1.0, percent = 80 } } }
record = { every = { seconds = 1 }, metrics = ["distance", "gap", "staleness"], stationary-point = true }
federated = { local = { steps = 5, lr = 0.002 } }
[problem]
objective = { quadratic = { curvature = [1.0, 2.0, 0.5, 4.0], centre = [-1.0, 0.0, 1.0, 2.0] } }
"#;

fn method(schedule: &str, weighting: &str) -> String {
    format!(
        "[[method]]\nname = \"fedavg\"\nlabel = '{weighting} {schedule}'\nschedule = {schedule}\nweighting = \"{weighting}\"\n"
    )
}

#[test]
fn q4_under_unlike_speeds_settles_where_the_closed_forms_say() {
    let unbiased = 0.9946639527;
    let cases = [
        ("{ every-arrival = {} }", "all", 1.6127982183),
        ("{ every-arrival = {} }", "participating", 1.6127982183),
        ("{ buffered = { size = 3 } }", "participating", 1.6127982183),
        ("{ window = { seconds = 0.2 } }", "all-weighted", 1.6340250095),
        ("{ window = { seconds = 0.5 } }", "all", 1.3288253497),
        ("{ window = { seconds = 0.8 } }", "all", 1.1382619722),
        ("{ window = { seconds = 1.0 } }", "all", unbiased),
        ("{ every-arrival = {} }", "unbiased", unbiased),
        ("{ window = { seconds = 0.5 } }", "unbiased", unbiased),
        ("{ rounds = {} }", "participating", unbiased),
        ("{ rounds = { cohort = 2 } }", "sampling", unbiased),
    ];
    let methods: String = cases.iter().map(|(schedule, weighting, _)| method(schedule, weighting)).collect();
    let found = predictions(F80, &methods);
    assert_eq!(found.len(), cases.len());
    for ((label, values), (_, _, expected)) in found.iter().zip(cases) {
        // The optimum is 1, and the mean curvature 7.5/4.
        let distance = (expected - 1.0_f64).abs();
        assert!((values[0].unwrap() - distance).abs() < 1e-9, "{label}: {values:?} instead of {distance}");
        assert!((values[1].unwrap() - 0.5 * 7.5 / 4.0 * distance * distance).abs() < 1e-9, "{label}: {values:?}");
        assert_eq!(values[2], None, "staleness is not of a model");
    }
}

#[test]
fn participation_and_unlike_steps_bias_as_predicted() {
    let drawn = F80.replace("lr = 0.002", "lr = 0.01").replace(
        "step = 0, visit = { spread = { slowest = 1.0, percent = 80 } }",
        "availability = { bernoulli = { probability = { values = [0.1, 0.3, 0.6, 0.9] } } }, visit = 1",
    );
    let found = predictions(&drawn, &(method("{ rounds = {} }", "all") + &method("{ rounds = {} }", "known-probability")));
    for ((label, values), expected) in found.iter().zip([1.5939218398, 0.9732788039]) {
        assert!((values[0].unwrap() - (expected - 1.0_f64).abs()).abs() < 1e-9, "{label}: {values:?} instead of {expected}");
    }
    let uneven = F80.replace("steps = 5, lr = 0.002", "steps = { values = [1, 2, 4, 8] }, lr = 0.05");
    let found = predictions(&uneven, &method("{ rounds = {} }", "participating"));
    assert!((found[0].1[0].unwrap() - 0.4640216539).abs() < 1e-9, "{found:?}");
    // With steps that shrink, the limit: weights by the number of steps, 5/3.
    let falling = uneven.replace("lr = 0.05", "lr = { inverse-sqrt = { start = 0.05, offset = 10 } }");
    let found = predictions(&falling, &method("{ rounds = {} }", "participating"));
    assert!((found[0].1[0].unwrap() - 2.0 / 3.0).abs() < 1e-9, "{found:?}");
}

#[test]
fn what_is_not_known_is_not_predicted() {
    let methods = [
        method("{ window = { seconds = 0.5 } }", "participating"),
        method("{ every-arrival = { discount = \"sqrt\" } }", "all"),
        method("{ rounds = {} }", "all") + "client = { optimiser = [{ momentum = { beta = 0.9 } }] }\n",
        method("{ rounds = {} }", "all").replace("'all", "'lossy all") + "uplink = { top-k = { k = 1 } }\n",
        "[[method]]\nname = \"scaffold\"\n".to_owned(),
    ];
    assert_eq!(predictions(F80, &methods.concat().replacen("label = 'all {", "label = 'moving all {", 1)), []);
}

#[test]
fn a_classifier_settles_where_the_gradients_of_the_surrogate_cancel() {
    let head = r#"
stop = { seconds = 2 }
problem = { objective = "softmax", data = { mixture = { classes = 3, features = 4, samples = 90 } }, l2 = 0.01, partition = { dirichlet = { alpha = 0.3 } } }
fleet = { clients = 4, step = 0, visit = { spread = { slowest = 1.0, percent = 80 } } }
record = { every = { seconds = 1 }, metrics = ["gap", "distance", "accuracy"], stationary-point = true }
federated = { local = { steps = 3, batch = 8, lr = 0.02 } }
"#;
    let found = predictions(head, &(method("{ every-arrival = {} }", "all") + &method("{ every-arrival = {} }", "unbiased")));
    let [biased, unbiased] = [&found[0].1, &found[1].1].map(|values| [values[0].unwrap(), values[1].unwrap()]);
    assert!(biased.iter().all(|value| *value > 1e-3), "{biased:?}");
    assert!(unbiased.iter().all(|value| *value < 1e-9), "{unbiased:?}");
}
