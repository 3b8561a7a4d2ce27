//! Scores of every client: the table, the statistics of it in the curves, and that nothing else changes by them.

use std::{collections::BTreeMap, fs, path::Path};

use crate::{
    program::{assert_same, fedfleet, run, start, succeed, table, told},
    resume::kill,
};

/// Twenty clients with unlike classes, and a method with and without a server; `more` goes into `[record]`.
fn scenario(folder: &Path, more: &str) -> std::path::PathBuf {
    let path = folder.join("s.toml");
    let text = format!(
        "seeds = 1\nstop.rounds = 12\nprecision = 'f32'\nproblem = {{ objective = 'softmax', data = 'digits-8x8', own-test = 0.3, \
         partition = {{ dirichlet = {{ alpha = 0.1 }} }} }}\nfleet.clients = 20\nnetwork.topology = 'ring'\n\
         federated.local = {{ steps = 4, batch = 16, lr = 0.3 }}\npeers.local = {{ steps = 1, batch = 16, lr = 0.3 }}\n\
         [[method]]\nname = 'fedavg'\n[[method]]\nname = 'd-psgd'\n[record]\n{more}\n"
    );
    fs::write(&path, text).unwrap();
    path
}

const ALL: &str = "every = { rounds = 3 }\nclients = { at = [0, 5, 12], group = 'target' }\n\
    personalised = { steps = 5, lr = 0.1, batch = 8 }\nmix = 'fit'\n\
    metrics = ['loss', 'accuracy', 'ece', 'client-accuracy-weighted', 'client-accuracy-pooled', 'client-accuracy-mean', \
    'client-accuracy-jain', 'client-accuracy-worst-group', 'client-ece-pooled', 'client-ece-weighted', \
    'personalised-accuracy-mean', 'mixed-loss-weighted', 'client-loss-worst-decile']";

type Row = BTreeMap<String, String>;

fn number(row: &Row, key: &str) -> f64 {
    row[key].parse().unwrap()
}

#[test]
fn the_curves_show_statistics_of_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("o");
    run(&scenario(folder.path(), ALL), &out, &[]);
    let clients: Vec<Row> = table(&out.join("clients.csv"));
    let curves: Vec<Row> = table(&out.join("curves.csv"));
    assert_eq!(clients.len(), 2 * 3 * 20, "two methods, three instants, twenty clients");
    for (method, round) in [("fedavg", "0"), ("fedavg", "6"), ("fedavg", "12"), ("d-psgd", "12")] {
        let of = |row: &&Row| row["method"] == method && row["round"] == round;
        let curve = curves.iter().find(of).unwrap();
        let rows: Vec<&Row> = clients.iter().filter(of).collect();
        assert_eq!(rows.len(), 20, "{method} {round}");
        let scored: Vec<&&Row> = rows.iter().filter(|row| !row["accuracy"].is_empty()).collect();
        let weight = |key: &str| {
            let count: f64 = scored.iter().map(|row| number(row, "held_out")).sum();
            scored.iter().map(|row| number(row, "held_out") * number(row, key)).sum::<f64>() / count
        };
        let values: Vec<f64> = scored.iter().map(|row| number(row, "accuracy")).collect();
        let (sum, squares) = values.iter().fold((0.0, 0.0), |(sum, squares), v| (sum + v, squares + v * v));
        let same = |key: &str, expected: f64| {
            assert!((number(curve, key) - expected).abs() < 1e-12, "{method} {round} {key}: {} and {expected}", curve[key]);
        };
        same("client_accuracy_mean", sum / values.len() as f64);
        same("client_accuracy_jain", sum * sum / (values.len() as f64 * squares));
        same("client_accuracy_weighted", weight("accuracy"));
        // A share of samples is linear: pooled and weighted are one.
        same("client_accuracy_pooled", weight("accuracy"));
        same("client_ece_weighted", weight("ece"));
        same("mixed_loss_weighted", weight("mixed_loss"));
        same(
            "personalised_accuracy_mean",
            scored.iter().map(|row| number(row, "personalised_accuracy")).sum::<f64>() / values.len() as f64,
        );
        let groups = scored.iter().fold(BTreeMap::<&str, (f64, f64)>::new(), |mut groups, row| {
            let (hits, count) = groups.entry(row["group"].as_str()).or_default();
            *hits += number(row, "held_out") * number(row, "accuracy");
            *count += number(row, "held_out");
            groups
        });
        same("client_accuracy_worst_group", groups.values().map(|(hits, count)| hits / count).fold(f64::INFINITY, f64::min));
        // Errors of one sign add up, others cancel.
        assert!(number(curve, "client_ece_pooled") <= number(curve, "client_ece_weighted") + 1e-12);
        assert!(number(curve, "personalised_accuracy_mean") > 0.0);
    }
    let bins: Vec<Row> = table(&out.join("reliability.csv"));
    for model in ["run", "personalised", "mixed"] {
        let of = |row: &&Row| row["method"] == "fedavg" && row["round"] == "12" && row["model"] == model;
        let counted: f64 = bins.iter().filter(of).map(|row| number(row, "count")).sum();
        let held_out = clients.iter().filter(|row| row["method"] == "fedavg" && row["round"] == "12");
        assert_eq!(counted, held_out.map(|row| number(row, "held_out")).sum::<f64>(), "{model}");
    }
}

#[test]
fn threads_change_no_score_and_scores_change_no_curve() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let path = scenario(folder, ALL);
    run(&path, &folder.join("one"), &["--threads", "1"]);
    run(&path, &folder.join("three"), &["--threads", "3"]);
    assert_same(&folder.join("one"), &folder.join("three"));
    run(&scenario(folder, "every = { rounds = 3 }\nmetrics = ['loss', 'accuracy']"), &folder.join("plain"), &[]);
    let (plain, scored): (Vec<Row>, Vec<Row>) = (table(&folder.join("plain/curves.csv")), table(&folder.join("one/curves.csv")));
    assert_eq!(plain.len(), scored.len());
    for (plain, scored) in plain.iter().zip(&scored) {
        plain.iter().for_each(|(column, value)| assert_eq!(value, &scored[column], "{column}"));
    }
}

#[test]
fn killed_runs_go_on_to_the_same_scores() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    let text = ALL.replace("every = { rounds = 3 }", "every = { rounds = 20 }").replace("at = [0, 5, 12]", "at = 'samples'");
    let (path, long) = (scenario(folder.path(), &text), ["--set", "stop.rounds=600"]);
    run(&path, &whole, &long);
    let call = |resume: &[&str]| {
        let mut command = fedfleet(["run"]);
        let _ = command.arg(&path).arg("--out").arg(&broken).args(long).args(["--checkpoint-seconds", "0"]).args(resume);
        command
    };
    let mut killed = 0;
    for changes in [1, 3, 7] {
        let resume: &[&str] = if killed == 0 { &[] } else { &["--resume"] };
        killed += usize::from(kill(start(call(resume)), &broken, changes));
    }
    assert!(killed >= 2, "the runs were over after {killed} kills");
    if broken.join(".fedfleet/pending.toml").is_file() {
        let _ = succeed(call(&["--resume"]));
    }
    assert_same(&whole, &broken);
}

#[test]
fn no_steps_and_no_share_leave_the_model_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("o");
    let text = "clients = {}\npersonalised = { steps = 0, lr = 0.1 }\nmix = [0, 0.5, 1]\n\
        metrics = ['client-loss-mean', 'personalised-loss-mean', 'mixed-loss-mean']";
    run(&scenario(folder.path(), text), &out, &["--only", "fedavg"]);
    for row in table(&out.join("curves.csv")) {
        let row: Row = row;
        assert_eq!(row["client_loss_mean"], row["personalised_loss_mean"]);
        assert_eq!((&row["mixed_loss_mean_0"], &row["mixed_loss_mean_1"]), (&row["client_loss_mean"], &row["client_loss_mean"]));
    }
    let clients: Vec<Row> = table(&out.join("clients.csv"));
    assert_eq!(clients.len(), 3 * 20, "a row for each share, at the end");
    assert!(clients.iter().all(|row| row["round"] == "12"));
}

/// The bundled watch data hold out the last quarter of every recording: 1,012 windows of ten people.
#[test]
fn natural_clients_have_the_held_out_samples_of_their_own_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("s.toml"), folder.path().join("o"));
    let text = "stop.rounds = 1\nproblem = { objective = 'softmax', data = 'watch-exercises', l2 = 1e-3 }\n\
        record = { metrics = ['loss', 'accuracy', 'client-accuracy-pooled'], clients = { scores = ['accuracy'] } }\n\
        [[method]]\nname = 'fedavg'\nlocal = { steps = 5, lr = 0.1 }\n";
    fs::write(&path, text).unwrap();
    run(&path, &out, &[]);
    let clients: Vec<Row> = table(&out.join("clients.csv"));
    assert_eq!((clients.len(), clients.iter().map(|row| number(row, "held_out")).sum::<f64>()), (10, 1012.0));
    assert_eq!(clients.iter().map(|row| number(row, "samples")).sum::<f64>(), 3453.0);
    let curves: Vec<Row> = table(&out.join("curves.csv"));
    for row in curves {
        assert!((number(&row, "accuracy") - number(&row, "client_accuracy_pooled")).abs() < 1e-12);
    }
}

#[test]
fn what_nobody_can_score_is_told_before_the_run() {
    let folder = tempfile::tempdir().unwrap();
    for (more, what) in [
        ("metrics = ['client-rmse-mean']", "is a score of real targets"),
        ("metrics = ['personalised-loss-mean']", "is of personalised models, and there are none"),
        ("metrics = ['client-loss-worst-group']", "needs groups of clients"),
        ("personalised = { steps = 1, lr = 0.1 }", "nothing is recorded of these models"),
        ("clients = { group = 'colour' }", "the data have no column `colour`"),
        ("clients = { only = [20] }", "expected a client from 0 to 19"),
        ("clients = {}\nmix = 0.5", "mixed with those of personalised models"),
        ("clients = {}\npersonalised = { steps = 1, lr = 0.1 }\nmix = [0.5, 2]", "expected a share from 0 to 1"),
        ("metrics = ['client-acuracy-mean']", "client-accuracy-mean"),
    ] {
        let told = told(fedfleet(["check".as_ref(), scenario(folder.path(), more).as_os_str()]));
        assert!(told.starts_with("exit code 2") && told.contains(what), "{more}\n{told}");
    }
    let told = told(fedfleet([
        "check".as_ref(),
        scenario(folder.path(), "clients = {}").as_os_str(),
        "--set".as_ref(),
        "problem.partition='shared'".as_ref(),
    ]));
    assert!(told.contains("none of its own to hold out"), "{told}");
}
