//! The part of the data that a panel shows.

use super::series::{Point, Series};
use crate::figure::spec::ScaleKind;

/// From values to places on an axis, or back.
type Map = fn(f64) -> f64;

/// Greatest over least value: more than this is shown on a logarithmic axis.
const LOG_SPAN: f64 = 10.0;

/// Ends of the horizontal axis over all places `x`, and the scale, which falls back to linear without a positive range.
pub(super) fn horizontal(xs: &[f64], wanted: ScaleKind, separate: bool) -> (ScaleKind, f64, f64) {
    let positive = || xs.iter().copied().filter(|&x| x > 0.0);
    let hi = xs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let least = positive().fold(f64::INFINITY, f64::min);
    if wanted == ScaleKind::Log && least < hi {
        let pad = if separate { (hi / least).powf(0.04) } else { 1.0 };
        return (ScaleKind::Log, least / pad, hi * pad);
    }
    let lo = xs.iter().copied().fold(f64::INFINITY, f64::min);
    if !(lo.is_finite() && hi.is_finite()) {
        return (ScaleKind::Linear, 0.0, 1.0);
    }
    if separate {
        let pad = 0.04 * if hi > lo { hi - lo } else { lo.abs().max(1.0) };
        return (ScaleKind::Linear, lo - pad, hi + pad);
    }
    let lo = if lo > 0.0 && lo < 0.25 * hi { 0.0 } else { lo };
    if hi > lo { (ScaleKind::Linear, lo, hi) } else { (ScaleKind::Linear, lo, lo + lo.abs().max(1.0)) }
}

/// Ends of the vertical axis and its scale: `wanted`, or logarithmic where `geometric` data spans more than a decade.
///
/// Curves that diverge do not stretch the axis, nor do separate points that have blown up, nor does `geometric` data a decade above where every curve starts and the best
/// one ends (it may start at the optimum): they leave through its edge. A start that lies below all that follows, at the optimum
/// or next to it, does not stretch a logarithmic axis downwards either.
pub(super) fn vertical(series: &[&Series], wanted: Option<ScaleKind>, geometric: bool) -> (ScaleKind, f64, f64) {
    let ceiling = if geometric { ceiling(series) } else { f64::INFINITY };
    let middles = |of: fn(&Series) -> &[Point]| -> Vec<f64> {
        middles(series, of, ceiling).into_iter().filter(|&v| v <= ceiling).collect()
    };
    let positive: Vec<f64> = middles(after_the_optimum).into_iter().filter(|&v| v > 0.0).collect();
    let span = ends(&positive).map_or(1.0, |(lo, hi)| hi / lo);
    let log = match wanted {
        Some(kind) => kind == ScaleKind::Log && !positive.is_empty(),
        None => geometric && span > LOG_SPAN,
    };
    let (forward, back): (Map, Map) = if log { (f64::ln, f64::exp) } else { (|v| v, |v| v) };
    let shown = if log { positive } else { middles(|s| &s.points) };
    let Some((lo, hi)) = ends(&shown).map(|(lo, hi)| (forward(lo), forward(hi))) else { return (ScaleKind::Linear, 0.0, 1.0) };
    // Where nothing but a start is left, the way upwards is shown.
    let leaves = || series.iter().any(|s| s.points.iter().any(|p| p.middle > ceiling));
    let hi = if hi > lo || !leaves() { hi } else { forward(ceiling) };
    // Sixteen decades are all that a double can tell apart.
    let lo = if log { lo.max(hi - 16.0 * std::f64::consts::LN_10) } else { lo };
    let extent = if hi > lo { hi - lo } else { 0.1 * hi.abs().max(1e-3) };
    let band = series.iter().filter(|s| !s.diverged).flat_map(|s| s.points.iter().flat_map(|p| [p.lower, p.upper]));
    let reach = band
        .map(forward)
        .filter(|v| v.is_finite())
        .map(|v| v.clamp(lo - 0.35 * extent, hi + 0.35 * extent).min(forward(ceiling)));
    let (lo, hi) = reach.fold((lo, hi), |(lo, hi), v| (lo.min(v), hi.max(v)));
    let pad = 0.04 * if hi > lo { hi - lo } else { 2.5 * extent };
    (if log { ScaleKind::Log } else { ScaleKind::Linear }, back(lo - pad), back(hi + pad))
}

/// Above this value, curves and separate points leave through the upper edge. Separate points may end far above their start, as
/// where a swept noise grows, and not where they have blown up.
fn ceiling(series: &[&Series]) -> f64 {
    let separate = series.iter().all(|s| s.separate);
    let starts = series.iter().filter(|s| s.separate == separate).map(|s| s.start).fold(0.0, f64::max);
    let last = |s: &&Series| {
        if s.separate { s.points.iter().map(|p| p.middle).reduce(f64::min) } else { s.points.last().map(|p| p.middle) }
    };
    let best = series.iter().filter(|s| !s.diverged).filter_map(last).reduce(f64::min).unwrap_or(0.0);
    let room = if separate { BLOWN_UP } else { 10.0 };
    if starts > 0.0 { room * starts.max(best) } else { f64::INFINITY }
}

/// Factor above the start from which outcomes are no longer compared `[1]`.
const BLOWN_UP: f64 = 1e4;

/// The upper end of a vertical axis from `lo` to `hi` that leaves room above lines at `labelled` for their words.
pub(super) fn above_labels(kind: ScaleKind, lo: f64, hi: f64, labelled: impl Iterator<Item = f64>) -> f64 {
    let (forward, back): (Map, Map) = if kind == ScaleKind::Log { (f64::ln, f64::exp) } else { (|v| v, |v| v) };
    let top = labelled.filter(|line| (lo..=hi).contains(line)).fold(lo, f64::max);
    let needed = forward(lo) + (forward(top) - forward(lo)) / (1.0 - WORDS);
    if needed > forward(hi) { back(needed) } else { hi }
}

/// The part of a panel's height that words above a line take.
const WORDS: f64 = 0.1;

/// The points of a curve without a start that lies three decades or more below all that follows.
fn after_the_optimum(series: &Series) -> &[Point] {
    let points = &series.points[..];
    let Some((start, rest)) = points.split_first().filter(|(_, rest)| !series.separate && !rest.is_empty()) else {
        return points;
    };
    let least = rest.iter().map(|p| p.middle).filter(|&v| v > 0.0).fold(f64::INFINITY, f64::min);
    if least.is_finite() && start.middle < 1e-3 * least { rest } else { points }
}

/// Middles of the points `part` of curves that stay finite, and of the others as far as they stay near; of all where none stays
/// finite and a ceiling holds them.
fn middles(series: &[&Series], part: fn(&Series) -> &[Point], ceiling: f64) -> Vec<f64> {
    let of =
        |diverged: bool| series.iter().filter(move |s| s.diverged == diverged).flat_map(|s| part(s).iter().map(|p| p.middle));
    let mut values: Vec<f64> = of(false).collect();
    if values.is_empty() && ceiling.is_finite() {
        return of(true).collect();
    }
    let starts = series.iter().filter(|s| s.diverged).filter_map(|s| s.points.first().map(|p| p.middle));
    values.extend(starts);
    let Some((lo, hi)) = ends(&values) else { return values };
    let room = (hi - lo).max(0.5 * hi.abs());
    let (floor, ceiling) = (lo - room, if lo > 0.0 { (3.0 * hi).min(hi + 2.0 * room) } else { hi + room });
    values.extend(of(true).filter(|v| (floor..=ceiling).contains(v)));
    values
}

/// Least and greatest value, apart from those so large that their differences are infinite.
fn ends(values: &[f64]) -> Option<(f64, f64)> {
    let finite = values.iter().copied().filter(|v| v.abs() < 1e300);
    finite.map(|v| (v, v)).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}
