//! What is kept on request besides curves: who took part, and what methods remember.

use std::{fs, path::Path};

use ndarray::Array2;
use ndarray_npy::ReadNpyExt;

use crate::program::{assert_same, fedfleet, run, succeed, table, told};

/// Quadratics of four clients in two dimensions, and what else the scenario says.
fn scenario(folder: &Path, more: &str) -> std::path::PathBuf {
    let path = folder.join("s.toml");
    let text = format!(
        "seeds = 1\nproblem.objective = {{ quadratic = {{ generate = {{ dimension = 2 }} }} }}\nproblem.init = {{ normal = {{ sd = 1 }} }}\n\
         fleet.clients = 4\nfederated.local = {{ steps = 3, lr = 0.1 }}\npeers.local = {{ steps = 1, lr = 0.1 }}\n{more}"
    );
    fs::write(&path, text).unwrap();
    path
}

/// Visits last 2 s. Four rounds are written out, the third with nobody: an empty round lasts as long as it says, 1 s.
#[test]
fn who_took_part_stands_by_round_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = "stop.rounds = 4\nfleet.step = 0\nfleet.visit = 2.0\nrecord = { participants = true, every = { rounds = 4 } }\n\
        [[method]]\nname = 'fedavg'\nlabel = '=FedAvg'\nlocal.lr = { sweep = [0.1, 0.2] }\n\
        schedule = { rounds = { cohort = { trace = [[0], [2, 1], [], [3]] } } }\n";
    run(&scenario(folder, text), &folder.join("o"), &[]);
    let rows = table(&folder.join("o/participants.csv"));
    let found: Vec<_> = rows.iter().map(|row| ["round", "seconds", "client", "staleness"].map(|key| row[key].as_str())).collect();
    let first = ["1", "2", "0", "0"];
    let second = [["2", "4", "1", "0"], ["2", "4", "2", "0"]];
    assert_eq!(rows.len(), 8, "two sweeps of four updates");
    assert_eq!(found[0], first);
    assert!(second.iter().all(|row| found[1..3].contains(row)), "{found:?}");
    assert_eq!((found[3][0], found[3][2]), ("4", "3"), "the third round has nobody, and no row: {found:?}");
    assert!(rows.iter().all(|row| row["method"].starts_with("'=FedAvg")), "a label like a formula has an apostrophe in front");
    assert_eq!(found[4..], found[..4]);
}

/// Every update that `staleness.csv` counts has a row.
#[test]
fn stale_updates_are_logged_as_they_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = "stop.rounds = 50\nfleet.step = { exponential = { mean = 1 } }\nrecord = { participants = true, staleness = true }\n\
        [[method]]\nname = 'fedbuff'\nschedule = { buffered = { size = 2, concurrency = 4 } }\n";
    let path = scenario(folder, text);
    run(&path, &folder.join("o"), &[]);
    let rows = table(&folder.join("o/participants.csv"));
    assert_eq!(rows.len(), 100, "50 steps of two");
    for counted in table(&folder.join("o/staleness.csv")) {
        let same = rows.iter().filter(|row| row["staleness"] == counted["staleness"]).count();
        assert!(same.to_string() == counted["count"] || same + 2 > counted["count"].parse().unwrap(), "{counted:?}");
    }
    // A second call with another seed extends the log.
    let _ = succeed(fedfleet([
        "run".as_ref(),
        path.as_os_str(),
        "--out".as_ref(),
        folder.join("o").as_os_str(),
        "--seeds".as_ref(),
        "2".as_ref(),
    ]));
    assert_eq!(table(&folder.join("o/participants.csv")).len(), 200);
}

#[test]
fn nobody_takes_part_in_steps_of_a_server_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let text = "stop.rounds = 4\nnetwork.topology = 'ring'\nrecord.participants = true\n[[method]]\nname = 'd-psgd'\n";
    let path = scenario(folder.path(), text);
    for verb in ["check", "run"] {
        let told = told(fedfleet([verb.as_ref(), path.as_os_str()]));
        assert!(told.starts_with("exit code 2") && told.contains("step of a server"), "{told}");
    }
}

/// The vectors of a run's file by their names and clients.
fn vectors(out: &Path, method: &str) -> Vec<(String, String, Vec<f64>)> {
    let rows = table(&out.join("states/index.csv"));
    let mut rows = rows.into_iter().filter(|row| row["method"] == method).peekable();
    let path = out.join("states").join(&rows.peek().unwrap()["file"]);
    let matrix = Array2::<f64>::read_npy(fs::File::open(path).unwrap()).unwrap();
    let vector = |row: &str| matrix.row(row.parse().unwrap()).to_vec();
    rows.map(|row| (row["vector"].clone(), row["client"].clone(), vector(&row["row"]))).collect()
}

/// The mean over `count` of the vectors of this name.
fn mean(vectors: &[(String, String, Vec<f64>)], name: &str, count: f64) -> Vec<f64> {
    let mut sum = vec![0.0; 2];
    for (_, client, vector) in vectors.iter().filter(|(other, ..)| other == name) {
        assert!(!client.is_empty());
        sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x / count);
    }
    sum
}

/// SCAFFOLD's `c` is the mean of the `c_i`, FedDyn's `h` that of the `g_i`, MIFA's sum that of its rows, FedVARP's mean that of its own;
/// clients that were never called count as zeros.
#[test]
fn the_state_of_a_server_is_the_mean_of_that_of_its_clients() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = "stop.rounds = 7\nrecord.states = true\nfederated.schedule = { rounds = { cohort = 2 } }\n[[method]]\nname = 'scaffold'\n\
        [[method]]\nname = 'feddyn'\n[[method]]\nname = 'mifa'\n[[method]]\nname = 'fedvarp'\n[[method]]\nname = 'fedadam'\n\
        [[method]]\nname = 'fedavg'\n";
    run(&scenario(folder, text), &folder.join("o"), &[]);
    for (method, own, of_clients, count) in
        [("scaffold", "c", "c_i", 4.0), ("feddyn", "h", "g_i", 4.0), ("mifa", "ΣG", "G", 1.0), ("fedvarp", "ȳ", "y", 4.0)]
    {
        let vectors = vectors(&folder.join("o"), method);
        let (_, client, server) = vectors.iter().find(|(name, ..)| name == own).unwrap();
        assert_eq!(client, "");
        for (found, expected) in server.iter().zip(mean(&vectors, of_clients, count)) {
            assert!((found - expected).abs() < 1e-12 && *found != 0.0, "{method}: {found} is not {expected}");
        }
    }
    let names: Vec<String> = vectors(&folder.join("o"), "fedadam").into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["server.0.m", "server.0.v"]);
    assert!(table(&folder.join("o/states/index.csv")).iter().all(|row| row["method"] != "fedavg"), "it remembers nothing");
}

#[test]
fn states_do_not_depend_on_threads() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let text = "stop.rounds = 20\nrecord = { states = true, participants = true }\nfleet.step = { exponential = { mean = 1 } }\n\
        network.topology = 'ring'\n[[method]]\nname = 'scafcom'\nuplink = { top-k = { k = 1 } }\n[[method]]\nname = 'fedbuff'\n\
        [[method]]\nname = 'gradient-tracking'\n[[method]]\nname = 'fedavg'\nuplink = { ef = { top-k = { k = 1 } } }\n";
    let path = scenario(folder, text);
    run(&path, &folder.join("one"), &["--threads", "1"]);
    run(&path, &folder.join("two"), &["--threads", "2"]);
    assert_same(&folder.join("one"), &folder.join("two"));
    let rows = table(&folder.join("one/states/index.csv"));
    for name in ["c", "c_i", "v_i", "y", "g", "uplink.0"] {
        assert!(rows.iter().any(|row| row["vector"] == name), "{name}");
    }
}
