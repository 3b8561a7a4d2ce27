//! Clients of few bits: what they store, send and run, and the methods made for them.

use std::path::Path;

use fedfleet::{
    engine::Workers,
    protocol::Observed,
    record::curves::{Curves, Run},
    run::{Options, Plan, Results, Silent, execute},
    scenario::Scenario,
};

use crate::{
    bench::Bench,
    momentum::assert_near,
    watch::{Observer, Until},
};

/// Two clients of which one has few bits, on one layer of three coordinates.
fn low_bit(mode: &str, bits: u32) -> Bench {
    Bench::q4("fedavg")
        .set("problem.objective", "{ quadratic = { curvature = 1.0, centre = [[1.0, 0.3, -0.7], [1.0, 0.3, -0.7]] } }")
        .set("problem.init", "\"zeros\"")
        .set("fleet.clients", 2)
        .set("fleet.bits", bits)
        .set("federated.bit-width.applies-to", format!("\"{mode}\""))
        .steps("50")
        .lr(0.5)
}

#[test]
fn low_bit_clients_send_what_they_can_store() {
    // Three bits: multiples of a third of the largest weight.
    let found = low_bit("all", 3).path(1).remove(0);
    for x in &found {
        let multiple = x.abs() / found[0] * 3.0;
        assert!((multiple - multiple.round()).abs() < 1e-12, "{found:?}");
    }
    let full = low_bit("nothing", 3).path(1).remove(0);
    assert_near(&full, &[1.0, 0.3, -0.7], 1e-12);
    assert_eq!(low_bit("all", 32).path(3), low_bit("nothing", 3).path(3));
}

#[test]
fn a_link_carries_what_low_bit_clients_have_stored() {
    let plain = mixed("fedavg").path(20);
    for (found, expected) in mixed("fedavg").set("federated.uplink", "\"identity\"").path(20).iter().zip(&plain) {
        assert_near(found, expected, 1e-12);
    }
    assert_ne!(mixed("fedavg").set("federated.bit-width.applies-to", "\"nothing\"").path(20), plain);
}

#[test]
fn every_method_reads_what_low_bit_clients_have_stored() {
    // From zero, with all control variates and momenta zero, the first round of each is that of FedAvg.
    for bits in [2, 3, 5] {
        let first = |text: &str| low_bit("all", bits).method(text).set("federated.uplink", "\"identity\"").path(1).remove(0);
        let expected = first("fedavg");
        for text in [
            "fednova",
            "fedavg-m; beta = 1.0",
            "fedavg-m-vr; beta = 1.0; start = \"zero\"",
            "scaffold",
            "scaffold-1",
            "scaffold-m; beta = 1.0",
            "scaffold-m-vr; beta = 1.0; start = \"zero\"",
            "scallion; alpha = 1.0",
            "scafcom; beta = 1.0",
        ] {
            assert_near(&first(text), &expected, 1e-9);
        }
        assert!(expected.iter().zip([1.0, 0.3, -0.7]).any(|(x, centre)| (x - centre).abs() > 1e-3), "{expected:?} is rounded");
    }
    // Those that send models send them as FedAvg does, without a link too.
    for text in ["fednova", "fedavg-m; beta = 1.0"] {
        let path = |text: &str| low_bit("all", 3).method(text).path(4);
        for (found, expected) in path(text).iter().zip(&path("fedavg")) {
            assert_near(found, expected, 1e-9);
        }
    }
}

#[test]
fn clients_are_charged_for_what_they_keep() {
    // Six clients and five coordinates of 32 bits, whatever their width; two clients where two have been called.
    let kept = |bench: Bench| {
        let mut engine = bench.engine();
        let _ = engine.run(&mut Observer::new(Until::Versions(1)));
        engine.protocol().client_memory()
    };
    let bench = |text: &str| Bench::random(text, 6);
    assert_eq!(kept(bench("fedavg")), Some(0));
    assert_eq!(kept(bench("scaffold")), Some(6 * 5 * 32));
    assert_eq!(kept(bench("scaffold").set("fleet.bits", 4)), Some(6 * 5 * 32));
    assert_eq!(kept(bench("scafcom").schedule("{ rounds = { cohort = 2 } }")), Some(2 * 2 * 5 * 32));
    assert_eq!(kept(bench("fedavg").set("federated.uplink", "{ ef = { top-k = { k = 1 } } }")), Some(6 * 5 * 32));
    assert_eq!(kept(bench("scaffold-1").set("fleet.clients", 1)), Some(5 * 32));
    let momentum = "{ optimiser = [{ momentum = { beta = 0.9 } }], keep-state = true }";
    assert_eq!(kept(bench("fedavg").set("federated.client", momentum)), Some(6 * 5 * 32));
}

#[test]
fn one_group_is_the_plain_average() {
    let expected = Bench::q4("fedavg").iterates(12);
    for text in ["grouped-average", "grouped-average; asymmetric = true"] {
        assert_near(&Bench::q4(text).iterates(12), &expected, 1e-12);
    }
    let narrow = |text: &str| low_bit("all", 3).method(text).path(4);
    assert_eq!(narrow("grouped-average").len(), 4);
    for (found, expected) in narrow("grouped-average").iter().zip(&narrow("fedavg")) {
        assert_near(found, expected, 1e-12);
    }
}

#[test]
fn clients_of_one_width_make_prowd_the_plain_average() {
    assert_eq!(Bench::q4("prowd").iterates(12), Bench::q4("fedavg").iterates(12));
    let narrow = |text: &str| low_bit("all", 2).method(text).path(4);
    assert_eq!(narrow("prowd"), narrow("fedavg"));
    // Two equal ternary models average to a ternary model.
    let end = narrow("prowd").remove(3);
    let largest = end.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    assert!(end.iter().all(|x| *x == 0.0 || x.abs() == largest), "{end:?}");
}

/// Four clients on one quadratic in the plane of many coordinates, two of them with four bits.
fn mixed(text: &str) -> Bench {
    let centre: Vec<f64> = (0..80).map(|j| (f64::from(j) * 0.7).sin()).collect();
    Bench::q4(text)
        .set("problem.objective", format!("{{ quadratic = {{ curvature = 1.0, centre = {:?} }} }}", vec![centre; 4]))
        .set("problem.init", "\"zeros\"")
        .set("fleet.group", "[{ share = 0.5 }, { share = 0.5, bits = 4 }]")
        .lr(0.5)
}

#[test]
fn messages_are_as_wide_as_their_client() {
    // 80 coordinates in one layer: four bits each and a step size, or 32 bits each.
    let round = 2 * (80 * 4 + 32) + 2 * 80 * 32;
    for text in ["fedavg", "prowd", "grouped-average"] {
        let mut engine = mixed(text).engine();
        let _ = engine.run(&mut Observer::new(Until::Versions(3)));
        let ledger = engine.ledger();
        assert_eq!(ledger.uplink_bits, 3 * round, "{text}");
        assert_eq!(ledger.downlink_bits % round, 0, "{text}");
    }
}

#[test]
fn prowd_without_its_parts_is_the_plain_average() {
    let plain = mixed("fedavg").path(30);
    let path = |text: &str| mixed(text).path(30);
    for (found, expected) in path("prowd; dequantise = false; select = false").iter().zip(&plain) {
        assert_near(found, expected, 1e-12);
    }
    for parts in ["prowd; select = false", "prowd; dequantise = false", "prowd"] {
        assert_ne!(path(parts), plain, "{parts}");
        assert_eq!(path(parts), path(parts), "{parts} is the same in every run");
    }
}

#[test]
fn prowd_refuses_what_it_cannot_restore() {
    for (bench, reason) in [
        (mixed("prowd").set("federated.uplink", "{ top-k = { k = 1 } }"), "the client's width"),
        (mixed("prowd").set("federated.bit-width.applies-to", "\"messages\""), "few bits"),
        (mixed("prowd").set("federated.bit-width.applies-to", "\"nothing\""), "bit-width of each client"),
        (mixed("grouped-average").set("federated.shards", "\"least-visited\""), "bit-width of each client"),
        (mixed("prowd; lr = 0.0"), "positive step size"),
    ] {
        let fault = bench.build(Workers::single()).err().unwrap_or_else(|| panic!("{bench:?} should be refused"));
        assert!(fault.contains(reason), "{fault}");
    }
}

/// Models that the clients of [`mixed`] would run after three rounds: one of full width, one of four bits, and the iterate.
fn deployed(bench: &Bench) -> [Vec<f64>; 3] {
    let (world, mut engine) = bench.build(Workers::single()).expect("the bench is sound");
    let _ = engine.run(&mut Observer::new(Until::Versions(3)));
    let federated = engine.protocol();
    let of = |bits: u32| {
        let client = (0..4).find(|&client| world.fleet.bits(client) == bits).expect("a client has this width");
        federated.deployed(client).expect("a server deploys models").x
    };
    [of(32), of(4), federated.iterate().to_vec()]
}

#[test]
fn a_client_runs_the_model_in_its_own_width() {
    let [wide, narrow, x] = deployed(&mixed("fedavg"));
    assert_eq!(wide, x);
    let mut values: Vec<f64> = narrow.iter().map(|v| v.abs()).collect();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    assert!(values.len() <= 8, "four bits are 7 multiples of a step on either side of zero: {values:?}");
    let step = values[values.len() - 1] / 7.0;
    assert!(narrow.iter().zip(&x).all(|(q, x)| (q - x).abs() < 0.51 * step + 1e-9), "to the nearest");
    let [_, float, x] = deployed(&mixed("fedavg").set("federated.bit-width.applies-to", "\"nothing\""));
    assert_eq!(float, x);
    let [_, received, x] = deployed(&mixed("fedavg").set("federated.bit-width.applies-to", "\"messages\""));
    assert_ne!(received, x, "it received the model in four bits");
    let [wide, own, x] = deployed(&mixed("grouped-average"));
    assert_eq!(wide, x, "the widest group is scored");
    assert_ne!(own, deployed(&mixed("fedavg"))[1], "a group has a model of its own");
}

/// Runs a perceptron on digits with a quarter of the clients of two bits and returns the curve of FedAvg.
fn curve(fleet: &str, applies_to: &str) -> (Curves, Run) {
    let text = format!(
        r#"
stop = {{ rounds = 20 }}
problem = {{ objective = {{ mlp = {{ hidden = [8] }} }}, data = "digits-8x8" }}
fleet = {{ clients = 8, {fleet} }}
record = {{ every = {{ rounds = 10 }}, metrics = ["accuracy", "accuracy-narrowest", "accuracy-widest", "accuracy-clients"] }}
federated = {{ bit-width.applies-to = "{applies_to}", local = {{ steps = 5, batch = 16, lr = 0.2 }} }}
[[method]]
name = "fedavg"
"#
    );
    let plan = Plan::resolve(
        Scenario::read(Path::new("widths.toml"), &text, &[], &fedfleet::registry::Registry::builtin())
            .expect("the scenario is sound"),
        &[],
    )
    .expect("the scenario is sound");
    let folder = tempfile::tempdir().expect("there is room");
    let _ = execute(&plan, &Results::at(folder.path()), &Options::default(), &Silent).expect("the run ends");
    let curves = Curves::read(&folder.path().join("curves.csv")).expect("the curves are there");
    let run = curves.runs[0].clone();
    (curves, run)
}

#[test]
fn accuracies_by_width_are_those_of_the_models_that_run() {
    const MIXED: &str = "group = [{ share = 0.75 }, { share = 0.25, bits = 2 }]";
    let finals = |fleet: &str, applies_to: &str| {
        let (curves, run) = curve(fleet, applies_to);
        ["accuracy", "accuracy-narrowest", "accuracy-widest", "accuracy-clients"]
            .map(|name| run.last(curves.metric(name).expect("the metric is recorded")).expect("the metric is recorded"))
    };
    for (fleet, applies_to) in [("bits = 32", "all"), (MIXED, "nothing")] {
        let [plain, narrowest, widest, clients] = finals(fleet, applies_to);
        assert_eq!([narrowest, widest, clients], [plain; 3], "all clients run the same model");
    }
    let [plain, narrowest, widest, clients] = finals(MIXED, "all");
    assert_eq!(widest, plain);
    assert!(narrowest < widest && narrowest > 0.2, "ternary weights cost accuracy: {narrowest} of {widest}");
    assert_near(&[clients], &[0.25 * narrowest + 0.75 * widest], 1e-12);
}
