//! Whether control variates converge in spite of what the uplink loses.

use super::recursion::growth;
use crate::{invalid::Invalid, part::compressor::CompressorSpec};

/// The factor a message of [`growth`] from which a compressor is refused. Those that grow by less are noted: runs are short, and a
/// recursion is off by a little.
const DIVERGES: f64 = 1.01;

/// Shrinkage a message, as a share of that without a compressor, below which a compressor is noted.
const SLOW: f64 = 0.1;

/// A misfit at `uplink` where control variates that take up `alpha` of each message diverge under its compressor, on a model of `d`
/// parameters; a note where they hardly converge.
pub fn check(alpha: f64, compressor: &CompressorSpec, d: usize) -> (Option<Invalid>, Option<String>) {
    if let Some(omega) = compressor.variance(d) {
        return (diverges(alpha, omega), None);
    }
    if compressor.remembers() || compressor.is_contractive() {
        return (None, None);
    }
    let (factor, name) = (growth(compressor, alpha, d), compressor.name());
    if factor >= DIVERGES {
        let message = format!(
            "`{name}` is too coarse for a model of {d} parameters: the error of the control variates would grow by {} % with every \
             message",
            short(100.0 * (factor - 1.0))
        );
        return (Some(Invalid::at("uplink", message).help(remedy(compressor, alpha, d))), None);
    }
    let note = || {
        format!(
            "`{name}` is coarse for a model of {d} parameters: the error of the control variates shrinks only to {} of itself with \
             every message; {}",
            short(factor),
            remedy(compressor, alpha, d)
        )
    };
    (None, (factor > 1.0 - SLOW * alpha).then(note))
}

/// The exact rule for a variance that is the same for all vectors: the distance of `c_i` to the mean gradient is multiplied by
/// `(1 − alpha)² + alpha² omega` a message in the mean square.
fn diverges(alpha: f64, omega: f64) -> Option<Invalid> {
    let bound = 2.0 / (1.0 + omega);
    if alpha < bound {
        return None;
    }
    let variance = format!("the compressor's variance is ω = {}, and the control variates diverge", short(omega));
    let (message, remedy) = if alpha >= 1.0 {
        (format!("{variance} from ω = 1 on"), DAMPED.to_owned())
    } else {
        let fastest = format!("set `alpha = {}`, with which they converge fastest", short(bound / 2.0));
        (format!("{variance} unless `alpha`, here {alpha}, is below 2/(1 + ω) = {}", short(bound)), fastest)
    };
    Some(Invalid::at("uplink", message).help(remedy))
}

/// What to do about a compressor of too large a variance, for methods without a factor for their messages.
const DAMPED: &str = "choose the method `scallion`, whose `alpha` damps the messages, or a compressor that loses less";

/// What to do about a compressor that has been tried and found wanting.
fn remedy(compressor: &CompressorSpec, alpha: f64, d: usize) -> String {
    let smaller = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001].into_iter().filter(|&smaller| smaller < alpha);
    let damped =
        smaller.filter(|_| compressor.is_unbiased()).find(|&smaller| growth(compressor, smaller, d) <= 1.0 - 0.5 * smaller);
    let less = "choose more levels, or `norm = \"max\"` where the compressor has one";
    damped.map_or_else(|| less.to_owned(), |damped| format!("{less}, or `scallion` with `alpha = {damped}` or less"))
}

/// Rounded to four significant digits, for messages.
fn short(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}
