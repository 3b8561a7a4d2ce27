//! What is damaged on the disk is noticed: whatever byte flips and wherever a file is cut, a run that is taken up ends with the bytes
//! of one that was never interrupted.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use fedfleet::{
    record::Progress,
    run::{Options, Plan, Progressing, Results, RunError, RunId, RunProgress, execute},
    scenario::Scenario,
};

const SCENARIO: &str = "\
stop = { seconds = 40 }\n[problem]\nobjective = { quadratic = { generate = { dimension = 3 } } }\ninit = { normal = { sd = 1 } }\n\
[fleet]\nclients = 6\nstep = { exponential = { mean = 0.5 } }\n[network]\ntopology = 'ring'\n[record]\nevery = { seconds = 4 }\nmetrics = ['grad-norm']\n\
models = true\niterates = true\nstaleness = true\n[federated]\nlocal = { steps = 2, lr = 0.1 }\n[peers]\nlocal = { steps = 2, lr = 0.1 }\n\
[[method]]\nname = 'scaffold'\n[[method]]\nname = 'vc-gossip'\n";

/// Interrupts the call at this sample, and notes what it is told.
#[derive(Clone, Default)]
struct Watch {
    left: Arc<AtomicUsize>,
    interrupt: Arc<AtomicBool>,
    notes: Arc<Mutex<Vec<String>>>,
}

impl Progressing for Watch {
    fn note(&self, note: &str) {
        self.notes.lock().expect("files of the test are sound").push(note.to_owned());
    }

    fn run(&self, _: &Plan, _: RunId) -> Box<dyn RunProgress> {
        Box::new(self.clone())
    }
}

impl RunProgress for Watch {
    fn sampled(&mut self, _: &Progress, _: Option<f64>) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.interrupt.store(true, Ordering::Relaxed);
        }
    }
}

/// Runs the scenario into `folder` until sample number `at`, or to its end; what was noted.
fn run(folder: &Path, at: usize) -> (bool, Vec<String>) {
    let scenario = Scenario::read(Path::new("damage.toml"), SCENARIO, &[], &fedfleet::registry::Registry::builtin())
        .expect("files of the test are sound");
    let plan = Plan::resolve(scenario, &[]).expect("files of the test are sound");
    let watch = Watch { left: Arc::new(AtomicUsize::new(at)), ..Watch::default() };
    let options = Options { threads: Some(1), interrupt: Arc::clone(&watch.interrupt), ..Options::default() };
    let ended = match execute(&plan, &Results::at(folder), &options, &watch) {
        Ok(_) => true,
        Err(RunError::Interrupted) => false,
        Err(error) => panic!("{error}"),
    };
    let notes = watch.notes.lock().expect("files of the test are sound").clone();
    (ended, notes)
}

fn files(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> BTreeMap<String, Vec<u8>> {
    let (mut open, mut found) = (vec![folder.to_owned()], BTreeMap::new());
    while let Some(next) = open.pop() {
        for path in fs::read_dir(next)
            .expect("files of the test are sound")
            .map(|entry| entry.expect("files of the test are sound").path())
        {
            let name = path
                .strip_prefix(folder)
                .expect("files of the test are sound")
                .to_str()
                .expect("files of the test are sound")
                .to_owned();
            if path.is_dir() {
                open.push(path);
            } else if wanted(&name) {
                let _ = found.insert(name, fs::read(&path).expect("files of the test are sound"));
            }
        }
    }
    found
}

fn lay_out(files: &BTreeMap<String, Vec<u8>>, to: &Path) {
    for (name, bytes) in files {
        let path = to.join(name);
        fs::create_dir_all(path.parent().expect("files of the test are sound")).expect("files of the test are sound");
        fs::write(path, bytes).expect("files of the test are sound");
    }
}

/// Versions of `bytes` with a flipped bit, cut off, or with a tail of zeros, about `count` in all.
fn damages(bytes: &[u8], count: usize) -> Vec<Vec<u8>> {
    let step = (bytes.len() / count).max(1);
    let at = |place: usize, kind: usize| {
        let mut damaged = bytes.to_vec();
        match kind {
            0 => damaged.truncate(place),
            1 => damaged[place..].fill(0),
            bit => damaged[place] ^= 1 << (bit % 8),
        }
        damaged
    };
    let all = (0..bytes.len()).step_by(step).enumerate().map(|(k, place)| at(place, k % 10));
    all.filter(|damaged| damaged != bytes).collect()
}

#[test]
fn damaged_files_of_runs_never_change_a_result() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    assert!(run(&whole, usize::MAX).0);
    let shown = |folder: &Path| files(folder, &|name| !name.starts_with(".fedfleet/"));
    let expected = shown(&whole);
    assert!(expected.len() > 10, "tables, models and iterates");
    let (mut checkpoints, mut noted, mut tried) = (0, 0, 0);
    // In the first run, at its end, in the second run.
    for at in [5, 11, 17] {
        let _ = fs::remove_dir_all(&broken);
        assert!(!run(&broken, at).0);
        let state = files(&broken, &|name| !name.ends_with("/lock"));
        for (name, bytes) in state.iter().filter(|(name, _)| name.starts_with(".fedfleet/runs/")) {
            checkpoints += usize::from(name.ends_with(".checkpoint"));
            for damaged in damages(bytes, 30) {
                let _ = fs::remove_dir_all(&broken);
                lay_out(&state, &broken);
                fs::write(broken.join(name), damaged).unwrap();
                let (ended, notes) = run(&broken, usize::MAX);
                assert!(ended && shown(&broken) == expected, "{name}, left at sample {at}");
                noted += usize::from(notes.iter().any(|note| note.contains("starts again")));
                tried += 1;
            }
        }
    }
    assert!(checkpoints >= 2 && tried > 200, "{tried} damages");
    // Iterates of a run that has ended are of no use any more: what becomes of them is not told.
    assert!(noted > tried * 3 / 4, "{noted} of {tried} were told");
}
