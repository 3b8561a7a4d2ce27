//! Results are extended by cells, methods, seeds and a later stop: only what is new runs, and nothing that was written is lost.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use fedfleet::{
    record::Progress,
    registry::Registry,
    run::{Options, Plan, Progressing, Results, RunError, RunId, RunProgress, Summary, execute},
    scenario::Scenario,
};

/// Six noisy quadratic clients of unlike speed, with these further lines.
fn plan(lines: &str) -> Plan {
    let text = format!(
        "problem.objective.quadratic = {{ noise = 0.5 }}\nfleet.step.exponential.mean = 1.0\nrecord.metrics = ['gap']\n\
         record.every.rounds = 4\n{lines}"
    );
    let scenario = Scenario::read(Path::new("extensions.toml"), &text, &[], &Registry::builtin());
    scenario.and_then(|scenario| Plan::resolve(scenario, &[])).unwrap_or_else(|rejected| panic!("{rejected}"))
}

/// Counts the runs and the samples of a call, and interrupts it at sample number `at`, from 1.
struct Counter {
    runs: AtomicUsize,
    samples: Arc<AtomicUsize>,
    interrupt: Arc<AtomicBool>,
    at: usize,
}

/// The samples of one run.
struct Samples {
    all: Arc<AtomicUsize>,
    interrupt: Arc<AtomicBool>,
    at: usize,
}

impl Progressing for Counter {
    fn planned(&self, _: &Plan, runs: &[RunId]) {
        self.runs.store(runs.len(), Ordering::Relaxed);
    }

    fn run(&self, _: &Plan, _: RunId) -> Box<dyn RunProgress> {
        Box::new(Samples { all: Arc::clone(&self.samples), interrupt: Arc::clone(&self.interrupt), at: self.at })
    }
}

impl RunProgress for Samples {
    fn sampled(&mut self, _: &Progress, _: Option<f64>) {
        if self.all.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
            self.interrupt.store(true, Ordering::Relaxed);
        }
    }
}

/// Runs the plan into `folder`; the numbers of runs that were begun and of samples that were taken.
fn call(plan: &Plan, folder: &Path, keep_checkpoints: bool, at: usize) -> (Result<Summary, RunError>, [usize; 2]) {
    let counter = Counter { runs: AtomicUsize::new(0), samples: Arc::default(), interrupt: Arc::default(), at };
    let options = Options { threads: Some(1), keep_checkpoints, interrupt: Arc::clone(&counter.interrupt), ..Options::default() };
    let outcome = execute(plan, &Results::at(folder), &options, &counter);
    (outcome, [&counter.runs, &counter.samples].map(|count| count.load(Ordering::Relaxed)))
}

fn run(plan: &Plan, folder: &Path, keep_checkpoints: bool) -> [usize; 2] {
    let (outcome, counts) = call(plan, folder, keep_checkpoints, usize::MAX);
    let _ = outcome.unwrap_or_else(|error| panic!("{error}"));
    counts
}

/// Asserts that `folder` has each of these files with the bytes of the one in `whole`, and all that is in `iterates` there.
fn assert_holds(whole: &Path, folder: &Path, files: &[&str]) {
    let iterates =
        fs::read_dir(whole.join("iterates")).into_iter().flatten().map(|file| file.expect("the folder can be read").file_name());
    let iterates = iterates.map(|name| format!("iterates/{}", name.to_str().expect("names are text")));
    for name in files.iter().map(|&name| name.to_owned()).chain(iterates) {
        let [expected, found] = [whole, folder].map(|folder| fs::read(folder.join(&name)).expect("the file is there"));
        assert!(expected == found, "{name}");
    }
}

/// Every method stops between two samples, and takes one for that: the longer run does not have it.
#[test]
fn a_later_stop_goes_on_from_a_kept_end_with_the_same_bytes() {
    const FEDERATED: &str = "federated.local = { steps = 2, lr = 0.1 }\nrecord.participants = true\nrecord.staleness = true";
    let of_server = &["curves.csv", "runs.csv", "summary.csv", "participants.csv", "staleness.csv"][..];
    for (method, section, [early, late], files) in [
        ("fedavg", FEDERATED, ["rounds = 11", "rounds = 29"], of_server),
        ("fedasync", FEDERATED, ["seconds = 7.3", "seconds = 20.1"], of_server),
        ("scaffold", FEDERATED, ["updates = 39", "updates = 101"], of_server),
        ("d-psgd", "network.topology = 'ring'\npeers.local.lr = 0.1", ["rounds = 11", "rounds = 29"], &of_server[..3]),
    ] {
        let until = |stop: &str| {
            let lines = format!("seeds = 2\nfleet.clients = 6\nstop = {{ {stop} }}\nrecord.iterates = true\n{section}");
            plan(&format!("{lines}\n[[method]]\nname = '{method}'"))
        };
        let (short, long) = (until(early), until(late));
        let folder = tempfile::tempdir().unwrap();
        let [whole, kept, anew] = ["whole", "kept", "anew"].map(|name| folder.path().join(name));
        let [_, all] = run(&long, &whole, false);
        let [_, first] = run(&short, &kept, true);
        assert_eq!(run(&long, &kept, false), [2, all - (first - 2)], "{method}");
        assert_holds(&whole, &kept, files);
        assert_eq!(run(&long, &kept, false), [0, 0], "{method}: all is done");
        // Where nothing is kept, or what was kept is damaged, the runs start again.
        let _ = run(&short, &anew, false);
        assert_eq!(run(&long, &anew, false), [2, all], "{method}");
        assert_holds(&whole, &anew, files);
    }
}

/// 0.5 · 0.25^t falls below 1e-4 in round 7, whatever the bound; see `endings`.
#[test]
fn a_run_that_ended_before_its_bound_is_not_run_again() {
    let until = |rounds: u64| {
        let text = format!(
            "record = {{ metrics = ['gap'], every.rounds = 1 }}\nstop = {{ rounds = {rounds}, target.gap = 1e-4 }}\n\
             problem = {{ objective.quadratic = {{ curvature = [1.0], centre = [0.0] }}, init.constant = 1.0 }}\n\
             federated.local = {{ steps = 1, batch = 'full', lr = 0.5 }}\n[[method]]\nname = 'fedavg'"
        );
        let scenario = Scenario::read(Path::new("early.toml"), &text, &[], &Registry::builtin()).unwrap();
        Plan::resolve(scenario, &[]).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let seeds = until(20).seeds.len();
    assert_eq!(run(&until(20), folder.path(), true), [seeds, 8 * seeds]);
    let before = fs::read(folder.path().join("curves.csv")).unwrap();
    assert_eq!(run(&until(40), folder.path(), true), [seeds, 0]);
    assert!(fs::read(folder.path().join("curves.csv")).unwrap() == before);
}

#[test]
fn a_damaged_end_is_not_gone_on_from() {
    let until = |rounds: u64| {
        plan(&format!(
            "fleet.clients = 6\nseeds = 1\nstop.rounds = {rounds}\nfederated.local.lr = 0.1\n[[method]]\nname = 'fedavg'"
        ))
    };
    let folder = tempfile::tempdir().unwrap();
    let [whole, kept] = ["whole", "kept"].map(|name| folder.path().join(name));
    let [_, all] = run(&until(20), &whole, false);
    let _ = run(&until(10), &kept, true);
    let ends = |name: &Path| name.extension().is_some_and(|extension| extension == "kept");
    let mut files = fs::read_dir(kept.join(".fedfleet/runs")).unwrap().map(|file| file.unwrap().path());
    let end = files.find(|path| ends(path)).unwrap();
    let mut bytes = fs::read(&end).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&end, bytes).unwrap();
    assert_eq!(run(&until(20), &kept, false), [1, all]);
    assert_holds(&whole, &kept, &["curves.csv"]);
}

#[test]
fn further_cells_run_alone_and_leave_the_others() {
    let of = |clients: &str, seeds: usize, methods: &[&str]| {
        let methods: String = methods.iter().map(|name| format!("\n[[method]]\nname = '{name}'")).collect();
        plan(&format!(
            "seeds = {seeds}\nfleet.clients = {{ sweep = {clients} }}\nstop.rounds = 8\nfederated.local = {{ steps = 2, lr = 0.1 }}{methods}"
        ))
    };
    let folder = tempfile::tempdir().unwrap();
    let [whole, grown] = ["whole", "grown"].map(|name| folder.path().join(name));
    let _ = run(&of("[3, 4, 5]", 1, &["fedavg"]), &whole, false);
    assert_eq!(run(&of("[3, 5]", 1, &["fedavg"]), &grown, false)[0], 2);
    let rows = |folder: &Path| {
        let text = fs::read_to_string(folder.join("curves.csv")).unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let before = rows(&grown);
    // The cell of 4 clients is left after its first sample: what was there stays.
    let (left, counts) = call(&of("[3, 4, 5]", 1, &["fedavg"]), &grown, false, 1);
    assert!(matches!(left, Err(RunError::Interrupted)) && counts[0] == 1);
    assert!(before.iter().all(|row| rows(&grown).contains(row)));
    assert_eq!(run(&of("[3, 4, 5]", 1, &["fedavg"]), &grown, false)[0], 1);
    assert_holds(&whole, &grown, &["curves.csv", "runs.csv", "summary.csv"]);
    assert!(before.iter().all(|row| rows(&grown).contains(row)));
    // Cells that are there would go, or another key would tell them apart.
    let kept = rows(&grown);
    for other in [
        of("[4, 5, 6]", 1, &["fedavg"]),
        plan(
            "seeds = 1\nfleet.clients = 3\nstop.rounds = 8\nfederated.local = { steps = 2, lr = { sweep = [0.1, 0.2] } }\n[[method]]\nname = 'fedavg'",
        ),
    ] {
        let (refused, counts) = call(&other, &grown, false, usize::MAX);
        assert!(matches!(refused, Err(RunError::Different { .. })) && counts[0] == 0);
    }
    assert_eq!(rows(&grown), kept);
    // One more cell with a second seed and a second method: 4 cells with 2 runs of each of 2 methods, less the 3 that are done.
    assert_eq!(run(&of("[3, 4, 5, 6]", 2, &["fedavg", "scaffold"]), &grown, false)[0], 16 - 3);
}
