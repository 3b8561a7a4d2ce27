//! Compressors and bit-widths between peers.

use fedfleet::{
    analysis::{Ground, PeerCombination, PeerNeeds, Slot, peer_misfits},
    engine::Workers,
    num::low_precision::{Bits, Rounding, symmetric},
    part::compressor::{CompressorSpec, Ef, Ef21Spec, Identity, Keep, RandKSpec, TopK},
    problem::{
        init::{InitSpec, NormalInit},
        spec::WeightsSpec,
    },
    protocol::{
        peers::PeersSpec,
        spec::{BitWidthSpec, ClientSpec, LocalSpec},
    },
};

use super::bench::{Bench, fleet, gap, mean, method, variance};

const D: usize = 20;

/// Independent starts, no steps: pure mixing on a ring of six, an iteration a second.
fn mixing(text: &str) -> Bench {
    let start = InitSpec::Normal(NormalInit { sd: 1.0, independent: true });
    let mut bench = Bench::new(text, "\"ring\"", vec![vec![0.0; D]; 6]).init(start).lr(0.0);
    bench.fleet = fleet("step = 1.0");
    bench
}

fn over(text: &str, compressor: CompressorSpec) -> Bench {
    Bench { compressor: Some(compressor), ..mixing(text) }
}

fn half() -> CompressorSpec {
    TopK { keep: Keep { k: None, fraction: Some(0.5) } }.into()
}

fn spread(models: &[Vec<f64>]) -> f64 {
    (0..D).map(|j| variance(&models.iter().map(|x| x[j]).collect::<Vec<_>>())).sum()
}

#[test]
fn narrow_nodes_send_in_their_width_and_keep_their_own_models() {
    let mut bench = mixing("d-psgd");
    bench.fleet = fleet("step = 1.0\nbits = 4");
    let engine = bench.run(1.5);
    // Twelve directed edges, two iterations begun; 4 bits a coordinate and a scale.
    assert_eq!(engine.ledger().uplink_bits, 2 * 12 * (4 * D as u64 + 32));
    let start = bench.models();
    let heard: Vec<Vec<f64>> = start
        .iter()
        .map(|x| {
            let mut x = x.clone();
            symmetric(Bits::new(4).unwrap(), &mut Rounding::Nearest, &mut x);
            x
        })
        .collect();
    for (i, x) in super::bench::iterates(&engine).iter().enumerate() {
        let expected = (0..D).map(|j| (start[i][j] + heard[(i + 1) % 6][j] + heard[(i + 5) % 6][j]) / 3.0).collect();
        assert!(gap(std::slice::from_ref(x), &[expected]) < 1e-15);
    }
}

#[test]
fn narrow_nodes_take_gradients_at_rounded_models() {
    // A lone node: x ← x − lr (round(x) − c), as far as quadratics go.
    let centre: Vec<f64> = (0..D).map(|j| (j as f64 + 0.3).sin()).collect();
    let mut bench = Bench::new("d-psgd", "\"complete\"", vec![centre.clone(); 1]).lr(0.1);
    bench.fleet = fleet("step = 1.0\nbits = 3");
    let mut x = vec![0.0; D];
    for _ in 0..30 {
        let mut rounded = x.clone();
        symmetric(Bits::new(3).unwrap(), &mut Rounding::Nearest, &mut rounded);
        (0..D).for_each(|j| x[j] -= 0.1 * (rounded[j] - centre[j]));
    }
    assert!(gap(&bench.after(30.5), &[x]) < 1e-13);
}

#[test]
fn a_link_that_remembers_keeps_what_one_that_forgets_loses() {
    let length = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    for text in ["d-psgd", "d-psgd order = \"atc\""] {
        let start = mixing(text).models();
        let remembering = over(text, Ef21Spec(half()).into()).after(400.5);
        assert!(spread(&remembering) < 1e-20 * spread(&start), "{text}: nodes agree");
        let drift: Vec<f64> = mean(&remembering).iter().zip(mean(&start)).map(|(x, m)| x - m).collect();
        assert!(length(&drift) < 0.5 * length(&mean(&start)), "{text}: near the mean of their starts");
        // Coordinates that nobody sends are averaged with zeros until nothing is left of them.
        let vanished = |models: &[Vec<f64>]| mean(models).iter().filter(|x| x.abs() < 1e-9).count();
        assert_eq!((vanished(&remembering), vanished(&over(text, half()).after(400.5))), (0, D / 2), "{text}");
    }
}

#[test]
fn a_memory_around_nothing_changes_nothing() {
    for text in ["d-psgd", "sgp", "gradient-tracking", "gradient-tracking order = \"atc\""] {
        let plain = Bench { lr: fedfleet::part::rate::Rate::Constant(0.1), ..mixing(text) };
        let linked = Bench { compressor: Some(Ef21Spec(Identity {}.into()).into()), ..plain.clone() };
        assert!(gap(&plain.after(40.5), &linked.after(40.5)) < 1e-12, "{text}");
    }
}

#[test]
fn all_neighbours_hear_the_same_compressed_message() {
    // On a complete graph, what a node hears of all others is the same for all but itself: models differ by own parts alone.
    let mut bench = over("d-psgd", toml::from_str::<RandKSpec>("k = 5").unwrap().into());
    bench.network.topology = super::bench::network("topology = \"complete\"").topology;
    let (start, after) = (bench.models(), bench.after(1.5));
    let heard = |i: usize, j: usize| 6.0 * after[i][j] - start[i][j];
    // Σ_k q_k − q_i, so the differences between nodes are those of the messages: each in five coordinates or in none.
    for i in 1..6 {
        let differing = (0..D).filter(|&j| (heard(i, j) - heard(0, j)).abs() > 1e-9).count();
        assert!(differing <= 10, "{differing} coordinates");
    }
    assert!(gap(&[mean(&after)], &[mean(&start)]) < 10.0);
}

#[test]
fn memories_are_refused_where_neighbours_hear_different_messages() {
    let parts = |compressor| PeersSpec {
        local: toml::from_str::<LocalSpec>("lr = 0.1").unwrap(),
        client: ClientSpec::default(),
        absent: fedfleet::protocol::peers::Absent::Wait,
        compressor: Some(compressor),
        bit_width: BitWidthSpec::default(),
    };
    let objective = fedfleet::problem::Properties {
        samples: false,
        targets: fedfleet::problem::data::TargetKind::Values,
        convex: true,
        solvable_head: false,
    };
    let ground = Ground { objective, weights: WeightsSpec::Uniform, clients: 4, d: D, one_way: false, world: None };
    let ef = parts(Ef(half()).into());
    let found = peer_misfits(&PeerNeeds { memory: Slot::Open, ..PeerNeeds::NOTHING }, &PeerCombination { parts: &ef, ground });
    assert!(found.len() == 1 && found[0].message.contains("nodes send models"), "{found:?}");
    let ef21 = parts(Ef21Spec(half()).into());
    for (text, allowed) in [
        ("d-psgd", true),
        ("d-psgd contacts = \"random-matching\"", false),
        ("sgp", true),
        ("gradient-tracking", true),
        ("ad-psgd", false),
        ("push-gossip", false),
        ("vc-gossip", false),
        ("token-walk", false),
    ] {
        let (own, _) = method(text);
        let found = peer_misfits(&own.needs(), &PeerCombination { parts: &ef21, ground });
        assert_eq!(found.is_empty(), allowed, "{text}: {found:?}");
    }
    drop(over("d-psgd", half()).engine(Workers::single()));
}
