use approx::{assert_abs_diff_eq, assert_relative_eq};

use super::*;
use crate::random::{Quantity, Sampler, Setting};

/// The hardware spread F-80 of four clients [s].
const F80: [f64; 4] = [1.0, 11.0 / 15.0, 7.0 / 15.0, 0.2];

/// Clients whose times are all at work.
struct Work(Vec<Sampler>);

impl Work {
    fn steady(seconds: &[f64]) -> Self {
        Self(seconds.iter().map(|&seconds| Sampler::constant(seconds)).collect())
    }

    fn exponential(means: &[f64]) -> Self {
        let setting = Setting { streams: Streams::new(0), clients: means.len(), folder: "".into() };
        let sampler = |&mean: &f64| Quantity::Exponential { mean }.build("work", &(0.0..=f64::MAX), &setting).unwrap();
        Self(means.iter().map(sampler).collect())
    }
}

impl Cycles for Work {
    fn clients(&self) -> usize {
        self.0.len()
    }

    fn mean(&self, client: usize) -> f64 {
        self.0[client].client_mean(client)
    }

    fn steady(&self, client: usize) -> Option<[f64; 3]> {
        Some([0.0, self.0[client].of_client(client)?, 0.0])
    }

    fn draw(&self, client: usize, rng: &mut Rng) -> [f64; 3] {
        [0.0, self.0[client].sample(client, rng), 0.0]
    }
}

fn of(schedule: &str, work: &Work) -> Result<Vec<f64>, Invalid> {
    #[derive(serde::Deserialize)]
    struct Keys {
        schedule: ScheduleSpec,
    }
    let keys: Keys = toml::from_str(&format!("schedule = {schedule}")).unwrap();
    deliveries(&keys.schedule, work, &|_| 1.0, Streams::new(0))
}

#[test]
fn each_scheme_has_the_published_frequencies() {
    let of = |schedule: &str| of(schedule, &Work::steady(&F80)).unwrap();
    assert_eq!(of("{ window = { seconds = 0.2 } }"), [1.0 / 5.0, 1.0 / 4.0, 1.0 / 3.0, 1.0]);
    assert!(of("{ group = { size = 4 } }").iter().all(|share| (share - 1.0).abs() < 1e-9));
    let total: f64 = F80.iter().map(|tau| 1.0 / tau).sum();
    for (found, tau) in of("{ every-arrival = {} }").into_iter().zip(F80) {
        assert_relative_eq!(found, 1.0 / (tau * total), max_relative = 1e-14);
    }
    let twos = of("{ group = { size = 2 } }");
    assert_relative_eq!(twos.iter().sum::<f64>(), 2.0, max_relative = 1e-9);
    assert!(twos.windows(2).all(|pair| pair[0] <= pair[1]), "{twos:?}");
}

/// Seven arrivals make three server steps, of three, three and one.
#[test]
fn what_is_left_at_the_end_of_an_epoch_is_a_server_step() {
    let found = of("{ buffered = { size = 3, epoch = 7 } }", &Work::steady(&F80)).unwrap();
    assert_relative_eq!(found.iter().sum::<f64>(), 7.0 / 3.0, max_relative = 1e-14);
}

/// Deliveries in one group in the long run of clients that take these whole seconds: the state that comes back is what each has left,
/// with the order of its call.
fn repeating(seconds: &[u32], size: usize) -> Vec<f64> {
    let mut left: Vec<(u32, usize)> = seconds.iter().copied().zip(0..).collect();
    let (mut counts, mut met) = (vec![0_u32; seconds.len()], std::collections::HashMap::new());
    for (step, calls) in (0..).zip((seconds.len()..).step_by(size)) {
        let mut order: Vec<usize> = (0..left.len()).collect();
        order.sort_by_key(|&client| left[client]);
        // Numbers of calls grow for ever; their order is what matters.
        let mut ranks = order.clone();
        ranks.sort_by_key(|&client| left[client].1);
        let state: (Vec<u32>, Vec<usize>) = (left.iter().map(|&(left, _)| left).collect(), ranks);
        if let Some((first, before)) = met.insert(state, (step, counts.clone())) {
            return counts.iter().zip(before).map(|(now, before)| f64::from(now - before) / f64::from(step - first)).collect();
        }
        let passed = left[order[size - 1]].0;
        left.iter_mut().for_each(|(left, _)| *left = left.saturating_sub(passed));
        for (&client, call) in order[..size].iter().zip(calls..) {
            counts[client] += 1;
            left[client] = (seconds[client], call);
        }
    }
    unreachable!("there are finitely many states")
}

#[test]
fn groups_are_followed_to_their_long_run_frequencies() {
    // Followed in exact fractions, the pairs repeat every twelve groups.
    let found = of("{ group = { size = 2 } }", &Work::steady(&[1.0, 0.731, 0.467, 0.209])).unwrap();
    for (found, expected) in found.into_iter().zip([1.0 / 4.0, 1.0 / 3.0, 7.0 / 12.0, 5.0 / 6.0]) {
        assert_abs_diff_eq!(found, expected, epsilon = 1e-7);
    }
    // Whole seconds add up exactly, and the run is followed in whole numbers to the end of a repetition.
    for (seconds, size) in [(vec![7, 5, 3, 2, 1], 3), (vec![11, 9, 9, 4, 3, 2, 1], 2), (vec![1, 10, 10], 2), (vec![13, 5, 4], 1)]
    {
        let times: Vec<f64> = seconds.iter().map(|&seconds| f64::from(seconds)).collect();
        let found = of(&format!("{{ group = {{ size = {size} }} }}"), &Work::steady(&times)).unwrap();
        for (found, expected) in found.into_iter().zip(repeating(&seconds, size)) {
            assert_abs_diff_eq!(found, expected, epsilon = 1e-7);
        }
    }
    // In a fleet too large to wait for its slowest client, that one works at a hundredth of the pace of the others, whose laps are
    // a little longer than a visit: those who fill no group wait for the next lap.
    let mut durations = vec![1.0; 200_000];
    durations[7] = 100.0;
    let found = of("{ group = { size = 20000 } }", &Work::steady(&durations)).unwrap();
    assert!((0.01..0.012).contains(&(found[7] / found[8])), "{} and {}", found[7], found[8]);
}

/// Exponential times forget what has passed of them: who stays behind starts afresh with the others, and every group is the first
/// two of a race of all three.
#[test]
fn groups_of_exponential_clients_take_the_first_of_the_race() {
    let found = of("{ group = { size = 2 } }", &Work::exponential(&[1.0, 1.0, 0.25])).unwrap();
    // With rates 1, 1 and 4 the fast one is last if both of the others come before it: 2/6 · 1/5.
    let last = [(1.0 - 1.0 / 15.0) / 2.0, (1.0 - 1.0 / 15.0) / 2.0, 1.0 / 15.0];
    for (found, last) in found.into_iter().zip(last) {
        assert_abs_diff_eq!(found, 1.0 - last, epsilon = 1e-2);
    }
}

/// `E⌈X / dt⌉ = 1 / (1 − exp(−dt / mean))` for an exponential `X`.
#[test]
fn windows_of_exponential_clients_are_geometric() {
    let means = [0.2_f64, 1.0, 3.0, 100.0];
    let found = of("{ window = { seconds = 1.0 } }", &Work::exponential(&means)).unwrap();
    for (found, mean) in found.into_iter().zip(means) {
        assert_relative_eq!(found, 1.0 - (-1.0 / mean).exp(), max_relative = 5e-3);
    }
}

#[test]
fn times_without_a_frequency_are_refused() {
    let refused = |schedule: &str, seconds: &[f64]| of(schedule, &Work::steady(seconds)).unwrap_err().message;
    assert!(refused("{ every-arrival = {} }", &[1.0, f64::INFINITY]).contains("client 1 takes infinitely long"));
    assert!(refused("{ buffered = {} }", &[1.0, 0.0]).contains("client 1 takes no time"));
    assert_eq!(of("{ every-arrival = {} }", &Work::steady(&[0.0; 20])).unwrap(), [0.05; 20]);
    for share in of("{ group = { size = 1 } }", &Work::steady(&[0.0; 4])).unwrap() {
        assert_relative_eq!(share, 0.25, max_relative = 1e-9);
    }
    assert_eq!(of("{ window = { seconds = 1.0 } }", &Work::steady(&[0.0, 2.0])).unwrap(), [1.0, 0.5]);
}
