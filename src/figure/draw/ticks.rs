//! Which ticks an axis carries in the room it has.

use super::FigureError;
use super::canvas::text_width;
use super::panel::TICK_SIZE;
use super::scale::{Scale, Ticks, with_minus};
use crate::figure::spec::ScaleKind;

/// As many values of a sweep key as are labelled one by one.
const MOST_VALUES: usize = 8;
/// Space between two labels at the least `[pt]`.
const APART: f64 = 6.0;

/// How many labels a vertical axis of `height` points carries.
pub(super) fn vertical_labels(height: f64) -> usize {
    ((height / 17.0) as usize).clamp(4, 8)
}

/// Width of the widest label `[pt]`.
pub(super) fn widest(ticks: &Ticks) -> Result<f64, FigureError> {
    ticks.major.iter().try_fold(0.0_f64, |widest, (_, label)| Ok(widest.max(text_width(label, TICK_SIZE)?)))
}

/// As many horizontal ticks as there is room for without labels that touch; `plain` numbers where powers of ten need not be.
pub(super) fn horizontal(scale: &Scale, width: f64, plain: bool) -> Result<Ticks, FigureError> {
    let most = ((width / 20.0) as usize).clamp(2, 8);
    let written = |labels: usize| if plain { plainly(scale.ticks(labels)) } else { scale.ticks(labels) };
    for labels in (2..=most).rev() {
        let ticks = written(labels);
        if fits(scale, &ticks)? {
            return Ok(ticks);
        }
    }
    Ok(written(2))
}

/// Ticks at the values of a sweep key, if they are few and stand apart.
pub(super) fn at_values(scale: &Scale, values: &[f64]) -> Result<Option<Ticks>, FigureError> {
    if values.len() > MOST_VALUES || values.iter().any(|&v| v != 0.0 && !(1e-3..1e6).contains(&v.abs())) {
        return Ok(None);
    }
    let ticks = Ticks { major: values.iter().map(|&v| (v, with_minus(&v.to_string()))).collect(), minor: Vec::new() };
    Ok(fits(scale, &ticks)?.then_some(ticks))
}

fn fits(scale: &Scale, ticks: &Ticks) -> Result<bool, FigureError> {
    for pair in ticks.major.windows(2) {
        let apart = scale.place(pair[1].0) - scale.place(pair[0].0);
        if 0.5 * (text_width(&pair[0].1, TICK_SIZE)? + text_width(&pair[1].1, TICK_SIZE)?) + APART > apart {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Decades from a thousandth to ten thousand as numbers, if all of them lie there.
fn plainly(mut ticks: Ticks) -> Ticks {
    if ticks.major.iter().all(|(v, _)| (1e-3..=1e4).contains(v)) {
        ticks.major.iter_mut().for_each(|(v, label)| *label = v.to_string());
    }
    ticks
}

/// Whether an axis of this kind reads better in plain numbers: one in human units, seconds or bits.
pub(super) fn reads_plain(kind: ScaleKind, symbol: &str) -> bool {
    kind == ScaleKind::Log && !symbol.is_empty() && !symbol.starts_with("10")
}
