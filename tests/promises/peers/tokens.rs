//! Tokens: what they cost, how they are lost, and where they end.

use fedfleet::{
    part::rate::{Rate, RateRule},
    protocol::{Models, Observed, peers::Absent},
};

use super::bench::{Bench, iterates, run_to};

const D: usize = 3;

/// Unit curvatures on a ring of eight; the optimum is the mean of the centres.
fn ring(text: &str) -> Bench {
    let centres = (0..8).map(|i| (0..D).map(|j| ((5 * i + 3 * j + 1) as f64).sin()).collect()).collect();
    let mut bench = Bench::new(text, "\"ring\"", centres);
    bench.network.link.latency = 1.0.into();
    bench
}

#[test]
fn a_hop_is_charged_for_what_it_carries_and_whom_it_asks() {
    // On a ring every node has two neighbours, the chain never stays, and latency makes a hop a second.
    for (text, numbers) in
        [("token-walk alpha = 0.0", 0), ("token-walk alpha = 2.0", 8), ("token-walk alpha = 2.0; measure-at = \"nodes\"", 2)]
    {
        let bits = ring(text).run(99.5).ledger().uplink_bits;
        assert_eq!(bits, 32 * 100 * (D as u64 + numbers), "{text}");
    }
    // A target asks one neighbour a hop; where it refuses, the token stays, which sends nothing.
    let engine = ring("token-walk alpha = 2.0; measure-at = \"nodes\"; repellence = \"target\"").run(99.5);
    let ledger = engine.ledger();
    assert!(ledger.visits > 100, "the token stays at times");
    assert_eq!(ledger.uplink_bits % 32, 0);
    let asked = ledger.uplink_bits / 32 - 100 * D as u64;
    // Visits are hops that have arrived; one more is under way.
    assert_eq!(asked, ledger.visits + 1);
}

#[test]
fn without_repellence_the_measure_changes_nothing() {
    let of = |text: &str| ring(text).run(300.5);
    let plain = of("token-walk alpha = 0.0");
    let other = of("token-walk alpha = 0.0; measure-exponent = 1.0; measure-at = \"nodes\"");
    assert_eq!(iterates(&plain), iterates(&other));
    assert_ne!(iterates(&plain), iterates(&of("token-walk alpha = 1.0")));
}

#[test]
fn lost_tokens_are_gone_unless_their_last_holder_sends_them_again() {
    let lossy = |text: &str| {
        let mut bench = ring(text);
        bench.network.link.loss = 0.2.into();
        bench
    };
    // A holder that sends a token again after 5 s: a hop takes 1 s, and 5 + 1 s more for every loss, 2.5 s on average.
    let visits = lossy("token-walk tokens = 2; recreate = 5.0").run(10_000.0).ledger().visits as f64;
    assert!((visits / 8000.0 - 1.0).abs() < 0.05, "{visits} visits of two tokens");
    let mut once = lossy("token-walk tokens = 2; recreate = inf").engine(fedfleet::engine::Workers::single());
    run_to(&mut once, 1000.0);
    let before = once.ledger().visits;
    run_to(&mut once, 10_000.0);
    assert!(before > 0 && once.ledger().visits == before, "both tokens are lost after five hops on average");
}

#[test]
fn every_chain_and_kind_of_repellence_ends_at_the_optimum() {
    for chain in ["metropolis", "simple", "lazy"] {
        for repellence in ["kernel", "target"] {
            let text = format!(
                "token-walk model-exponent = 0.0; measure-exponent = 0.8; chain = \"{chain}\"; repellence = \"{repellence}\"; tokens = 3"
            );
            let mut bench = ring(&text);
            bench.network.topology = super::bench::network("topology = { barabasi-albert = { m = 2 } }").topology;
            bench.network.link.loss = 0.1.into();
            bench.absent = Absent::Lose;
            bench.lr = Rate::Rule(RateRule::Inverse { start: 0.2, offset: 20.0 });
            let engine = bench.run(20_000.0);
            let Models::Nodes(models) = engine.protocol().models() else { panic!("tokens are at nodes") };
            assert!((1..=3).contains(&models.len()), "{text}");
            for j in 0..D {
                let optimum = (0..8).map(|i| ((5 * i + 3 * j + 1) as f64).sin()).sum::<f64>() / 8.0;
                models.iter().for_each(|x| assert!((x[j] - optimum).abs() < 0.08, "{text}: {} for {optimum}", x[j]));
            }
        }
    }
}
