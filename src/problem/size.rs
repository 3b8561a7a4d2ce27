//! Sizes that a scenario or a data file may state, far below what would overflow or exhaust the memory of a large machine.

use crate::invalid::{Invalid, require};

/// Most parameters of a model: a vector of 1 GiB in double precision.
pub(super) const MOST_PARAMETERS: usize = 1 << 27;

/// Most values of a data set: 32 GiB in double precision.
pub(super) const MOST_VALUES: usize = 1 << 32;

/// Refuses `what`, stated at `key`, where the product of `factors`, its size, is above [`MOST_PARAMETERS`].
///
/// # Errors
/// [`Invalid`] at `key`.
pub(super) fn check_parameters(key: &str, factors: &[usize], what: &str) -> Result<(), Invalid> {
    require(size(factors) <= MOST_PARAMETERS, key, product(factors), &format!("{what} of at most {MOST_PARAMETERS} numbers"))
}

/// Refuses data, stated at `key`, where the product of `factors`, their size, is above [`MOST_VALUES`].
///
/// # Errors
/// [`Invalid`] at `key`.
pub(super) fn check_values(key: &str, factors: &[usize]) -> Result<(), Invalid> {
    require(size(factors) <= MOST_VALUES, key, product(factors), &format!("a data set of at most {MOST_VALUES} values"))
}

/// Refuses layers of these `widths`, inputs and outputs included, with more than [`MOST_PARAMETERS`] parameters together.
///
/// # Errors
/// [`Invalid`] at `key` with the widths.
pub(super) fn check_layers(key: &str, widths: &[usize]) -> Result<(), Invalid> {
    let layer = |pair: &[usize]| pair[0].saturating_add(1).saturating_mul(pair[1]);
    let size = widths.windows(2).map(layer).fold(0, usize::saturating_add);
    if size <= MOST_PARAMETERS {
        return Ok(());
    }
    Err(Invalid::at(key, format!("the model has too many parameters, {}: expected at most {MOST_PARAMETERS}", product(widths)))
        .help("check the largest index or column of the data, the number of classes, and the hidden layers"))
}

/// The product, as far as it can be counted.
fn size(factors: &[usize]) -> usize {
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
    fn a_model_at_the_bound_is_taken_and_one_above_refused() {
        // (2^20 − 1 inputs + 1) · 2^7 outputs = 2^27.
        assert!(check_layers("objective", &[(1 << 20) - 1, 1 << 7]).is_ok());
        assert!(check_layers("objective", &[1 << 20, 1 << 7]).is_err());
        assert!(check_layers("objective", &[2, usize::MAX, 2]).is_err());
        assert!(check_parameters("dimension", &[MOST_PARAMETERS], "a vector").is_ok());
        assert!(check_parameters("dimension", &[usize::MAX, usize::MAX], "a matrix").is_err());
    }
}
