//! Scales: from values to places, with ticks that have room.

use super::{FigureError, canvas::text_width, style::TICK_SIZE};
use crate::figure::spec::ScaleKind;

/// One axis: values from `lo` to `hi` at places from `start` to `end` on the canvas.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) kind: ScaleKind,
    pub(super) lo: f64,
    pub(super) hi: f64,
    pub(super) start: f64,
    pub(super) end: f64,
}

/// Ticks of an axis: labelled ones and short ones between.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Ticks {
    pub(super) major: Vec<(f64, String)>,
    pub(super) minor: Vec<f64>,
}

impl Scale {
    /// The place of `value`; far outside of the canvas for what a logarithmic axis cannot show.
    pub(super) fn place(&self, value: f64) -> f64 {
        let along = match self.kind {
            ScaleKind::Linear => (value - self.lo) / (self.hi - self.lo),
            ScaleKind::Log if value > 0.0 => (value / self.lo).ln() / (self.hi / self.lo).ln(),
            ScaleKind::Log => -100.0,
        };
        self.start + along.clamp(-100.0, 100.0) * (self.end - self.start)
    }

    /// Ticks with at most about `labels` labels.
    pub(super) fn ticks(&self, labels: usize) -> Ticks {
        match self.kind {
            ScaleKind::Linear => linear_ticks(self.lo, self.hi, labels),
            ScaleKind::Log => log_ticks(self.lo, self.hi, labels),
        }
    }
}

fn linear_ticks(lo: f64, hi: f64, labels: usize) -> Ticks {
    let step = nice_step((hi - lo) / labels.max(2) as f64);
    if !(step.is_normal() && (hi - lo).is_finite()) {
        return Ticks {
            major: vec![(lo, with_minus(&format!("{lo:e}"))), (hi, with_minus(&format!("{hi:e}")))],
            minor: Vec::new(),
        };
    }
    let decimals = usize::try_from((-step.log10().floor()) as i64).unwrap_or(0);
    let slack = 1e-9 * (hi - lo);
    let multiples = |step: f64| {
        let (first, last) = (((lo - slack) / step).ceil() as i64, ((hi + slack) / step).floor() as i64);
        (first..=last).map(move |k| k as f64 * step)
    };
    let exponent = lo.abs().max(hi.abs()).log10().floor() as i32;
    let write = |v: f64| match v {
        0.0 => "0".to_owned(),
        v if (-4..6).contains(&exponent) => with_minus(&format!("{v:.decimals$}")),
        v => {
            let digits = usize::try_from(exponent - step.log10().floor() as i32).unwrap_or(0);
            with_minus(&format!("{:.digits$}×10{}", v / 10f64.powi(exponent), superscript(exponent)))
        }
    };
    Ticks { major: multiples(step).map(|v| (v, write(v))).collect(), minor: Vec::new() }
}

/// The least of 1, 2, 2.5, 5 × 10^k that is at least `raw`.
fn nice_step(raw: f64) -> f64 {
    let power = 10f64.powf(raw.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|&step| step >= raw * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}

fn log_ticks(lo: f64, hi: f64, labels: usize) -> Ticks {
    let inside = |v: f64| v >= lo * (1.0 - 1e-9) && v <= hi * (1.0 + 1e-9);
    let (first, last) = (lo.log10().floor() as i32, hi.log10().ceil() as i32);
    let decades: Vec<i32> = (first..=last).filter(|&k| inside(power(1, k))).collect();
    let within = |mantissas: &'static [i32]| {
        (first..=last)
            .flat_map(move |k| mantissas.iter().map(move |&m| (m, k)))
            .filter(|&(m, k)| inside(power(m, k)))
            .collect::<Vec<_>>()
    };
    let between: Vec<f64> = within(&[2, 3, 4, 5, 6, 7, 8, 9]).into_iter().map(|(m, k)| power(m, k)).collect();
    if decades.len() >= 3 || (decades.len() == 2 && hi / lo > 30.0) {
        let stride = decades.len().div_ceil(labels.max(2)).max(1) as i32;
        let (labelled, rest): (Vec<i32>, Vec<i32>) = decades.iter().partition(|&&k| k % stride == 0);
        // A stride in decades makes the decades between into short ticks; nine more for each would be a smear.
        let minor = if stride == 1 { between } else { rest.into_iter().map(|k| power(1, k)).collect() };
        let major = labelled.into_iter().map(|k| (power(1, k), format!("10{}", superscript(k)))).collect();
        return Ticks { major, minor };
    }
    let sparse = within(&[1, 2, 5]);
    let denser = [within(&[1, 2, 3, 5, 7]), within(&[1, 2, 3, 4, 5, 6, 7, 8, 9])];
    let chosen = [sparse].into_iter().chain(denser).find(|chosen| chosen.len() >= 3).unwrap_or_default();
    if chosen.len() < 2 {
        return Ticks { minor: between, ..linear_ticks(lo, hi, labels.min(4)) };
    }
    Ticks { major: chosen.into_iter().map(|(m, k)| (power(m, k), decimal(m, k))).collect(), minor: between }
}

/// `m × 10^k`, exact where a decimal literal would be.
fn power(m: i32, k: i32) -> f64 {
    format!("{m}e{k}").parse().expect("a digit and an exponent form a number")
}

fn decimal(m: i32, k: i32) -> String {
    match k {
        0..=3 => format!("{}", power(m, k)),
        -3..=-1 => format!("{:.*}", k.unsigned_abs() as usize, power(m, k)),
        _ if m == 1 => format!("10{}", superscript(k)),
        _ => format!("{m}×10{}", superscript(k)),
    }
}

fn superscript(k: i32) -> String {
    let digit = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        other => char::from_u32(0x2070 + other.to_digit(10).unwrap_or(0)).unwrap_or(other),
    };
    k.to_string().chars().map(digit).collect()
}

/// The sign as typesetters write it.
pub(super) fn with_minus(number: &str) -> String {
    number.replace('-', "−")
}

/// Most values of a sweep key that are labelled one by one.
const MOST_VALUES: usize = 8;
/// Space between two labels at the least `[pt]`.
const APART: f64 = 6.0;

/// The number of labels of a vertical axis of `height` points.
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

/// Ticks at the values of a sweep key, if they are few and far enough apart.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(kind: ScaleKind, lo: f64, hi: f64) -> Vec<String> {
        Scale { kind, lo, hi, start: 0.0, end: 1.0 }.ticks(6).major.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn linear_ticks_are_round_and_carry_the_decimals_they_need() {
        assert_eq!(labels(ScaleKind::Linear, 0.0, 600.0), ["0", "100", "200", "300", "400", "500", "600"]);
        assert_eq!(labels(ScaleKind::Linear, 0.31, 0.74), ["0.4", "0.5", "0.6", "0.7"]);
        assert_eq!(labels(ScaleKind::Linear, -1.0, 1.0), ["−1.0", "−0.5", "0", "0.5", "1.0"]);
        assert_eq!(labels(ScaleKind::Linear, 0.0, 3e7), ["0", "0.5×10⁷", "1.0×10⁷", "1.5×10⁷", "2.0×10⁷", "2.5×10⁷", "3.0×10⁷"]);
    }

    #[test]
    fn log_ticks_label_decades_and_fall_back_to_mantissas() {
        assert_eq!(labels(ScaleKind::Log, 5e-3, 4.0), ["10⁻²", "10⁻¹", "10⁰"]);
        assert_eq!(labels(ScaleKind::Log, 0.15, 2.5), ["0.2", "0.5", "1", "2"]);
        assert_eq!(labels(ScaleKind::Log, 1e-12, 1.0), ["10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³", "10⁰"]);
        let ticks = Scale { kind: ScaleKind::Log, lo: 1e-2, hi: 1e1, start: 0.0, end: 1.0 }.ticks(6);
        assert_eq!(ticks.minor.len(), 24);
    }

    #[test]
    fn places_run_from_start_to_end() {
        let scale = Scale { kind: ScaleKind::Log, lo: 1e-2, hi: 1e2, start: 100.0, end: 0.0 };
        approx::assert_abs_diff_eq!(scale.place(1.0), 50.0, epsilon = 1e-9);
        approx::assert_abs_diff_eq!(scale.place(1e-2), 100.0, epsilon = 1e-9);
        assert!(scale.place(0.0) > 1000.0);
    }
}
