//! How often each client delivers, for weights that make up for it.

mod follow;
#[cfg(test)]
mod tests;

use crate::{
    invalid::Invalid,
    protocol::schedule::{BufferedSpec, ScheduleSpec, cohort::CohortSpec},
    random::{Purpose, Rng, Streams},
    rounding,
};

/// Times that are drawn for each client where windows are counted, and how many in all where that makes no fewer than the least.
const DRAWS: (usize, usize) = (64, 16_384);
const DRAWN: usize = 4_000_000;

/// How long clients are under way, from one call to their answer.
pub trait Cycles {
    /// Number of clients `n`.
    fn clients(&self) -> usize;

    /// What a client takes on average [s].
    fn mean(&self, client: usize) -> f64;

    /// What a client takes every time, where that never changes: for the download, at work, for the upload [s].
    fn steady(&self, client: usize) -> Option<[f64; 3]>;

    /// Draws what a client takes [s].
    fn draw(&self, client: usize, rng: &mut Rng) -> [f64; 3];
}

/// Expected deliveries of each client in one server step, shape `[n]`, where clients who are called take as long as `cycles` say
/// and client `i` is present in a round with `probability(i)`.
///
/// Fraboni et al., JMLR 2023, arXiv 2206.10189, whose durations are deterministic. Where they are drawn, visits are those of
/// renewal processes: in the long run a client that starts again at once comes once in its mean time, and one that waits for
/// the end of a window once in its mean number of windows. Groups are followed.
///
/// # Errors
/// [`Invalid`] at `weighting` for clients that come infinitely seldom, or without end.
pub fn deliveries(
    schedule: &ScheduleSpec,
    cycles: &dyn Cycles,
    probability: &dyn Fn(usize) -> f64,
    streams: Streams,
) -> Result<Vec<f64>, Invalid> {
    let clients = cycles.clients();
    if let ScheduleSpec::Rounds(spec) = schedule {
        return Ok(match spec.cohort() {
            CohortSpec::All(_) => (0..clients).map(probability).collect(),
            CohortSpec::Count(count) => vec![*count as f64 / clients as f64; clients],
            CohortSpec::Trace(spec) => {
                let mut shares = vec![0.0; clients];
                spec.trace.iter().flatten().for_each(|&client| shares[client] += 1.0 / spec.trace.len() as f64);
                shares
            }
        });
    }
    let means: Vec<f64> = (0..clients).map(|client| cycles.mean(client)).collect();
    check_means(&means, matches!(schedule, ScheduleSpec::Window(_)))?;
    Ok(match schedule {
        ScheduleSpec::Window(spec) => by_window(cycles, &means, spec.seconds, streams),
        ScheduleSpec::Group(spec) => follow::counted(cycles, spec.size.min(clients), streams),
        ScheduleSpec::Buffered(spec) => by_speed(&means, mean_batch(spec)),
        ScheduleSpec::Rounds(_) | ScheduleSpec::EveryArrival(_) | ScheduleSpec::Grace(_) => by_speed(&means, 1.0),
    })
}

/// Refuses times of which no frequency follows. Windows bound how often a client comes that takes no time.
fn check_means(means: &[f64], bounded: bool) -> Result<(), Invalid> {
    let refuse = |client: usize, reason: &str, help: &str| {
        let message = format!("`unbiased` needs each client's delivery rate, but client {client} {reason}");
        Err(Invalid::at("weighting", message).help(help))
    };
    if let Some(client) = means.iter().position(|mean| !mean.is_finite()) {
        return refuse(client, "takes infinitely long on average", "choose times of finite mean, or another weighting");
    }
    match means.iter().position(|&mean| mean == 0.0) {
        Some(client) if !bounded && means.iter().any(|&mean| mean > 0.0) => {
            let reason = "takes no time, and would deliver without end before the others come";
            refuse(client, reason, "let every client take some time, or choose another weighting")
        }
        _ => Ok(()),
    }
}

/// Every client starts again at once, and each server step applies `size` arrivals.
fn by_speed(means: &[f64], size: f64) -> Vec<f64> {
    // In units of the fastest, so that no rate overflows; clients that all take no time take turns.
    let fastest = means.iter().copied().fold(f64::INFINITY, f64::min);
    let rates: Vec<f64> = means.iter().map(|&mean| if mean > 0.0 { fastest / mean } else { 1.0 }).collect();
    let total: f64 = rates.iter().sum();
    rates.iter().map(|rate| size * rate / total).collect()
}

/// Arrivals in a server step on average: the last of an epoch may apply fewer than the others.
fn mean_batch(spec: &BufferedSpec) -> f64 {
    let size = spec.size as u64;
    spec.epoch.map_or(size as f64, |epoch| epoch as f64 / epoch.div_ceil(size) as f64)
}

/// Every client starts again at the end of the window in which it comes. What it then has waited lies within one window, so that
/// draws of it tell the mean number of windows to a fraction of one, however widely times are spread.
fn by_window(cycles: &dyn Cycles, means: &[f64], seconds: f64, streams: Streams) -> Vec<f64> {
    let windows = |parts: [f64; 3]| rounding::ceil(parts.iter().sum::<f64>() / seconds).max(1.0);
    let draws = (DRAWN / means.len()).clamp(DRAWS.0, DRAWS.1);
    let mean_windows = |(client, mean): (usize, &f64)| {
        if let Some(parts) = cycles.steady(client) {
            return windows(parts);
        }
        let mut rng = streams.stream(Purpose::Forecast, client, 0);
        let waited = |parts: [f64; 3]| windows(parts) - parts.iter().sum::<f64>() / seconds;
        mean / seconds + (0..draws).map(|_| waited(cycles.draw(client, &mut rng))).sum::<f64>() / draws as f64
    };
    means.iter().enumerate().map(|item| mean_windows(item).recip()).collect()
}
