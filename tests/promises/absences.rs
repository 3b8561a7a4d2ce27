//! A client that is away sends nothing.

use std::sync::{Arc, Mutex};

use fedfleet::{
    engine::{Delivery, Engine, Finish, NodeId, Physics, SERVER, Workers},
    fleet::Presence,
    world::{World, WorldClock},
};

use crate::{
    bench::Bench,
    watch::{Observer, Until},
};

/// Instants that are one but for rounding lie no further apart, as a share of the time [1].
const ROUNDING: f64 = 2e-9;

/// When messages start: sender and time [s].
type Sent = Arc<Mutex<Vec<(NodeId, f64)>>>;

/// A clock that notes when messages of clients start.
pub struct Witness {
    clock: WorldClock<f64>,
    sent: Sent,
}

impl Witness {
    pub fn new(world: &Arc<World<f64>>) -> (Self, Sent) {
        let sent = Sent::default();
        (Self { clock: WorldClock::new(Arc::clone(world)), sent: Arc::clone(&sent) }, sent)
    }
}

impl Physics for Witness {
    fn work(&mut self, node: NodeId, now: f64, steps: usize, visit: u64) -> Finish {
        self.clock.work(node, now, steps, visit)
    }

    fn transit(&mut self, from: NodeId, to: NodeId, now: f64, bits: u64, count: u64) -> Delivery {
        if from != SERVER {
            self.sent.lock().expect("nobody panics").push((from, now));
        }
        self.clock.transit(from, to, now, bits, count)
    }
}

/// Up from the first time to the second [s].
type Stretch = (f64, f64);

/// When `client` is up until `horizon` [s].
fn stretches(world: &World<f64>, client: NodeId, horizon: f64) -> Vec<Stretch> {
    let (mut presence, mut time, mut up) = (Presence::new(), 0.0, 0.0);
    let mut found = Vec::new();
    let mut is_up = presence.is_up(&world.fleet, client, 0.0);
    while let Some((next, comes)) = presence.next_change(&world.fleet, client, time).filter(|_| time <= horizon) {
        if is_up {
            found.push((up, next));
        }
        (time, up, is_up) = (next, next, comes);
    }
    if is_up {
        found.push((up, f64::INFINITY));
    }
    found
}

/// Of the messages that started until `end` [s]: how many there are, and how many of those in the instant in which their sender left.
/// Fails for one within an absence.
pub fn started(world: &World<f64>, sent: &Sent, end: f64, text: &str) -> [usize; 2] {
    let all: Vec<Vec<Stretch>> = (0..world.clients()).map(|client| stretches(world, client, end)).collect();
    let sent = sent.lock().expect("nobody panics");
    let mut leaving = 0;
    for &(client, time) in sent.iter() {
        let slack = ROUNDING * (1.0 + time);
        let here = all[client].iter().find(|(from, to)| from - slack <= time && time <= to + slack);
        let (_, to) = here.unwrap_or_else(|| panic!("client {client} is away at {time} s and sends: {text}"));
        leaving += usize::from((to - time).abs() <= slack);
    }
    [sent.len(), leaving]
}

/// Runs `bench` for 300 events; what [started].
fn uploads(bench: &Bench, text: &str) -> [usize; 2] {
    let (world, _) = bench.build(Workers::single()).unwrap_or_else(|fault| panic!("{text}\n{fault}"));
    let (witness, sent) = Witness::new(&world);
    let mut engine = Engine::new(bench.protocol(&world), Box::new(witness), world.streams(), Workers::single());
    let _ = engine.run(&mut Observer::new(Until::Events(300)));
    started(&world, &sent, engine.now(), text)
}

/// Fleets that come and go in seconds, on a grid of quarters of a second, so that work often ends as a client leaves and downloads
/// often come to clients that are away.
#[test]
fn no_upload_starts_while_its_client_is_away() {
    let schedules = [
        "{ rounds = {} }",
        "{ rounds = { cohort = 2, over-selection = 2.0 } }",
        "{ rounds = { cohort = { trace = [[0, 1], [2, 3], [1, 2]] } } }",
        "{ rounds = { deadline = 3.0 } }",
        "{ buffered = { size = 2, concurrency = 3 } }",
        "every-arrival",
        "{ group = { size = 2 } }",
        "{ window = { seconds = 2.0 } }",
    ];
    let mut rng = 12345_u64;
    let mut draw = |count: u64| {
        rng = rng.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (rng >> 33) % count
    };
    let mut total = [0, 0];
    for case in 0..160 {
        let quarters = |count: u64| 0.25 * (1 + count) as f64;
        let (up, down) = (quarters(draw(12)), quarters(draw(12)));
        let kind = ["markov", "cyclic"][draw(2) as usize];
        let phase = if kind == "cyclic" && draw(2) == 0 { ", phase = 0" } else { "" };
        let availability = format!("{{ {kind} = {{ up = {up}, down = {down}{phase} }} }}");
        let schedule = schedules[case % schedules.len()];
        let schedule = if schedule.starts_with('{') { schedule.to_owned() } else { format!("\"{schedule}\"") };
        let (step, visit, latency) = (0.25 * draw(4) as f64, quarters(draw(4)), 0.25 * draw(5) as f64);
        let leave = ["\"pause\"", "\"lose\""][draw(2) as usize];
        let mut bench = Bench::q4("fedavg")
            .set("fleet.availability", &availability)
            .set("fleet.leave", leave)
            .set("fleet.step", step)
            .set("fleet.visit", visit)
            .set("network.down", format!("{{ latency = {latency} }}"))
            .set("network.up", format!("{{ latency = {} }}", 0.25 * draw(5) as f64))
            .schedule(&schedule);
        bench.seed = draw(1000);
        let text = format!("{availability}, leave = {leave}, step {step}, visit {visit}, latency {latency}, {schedule}");
        let found = uploads(&bench, &text);
        total = [total[0] + found[0], total[1] + found[1]];
    }
    assert!(total[0] > 3000 && total[1] > 30, "{total:?}: uploads, and those of the instant of leaving");
}
