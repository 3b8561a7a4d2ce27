//! What every registered method must do: have a page, read and write its parameters, and make progress.

use fedfleet::{engine::Workers, registry::Registry};

use crate::{
    bench::{Bench, F80},
    watch::{Observer, Until},
};

#[test]
fn pages_are_complete() {
    for entry in Registry::builtin().methods() {
        let card = entry.card;
        for (what, text) in [
            ("summary", card.summary),
            ("update", card.update),
            ("weights", card.weights),
            ("traffic", card.traffic),
            ("key", card.paper.key),
            ("authors", card.paper.authors),
            ("title", card.paper.title),
            ("venue", card.paper.venue),
            ("place", card.paper.place),
        ] {
            assert!(!text.trim().is_empty(), "{} has no {what}", card.name);
        }
        assert!(card.paper.link.starts_with("https://"), "{}", card.name);
        assert!((1950..=2026).contains(&card.paper.year), "{}", card.name);
        assert!(card.paper.bibtex().contains(card.paper.title), "{}", card.name);
        assert_eq!(
            Registry::builtin().methods().iter().filter(|other| other.card.name == card.name).count(),
            1,
            "{} is there twice",
            card.name
        );
    }
}

/// Parameters under which a method reaches a tenth of its initial gap on a small random quadratic.
fn reasonable(name: &str) -> &'static str {
    match name {
        "feddyn" => "; alpha = 1.0",
        "fedadagrad" | "fedadam" | "fedyogi" => "; lr = 0.3",
        "fedavgm" => "; lr = 0.3; beta = 0.7",
        "diloco" | "delayed-nesterov" => "; lr = 0.3; beta = 0.5",
        "fedasync" => "; alpha = 0.05",
        "afa-cd" | "afa-cs" => "; lr = 4.0",
        _ => "",
    }
}

#[test]
fn every_method_makes_progress_by_default() {
    for entry in
        Registry::builtin().methods().iter().filter(|entry| entry.section == "federated" && entry.card.name != "analytic")
    {
        let bench = Bench::random(&format!("{}{}", entry.card.name, reasonable(entry.card.name)), 16);
        let bench = bench.set("fleet.step", "{ fixed = { uniform = { low = 0.5, high = 1.5 } } }");
        // A small share of each arriving model keeps FedAsync near the optimum, and slow.
        let steps = if entry.card.name == "fedasync" { 4000 } else { 400 };
        let (start, end) = bench.gaps(steps);
        assert!(end < 0.1 * start, "{}: from {start} to {end}", entry.card.name);
    }
}

const SCHEDULES: [&str; 8] = [
    "{ rounds = {} }",
    "{ rounds = { cohort = 6 } }",
    "{ rounds = { cohort = 6, over-selection = 1.5, deadline = 4.5 } }",
    "{ every-arrival = {} }",
    "{ buffered = { size = 4 } }",
    "{ window = { seconds = 3.0 } }",
    "{ group = { size = 4 } }",
    "{ grace = { seconds = 1.0 } }",
];

#[test]
fn methods_and_schedules_combine() {
    for name in ["fedavg", "fedprox", "scaffold", "feddyn", "fedau", "fedavgm", "fedadam"] {
        for schedule in SCHEDULES {
            let one_by_one = schedule.contains("every") || schedule.contains("grace");
            // Adam's step does not know how few updates it stands for.
            let few = one_by_one || schedule.contains("group");
            let parameters = if few && name == "fedadam" { "; lr = 0.02" } else { reasonable(name) };
            let text = format!("{name}{parameters}");
            let mut bench = Bench::random(&text, 16).schedule(schedule);
            bench = bench.set("fleet.step", "{ fixed = { uniform = { low = 0.5, high = 1.5 } } }");
            // An arrival is one update of sixteen: without a smaller step it would count as all of them.
            if one_by_one {
                bench = bench.lr(0.01);
            }
            let (start, end) = bench.gaps(600);
            assert!(end < 0.3 * start, "{text} on {schedule}: from {start} to {end}");
        }
    }
}

fn with_momentum(text: &str) -> Bench {
    Bench::q4(text).set("federated.client", "{ optimiser = [{ momentum = { beta = 0.9 } }] }")
}

#[test]
fn every_gradient_is_counted() {
    // Four clients, four steps, three rounds; the first round of variance reduction collects one gradient a step.
    let expected = [
        ("fedavg", 48),
        ("scaffold", 48),
        ("scaffold; option = \"I\"", 48 + 12),
        ("fedavg-m", 48),
        ("fedavg-m-vr", 16 + 32 + 32),
        ("fedavg-m-vr; start = \"zero\"", 96),
        ("scaffold-m-vr; start = \"zero\"", 96),
    ];
    for (text, gradients) in expected {
        let mut engine = Bench::q4(text).engine();
        let _ = engine.run(&mut Observer::new(Until::Versions(3)));
        assert_eq!(engine.ledger().gradients, gradients, "{text}");
    }
}

/// FedAvg over two clients selected by the norm of their gradients, without bias.
fn by_norm(rounds: &str) -> Bench {
    let rest = if rounds.is_empty() { String::new() } else { format!(", {rounds}") };
    Bench::q4("fedavg").schedule(&format!("{{ rounds = {{ cohort = 2, select = {{ gradient-norm = {{}} }}{rest} }} }}"))
}

/// FedAvg with updates weighted by how often each client delivers under `schedule`.
fn unbiased(schedule: &str) -> Bench {
    Bench::q4("fedavg").weighting("unbiased").schedule(schedule)
}

/// Analytic learning on least squares.
fn analytic() -> Bench {
    Bench::q4("analytic")
        .set("problem.objective", "\"least-squares\"")
        .set("problem.data", "{ linear = { features = 5, samples = 60, targets = \"random\" } }")
        .without("problem.init")
}

#[test]
fn senseless_combinations_are_refused_with_a_reason() {
    let cases = [
        (Bench::q4("fednova").schedule("{ every-arrival = {} }"), "batch of one"),
        (Bench::q4("fednova").schedule("{ rounds = { cohort = 1 } }"), "batch of one"),
        (Bench::q4("fednova").schedule("{ buffered = { size = 1 } }"), "batch of one"),
        (Bench::q4("fednova").schedule("{ buffered = { size = 2, epoch = 3 } }"), "batch of one"),
        (Bench::q4("fednova").schedule("{ group = { size = 1 } }"), "batch of one"),
        (Bench::q4("fednova").schedule("{ grace = {} }"), "batch of one"),
        (Bench::q4("fedau").weighting("all"), "learns its own weights"),
        (Bench::q4("mifa").weighting("sum"), "its table"),
        (Bench::q4("fedvarp").weighting("sum"), "its table"),
        (Bench::q4("afa-cs").weighting("sum"), "its table"),
        (Bench::q4("fedasync").weighting("all"), "share of its own"),
        (Bench::q4("fedavg").schedule("{ every-arrival = {} }").weighting("known-probability"), "without rounds"),
        (Bench::q4("fedavg").schedule("{ window = { seconds = 1.0 } }").weighting("sampling"), "without rounds"),
        (
            Bench::q4("fedbuff")
                .weighting("unbiased")
                .set("federated.schedule", "{ buffered = { size = 2, replace = \"random\" } }"),
            "at random",
        ),
        (Bench::q4("fedavg").schedule("{ rounds = { cohort = 2 } }").weighting("known-probability"), "cohort of fixed size"),
        (Bench::q4("fedavg").weighting("unbiased").schedule("{ buffered = { size = 2, concurrency = 2 } }"), "never called"),
        (Bench::q4("fedavg").weighting("unbiased").bernoulli(&[0.5; 4]).schedule("{ group = { size = 2 } }"), "come and go"),
        (
            Bench::q4("fedavg").weighting("unbiased").set("fleet.dropout", 0.5).schedule("{ window = { seconds = 1.0 } }"),
            "work is lost",
        ),
        (
            Bench::q4("fedavg").weighting("unbiased").schedule("{ buffered = { size = 2, discount = \"sqrt\" } }"),
            "stale updates weigh less",
        ),
        // FedBuff's own discount.
        (Bench::q4("fedbuff").weighting("unbiased").schedule("{ window = { seconds = 1.0 } }"), "stale updates weigh less"),
        (Bench::q4("mifa").schedule("{ buffered = { size = 2, discount = \"sqrt\" } }"), "discount by staleness"),
        (Bench::q4("afa-cs").schedule("{ rounds = { cohort = 2, select = \"gradient-norm\" } }"), "weights of the selection"),
        (by_norm("over-selection = 2.0"), "first to answer"),
        (by_norm("deadline = 1.5"), "have a deadline"),
        (by_norm("").bernoulli(&[0.5; 4]), "come and go"),
        (by_norm("").set("fleet.dropout", 0.5), "work is lost"),
        (by_norm("").set("network.up.loss", 0.5), "lose messages"),
        (Bench::q4("fedau").schedule("{ rounds = { cohort = 2, select = \"gradient-norm\" } }"), "weights of the selection"),
        (Bench::q4("fedasync").schedule("{ rounds = { cohort = 2, select = \"gradient-norm\" } }"), "weights of the selection"),
        (
            Bench::q4("fedavg").schedule("{ rounds = { cohort = 2, select = { tiers = { count = 2 } } } }").weighting("sampling"),
            "not all drawn with the same probability",
        ),
        (Bench::q4("fedavg").schedule("{ rounds = { over-selection = 1.5 } }"), "nobody to select beyond"),
        (unbiased("{ rounds = { deadline = 2.0 } }"), "have a deadline"),
        (unbiased("{ rounds = { cohort = 2, over-selection = 1.5 } }"), "who are the fast"),
        (unbiased("{ rounds = { cohort = 2, select = { power-of-choice = { candidates = 3 } } } }"), "not drawn uniformly"),
        (unbiased("{ rounds = { cohort = 2, select = { tiers = { count = 2 } } } }"), "not drawn uniformly"),
        (unbiased("{ every-arrival = { max-staleness = 1 } }"), "stale updates are refused"),
        (unbiased("{ buffered = { size = 2, max-staleness = 1 } }"), "stale updates are refused"),
        (unbiased("{ group = { size = 2, max-staleness = 1 } }"), "stale updates are refused"),
        (Bench::q4("fedavg").weighting("known-probability").schedule("{ rounds = { deadline = 2.0 } }"), "have a deadline"),
        (Bench::q4("fedavg").weighting("known-probability").set("fleet.dropout", 0.5), "work is lost"),
        (analytic().set("federated.server", "[{ scale = 0.5 }]"), "no place for a server optimiser"),
        (analytic().set("federated.client", "{ optimiser = [{ adamw = {} }] }"), "no local steps"),
        (analytic().set("federated.uplink", "{ qsgd = { bits = 4 } }"), "in full precision"),
        (analytic().set("federated.bit-width.applies-to", "\"messages\""), "in full precision"),
        (Bench::q4("diloco").set("federated.server", "[{ scale = 0.5 }]"), "take the place of `lr` and `beta`"),
        (Bench::q4("diloco").set("federated.client", "{ keep-state = true }"), "take the place of `inner`"),
        (Bench::q4("diloco").set("federated.stateless-clients", true), "outlives a visit"),
        (Bench::q4("delayed-nesterov").set("federated.server", "[{ scale = 0.5 }]"), "no place for a server optimiser"),
        (
            Bench::q4("delayed-nesterov; inner = {}").set("federated.client", "{ optimiser = [{ clip = 1.0 }] }"),
            "take the place of `inner`",
        ),
        (Bench::q4("delayed-nesterov; inner = { b1 = inf }"), "a number in [0, 1)"),
        (Bench::q4("delayed-nesterov; inner = { b2 = -3.0 }"), "a number in [0, 1)"),
        (Bench::q4("diloco; inner = { eps = inf }"), "a positive number"),
        (Bench::q4("fedadam; tau = inf"), "a positive number"),
        (Bench::q4("prowd; steps = 9223372036854775807"), "from 1 to 100000 steps"),
        (Bench::q4("fedbuff").schedule("{ buffered = { discount = { relative = { a = 0.5, mean = inf } } } }"), "out of range"),
        (with_momentum("afa-cd"), "plain SGD"),
        (with_momentum("afa-cs"), "plain SGD"),
        (with_momentum("scaffold"), "plain SGD"),
        (with_momentum("scaffold-1"), "plain SGD"),
        (with_momentum("scallion"), "plain SGD"),
        (with_momentum("scafcom"), "plain SGD"),
        (with_momentum("fedavg-m"), "plain SGD"),
        (with_momentum("fedavg-m-vr"), "plain SGD"),
        (with_momentum("scaffold-m"), "plain SGD"),
        (with_momentum("scaffold-m-vr"), "plain SGD"),
        (with_momentum("fednova; mu = 0.1"), "FedNova normalises"),
        (Bench::q4("fedavg").schedule("{ group = { size = 5 } }"), "more than the 4 clients"),
        (Bench::q4("fedavg").schedule("{ grace = { seconds = -1.0 } }"), "out of range"),
        (Bench::q4("delayed-nesterov; delay = 4; activation = 0.5"), "out of range"),
        (
            Bench::q4("fedavg").set("federated.local.by-speed", true).steps("{ integer = { low = 1, high = 2 } }"),
            "fastest client",
        ),
        (Bench::q4("fedavg").set("federated.local.seconds", 1.0), "expected one of them"),
        (Bench::q4("fedavg").set("federated.local.energy", 1.0), "expected one of them"),
        (Bench::q4("fedavg").without("federated.local.steps").set("federated.local.energy", 0.0), "a positive energy"),
        (Bench::q4("fedavg").set("fleet.energy", 0.0), "above 0 and finite"),
        (
            Bench::q4("fedavg").weighting("unbiased").set("federated.shards", "\"least-visited\""),
            "how often each client delivers",
        ),
        (
            Bench::q4("fedavg")
                .schedule("{ rounds = { cohort = 2, select = { by-size = {} } } }")
                .set("federated.shards", "\"least-visited\""),
            "depends on the samples of each",
        ),
        (Bench::q4("fedbuff").schedule("{ buffered = { size = 2, epoch = 0 } }"), "at least 1 arrival"),
        (Bench::q4("fedvarp; clusters = { contiguous = 0 }"), "at least 1 cluster"),
        (Bench::q4("fedvarp; clusters = { listed = [] }"), "a cluster for each client"),
    ];
    for (bench, reason) in cases {
        let fault = bench.build(Workers::single()).err().unwrap_or_else(|| panic!("{bench:?} should be refused"));
        assert!(fault.contains(reason), "{fault}");
    }
}

#[test]
fn local_work_can_be_given_in_time() {
    let speeds = "{ values = [1.0, 0.5, 0.25, 0.2] }";
    let counted = Bench::q4("fedavg").steps("{ values = [2.0, 4.0, 8.0, 10.0] }").set("fleet.step", speeds);
    let mut timed = Bench::q4("fedavg").set("fleet.step", speeds).set("federated.local.seconds", 2.0);
    timed = timed.without("federated.local.steps");
    assert_eq!(timed.iterates(5), counted.iterates(5));
    let by_speed = Bench::q4("fedavg").set("fleet.step", speeds).steps("10").set("federated.local.by-speed", true);
    assert_eq!(by_speed.iterates(5), counted.iterates(5));
}

#[test]
fn local_work_can_be_given_in_energy() {
    // ⌊0.6 / 0.25⌋ = 2, 0.6 / 0.2 = 3 though it rounds below, ⌊0.6 / 0.07⌋ = 8, and at least one step of 0.9 J.
    let joules = "{ values = [0.25, 0.2, 0.07, 0.9] }";
    for text in ["afa-cd", "afa-cs", "fedavg"] {
        let bench = Bench::q4(text).visits(&F80).set("fleet.energy", joules).schedule("{ buffered = { size = 2 } }");
        let counted = bench.clone().steps("{ values = [2.0, 3.0, 8.0, 1.0] }");
        let budget = bench.without("federated.local.steps").set("federated.local.energy", 0.6);
        assert_eq!(budget.iterates(20), counted.iterates(20), "{text}");
    }
    let mut engine = Bench::q4("fedavg").set("fleet.energy", joules).steps("3").engine();
    let _ = engine.run(&mut Observer::new(Until::Versions(2)));
    let used = engine.ledger().energy;
    assert!((used - 2.0 * 3.0 * (0.25 + 0.2 + 0.07 + 0.9)).abs() < 1e-12, "{used} J");
}
