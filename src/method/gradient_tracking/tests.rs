use super::*;
use crate::{
    network::{Components, Topology, TopologySpec, WeightRule},
    protocol::peers::{PeerUpdate, Progress, Synchronous, recording_orders::RecordingOrders},
    random::Streams,
};

const NODES: usize = 8;
const D: usize = 3;

/// `H_i (x − b_i)` with diagonal curvatures from 0.2 to 1.8.
fn gradient(node: usize, x: &[f64]) -> Vec<f64> {
    let place = |j: usize| (3 * node + 5 * j) as f64;
    x.iter().enumerate().map(|(j, x)| (1.0 + 0.8 * place(j).sin()) * (x - 2.0 * place(j).cos())).collect()
}

fn mean<'a>(rows: impl Iterator<Item = &'a Vec<f64>>) -> Vec<f64> {
    let rows: Vec<&[f64]> = rows.map(Vec::as_slice).collect();
    vector::mean(&rows)
}

fn ring() -> (Topology, Streams) {
    let setting = Setting { streams: Streams::new(3), clients: NODES, folder: ".".into() };
    let topology = TopologySpec::Ring.build(WeightRule::Metropolis, Components::One, &setting).unwrap();
    (topology, setting.streams)
}

#[test]
fn the_mean_tracker_is_the_mean_gradient_at_every_iteration() {
    for order in [Order::Cta, Order::Atc] {
        for contacts in
            [TimeVaryingGraphSpec::Static, TimeVaryingGraphSpec::RandomMatching, TimeVaryingGraphSpec::FailingEdges(0.3)]
        {
            let (topology, streams) = ring();
            let rule = Synchronous::new(Rule { order }, contacts.build(streams));
            let mut orders = RecordingOrders::new(NODES);
            let mut states: Vec<Progress<State<f64>, f64>> = (0..NODES).map(|node| rule.init(node, vec![0.5; D])).collect();
            for (id, state) in states.iter_mut().enumerate() {
                rule.start(state, &mut orders.node(id, &topology));
            }
            for t in 0..300 {
                assert_eq!(orders.jobs.len(), NODES, "all nodes are in lockstep");
                for (id, input) in std::mem::take(&mut orders.jobs) {
                    let out = Payload::one(gradient(id, &input.vectors[0])).with_scalar(0.05);
                    rule.on_computed(&mut states[id], out, &mut orders.node(id, &topology));
                }
                let (y, g) = (mean(states.iter().map(|state| &state.own.y)), mean(states.iter().map(|state| &state.own.g)));
                assert!(vector::distance2(&y, &g).sqrt() < 1e-13, "{order:?} {contacts:?} {t}: {y:?} for {g:?}");
                while let Some((to, message)) = orders.messages.pop_front() {
                    rule.on_message(&mut states[to], message, &mut orders.node(to, &topology));
                }
            }
            let apart = states.iter().map(|state| vector::distance2(&state.own.y, &states[0].own.y)).sum::<f64>();
            assert!(apart > 0.0, "nodes track in their own ways");
        }
    }
}
