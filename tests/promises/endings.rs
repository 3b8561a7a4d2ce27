//! Every run ends, or can be left and taken up again; and what it kept of the past does not pile up.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use fedfleet::{
    engine::Workers,
    record::{Progress, axis::Axis, curves::Curves},
    run::{Options, Plan, Progressing, Results, RunError, RunId, RunProgress, Summary, execute, forecast, verify},
    scenario::Scenario,
};

use crate::{
    bench::Bench,
    watch::{Observer, Until},
};

/// Seven quadratic clients with these further lines.
fn plan(lines: &str) -> Result<Plan, String> {
    plan_of(&format!(
        "problem.objective = 'quadratic'\nfleet.clients = 7\nfederated.local.lr = 0.1\n{lines}\n[[method]]\nname = 'fedavg'\n"
    ))
}

/// One seed of the scenario with these lines, its gap recorded.
fn plan_of(lines: &str) -> Result<Plan, String> {
    let text = format!("seeds = 1\nrecord.metrics = ['gap']\n{lines}");
    let scenario = Scenario::read(Path::new("endings.toml"), &text, &[], &fedfleet::registry::Registry::builtin())
        .map_err(|fault| format!("{fault:?}"))?;
    Plan::resolve(scenario, &[]).map_err(|fault| format!("{fault:?}"))
}

/// Interrupts the call at its sample number `at`, from 1.
struct Interrupter {
    at: usize,
    samples: Arc<AtomicUsize>,
    interrupt: Arc<AtomicBool>,
}

impl Interrupter {
    fn at(at: usize) -> Self {
        Self { at, samples: Arc::default(), interrupt: Arc::default() }
    }

    fn run(&self, plan: &Plan, folder: &Path, resume: bool) -> Result<Summary, RunError> {
        let options = Options { threads: Some(1), resume, interrupt: Arc::clone(&self.interrupt), ..Options::default() };
        execute(plan, &Results::at(folder), &options, self)
    }
}

impl Progressing for Interrupter {
    fn run(&self, _: &Plan, _: RunId) -> Box<dyn RunProgress> {
        Box::new(Self { at: self.at, samples: Arc::clone(&self.samples), interrupt: Arc::clone(&self.interrupt) })
    }
}

impl RunProgress for Interrupter {
    fn sampled(&mut self, _: &Progress, _: Option<f64>) {
        if self.samples.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
            self.interrupt.store(true, Ordering::Relaxed);
        }
    }
}

/// Runs a scenario to its end, and again with an interruption at each of these samples of a call; the curves are the same.
fn assert_resumes(lines: &str, interruptions: &[usize]) -> Summary {
    assert_plan_resumes(&plan(lines).expect("the scenario is sound"), interruptions).0
}

/// As [`assert_resumes`], with the curves.
fn assert_plan_resumes(plan: &Plan, interruptions: &[usize]) -> (Summary, Curves) {
    let folder = tempfile::tempdir().expect("there is room");
    let (whole, broken) = (folder.path().join("whole"), folder.path().join("broken"));
    let summary = Interrupter::at(usize::MAX).run(plan, &whole, false).expect("the run ends");
    let curves = Curves::read(&whole.join("curves.csv")).expect("the run has curves");
    for (call, &at) in interruptions.iter().enumerate() {
        let interrupter = Interrupter::at(at);
        assert!(matches!(interrupter.run(plan, &broken, call > 0), Err(RunError::Interrupted)));
        assert_eq!(interrupter.samples.load(Ordering::Relaxed), at, "an interrupted run takes no further sample");
    }
    let _ = Interrupter::at(usize::MAX).run(plan, &broken, true).expect("the run ends");
    let [whole, broken] = [whole, broken].map(|folder| fs::read(folder.join("curves.csv")).expect("the run has curves"));
    assert!(whole == broken, "{interruptions:?}");
    (summary, curves)
}

/// The clock stands at the instant at which the clients come up, for ever.
const STUCK: &str = "fleet.step = 1e-300\nfleet.availability.cyclic = { up = 1, down = 1, phase = 1.5 }\nstop.seconds = 1.2";

#[test]
fn a_run_that_stands_still_ends_at_the_same_event_after_an_interruption() {
    let summary = assert_resumes(&format!("{STUCK}\nrecord.every.rounds = 1000"), &[3, 7]);
    assert_eq!(summary.stuck.len(), 1);
}

#[test]
fn a_run_that_stands_still_can_be_verified() {
    assert_eq!(verify(&plan(STUCK).unwrap(), Some(2)).unwrap(), []);
}

#[test]
fn a_run_can_be_left_between_the_samples_before_an_event() {
    let _ = assert_resumes("stop.seconds = 2.5\nrecord.every.seconds = 0.001", &[100, 1500, 1]);
}

#[test]
fn too_many_samples_are_refused() {
    let fault = plan("stop.seconds = 10\nrecord.every.seconds = 1e-9").err().unwrap();
    assert!(fault.contains("1e10 samples a run"), "{fault}");
    assert!(plan("stop.seconds = 10\nrecord.every.seconds = 1e-6").is_ok());
}

#[test]
fn samples_that_only_a_run_shows_to_be_too_many_are_refused() {
    let plan = plan("stop.rounds = 3\nrecord.every.seconds = 1e-9").unwrap();
    let told = forecast(&plan).unwrap_err().to_string();
    let folder = tempfile::tempdir().unwrap();
    let found = Interrupter::at(usize::MAX).run(&plan, folder.path(), false).unwrap_err().to_string();
    assert!(told.contains("3e9 samples a run") && found.contains("1e9 samples a run"), "{told}\n{found}");
}

#[test]
fn nobody_waits_for_samples_after_the_last_event() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace.csv");
    fs::write(&trace, (0..7).fold("client,from,to\n".to_owned(), |text, client| format!("{text}{client},0,5.5\n"))).unwrap();
    let lines = format!(
        "stop.rounds = 50\nfederated.schedule.group.size = 7\nrecord.every.seconds = 1\nfleet.availability.trace = {:?}",
        trace.display().to_string()
    );
    let plan = plan(&lines).unwrap();
    let summary = Interrupter::at(usize::MAX).run(&plan, folder.path(), false).unwrap();
    assert_eq!(summary.stalled.len(), 1);
}

#[test]
fn visits_without_end_are_refused_where_steps_are_not_counted() {
    for (lines, steps) in [
        ("federated.local.epochs = 1e300", "1e300"),
        ("federated.local.seconds = 1e12", "1e12"),
        ("federated.local.seconds = 1\nfleet.step = 1e-300", "1e300"),
        ("federated.local.energy = 1e12\nfleet.energy = { values = [1, 2, 1, 1, 1, 1, 0.5] }", "2e12"),
    ] {
        let fault = plan(&format!("stop.rounds = 1\n{lines}")).err().unwrap_or_else(|| panic!("{lines} should be refused"));
        assert!(fault.contains(&format!("{steps} local steps a visit")), "{fault}");
        let fewer = [("1e12", "1e8"), ("1e300", "1e8"), ("1e-300", "1e-8")];
        let fewer = fewer.iter().fold(lines.to_owned(), |lines, (many, few)| lines.replace(many, few));
        assert!(plan(&format!("stop.rounds = 1\n{fewer}")).is_ok(), "{fewer}");
    }
}

#[test]
fn a_run_is_left_within_a_visit_and_taken_up_before_it() {
    let endless = plan("stop.rounds = 3\nfederated.local.steps = 1000000000").unwrap();
    let long = plan("stop.rounds = 3\nfederated.local.steps = 20000").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let leave = |plan: &Plan, out: &Path, resume: bool, after: u64| {
        let interrupter = Interrupter::at(usize::MAX);
        let flag = Arc::clone(&interrupter.interrupt);
        let _ = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(after));
            flag.store(true, Ordering::Relaxed);
        });
        interrupter.run(plan, out, resume)
    };
    assert!(matches!(leave(&endless, &folder.path().join("endless"), false, 50), Err(RunError::Interrupted)));
    // However far it comes each time, it ends with the same bytes.
    let [whole, broken] = ["whole", "broken"].map(|name| folder.path().join(name));
    let _ = Interrupter::at(usize::MAX).run(&long, &whole, false).unwrap();
    for attempt in 0.. {
        // The first may be left before anything has begun: there need not be a run to take up.
        match leave(&long, &broken, false, 1 << attempt) {
            Ok(_) => break,
            Err(RunError::Interrupted) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert!(fs::read(whole.join("curves.csv")).unwrap() == fs::read(broken.join("curves.csv")).unwrap());
}

#[test]
fn what_would_take_for_ever_never_happens() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan("stop.rounds = 5\nfleet.step.pareto = { min = 1e15, shape = 1e-3 }").unwrap();
    let summary = Interrupter::at(usize::MAX).run(&plan, folder.path(), false).unwrap();
    assert_eq!(summary.stalled.len(), 1);
    let curves = Curves::read(&folder.path().join("curves.csv")).unwrap();
    assert_eq!(curves.runs.len(), 1);
}

#[test]
fn rounds_without_anybody_last_a_finite_time() {
    let fault = Bench::q4("fedavg").schedule("{ rounds = { idle = inf } }").build(Workers::single()).err().unwrap();
    assert!(fault.contains("idle") && fault.contains("finite"), "{fault}");
}

#[test]
fn the_cost_of_very_long_visits_is_told_at_once() {
    let plan = plan("stop.rounds = 20\nfederated.local.steps = 1000000000").unwrap();
    let (forecast, _) = forecast(&plan).unwrap();
    assert_eq!((forecast[0].runs[0].gradients, forecast[0].runs[0].seconds), (20.0 * 7e9, 20e9));
}

#[test]
fn a_model_that_many_clients_work_on_is_saved_once() {
    let saved = |clients: usize| {
        let mut engine = Bench::random("fedavg", clients).set("problem.objective", LARGE).engine();
        let _ = engine.run(&mut Observer::new(Until::Events(3 + clients)));
        let mut bytes = Vec::new();
        engine.save(&mut bytes).unwrap();
        bytes.len()
    };
    let model = 8 * 2000;
    assert!(saved(40) < saved(20) + model, "the messages to twenty more clients carry the same model");
}

/// Diagonal quadratics in many dimensions.
const LARGE: &str = "{ quadratic = { generate = { dimension = 2000, shape = 'diagonal' } } }";

#[test]
fn cancelled_work_of_slow_clients_does_not_pile_up() {
    let saved = |rounds: usize| {
        let bench = Bench::random("fedavg", 200).set("fleet.step", 1e9).schedule("{ rounds = { cohort = 100, deadline = 1 } }");
        let mut engine = bench.engine();
        let _ = engine.run(&mut Observer::new(Until::Versions(rounds)));
        assert!(engine.ledger().visits == 0);
        let mut bytes = Vec::new();
        engine.save(&mut bytes).unwrap();
        bytes.len()
    };
    assert!(saved(400) < 2 * saved(40), "40,000 cancelled visits take no more room than 4,000");
}

/// The rounds and gaps of the one run.
fn gaps(curves: &Curves) -> Vec<(u64, f64)> {
    let gap = curves.metric("gap").expect("it is recorded");
    curves.runs[0].samples(Axis::Rounds, gap).map(|(round, gap)| (round as u64, gap)).collect()
}

/// With `f(x) = x²/2`, steps of 1/2 and `x = 1` to begin with, the gap is 0.5 · 0.25^t. From the best of round 0 round 1 improves by
/// 0.375, round 2 by 0.094 and round 3, from the best of round 1, by 0.117; all that is left then is 0.008.
#[test]
fn patience_counts_from_the_last_improvement_that_is_large_enough() {
    let scenario = |stop: &str, every: u64| {
        let text = format!(
            "stop = {{ rounds = 50, patience = {{ metric = 'gap', {stop} }} }}\nrecord.every.rounds = {every}\n\
             problem = {{ objective.quadratic = {{ curvature = [1.0], centre = [0.0] }}, init.constant = 1.0 }}\n\
             federated.local = {{ steps = 1, batch = 'full', lr = 0.5 }}\n[[method]]\nname = 'fedavg'"
        );
        let folder = tempfile::tempdir().unwrap();
        let summary = Interrupter::at(usize::MAX).run(&plan_of(&text).unwrap(), folder.path(), false).unwrap();
        assert_eq!((summary.runs, summary.stalled.len()), (1, 0));
        let runs = fs::read_to_string(folder.path().join("runs.csv")).unwrap();
        let last = gaps(&Curves::read(&folder.path().join("curves.csv")).unwrap()).last().unwrap().0;
        (last, runs.lines().nth(1).unwrap().split(',').nth(2).unwrap().to_owned())
    };
    assert_eq!(scenario("rounds = 4, min-delta = 0.1", 1), (7, "stopped-early".to_owned()));
    // Sampled at 0, 3, 6 …, the best is that of round 3, and round 9 is the first that lies 4 or more after it.
    assert_eq!(scenario("rounds = 4, min-delta = 0.1", 3), (9, "stopped-early".to_owned()));
    assert_eq!(scenario("rounds = 60, min-delta = 0.1", 1), (50, "finished".to_owned()));
}

/// A server that waits for all, one that takes every arrival, and peers; the noise of the gradients ends the improvement.
#[test]
fn patience_ends_servers_and_peers_at_the_sample_that_the_curve_shows_whatever_interrupts_them() {
    let common = "problem.objective.quadratic = { noise = 1.0 }\nfleet = { clients = 6, step.exponential.mean = 1.0 }\n\
                  stop = { seconds = 1e4, patience = { metric = 'gap', rounds = 9 } }\nrecord.every.rounds = 2";
    for (method, section) in [
        ("fedavg", "federated.local = { steps = 2, lr = 0.2 }"),
        ("fedasync", "federated.local = { steps = 2, lr = 0.2 }"),
        ("d-psgd", "network.topology = 'ring'\npeers.local.lr = 0.2"),
    ] {
        let plan = plan_of(&format!("{common}\n{section}\n[[method]]\nname = '{method}'")).unwrap();
        let (_, curves) = assert_plan_resumes(&plan, &[2, 3]);
        let gaps = gaps(&curves);
        let best_before = |end: usize| {
            let earlier = gaps[..=end].iter().copied();
            earlier.reduce(|best, next| if next.1 < best.1 { next } else { best }).unwrap()
        };
        let ends = |at: &usize| gaps[*at].0 - best_before(*at).0 >= 9;
        assert_eq!((0..gaps.len()).find(ends), Some(gaps.len() - 1), "{method}: {gaps:?}");
        assert_eq!(verify(&plan, Some(3)).unwrap(), [], "{method}");
    }
}
