//! How often each client delivers, for weights that make up for it.

use super::{ScheduleSpec, cohort::CohortSpec};

/// Arrivals that are followed for each client where frequencies are counted.
const FOLLOWED: usize = 2000;

/// Rounding that must not push an arrival at the very end of a window into the next one.
const GUARD: f64 = 1e-9;

/// Expected deliveries of each client in one server step, shape `[n]`, where client `i` works for `durations[i]` [s] and
/// takes part in a round with `probabilities[i]`.
///
/// Fraboni et al., JMLR 2023, arXiv 2206.10189; their durations are deterministic, and ours are the means.
pub fn deliveries(schedule: &ScheduleSpec, durations: &[f64], probabilities: &[f64]) -> Vec<f64> {
    let clients = durations.len();
    match schedule {
        ScheduleSpec::Rounds(spec) => match &spec.cohort {
            CohortSpec::All(_) => probabilities.to_vec(),
            CohortSpec::Count(count) => vec![*count as f64 / clients as f64; clients],
            CohortSpec::Trace(spec) => {
                let mut shares = vec![0.0; clients];
                spec.trace.iter().flatten().for_each(|&client| shares[client] += 1.0 / spec.trace.len() as f64);
                shares
            }
        },
        ScheduleSpec::EveryArrival(_) => by_speed(durations, 1),
        ScheduleSpec::Buffered(spec) => by_speed(durations, spec.size),
        ScheduleSpec::Grace(spec) => by_speed(durations, spec.buffer),
        ScheduleSpec::Window(spec) => {
            durations.iter().map(|duration| 1.0 / (duration / spec.seconds - GUARD).ceil().max(1.0)).collect()
        }
        ScheduleSpec::Group(spec) => counted(durations, spec.size.min(clients)),
    }
}

/// Every client starts again at once.
fn by_speed(durations: &[f64], size: usize) -> Vec<f64> {
    let rates: Vec<f64> = durations.iter().map(|duration| 1.0 / duration.max(f64::MIN_POSITIVE)).collect();
    let total: f64 = rates.iter().sum();
    rates.iter().map(|rate| size as f64 * rate / total).collect()
}

/// The `size` earliest wait for each other and start again together.
fn counted(durations: &[f64], size: usize) -> Vec<f64> {
    let mut returns = durations.to_vec();
    let mut order: Vec<usize> = (0..durations.len()).collect();
    let mut counts = vec![0.0; durations.len()];
    let steps = FOLLOWED * durations.len().div_ceil(size);
    for _ in 0..steps {
        order.sort_by(|&a, &b| returns[a].total_cmp(&returns[b]).then(a.cmp(&b)));
        let now = returns[order[size - 1]];
        for &client in &order[..size] {
            counts[client] += 1.0 / steps as f64;
            returns[client] = now + durations[client];
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hardware spread F-80 of four clients [s].
    const F80: [f64; 4] = [1.0, 11.0 / 15.0, 7.0 / 15.0, 0.2];

    #[test]
    fn each_scheme_has_the_published_frequencies() {
        let of = |text: &str| {
            #[derive(serde::Deserialize)]
            struct Keys {
                schedule: ScheduleSpec,
            }
            let keys: Keys = toml::from_str(&format!("schedule = {text}")).unwrap();
            deliveries(&keys.schedule, &F80, &[1.0; 4])
        };
        assert_eq!(of("{ window = { seconds = 0.2 } }"), [1.0 / 5.0, 1.0 / 4.0, 1.0 / 3.0, 1.0]);
        assert!(of("{ group = { size = 4 } }").iter().all(|share| (share - 1.0).abs() < 1e-9));
        let total: f64 = F80.iter().map(|tau| 1.0 / tau).sum();
        for (found, tau) in of("{ every-arrival = {} }").into_iter().zip(F80) {
            approx::assert_relative_eq!(found, 1.0 / (tau * total), max_relative = 1e-14);
        }
        let twos = of("{ group = { size = 2 } }");
        approx::assert_relative_eq!(twos.iter().sum::<f64>(), 2.0, max_relative = 1e-9);
        assert!(twos.windows(2).all(|pair| pair[0] <= pair[1]), "{twos:?}");
    }
}
