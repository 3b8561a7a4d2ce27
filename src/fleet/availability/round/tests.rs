use approx::assert_abs_diff_eq;

use super::*;
use crate::fleet::{Fleet, Presence, tests::fleet};

fn history(fleet: &Fleet, client: usize, rounds: u64) -> Vec<bool> {
    let mut presence = Presence::new();
    (0..rounds).map(|round| presence.participates(fleet, client, round)).collect()
}

fn with(probability: f64, kind: &str, clients: usize) -> Fleet {
    fleet(&format!("availability = {{ {kind} = {{ probability = {probability} }} }}"), clients)
}

/// Fraction of `clients` in `round`.
fn rate(fleet: &Fleet, clients: usize, round: u64) -> f64 {
    Presence::new().participants(fleet, round).len() as f64 / clients as f64
}

#[test]
fn every_process_has_its_probability_in_every_round() {
    for (kind, rounds) in [("bernoulli", [0, 1, 37]), ("markov-rounds", [0, 1, 37])] {
        for probability in [0.02, 0.3, 0.99] {
            let fleet = with(probability, kind, 20_000);
            for round in rounds {
                let bound = 5.0 * (probability * (1.0 - probability) / 20_000.0_f64).sqrt();
                assert_abs_diff_eq!(rate(&fleet, 20_000, round), probability, epsilon = bound);
            }
        }
    }
}

#[test]
fn certain_and_impossible_participation() {
    for kind in ["bernoulli", "markov-rounds"] {
        assert!(history(&with(1.0, kind, 1), 0, 50).iter().all(|&active| active));
        assert!(history(&with(0.0, kind, 1), 0, 50).iter().all(|&active| !active));
    }
}

#[test]
fn the_chain_rises_and_falls_as_specified() {
    // p = 0.2: p01 = 0.05, p10 = 0.05 · 4 = 0.2.   p = 0.04: p10 = 1.2, so p01 = 0.05 / 1.2 and p10 = 1.
    for (probability, rise, fall) in [(0.2, 0.05, 0.2), (0.04, 0.05 / 1.2, 1.0)] {
        let rounds = 400_000;
        let active = history(&with(probability, "markov-rounds", 1), 0, rounds);
        let count = |from: bool, to: bool| active.windows(2).filter(|pair| **pair == [from, to]).count() as f64;
        let (up, stay) = (count(false, true), count(false, false));
        let (down, last) = (count(true, false), count(true, true));
        assert_abs_diff_eq!(up / (up + stay), rise, epsilon = 5.0 * (rise / (up + stay)).sqrt());
        assert_abs_diff_eq!(down / (down + last), fall, epsilon = 5.0 * (fall * (1.0 - fall) / (down + last)).sqrt() + 1e-12);
    }
}

#[test]
fn cycles_start_inactive_with_a_uniform_wait() {
    let fleet = with(0.3, "cyclic-rounds", 3000);
    let mut waits = vec![0; 70];
    for client in 0..3000 {
        let active = history(&fleet, client, 300);
        let wait = active.iter().position(|&active| active).unwrap();
        waits[wait] += 1;
        let (on, off) = (30, 70);
        for (round, &found) in active.iter().enumerate() {
            assert_eq!(found, round >= wait && (round - wait) % (on + off) < on);
        }
    }
    // Waits are uniform on 0..off; a wait of 0 is active in round 0.
    let chi2: f64 = waits.iter().map(|&count| (f64::from(count) - 3000.0 / 70.0).powi(2) / (3000.0 / 70.0)).sum();
    assert!(chi2 < 69.0 + 5.0 * (2.0 * 69.0_f64).sqrt(), "{chi2}");
    assert!(waits[0] > 0);
}

/// The cyclic rule of the specification, round by round.
fn cyclic_by_the_book(mut wait: u64, on: u64, off: u64, rounds: usize) -> Vec<bool> {
    let mut active = false;
    (0..rounds)
        .map(|_| {
            if wait == 0 {
                active = !active;
                wait = if active { on } else { off };
            }
            wait -= 1;
            active
        })
        .collect()
}

#[test]
fn cycles_agree_with_the_rule_round_by_round() {
    for (probability, on, off) in [(0.001, 1, 99), (0.25, 25, 75), (1.0, 100, 1)] {
        let fleet = with(probability, "cyclic-rounds", 40);
        for client in 0..40 {
            let found = history(&fleet, client, 500);
            let wait = found.iter().position(|&active| active).unwrap() as u64;
            assert!(wait < off);
            assert_eq!(found, cyclic_by_the_book(wait, on, off, 500));
        }
    }
}

#[test]
fn a_pattern_repeats() {
    let fleet = fleet("availability = { pattern = [[0], [1, 2], [], [3], [0, 1, 2, 3], [1]] }", 4);
    let mut presence = Presence::new();
    let mut set = |round| presence.participants(&fleet, round);
    assert_eq!([set(0), set(1), set(2), set(3)], [vec![0], vec![1, 2], vec![], vec![3]]);
    assert_eq!([set(4), set(5), set(6)], [vec![0, 1, 2, 3], vec![1], vec![0]]);
    assert_eq!(fleet.probability(1), Some(0.5));
}

#[test]
fn a_pattern_can_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rounds.csv"), "round,client\n0,1\n2,0\n2,1\n").unwrap();
    let spec: crate::fleet::FleetSpec = toml::from_str("availability = { pattern = \"rounds.csv\" }").unwrap();
    let setting = Setting { folder: folder.path().into(), ..crate::fleet::tests::setting(2, 0) };
    let fleet = spec.build(&setting, None).unwrap();
    assert_eq!(history(&fleet, 0, 4), [false, false, true, false]);
    assert_eq!(history(&fleet, 1, 4), [true, false, true, true]);
}

#[test]
fn earlier_rounds_can_be_asked_again() {
    let fleet = with(0.4, "markov-rounds", 3);
    let forward = history(&fleet, 1, 60);
    let mut presence = Presence::new();
    for round in (0..60).rev() {
        assert_eq!(presence.participates(&fleet, 1, round), forward[round as usize]);
    }
}

#[test]
fn seasonalities_have_the_shapes_of_the_paper() {
    let staircase = Seasonality::Staircase { low: 0.4, period: 20 };
    assert_eq!([0, 9, 10, 19, 20].map(|round| staircase.probability(0.5, round)), [0.5, 0.5, 0.2, 0.2, 0.5]);
    let sine = Seasonality::Sine { gamma: 0.3, period: 20 };
    for (round, factor) in [(0, 0.7), (5, 1.0), (10, 0.7), (15, 0.4), (25, 1.0)] {
        assert_abs_diff_eq!(sine.probability(0.5, round), 0.5 * factor, epsilon = 1e-12);
    }
    let interleaved = Seasonality::InterleavedSine { gamma: 0.3, period: 20, cutoff: 0.1 };
    assert_abs_diff_eq!(interleaved.probability(0.2, 5), 0.2, epsilon = 1e-12);
    assert_eq!(interleaved.probability(0.2, 15), 0.0);
    let fleet = fleet("availability = { bernoulli = { probability = 0.5, over-time = { staircase = {} } } }", 20_000);
    assert_abs_diff_eq!(rate(&fleet, 20_000, 3), 0.5, epsilon = 0.018);
    assert_abs_diff_eq!(rate(&fleet, 20_000, 13), 0.2, epsilon = 0.015);
}
