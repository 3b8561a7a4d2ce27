//! Whether control variates bear what the uplink loses.

use crate::{
    invalid::Invalid,
    part::compressor::{CompressorSpec, recursion::growth},
    protocol::spec::FederatedSpec,
    registry::FederatedParameters,
};

/// The factor a message of [`growth`] from which a compressor is refused. Those that grow by less are noted: runs are short, and a
/// recursion is off by a little.
const ASTRAY: f64 = 1.01;

/// Shrinkage a message, as a share of that without a compressor, below which a compressor is noted.
const SLOW: f64 = 0.1;

/// Refuses an uplink with which the control variates of the method's clients go astray on a model of `d` parameters; a note where
/// they hardly settle.
///
/// # Errors
/// [`Invalid`] at `uplink`.
pub(super) fn check(own: &dyn FederatedParameters, parts: &FederatedSpec, d: usize) -> Result<Option<String>, Invalid> {
    let (Some(alpha), Some(compressor)) = (own.takes_up(), &parts.uplink) else { return Ok(None) };
    if let Some(omega) = compressor.variance(d) {
        return bears(alpha, omega).map(|()| None);
    }
    if compressor.remembers() || compressor.is_contractive() {
        return Ok(None);
    }
    let factor = growth(compressor, alpha, d);
    if factor >= ASTRAY {
        let message = format!(
            "`{}` loses so much of {d} coordinates that control variates go astray: what they are off by grows by {} % a message",
            compressor.name(),
            short(100.0 * (factor - 1.0))
        );
        return Err(Invalid::at("uplink", message).help(remedy(compressor, alpha, d)));
    }
    Ok((factor > 1.0 - SLOW * alpha).then(|| {
        format!(
            "`{}` loses so much of {d} coordinates that control variates hardly settle: what they are off by is multiplied by {} a \
             message; {}",
            compressor.name(),
            short(factor),
            remedy(compressor, alpha, d)
        )
    }))
}

/// The exact rule for a variance that is the same for all vectors: the distance of `c_i` to the mean gradient is multiplied by
/// `(1 − alpha)² + alpha² omega` a message in the mean square.
fn bears(alpha: f64, omega: f64) -> Result<(), Invalid> {
    let bound = 2.0 / (1.0 + omega);
    if alpha < bound {
        return Ok(());
    }
    let variance = format!("the compressor's variance is ω = {}, and control variates go astray", short(omega));
    if alpha >= 1.0 {
        return Err(Invalid::at("uplink", format!("{variance} from ω = 1 on")).help(DAMPED));
    }
    let astray = format!("{variance} unless `alpha`, here {alpha}, is below 2/(1 + ω) = {}", short(bound));
    Err(Invalid::at("uplink", astray).help(format!("set `alpha = {}`, with which they settle fastest", short(bound / 2.0))))
}

/// What to do about a compressor of too large a variance, for methods without a factor for their messages.
const DAMPED: &str = "choose the method `scallion`, whose `alpha` damps the messages, or a compressor that loses less";

/// What to do about a compressor that has been tried and found wanting.
fn remedy(compressor: &CompressorSpec, alpha: f64, d: usize) -> String {
    let smaller = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001].into_iter().filter(|&smaller| smaller < alpha);
    let damped =
        smaller.filter(|_| compressor.is_unbiased()).find(|&smaller| growth(compressor, smaller, d) <= 1.0 - 0.5 * smaller);
    let less = "choose more levels, or `norm = \"max\"` where the compressor has one";
    damped.map_or_else(|| less.to_owned(), |damped| format!("{less}; `scallion` settles with it from `alpha = {damped}` down"))
}

/// Rounded to four significant digits, for messages.
fn short(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}
