use rand::RngExt;

use super::*;
use crate::{
    network::{Components, TopologySpec, WeightRule},
    protocol::peers::recording_orders::RecordingOrders,
    random::{Purpose, Streams},
};

const NODES: usize = 12;

/// What Danner and Jelasity's token accounts conserve, at every node and after every event: messages sent and tokens left
/// make up the periods that have elapsed.
#[test]
fn sends_and_balance_of_every_node_make_up_its_periods() {
    let setting = Setting { streams: Streams::new(3), clients: NODES, folder: ".".into() };
    let topology = TopologySpec::Circulant { degree: 4 }.build(WeightRule::Metropolis, Components::One, &setting).unwrap();
    let period = Quantity::Constant(1.0).build("period", &(0.0..=1.0), &setting).unwrap();
    for flow in [
        Flow::Proactive,
        Flow::Simple { capacity: 5 },
        Flow::Generalised { capacity: 20, reactivity: 10 },
        Flow::Randomised { capacity: 20, reactivity: 10 },
    ] {
        let rule = Rule { parameters: PushGossip { flow, ..PushGossip::default() }, period: period.clone(), phase: None };
        let mut states: Vec<State<f64>> = (0..NODES).map(|node| rule.init(node, vec![0.0; 3])).collect();
        let (mut orders, mut periods, mut answers) = (RecordingOrders::new(NODES), [0; NODES], 0);
        let mut rng = setting.streams.stream(Purpose::Cohort, 0, 0);
        for _ in 0..20_000 {
            let waker = rng.random_range(0..NODES);
            periods[waker] += 1;
            rule.on_timer(&mut states[waker], PUSH, &mut orders.node(waker, &topology));
            // Messages pile up at times, and work is done late.
            while rng.random::<f64>() < 0.6
                && let Some((to, message)) = orders.messages.pop_front()
            {
                rule.on_message(&mut states[to], message, &mut orders.node(to, &topology));
            }
            while rng.random::<f64>() < 0.7
                && let Some((id, model)) = orders.jobs.pop_front()
            {
                let before = orders.sent[id];
                rule.on_computed(&mut states[id], model, &mut orders.node(id, &topology));
                answers += orders.sent[id] - before;
            }
            for (id, state) in states.iter().enumerate() {
                assert_eq!(orders.sent[id] + state.tokens, periods[id], "{flow:?}: node {id}");
            }
        }
        assert_eq!(answers > 1000, flow != Flow::Proactive, "{flow:?}: {answers} messages were answers");
    }
}
