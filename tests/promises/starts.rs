//! A run starts from what an earlier one has kept.

use std::{fs, path::Path};

use fedfleet::{
    record::{axis::Axis, curves::Curves},
    run::{Options, Plan, Results, Silent, execute},
    scenario::Scenario,
};

/// A softmax on eight clients that keeps its models, with these further lines.
fn plan(folder: &Path, lines: &str) -> Result<Plan, String> {
    let text = format!(
        "seeds = 1\nstop.rounds = 3\nfleet.clients = 8\nrecord.models = true\nrecord.metrics = ['loss', 'accuracy']\n{lines}"
    );
    let scenario = Scenario::read(&folder.join("scenario.toml"), &text, &[], &fedfleet::registry::Registry::builtin());
    scenario.and_then(|scenario| Plan::resolve(scenario, &[])).map_err(|rejected| rejected.to_string())
}

const SERVER: &str = "federated.local = { steps = 2, lr = 0.1 }\n[[method]]\nname = 'fedavg'";
const PEERS: &str = "network.topology = 'ring'\npeers.local.lr = 0.1\n[[method]]\nname = 'd-psgd'";

fn problem(init: &str) -> String {
    format!("problem = {{ objective = 'softmax', data = 'digits-8x8'{init} }}\n")
}

/// Runs the plan into `results`, and returns the samples of its loss.
fn losses(plan: &Plan, results: &Path) -> Vec<f64> {
    let _ = execute(plan, &Results::at(results), &Options::default(), &Silent).expect("the runs are sound");
    let curves = Curves::read(&results.join("curves.csv")).expect("the curves are sound");
    curves.runs[0].samples(Axis::Rounds, 0).map(|(_, loss)| loss).collect()
}

/// The kept model of the one run, put at `name` in the folder.
fn take_model(results: &Path, to: &Path) {
    let mut files =
        fs::read_dir(results.join("models")).expect("models are kept").map(|file| file.expect("it can be read").path());
    let model = files.find(|path| path.extension().is_some_and(|end| end == "npy"));
    let _ = fs::copy(model.expect("there is a model"), to).expect("there is room for it");
}

#[test]
fn a_run_starts_where_a_kept_model_ended() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let first = losses(&plan(folder, &(problem("") + SERVER)).unwrap(), &folder.join("first"));
    take_model(&folder.join("first"), &folder.join("model.npy"));
    let later = plan(folder, &(problem(", init = { file = 'model.npy' }") + SERVER)).unwrap();
    let second = losses(&later, &folder.join("second"));
    assert_eq!(second[0].to_bits(), first.last().unwrap().to_bits());
    assert!(second.last() < second.first());
    // The manifest lies elsewhere, and knows what the file held.
    let manifest = fs::read_to_string(folder.join("second/manifest.toml")).unwrap();
    assert!(manifest.contains("\"model.npy\" = "), "{manifest}");
    let again = Scenario::read(&folder.join("second/manifest.toml"), &manifest, &[], &fedfleet::registry::Registry::builtin());
    assert_eq!(losses(&Plan::resolve(again.unwrap(), &[]).unwrap(), &folder.join("again")), second);
    fs::write(folder.join("model.npy"), fs::read(folder.join("first/curves.csv")).unwrap()).unwrap();
    let told = execute(&later, &Results::at(folder.join("third")), &Options::default(), &Silent).unwrap_err().to_string();
    assert!(told.contains("model.npy` has changed"), "{told}");
    let told = plan(folder, &(problem(", init = { file = 'model.npy' }") + SERVER)).err().unwrap();
    assert!(told.contains("NPY"), "{told}");
}

/// Peers end with a model each; the mean of eight softmax models of 650 parameters is none of them.
#[test]
fn one_of_several_kept_models_is_chosen_by_its_row() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let of_node = "record.peers.nodes = 1\n";
    let first = losses(&plan(folder, &(of_node.to_owned() + &problem("") + PEERS)).unwrap(), &folder.join("first"));
    take_model(&folder.join("first"), &folder.join("models.npy"));
    let start = |init: &str| plan(folder, &(problem(init) + SERVER));
    let chosen = start(", init = { file = { path = 'models.npy', row = 0 } }").unwrap();
    assert_eq!(losses(&chosen, &folder.join("second"))[0].to_bits(), first.last().unwrap().to_bits());
    for (init, parts) in [
        (", init = { file = 'models.npy' }", &["holds 8 models", "row = 0"][..]),
        (", init = { file = { path = 'models.npy', row = 8 } }", &["there is no row 8", "8 models"]),
        (", init = { file = 'nothing.npy' }", &["nothing.npy"]),
    ] {
        let told = start(init).err().unwrap();
        parts.iter().for_each(|part| assert!(told.contains(part), "{part:?} is not in\n{told}"));
    }
    let other = problem(", partition = 'iid', init = { file = { path = 'models.npy', row = 1 } }")
        .replace("'digits-8x8'", "'watch-exercises'");
    let told = plan(folder, &(other + SERVER)).err().unwrap();
    assert!(told.contains("650 parameters") && told.contains("this problem has models of 343"), "{told}");
}
