use std::path::Path;

use super::*;
use crate::{
    problem::{
        evaluate::{Wanted, evaluate},
        net::MlpSpec,
        optimum::{TOLERANCE, solve},
        softmax::SoftmaxSpec,
    },
    random::Streams,
    registry::Registry,
    toml::decode,
};

fn read(text: &str) -> ProblemSpec {
    decode::read(text, &Registry::builtin()).unwrap()
}

fn build(text: &str, clients: Option<usize>) -> Result<Problem<f64>, Invalid> {
    Problem::build(&read(text), clients, Streams::new(0), Path::new("."))
}

#[test]
fn a_name_stands_for_its_table_of_defaults() {
    assert_eq!(read("objective = 'mlp'"), read("objective = { mlp = {} }"));
    assert_eq!(read("objective = 'mlp'").objective, MlpSpec::default().into());
    assert_eq!(read("objective = 'quadratic'"), read("objective = { quadratic = {} }"));
    assert_eq!(read("objective = 'softmax'").objective, SoftmaxSpec {}.into());
    assert_eq!(read("objective = 'softmax'\ninit = 'xavier'"), read("objective = 'softmax'\ninit = { xavier = {} }"));
    let unknown = decode::read::<ProblemSpec>("objective = 'sofmax'", &Registry::builtin()).unwrap_err();
    assert!(unknown[0].title.contains("sofmax"), "{:?}", unknown[0]);
}

#[test]
fn a_specification_survives_being_written_back() {
    let texts = [
        "objective = 'quadratic'\ninit = 'zeros'",
        "objective.quadratic = { curvature = [1, 2], centre = [[1], [2]], noise = 0.1 }\ninit = { constant = 5.0 }",
        "objective.quadratic.generate = { shape = 'dense', linear = { mean = 1, sd = 0.1 } }\ninit.values = [1, 2]",
        "objective = { logistic = { intercept = false } }\ndata = 'adult-a9a'\npartition = 'iid'\nl2 = 1e-3\nweights = 'samples'",
        "objective = { mlp = { hidden = [8, 4], activation = 'tanh' } }\ndata = 'digits-8x8'\ninit = { xavier = { independent = true } }",
    ];
    for text in texts {
        let spec = read(text);
        assert_eq!(spec, read(&toml::to_string(&spec).unwrap()), "{text}");
    }
}

#[test]
fn precision_and_start_follow_the_objective() {
    let (mlp, logistic) = (read("objective = 'mlp'"), read("objective = 'logistic'"));
    assert_eq!((mlp.default_precision(), logistic.default_precision()), (Precision::F32, Precision::F64));
    assert_eq!((mlp.init(), logistic.init()), (InitSpec::Xavier(XavierInit::default()), InitSpec::Zeros));
}

#[test]
fn combinations_that_mean_nothing_are_refused_with_a_remedy() {
    let cases = [
        ("objective = 'quadratic'\nl2 = 0.1", "l2"),
        ("objective = 'quadratic'\ndata = 'mnist-10k'", "data"),
        ("objective = 'quadratic'\npartition = 'iid'", "partition"),
        ("objective = 'quadratic'\nweights = 'samples'", "weights"),
        ("objective = 'softmax'", "objective"),
        ("objective = 'logistic'\ndata = 'digits-8x8'\npartition = 'iid'", "objective"),
        ("objective.quadratic = { curvature = [1, 2] }", "objective.quadratic.curvature"),
        ("objective.quadratic = { curvature = [1, 3], centre = [0, 4] }\ninit = { values = [1, 2] }", "init.values"),
    ];
    for (text, key) in cases {
        let Err(error) = build(text, Some(2)) else { panic!("{text} is accepted") };
        assert_eq!(error.path.join("."), key, "{text}");
        assert!(error.help.is_some(), "{text}");
    }
    for (text, key) in [
        ("objective = 'softmax'\ndata = 'mnist-10k'\npartition = { dirichlet = { alpha = 0 } }", "partition.dirichlet.alpha"),
        ("objective = 'logistic'\ndata = 'adult-a9a'\nl2 = -1", "l2"),
        ("objective = 'mlp'\ninit = { normal = { sd = -1 } }", "init.normal.sd"),
        ("objective = { mlp = { hidden = [3, 0] } }", "objective.mlp.hidden.1"),
    ] {
        assert_eq!(read(text).check().unwrap_err().path.join("."), key, "{text}");
    }
}

#[test]
fn canonical_problems_take_a_line() {
    let q4 = build("objective.quadratic = { curvature = [1, 2, 0.5, 4], centre = [-1, 0, 1, 2] }\ninit = { constant = 5 }", None);
    let q4 = q4.unwrap();
    assert_eq!(q4.objective().clients(), 4);
    assert_eq!(q4.initial(3), [5.0]);
    assert_eq!(q4.optimum().unwrap().x, [1.0]);
    // ½ · 1.875 · 4²
    assert_eq!(q4.evaluate(&[5.0], Wanted { gap: true, ..Wanted::default() }).gap, Some(15.0));
}

const ADULT: &str = "data = 'adult-a9a'\npartition = 'iid'\nl2 = 1e-3";

#[test]
fn logistic_regression_on_bundled_data_has_a_certified_optimum() {
    let problem = build(&format!("objective = 'logistic'\n{ADULT}"), Some(20)).unwrap();
    let best = solve(problem.objective()).unwrap();
    assert!(best.gradient_norm <= TOLERANCE);
    let score = evaluate(problem.objective(), Some(&best), &best.x, Wanted { gap: true, test: true, ..Wanted::default() });
    assert!(score.gap.unwrap().abs() < 1e-15);
    // The accuracy that linear models are known for on this data set.
    assert!((score.test.unwrap().accuracy.unwrap() - 0.85).abs() < 0.01);
}

#[test]
fn least_squares_has_one_optimum_in_either_precision() {
    let text = format!("objective = 'least-squares'\n{ADULT}");
    let wide = build(&text, Some(20)).unwrap();
    let narrow = Problem::<f32>::build(&read(&text), Some(20), Streams::new(0), Path::new(".")).unwrap();
    let best = wide.optimum().unwrap();
    assert!(best.gradient_norm <= TOLERANCE);
    assert_eq!(best, narrow.optimum().unwrap());
}

#[test]
fn perceptrons_have_no_optimum() {
    let problem = build("objective = { mlp = { hidden = [4] } }\ndata = 'digits-8x8'\npartition = 'iid'", Some(3)).unwrap();
    assert_eq!(problem.optimum().unwrap_err(), &crate::problem::optimum::OptimumError::NotConvex);
    let score = problem.evaluate(&problem.initial(0), Wanted { loss: true, gap: true, ..Wanted::default() });
    assert!(score.loss.unwrap() > 1.0 && score.gap.is_none());
}
