//! What grows with the clients that take part, and not with the fleet.

use crate::{
    bench::Bench,
    watch::{Observer, Until},
};

#[test]
fn only_clients_that_took_part_are_remembered() {
    let rounds = 6;
    let of_many = |text: &str| {
        let bench = Bench::random(text, 100_000).schedule("{ rounds = { cohort = 100 } }");
        let mut engine = bench.engine();
        let _ = engine.run(&mut Observer::new(Until::Versions(rounds)));
        let federated = engine.protocol();
        let rows = federated.server().state_vectors().iter().filter(|letter| letter.client.is_some()).count();
        (federated.memories().len(), rows, federated.participation().updates)
    };
    // 600 draws of 100,000 clients meet hardly anybody twice; who is drawn is the same for all methods.
    let (variates, _, updates) = of_many("scaffold");
    assert!(updates == 600 && (590..=600).contains(&variates), "{variates} clients after {updates} updates");
    assert_eq!(of_many("feddyn"), (variates, 0, 600));
    for text in ["mifa", "mifa; table = \"zero\"", "fedvarp", "afa-cs"] {
        assert_eq!(of_many(text), (0, variates, 600), "{text}");
    }
}
