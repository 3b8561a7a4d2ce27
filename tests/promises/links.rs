//! Every compressor with every method, in every direction, as a scenario writes them.

use std::{collections::BTreeMap, path::Path};

use fedfleet::{
    engine::Workers,
    part::compressor::CompressorSpec,
    record::curves::Curves,
    registry::Registry,
    run::{Options, Plan, Results, Silent, execute},
    scenario::{Scenario, decode::read},
};

use crate::{
    bench::Bench,
    watch::{Observer, Until},
};

const LINKS: [&str; 19] = [
    "\"identity\"",
    "{ top-k = { k = 2 } }",
    "{ top-k = { fraction = 0.4 } }",
    "{ pruned = { k = 2 } }",
    "{ rand-k = { k = 2 } }",
    "{ rand-k = { fraction = 0.4, scaled = false, seeded = false } }",
    "{ lazy = 0.5 }",
    "{ qsgd = { bits = 4 } }",
    "{ qsgd = { levels = 5, norm = \"max\" } }",
    "\"tern-grad\"",
    "\"natural\"",
    "{ natural-dithering = { bits = 4 } }",
    "{ sign = {} }",
    "{ sign = { block = 2 } }",
    "{ stochastic = { bits = 4 } }",
    "{ nearest = { bits = 4, by-layer = true } }",
    "{ ef = { top-k = { k = 2 } } }",
    "{ ef21 = { sign = {} } }",
    "{ diana = { rand-k = { k = 2 } } }",
];

fn spec(link: &str) -> CompressorSpec {
    let tables: BTreeMap<String, CompressorSpec> =
        read(&format!("link = {link}"), &Registry::builtin()).expect("the link is sound");
    tables["link"].clone()
}

/// Why a method refuses a link for its uploads.
fn refusal(name: &str, link: &str) -> Option<&'static str> {
    let link = spec(link);
    match name {
        "prowd" => Some("the client's width"),
        "analytic" => Some("in full precision"),
        "scaffold" | "scaffold-1" | "scaffold-m" | "scaffold-m-vr" | "scallion" | "scafcom" if link.remembers() => Some("twice"),
        "fedavg-m-vr" if link.remembers() => Some("a gradient"),
        "scallion" if !link.is_unbiased() => Some("unbiased"),
        _ => None,
    }
}

fn bench(name: &str) -> Bench {
    let bench = Bench::random(name, 6).lr(0.01);
    if name != "analytic" {
        return bench;
    }
    bench
        .set("problem.objective", "\"least-squares\"")
        .set("problem.data", "{ linear = { features = 5, samples = 60, targets = { linear = { noise = 0.5 } } } }")
}

#[test]
fn any_compressor_serves_any_method_in_either_direction() {
    let mut combinations = 0;
    for entry in Registry::builtin().methods().iter().filter(|entry| entry.section == "federated") {
        let name = entry.card.name;
        for link in LINKS {
            for direction in ["federated.uplink", "federated.downlink"] {
                let feeds_back = spec(link).promises().feeds_back.then_some("the server sends its model");
                let expected = if direction == "federated.uplink" { refusal(name, link) } else { feeds_back };
                match (bench(name).set(direction, link).build(Workers::single()), expected) {
                    (Err(fault), Some(reason)) => assert!(fault.contains(reason), "{name}, {direction} = {link}: {fault}"),
                    (Ok((_, mut engine)), None) => {
                        let versions = if name == "analytic" { 1 } else { 4 };
                        let _ = engine.run(&mut Observer::new(Until::Versions(versions)));
                        let federated = engine.protocol();
                        assert!(federated.participation().updates > 0, "{name}, {direction} = {link}: nothing has arrived");
                        let finite = federated.iterate().iter().all(|x| x.is_finite());
                        assert!(finite, "{name}, {direction} = {link}: {:?}", federated.iterate());
                    }
                    (Ok(_), Some(reason)) => panic!("{name}, {direction} = {link} should be refused: {reason}"),
                    (Err(fault), None) => panic!("{name}, {direction} = {link}: {fault}"),
                }
                combinations += 1;
            }
        }
    }
    assert!(combinations > 1000, "{combinations}");
}

/// A method of peers on a ring of quadratics with this link.
fn peers(name: &str, compressor: &str) -> Result<Plan, String> {
    let text = format!(
        r#"
stop = {{ seconds = 4 }}
problem = {{ objective = {{ quadratic = {{ generate = {{ dimension = 5, condition = 10.0 }} }} }} }}
fleet = {{ clients = 6 }}
network = {{ topology = "ring" }}
record = {{ every = {{ seconds = 1 }}, metrics = ["loss"] }}
peers = {{ local = {{ lr = 0.01 }}, compressor = {compressor} }}
[[method]]
name = "{name}"
"#
    );
    let scenario =
        Scenario::read(Path::new("peers.toml"), &text, &[], &Registry::builtin()).map_err(|rejected| rejected.to_string())?;
    Plan::resolve(scenario, &[]).map_err(|rejected| rejected.to_string())
}

/// Why a method of peers refuses a compressor. One that remembers needs neighbours who all receive the same messages of a node.
fn refusal_between_peers(name: &str, compressor: &str) -> Option<&'static str> {
    let promises = spec(compressor).promises();
    match name {
        _ if promises.feeds_back => Some("error feedback"),
        "choco-sgd" if promises.remembers => Some("the public copies are the method's memory"),
        "choco-sgd" | "d-psgd" | "gradient-tracking" | "sgp" => None,
        _ if promises.remembers => Some("receive different messages"),
        _ => None,
    }
}

#[test]
fn any_compressor_serves_any_method_between_peers() {
    let (mut run, mut refused) = (0, 0);
    for entry in Registry::builtin().methods().iter().filter(|entry| entry.section == "peers") {
        let name = entry.card.name;
        for link in LINKS {
            match (peers(name, link), refusal_between_peers(name, link)) {
                (Ok(plan), None) => {
                    let folder = tempfile::tempdir().unwrap();
                    let summary = execute(&plan, &Results::at(folder.path()), &Options::default(), &Silent).unwrap();
                    assert_eq!((summary.runs, summary.diverged.len()), (1, 0), "{name} over {link}");
                    let curves = Curves::read(&folder.path().join("curves.csv")).unwrap();
                    assert!(curves.runs[0].last(curves.metric("loss").unwrap()).unwrap().is_finite(), "{name} over {link}");
                    run += 1;
                }
                (Err(told), Some(reason)) => {
                    assert!(told.contains(reason), "{name} over {link}: {told}");
                    refused += 1;
                }
                (Ok(_), Some(reason)) => panic!("{name} over {link} should be refused: {reason}"),
                (Err(told), None) => panic!("{name} over {link}: {told}"),
            }
        }
    }
    assert!(run > 130 && refused > 15, "{run} combinations run, {refused} are refused");
}

#[test]
fn pruned_messages_carry_a_mask_and_what_is_left_either_way() {
    // Six clients, five coordinates, two of them kept: a bit for each, and 32 for those that are sent.
    let dense = 6 * 5 * 32;
    let pruned = 6 * (5 + 2 * 32);
    for (direction, expected) in [("federated.uplink", [pruned, dense]), ("federated.downlink", [dense, pruned])] {
        let mut engine = bench("fedavg").set(direction, "{ pruned = { k = 2 } }").engine();
        let _ = engine.run(&mut Observer::new(Until::Versions(1)));
        let ledger = engine.ledger();
        // The next round's downloads are already under way when the first round ends.
        let rounds = ledger.downlink_bits / expected[1];
        assert_eq!([ledger.uplink_bits, ledger.downlink_bits], [expected[0], rounds * expected[1]], "{direction}");
        assert!((1..=2).contains(&rounds));
    }
    // From a model of zeros, five coordinates of which six clients send two each: what arrives is as sparse as what was sent.
    let sent = bench("fedavg").set("fleet.clients", 1).set("federated.uplink", "{ pruned = { k = 2 } }").path(1).remove(0);
    assert_eq!(sent.iter().filter(|x| **x != 0.0).count(), 2, "{sent:?}");
}
