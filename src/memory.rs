//! Bounds of memory: the rest that this machine has, compared with the demand of a scenario, so that too large a problem ends with a
//! message; and the largest sizes that a scenario or a data file may state.

use std::fs;

use crate::invalid::{self, Invalid};

/// Memory assumed where the system does not say [byte].
const UNKNOWN: u64 = 8 << 30;

/// Bytes that can be asked for now: what the system has left, or what its limits leave to the process if that is less.
pub fn available() -> u64 {
    let read = |path: &str| fs::read_to_string(path).ok();
    let system = read("/proc/meminfo").and_then(|text| kibibytes(&text, "MemAvailable:"));
    let group = read("/sys/fs/cgroup/memory.max").and_then(|text| text.trim().parse().ok());
    let taken = read("/proc/self/status").and_then(|text| kibibytes(&text, "VmSize:")).unwrap_or(0);
    let space = read("/proc/self/limits").and_then(|text| limit(&text)).map(|limit| limit.saturating_sub(taken));
    [system, group, space].into_iter().flatten().min().unwrap_or(UNKNOWN)
}

/// The line `name` of a file of the system that counts in KiB, such as `/proc/meminfo`.
fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The limit of the address space from `/proc/self/limits`; `None` where it is unlimited.
fn limit(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("Max address space"))?.split_whitespace().next()?.parse().ok()
}

/// Refuses `what`, stated at `key`, if it needs more than `available` bytes.
///
/// # Errors
/// [`Invalid`] at `key` with both figures.
pub fn require(key: &str, what: &str, needed: f64, available: u64) -> Result<(), Invalid> {
    if needed <= available as f64 {
        return Ok(());
    }
    let message = format!("{what} would take about {} of memory, and {} is left", size(needed), size(available as f64));
    Err(Invalid::at(key, message))
}

/// Such as `6.3 GB`.
pub fn size(bytes: f64) -> String {
    let units = [(1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let unit = units.into_iter().find(|(unit, _)| bytes >= *unit);
    unit.map_or_else(|| format!("{bytes} B"), |(unit, name)| format!("{:.1} {name}", bytes / unit))
}

/// Most parameters of a model: a vector of 1 GiB in double precision.
pub(crate) const MOST_PARAMETERS: usize = 1 << 27;

/// Most values of a data set: 32 GiB in double precision.
pub(crate) const MOST_VALUES: usize = 1 << 32;

/// Refuses `what`, stated at `key`, where the product of `factors`, its size, is above [`MOST_PARAMETERS`].
///
/// # Errors
/// [`Invalid`] at `key`.
pub(crate) fn check_parameters(key: &str, factors: &[usize], what: &str) -> Result<(), Invalid> {
    invalid::require(
        volume(factors) <= MOST_PARAMETERS,
        key,
        product(factors),
        &format!("{what} of at most {MOST_PARAMETERS} numbers"),
    )
}

/// Refuses data, stated at `key`, where the product of `factors`, their size, is above [`MOST_VALUES`].
///
/// # Errors
/// [`Invalid`] at `key`.
pub(crate) fn check_values(key: &str, factors: &[usize]) -> Result<(), Invalid> {
    invalid::require(
        volume(factors) <= MOST_VALUES,
        key,
        product(factors),
        &format!("a data set of at most {MOST_VALUES} values"),
    )
}

/// Refuses layers of these `widths`, inputs and outputs included, with more than [`MOST_PARAMETERS`] parameters together.
///
/// # Errors
/// [`Invalid`] at `key` with the widths.
pub(crate) fn check_layers(key: &str, widths: &[usize]) -> Result<(), Invalid> {
    let layer = |pair: &[usize]| pair[0].saturating_add(1).saturating_mul(pair[1]);
    let size = widths.windows(2).map(layer).fold(0, usize::saturating_add);
    if size <= MOST_PARAMETERS {
        return Ok(());
    }
    Err(Invalid::at(key, format!("the model has too many parameters, {}: expected at most {MOST_PARAMETERS}", product(widths)))
        .help("check the largest index or column of the data, the number of classes, and the hidden layers"))
}

/// The product, as far as it can be counted.
fn volume(factors: &[usize]) -> usize {
    factors.iter().copied().fold(1, usize::saturating_mul)
}

/// Such as `64 × 10`.
fn product(factors: &[usize]) -> String {
    factors.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_read_in_kibibytes() {
        let text = "MemTotal:  9 kB\nMemAvailable:   2048 kB\nBuffers: 1 kB\n";
        assert_eq!((kibibytes(text, "MemAvailable:"), kibibytes(text, "VmSize:")), (Some(2 << 20), None));
        assert_eq!(
            limit("Max cpu time  unlimited\nMax address space         4096000000  unlimited  bytes\n"),
            Some(4_096_000_000)
        );
        assert_eq!(limit("Max address space         unlimited            unlimited            bytes\n"), None);
        assert!(available() > 0);
    }

    #[test]
    fn what_does_not_fit_is_refused_with_both_figures() {
        assert!(require("objective", "the run", 1e9, 1_000_000_000).is_ok());
        let refused = require("objective", "the run", 6.28e9, 1_000_000_000).unwrap_err();
        assert_eq!(refused.message, "the run would take about 6.3 GB of memory, and 1.0 GB is left");
    }

    #[test]
    fn a_model_at_the_bound_is_taken_and_one_above_refused() {
        // (2^20 − 1 inputs + 1) · 2^7 outputs = 2^27.
        assert!(check_layers("objective", &[(1 << 20) - 1, 1 << 7]).is_ok());
        assert!(check_layers("objective", &[1 << 20, 1 << 7]).is_err());
        assert!(check_layers("objective", &[2, usize::MAX, 2]).is_err());
        assert!(check_parameters("dimension", &[MOST_PARAMETERS], "a vector").is_ok());
        assert!(check_parameters("dimension", &[usize::MAX, usize::MAX], "a matrix").is_err());
    }
}
