use std::path::PathBuf;

use approx::{assert_abs_diff_eq, assert_relative_eq};

use super::*;
use crate::random::{Purpose, Streams};

fn setting(clients: usize, seed: u64) -> Setting {
    Setting { streams: Streams::new(seed), clients, folder: PathBuf::new() }
}

fn network(text: &str, clients: usize) -> Network {
    toml::from_str::<NetworkSpec>(text).unwrap().build(&setting(clients, 1)).unwrap()
}

#[test]
fn a_spec_survives_a_round_trip() {
    for text in [
        "",
        "up = { latency = 0.05, bandwidth = 2e6 }\ndown = { latency = { uniform = { low = 0.0, high = 1.0 } }, loss = 0.1 }",
        "topology = \"ring\"\nweights = \"lazy-metropolis\"",
        "topology = { random-regular = { degree = 8 } }",
        "topology = { erdos-renyi = { p = 0.1 } }",
        "topology = { small-world = { k = 4, p = 0.1 } }\nlink = { jitter = { exponential = { mean = 0.1 } } }",
        "topology = { edges = [[0, 1], [1, 2]] }",
        "topology = { edges = \"edges.csv\" }",
    ] {
        let spec: NetworkSpec = toml::from_str(text).unwrap();
        spec.validate().unwrap();
        let written = toml::to_string(&spec).unwrap();
        assert_eq!(toml::from_str::<NetworkSpec>(&written).unwrap(), spec, "{written}");
    }
}

#[test]
fn a_message_takes_latency_and_bits_over_bandwidth() {
    let network =
        network("up = { latency = 0.05, bandwidth = 2e6, jitter = 0.01 }\ndown = { latency = { values = [0.1, 0.2] } }", 2);
    let mut rng = Streams::new(0).stream(Purpose::Delay, 0, 0);
    assert_relative_eq!(network.link(Direction::Up).delay(0, 1_000_000, &mut rng), 0.56, max_relative = 1e-15);
    assert_eq!(network.link(Direction::Down).delay(1, 1_000_000, &mut rng), 0.2);
    assert_eq!(network.link(Direction::Peer).delay(1, 1_000_000, &mut rng), 0.0);
    assert!(network.topology().is_none());
}

#[test]
fn messages_are_lost_at_their_rate() {
    let network = network("up = { loss = 0.1 }", 1);
    let mut rng = Streams::new(0).stream(Purpose::Fault, 0, 0);
    let mut rate = |direction| (0..40_000).filter(|_| network.link(direction).lost(0, &mut rng)).count() as f64 / 40_000.0;
    assert_abs_diff_eq!(rate(Direction::Up), 0.1, epsilon = 0.0075);
    assert_eq!(rate(Direction::Down), 0.0);
}

#[test]
fn unfit_networks_are_refused_with_their_path() {
    for (text, path, part) in [
        ("up = { latency = -1 }", "up.latency", "at least 0"),
        ("down = { bandwidth = 0 }", "down.bandwidth", "above 0"),
        ("link = { loss = 1.5 }", "link.loss", "from 0 to 1"),
        ("topology = { random-regular = { degree = 10 } }", "topology.random-regular.degree", "too many"),
        ("topology = { random-regular = { degree = 0 } }", "topology.random-regular.degree", "at least 1"),
        ("topology = { erdos-renyi = { p = 0.01 } }", "topology.erdos-renyi.p", "connected"),
        ("topology = { erdos-renyi = { p = 1.5 } }", "topology.erdos-renyi.p", "probability"),
        ("topology = \"hypercube\"", "topology", "power of 2"),
        ("topology = { small-world = { k = 3, p = 0.1 } }", "topology.small-world.k", "even"),
        ("topology = { small-world = { k = 10, p = 0.1 } }", "topology.small-world.k", "fewer"),
        ("topology = { barabasi-albert = { m = 10 } }", "topology.barabasi-albert.m", "fewer"),
        ("topology = \"torus\"", "topology", "3 rows"),
        ("topology = { edges = [[0, 10]] }", "topology.edges", "from 0 to 9"),
        ("topology = { edges = [[3, 3]] }", "topology.edges", "loop"),
    ] {
        let error = toml::from_str::<NetworkSpec>(text).unwrap().build(&setting(10, 0)).unwrap_err();
        assert_eq!(error.path.join("."), path, "{text}: {}", error.message);
        assert!(error.message.contains(part), "{text}: {}", error.message);
    }
    let odd =
        TopologySpec::RandomRegular { degree: 3 }.build(WeightRule::Metropolis, Components::One, &setting(9, 0)).unwrap_err();
    assert!(odd.message.contains("even"), "{}", odd.message);
}

#[test]
fn an_edge_file_names_its_faults() {
    let folder = tempfile::tempdir().unwrap();
    let spec: NetworkSpec = toml::from_str("components = \"each\"\ntopology = { edges = \"edges.csv\" }").unwrap();
    let build = |text: &str| {
        std::fs::write(folder.path().join("edges.csv"), text).unwrap();
        spec.build(&Setting { folder: folder.path().into(), ..setting(4, 0) })
    };
    let network = build("a,b\n0,1\n1,0\n1,2\n").unwrap();
    let graph = network.topology().unwrap().graph();
    assert_eq!((graph.edges(), graph.components()), (2, 2));
    for (text, place) in [("0,1\n1, 4\n", "2:4 4"), ("a,b\n2,2\n", "2:1 2,2"), ("0,1,2\n", "1:1 0,1,2")] {
        assert_eq!(build(text).unwrap_err().place(), place, "{text}");
    }
}
