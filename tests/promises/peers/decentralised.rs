//! Decentralised SGD in its forms: fixed points, invariants, equivalences, and what waiting costs.

use faer::{Mat, linalg::solvers::Solve};
use fedfleet::{
    part::rate::{Rate, RateRule},
    problem::init::{InitSpec, NormalInit},
};

use super::bench::{Bench, ByRound, fleet, gap, iterates, mean, network, variance};

const D: usize = 3;

fn centres(nodes: usize) -> Vec<Vec<f64>> {
    (0..nodes).map(|i| (0..D).map(|j| ((5 * i + 3 * j + 1) as f64).sin()).collect()).collect()
}

fn curvatures(nodes: usize) -> Vec<Vec<f64>> {
    (0..nodes).map(|i| (0..D).map(|j| 1.0 + 0.8 * ((2 * i + 7 * j) as f64).cos()).collect()).collect()
}

/// Heterogeneous quadratics; an iteration takes a second.
fn heterogeneous(text: &str, topology: &str, nodes: usize) -> Bench {
    let mut bench = Bench::new(text, topology, centres(nodes)).curvatures(curvatures(nodes));
    bench.fleet = fleet("step = 1.0");
    bench
}

/// Independent starts, no steps: pure mixing, an iteration a second.
fn mixing(text: &str, topology: &str, nodes: usize) -> Bench {
    heterogeneous(text, topology, nodes).lr(0.0).init(InitSpec::Normal(NormalInit { sd: 1.0, independent: true }))
}

/// Mean squared distance to consensus.
fn spread(models: &[Vec<f64>]) -> f64 {
    (0..D).map(|j| variance(&models.iter().map(|x| x[j]).collect::<Vec<_>>())).sum()
}

fn gradient(node: usize, x: &[f64]) -> Vec<f64> {
    let nodes = node + 1;
    (0..D).map(|j| curvatures(nodes)[node][j] * (x[j] - centres(nodes)[node][j])).collect()
}

fn optimum(nodes: usize) -> Vec<f64> {
    let (h, c) = (curvatures(nodes), centres(nodes));
    let sum = |j: usize, f: &dyn Fn(usize, usize) -> f64| (0..nodes).map(|i| f(i, j)).sum::<f64>();
    (0..D).map(|j| sum(j, &|i, j| h[i][j] * c[i][j]) / sum(j, &|i, j| h[i][j])).collect()
}

/// The models after `iterations` of one second.
fn after(bench: &Bench, iterations: u32) -> Vec<Vec<f64>> {
    bench.after(f64::from(iterations) + 0.5)
}

#[test]
fn adapting_first_on_a_complete_graph_is_gradient_descent() {
    let bench = heterogeneous("d-psgd order = \"atc\"", "\"complete\"", 6);
    let mut x = vec![0.0; D];
    for _ in 0..20 {
        let mean_gradient = mean(&(0..6).map(|i| gradient(i, &x)).collect::<Vec<_>>());
        x.iter_mut().zip(mean_gradient).for_each(|(x, g)| *x -= 0.1 * g);
    }
    assert!(gap(&after(&bench, 20), &vec![x.clone(); 6]) < 1e-14);
    let combining = after(&heterogeneous("d-psgd", "\"complete\"", 6), 20);
    assert!(gap(&combining, &vec![x; 6]) > 1e-3, "gradients are taken at different points");
}

/// With curvature 1 the mean of four nodes goes half of the way to the mean centre, 4, in every iteration: 0, 2, 3, 3.5.
#[test]
fn round_t_shows_iterate_t() {
    let choco = "choco-sgd gamma = 1.0; compressor = \"identity\"; order =";
    let choco = [format!("{choco} \"paper\""), format!("{choco} \"code\"; copies = \"model\"")];
    let plain =
        ["d-psgd", "gradient-tracking"].map(|name| [format!("{name} order = \"cta\""), format!("{name} order = \"atc\"")]);
    for text in plain.concat().iter().chain(&choco).chain(&["sgp".to_owned()]) {
        for latency in [0.0, 0.1, 2.0] {
            let centres = [0.0, 2.0, 4.0, 10.0].map(|c| vec![c]).to_vec();
            let mut bench = Bench::new(text, "\"complete\"", centres).lr(0.5);
            bench.fleet = fleet("step = 1.0");
            bench.network = network(&format!("topology = \"complete\"\nlink = {{ latency = {latency} }}"));
            let mut seen = ByRound { rounds: 3, means: Vec::new() };
            let _ = bench.engine(fedfleet::engine::Workers::single()).run(&mut seen);
            for (t, ((mean, gradients), expected)) in seen.means.iter().zip([0.0, 2.0, 3.0, 3.5]).enumerate() {
                assert!((mean[0] - expected).abs() < 1e-14, "{text}, {latency} s: round {t} at {mean:?}");
                assert_eq!(*gradients, 4 * t as u64, "{text}, {latency} s: round {t}");
            }
        }
    }
}

#[test]
fn the_mean_moves_by_the_mean_gradient() {
    for text in ["d-psgd", "d-psgd order = \"atc\"", "d-psgd contacts = { failing-edges = 0.4 }"] {
        let bench = heterogeneous(text, "{ erdos-renyi = { p = 0.5 } }", 10);
        let (before, after) = (after(&bench, 7), after(&bench, 8));
        let step = mean(&before.iter().enumerate().map(|(i, x)| gradient(i, x)).collect::<Vec<_>>());
        let expected: Vec<f64> = mean(&before).iter().zip(step).map(|(x, g)| x - 0.1 * g).collect();
        assert!(gap(&[mean(&after)], &[expected]) < 1e-14, "{text}");
    }
}

#[test]
fn adapting_first_ends_at_its_biased_fixed_point() {
    let (n, eta) = (8, 0.1);
    let models = after(&heterogeneous("d-psgd order = \"atc\"", "\"ring\"", n), 1500);
    for j in 0..D {
        // Coordinates are apart: (I − W (I − η H)) X = η W H b.
        let w = |i: usize, k: usize| if (i + 1) % n == k || (k + 1) % n == i || i == k { 1.0 / 3.0 } else { 0.0 };
        let h: Vec<f64> = curvatures(n).iter().map(|h| h[j]).collect();
        let system = Mat::from_fn(n, n, |i, k| f64::from(u8::from(i == k)) - w(i, k) * (1.0 - eta * h[k]));
        let right = Mat::from_fn(n, 1, |i, _| (0..n).map(|k| eta * w(i, k) * h[k] * centres(n)[k][j]).sum::<f64>());
        let fixed = system.partial_piv_lu().solve(&right);
        (0..n).for_each(|i| assert!((models[i][j] - fixed[(i, 0)]).abs() < 1e-13));
    }
    assert!(gap(&[mean(&models)], &[optimum(n)]) > 1e-3, "a constant step size leaves a bias");
}

#[test]
fn gradient_tracking_reaches_the_exact_optimum_with_constant_steps() {
    for text in ["gradient-tracking", "gradient-tracking order = \"atc\""] {
        let models = after(&heterogeneous(text, "\"ring\"", 8), 3000);
        assert!(gap(&models, &vec![optimum(8); 8]) < 1e-13, "{text}");
    }
}

#[test]
fn adapting_first_with_trackers_on_a_complete_graph_is_gradient_descent() {
    let models = after(&heterogeneous("gradient-tracking order = \"atc\"", "\"complete\"", 5), 20);
    let mut x = vec![0.0; D];
    // The first second goes into the first gradient.
    for _ in 0..20 {
        let g = mean(&(0..5).map(|i| gradient(i, &x)).collect::<Vec<_>>());
        x.iter_mut().zip(g).for_each(|(x, g)| *x -= 0.1 * g);
    }
    assert!(gap(&models, &vec![x; 5]) < 1e-13);
}

#[test]
fn pushing_on_a_regular_graph_is_averaging() {
    let push = after(&heterogeneous("sgp", "{ circulant = { degree = 4 } }", 9), 30);
    let average = after(&heterogeneous("d-psgd order = \"atc\"", "{ circulant = { degree = 4 } }", 9), 30);
    assert!(gap(&push, &average) < 1e-14);
}

#[test]
fn push_sum_finds_the_mean_where_one_way_averaging_does_not() {
    let bench = mixing("sgp", "\"star\"", 7);
    let expected = vec![mean(&bench.models()); 7];
    assert!(gap(&after(&bench, 300), &expected) < 1e-13);
    let directed = mixing("sgp", "\"exponential\"", 6);
    assert!(gap(&after(&directed, 200), &vec![mean(&directed.models()); 6]) < 1e-13);
    let mut uniform = mixing("d-psgd", "\"star\"", 7);
    uniform.network.weights = fedfleet::network::WeightRule::Uniform;
    assert!(gap(&after(&uniform, 300), &expected) > 1e-2);
}

#[test]
fn exponential_peers_average_exactly_in_three_rounds_of_eight() {
    for text in ["d-psgd contacts = \"one-peer-exponential\"", "sgp contacts = \"one-peer-exponential\""] {
        let bench = mixing(text, "\"ring\"", 8);
        let expected = vec![mean(&bench.models()); 8];
        assert!(gap(&after(&bench, 2), &expected) > 1e-2, "{text}");
        assert!(gap(&after(&bench, 3), &expected) < 4e-15, "{text}");
    }
}

#[test]
fn mixing_contracts_by_the_spectral_gap() {
    let bench = mixing("d-psgd", "\"ring\"", 8);
    let start = spread(&bench.models());
    for t in [1, 5, 20] {
        let bound = (1.0_f64 - 0.195_262_145_875_634_98).powi(2 * t);
        assert!(spread(&after(&bench, t as u32)) <= bound * start * (1.0 + 1e-12));
    }
}

#[test]
fn pairs_average_without_losing_anything() {
    let mut bench = mixing("ad-psgd", "{ erdos-renyi = { p = 0.5 } }", 12);
    bench.fleet = fleet("step = { exponential = { mean = 1.0 } }");
    let before = mean(&bench.models());
    let models = bench.after(100.0);
    assert!(gap(std::slice::from_ref(&before), &[mean(&models)]) < 1e-14);
    assert!(gap(&models, &vec![before; 12]) < 1e-6, "they agree after a hundred rounds");
}

#[test]
fn a_node_of_its_own_does_plain_sgd() {
    for text in ["ad-psgd", "d-psgd", "sgp", "gradient-tracking"] {
        let mut bench = heterogeneous(text, "\"complete\"", 1);
        bench.network = network("topology = \"complete\"");
        let mut x = vec![0.0; D];
        for _ in 0..10 {
            let g = gradient(0, &x);
            x.iter_mut().zip(g).for_each(|(x, g)| *x -= 0.1 * g);
        }
        assert!(gap(&after(&bench, 10), &[x]) < 1e-14, "{text}");
    }
}

#[test]
fn barriers_wait_for_the_slow_and_asynchrony_does_not() {
    let visits = |text: &str| -> Vec<u64> {
        let mut bench = heterogeneous(text, "\"ring\"", 10);
        bench.fleet = fleet("step = { values = [10.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0] }");
        let engine = bench.run(200.5);
        (0..10).map(|node| engine.protocol().visits(node)).collect()
    };
    let locked = visits("d-psgd");
    for (node, &visits) in locked.iter().enumerate() {
        let distance = node.min(10 - node) as u64;
        assert_eq!(visits, 20 + distance, "node {node} is as far ahead of the slow one as its messages allow");
    }
    let free = visits("ad-psgd");
    assert_eq!(free[0], 20);
    assert!(free[1..].iter().all(|&visits| visits == 200), "{free:?}");
}

#[test]
fn without_compression_choco_is_decentralised_sgd() {
    for (choco, plain) in [
        ("choco-sgd gamma = 1.0; compressor = \"identity\"", "d-psgd order = \"atc\""),
        ("choco-sgd gamma = 1.0; compressor = \"identity\"; order = \"code\"; copies = \"model\"", "d-psgd"),
    ] {
        let start = InitSpec::Normal(NormalInit { sd: 1.0, independent: true });
        let of = |text: &str| after(&heterogeneous(text, "\"ring\"", 7).init(start.clone()), 25);
        assert!(gap(&of(choco), &of(plain)) < 1e-13, "{choco}");
    }
}

/// Two nodes with one coordinate, which one level of dithering sends as it is, with ω = 1: half of it once it is contractive.
/// From copies of 0 an iteration leads to (3 a + b) / 4, and without shrinking to (a + b) / 2.
#[test]
fn unbiased_compressors_are_made_contractive() {
    for (contractive, own) in [(true, 0.75), (false, 0.5)] {
        let text = format!("choco-sgd gamma = 1.0; compressor = {{ qsgd = {{ levels = 1 }} }}; contractive = {contractive}");
        let start = InitSpec::Normal(NormalInit { sd: 1.0, independent: true });
        let mut bench = Bench::new(&text, "\"complete\"", vec![vec![0.0]; 2]).lr(0.0).init(start);
        bench.fleet = fleet("step = 1.0");
        let x: Vec<f64> = bench.models().concat();
        let expected = [vec![own * x[0] + (1.0 - own) * x[1]], vec![own * x[1] + (1.0 - own) * x[0]]];
        assert!(gap(&after(&bench, 1), &expected) < 1e-15, "{text}");
    }
}

#[test]
fn compressed_gossip_agrees_on_the_mean_and_conserves_it() {
    for compressor in ["{ top-k = { k = 1 } }", "{ rand-k = { k = 1, scaled = false } }", "{ sign = {} }"] {
        let bench = mixing(&format!("choco-sgd gamma = 0.1; compressor = {compressor}"), "\"ring\"", 6);
        let expected = mean(&bench.models());
        let models = after(&bench, 3000);
        assert!(gap(&[mean(&models)], std::slice::from_ref(&expected)) < 1e-11, "{compressor}");
        assert!(gap(&models, &vec![expected; 6]) < 1e-6, "{compressor}");
    }
}

#[test]
fn choco_agrees_on_the_mean_in_both_orders_with_any_compressor() {
    for compressor in
        ["{ top-k = { k = 2 } }", "{ qsgd = { bits = 4 } }", "\"natural\"", "{ sign = {} }", "{ nearest = { bits = 4 } }"]
    {
        for order in ["paper", "code"] {
            let bench = mixing(&format!("choco-sgd gamma = 0.1; order = \"{order}\"; compressor = {compressor}"), "\"ring\"", 6);
            let expected = mean(&bench.models());
            let models = after(&bench, 3000);
            assert!(gap(&models, &vec![expected; 6]) < 1e-6, "{order} {compressor}");
        }
    }
}

/// Starts at the second eigenvector of a ring of eight: the first iteration takes the step to the centres, the others mix.
#[test]
fn along_the_second_eigenvector_the_spectral_gap_is_exact() {
    let wave = |i: usize| (2.0 * std::f64::consts::PI * i as f64 / 8.0).cos();
    let mut bench = Bench::new("d-psgd", "\"ring\"", (0..8).map(|i| vec![wave(i)]).collect());
    bench.fleet = fleet("step = 1.0");
    bench.lr = Rate::Rule(RateRule::Steps { start: 1.0, factor: 0.0, every: 1.0 });
    for t in [0, 1, 7] {
        let shrunk = (1.0_f64 - 0.195_262_145_875_634_98).powi(t);
        let expected: Vec<Vec<f64>> = (0..8).map(|i| vec![shrunk * wave(i)]).collect();
        assert!(gap(&after(&bench, 1 + t as u32), &expected) < 1e-14, "after {t} rounds");
    }
}

#[test]
fn the_bias_of_constant_steps_is_of_their_order_and_needs_unlike_curvatures() {
    let bias =
        |eta: f64| gap(&[mean(&after(&heterogeneous("d-psgd order = \"atc\"", "\"ring\"", 8).lr(eta), 3000))], &[optimum(8)]);
    let [large, middle, small] = [0.1, 0.05, 0.025].map(bias);
    for ratio in [large / middle, middle / small] {
        assert!((1.4..2.4).contains(&ratio), "{large} {middle} {small}");
    }
    // With one curvature for all the mean moves as if there were one node: 1 − (1 − η)^t of the way.
    let mut alike = Bench::new("d-psgd", "\"ring\"", centres(8));
    alike.fleet = fleet("step = 1.0");
    let expected: Vec<f64> = mean(&centres(8)).iter().map(|c| (1.0 - 0.9_f64.powi(40)) * c).collect();
    assert!(gap(&[mean(&after(&alike, 40))], &[expected]) < 1e-14);
}

#[test]
fn random_matchings_and_failing_edges_agree_on_the_mean() {
    for contacts in ["\"random-matching\"", "{ failing-edges = 0.3 }"] {
        for method in ["d-psgd", "sgp"] {
            let bench = mixing(&format!("{method} contacts = {contacts}"), "{ circulant = { degree = 4 } }", 9);
            assert!(gap(&after(&bench, 400), &vec![mean(&bench.models()); 9]) < 1e-12, "{method} {contacts}");
        }
    }
}

/// On a complete graph of six all eigenvalues of `E[W] = I − L / (n d)` but the first are 4/5, so that each average of a
/// random pair takes a fifth of the squared distance to consensus, in expectation and from any start.
#[test]
fn pairs_contract_by_the_second_eigenvalue_of_the_mean_mixing_matrix() {
    let events = 6;
    let ratios: Vec<f64> = (0..600)
        .map(|seed| {
            let mut bench = mixing("ad-psgd", "\"complete\"", 6);
            bench.fleet = fleet("step = { exponential = { mean = 1.0 } }");
            bench.seed = seed;
            let start = spread(&bench.models());
            let mut engine = bench.engine(fedfleet::engine::Workers::single());
            let mut time = 0.0;
            while engine.ledger().visits < events {
                time += 0.001;
                super::bench::run_to(&mut engine, time);
            }
            spread(&iterates(&engine)) / start / 0.8_f64.powi(engine.ledger().visits as i32)
        })
        .collect();
    let error = (variance(&ratios) / ratios.len() as f64).sqrt();
    let found = ratios.iter().sum::<f64>() / ratios.len() as f64;
    assert!(error < 0.05 && (found - 1.0).abs() < 4.0 * error, "{found} ± {error}");
}

#[test]
fn all_strategies_account_for_every_period() {
    let capacity = 6;
    for flow in ["proactive", "simple", "generalised", "randomised"] {
        let keys = if flow == "simple" { "{ capacity = 6 }" } else { "{ capacity = 6, reactivity = 3 }" };
        let flow = if flow == "proactive" { "\"proactive\"".to_owned() } else { format!("{{ {flow} = {keys} }}") };
        // A phase of half a period and pushes that arrive at once: 200 periods of each of 20 nodes have elapsed.
        let text = format!("push-gossip period = 1.0; phase = 0.5; flow = {flow}");
        let engine = Bench::new(&text, "{ circulant = { degree = 6 } }", centres(20)).run(200.0);
        let messages = engine.ledger().uplink_bits / (32 * (D as u64 + 1));
        let balances = 200 * 20 - messages;
        assert!(balances <= 20 * capacity, "{flow}: sends and balances make up the periods, {balances} tokens are left");
        assert_eq!(balances == 0, flow.contains("proactive"), "{flow}");
    }
}

/// Nodes that work for the same time all ask at the same instant, whatever the links.
#[test]
fn nodes_in_step_average_in_every_step() {
    for (topology, nodes, rounds) in [("\"complete\"", 2, 10), ("\"ring\"", 8, 100), ("\"complete\"", 20, 40)] {
        for latency in ["0.0", "0.1", "{ uniform = { low = 0.0, high = 0.2 } }"] {
            let mut bench = mixing("ad-psgd", topology, nodes);
            bench.fleet = fleet("step = 0.5");
            let topology = bench.network.topology.take();
            bench.network = network(&format!("link = {{ latency = {latency} }}"));
            bench.network.topology = topology;
            let run = format!("{nodes} nodes, latency {latency}");
            let (before, start) = (mean(&bench.models()), spread(&bench.models()));
            let engine = bench.run(f64::from(rounds));
            let visits: Vec<u64> = (0..nodes).map(|node| engine.protocol().visits(node)).collect();
            assert!(visits.iter().all(|&visits| visits >= rounds as u64 / 2), "{run}: nobody waits for ever: {visits:?}");
            let models = iterates(&engine);
            assert!(spread(&models) < 1e-6 * start, "{run}: {} of {start} is left", spread(&models));
            // What is under way has been averaged at one end only.
            assert!(gap(&[before], &[mean(&models)]) < 1e-3, "{run}");
        }
    }
}

/// Up a quarter of the time: as many steps as of push gossip with as short a period, but for asking.
#[test]
fn nobody_waits_for_nodes_that_are_down() {
    let mut bench = heterogeneous("ad-psgd", "\"complete\"", 20);
    bench.fleet = fleet("step = 0.5\navailability = { markov = { up = 20, down = 60 } }");
    let topology = bench.network.topology.take();
    bench.network = network("link = { latency = 0.1 }");
    bench.network.topology = topology;
    let updates = bench.run(500.0).protocol().participation().updates;
    // A quarter of 20 nodes for 500 s, at up to 0.7 s a step: 3571.
    assert!(updates > 2500, "{updates} updates");
}

/// Three nodes with steps of 0.1, 0.1 and 5 s that take part in a tenth of a thousand rounds: three hundred gradients, and about a
/// hundred of them of the slow one, for whom its neighbours wait.
#[test]
fn nodes_that_do_not_take_part_compute_nothing() {
    let absent = |text: &str, availability: &str| {
        let mut bench = Bench::new(text, "\"complete\"", centres(3));
        bench.fleet = fleet(&format!("step = {{ values = [0.1, 0.1, 5.0] }}\nenergy = 2.0\n{availability}"));
        bench
    };
    for text in ["d-psgd", "d-psgd order = \"atc\"", "sgp", "choco-sgd", "choco-sgd order = \"code\"; copies = \"model\""] {
        let mut seen = ByRound { rounds: 1000, means: Vec::new() };
        let mut engine = absent(text, "availability.bernoulli.probability = 0.1").engine(fedfleet::engine::Workers::single());
        let _ = engine.run(&mut seen);
        let (ledger, visits) = (*engine.ledger(), engine.protocol().visits(2) as f64);
        // Four standard deviations of binomial counts.
        assert!((ledger.gradients as f64 - 300.0).abs() < 4.0 * 270.0_f64.sqrt(), "{text}: {} gradients", ledger.gradients);
        assert!((visits - 100.0).abs() < 4.0 * 90.0_f64.sqrt(), "{text}: {visits} visits");
        assert_eq!((ledger.energy, ledger.gradients_used), (2.0 * ledger.gradients as f64, ledger.gradients), "{text}");
        // The others wait for the slow node, and add a tenth of a second where it is not there, or run ahead of its last visit.
        let busy = 5.0 * visits;
        assert!((busy..busy + 30.0).contains(&engine.now()), "{text}: {} s, {busy} s of the slow node", engine.now());
        // Whoever is never there leaves the others to their average.
        let mut engine = absent(text, "availability.bernoulli.probability = 0.0").engine(fedfleet::engine::Workers::single());
        let _ = engine.run(&mut ByRound { rounds: 20, means: Vec::new() });
        assert_eq!((engine.now(), engine.ledger().gradients), (0.0, 0), "{text}");
    }
    // Without rounds an absent node passes its turn: it works in a tenth of the time.
    let engine = absent("ad-psgd", "availability.bernoulli.probability = 0.1").run(5000.0);
    let (ledger, visits) = (engine.ledger(), [0, 1, 2].map(|node| engine.protocol().visits(node) as f64));
    assert_eq!(ledger.gradients as f64, visits.iter().sum::<f64>());
    for (visits, turns) in visits.into_iter().zip([50_000.0, 50_000.0, 1000.0]) {
        assert!((visits - 0.1 * turns).abs() < 4.0 * (0.09_f64 * turns).sqrt(), "{visits} visits in {turns} turns");
    }
}
