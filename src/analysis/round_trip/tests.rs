use std::path::Path;

use serde::{Deserialize, Serialize};

use super::*;
use crate::{
    analysis::Ground,
    engine::{Engine, Watcher, Workers},
    method::Setup,
    protocol::federated::{Apply, Arrived, Federated, StateVector},
    registry::{FederatedParameters, Halves, Parameters},
    run::{arms, build_world, federated},
    scenario::Scenario,
    world::WorldClock,
};

/// Counts who delivers, and does nothing else.
#[derive(Serialize, Deserialize)]
struct Counting {
    counts: Vec<f64>,
}

impl ServerUpdate<f64> for Counting {
    fn apply(&mut self, _: &mut Payload<f64>, batch: &[Arrived<f64>], _: &mut Apply<'_, f64>) {
        batch.iter().for_each(|up| self.counts[up.from] += 1.0);
    }

    fn state_vectors(&self) -> Vec<StateVector<'_, f64>> {
        vec![StateVector::own("counts", &self.counts)]
    }
}

/// Ends a run after so many server steps.
struct Steps(u64);

impl Watcher<Federated<f64>> for Steps {
    fn before(&mut self, _: f64, engine: &Engine<Federated<f64>>) -> bool {
        engine.protocol().version() < self.0
    }
}

/// A method of four clients on quadratics in ten dimensions, whose models are 320 bits.
fn protocol(method: &str, keys: &str) -> (Arc<World<f64>>, Federated<f64>, Box<dyn FederatedParameters>) {
    let text = format!(
        "stop = {{ rounds = 1 }}
        problem.objective = {{ quadratic = {{ generate = {{ dimension = 10, condition = 10.0 }} }} }}
        fleet.clients = 4
        {keys}
        [[method]]
        name = '{method}'"
    );
    let scenario = Scenario::read(Path::new("trip.toml"), &text, &[], &crate::registry::Registry::builtin())
        .unwrap_or_else(|fault| panic!("{fault}"));
    let cell = &scenario.cells[0];
    let world = Arc::new(build_world::<f64>(cell, 0, Path::new("")).unwrap());
    let arms = arms(cell, Ground::of(&world), (Path::new(""), &scenario.registry)).unwrap();
    let Parameters::Federated { own, parts } = &arms[0][0].parameters else { panic!("`{method}` has a server") };
    let protocol = federated(own.as_ref(), parts, Arc::clone(&world), Path::new("")).unwrap_or_else(|fault| panic!("{fault:?}"));
    (world, protocol, own.clone())
}

/// Shows the trips of a method to `look`.
fn with_trips(method: &str, keys: &str, look: impl Fn(&RoundTrips<'_, f64>)) {
    let (world, protocol, own) = protocol(method, keys);
    let setup = Setup { x: world.problem.initial(0), clients: 4, widths: world.fleet.widths() };
    let Halves { model, mut server, .. } = own.halves(&setup);
    look(&RoundTrips::explore(protocol.plan(), &mut Arc::new(model), server.as_mut()));
}

/// Deliveries of each client in a server step: as predicted, and as counted over `steps` server steps.
fn predicted_and_counted(schedule: &str, keys: &str, steps: u64) -> (Vec<f64>, Vec<f64>) {
    let parts = format!("federated = {{ local = {{ steps = 4, lr = 0.0 }}, weighting = 'unbiased', schedule = {schedule} }}");
    let (world, protocol, _) = protocol("fedavg", &format!("{parts}\n{keys}"));
    let predicted = protocol.deliveries().to_vec();
    let counting = Counting { counts: vec![0.0; 4] };
    let clock = Box::new(WorldClock::new(Arc::clone(&world)));
    let mut engine = Engine::new(protocol.with_server(Box::new(counting)), clock, world.streams(), Workers::single());
    let _ = engine.run(&mut Steps(steps));
    let counts = engine.protocol().server().state_vectors()[0].vector.to_vec();
    (predicted, counts.into_iter().map(|count| count / steps as f64).collect())
}

/// Fleets and networks in which clients are unlike, from what never changes to what is drawn anew.
const FLEETS: [(&str, &str); 6] = [
    ("constant", "fleet.step = { values = [0.25, 0.1833, 0.1167, 0.05] }"),
    ("latencies", "fleet.step = 0.05\nnetwork.up.latency = { values = [0.0, 0.31, 1.27, 5.03] }\nnetwork.down.latency = 0.1"),
    ("bandwidths", "fleet.step = 0.05\nnetwork.up.bandwidth = { values = [3200, 3190, 320, 64] }\nnetwork.down.bandwidth = 1600"),
    (
        "exponential",
        "[[fleet.group]]\nshare = 0.5\nstep = { exponential = { mean = 0.1 } }\n[[fleet.group]]\nshare = 0.5\n\
         step = { exponential = { mean = 0.5 } }",
    ),
    (
        "jitter",
        "fleet.step = { values = [0.1, 0.2, 0.3, 0.4] }\nnetwork.up.jitter = { lognormal = { median = 0.5, sigma = 1.0 } }\n\
         network.down = { latency = { values = [0.0, 0.0, 1.0, 1.0] }, bandwidth = 320 }",
    ),
    (
        "latencies drawn once",
        "fleet.step = 0.1\nfleet.visit = { gamma = { shape = 2.0, mean = 0.5 } }\nnetwork.up.latency = { fixed = { uniform = \
         { low = 0.0, high = 3.0 } } }",
    ),
];

#[test]
fn clients_deliver_as_often_as_predicted() {
    let schedules = [
        "{ every-arrival = {} }",
        "{ buffered = { size = 3, epoch = 7 } }",
        "{ window = { seconds = 0.7 } }",
        "{ group = { size = 2 } }",
        "{ rounds = {} }",
    ];
    for (name, fleet) in FLEETS {
        for schedule in schedules {
            let (predicted, counted) = predicted_and_counted(schedule, fleet, 20_000);
            for (predicted, counted) in predicted.iter().zip(&counted) {
                assert!((predicted / counted - 1.0).abs() < 0.03, "{name}, {schedule}: {predicted} against {counted}");
            }
        }
    }
}

#[test]
fn drawn_numbers_of_steps_are_foreseen() {
    let keys = "fleet.step = 0.1\nnetwork.up.latency = { values = [0, 1, 2, 3] }\n\
                federated = { local = { steps = { uniform = { low = 1.0, high = 4.25 } }, lr = 0.0 }, weighting = 'unbiased', schedule = { every-arrival = {} } }";
    // Rounded: 1 from the half below 1.5, then 2 and 3, and 4 from the three quarters above 3.5.
    let steps = (0.5 + 2.0 + 3.0 + 0.75 * 4.0) / 3.25;
    with_trips("scaffold", keys, |trips| {
        for client in 0..4 {
            let expected = 0.1 * steps + client as f64;
            approx::assert_relative_eq!(trips.mean(client), expected, max_relative = 2e-3);
            assert!(trips.steady(client).is_none());
        }
    });
}

/// What clients are sent and send once a run is under way, at 320 bits a vector and a bit a second, and what they compute.
#[test]
fn trips_are_those_of_the_method() {
    let keys = |parts: &str| {
        format!(
            "fleet.step = 1000.0\nnetwork = {{ up.bandwidth = 1, down.bandwidth = 1 }}\n\
             federated = {{ local = {{ steps = 2, lr = 0.01 }}, weighting = 'unbiased', schedule = {{ every-arrival = {{}} }}{parts} }}"
        )
    };
    let cases = [
        ("fedavg", "", [320.0, 2000.0, 320.0]),
        ("scaffold", "", [640.0, 2000.0, 640.0]),
        ("fedavg-m-vr", "", [672.0, 4000.0, 320.0]),
        ("fedavg", ", uplink = { ef21 = { top-k = { k = 2 } } }", [320.0, 2000.0, 72.0]),
        ("fedavg", ", downlink = { ef21 = { top-k = { k = 2 } } }", [72.0, 2000.0, 320.0]),
    ];
    for (method, parts, expected) in cases {
        with_trips(method, &keys(parts), |trips| {
            assert_eq!(trips.steady(3), Some(expected), "{method}{parts}");
            assert_eq!(trips.mean(3), expected.iter().sum::<f64>(), "{method}{parts}");
        });
    }
}
