//! From recorded runs to the curves and bands of a panel.
//!
//! Between two samples of a run a figure interpolates linearly (geometrically on a logarithmic vertical axis), so that one
//! seed is drawn as the straight lines through its samples; steps hold the last sample, as claims and tables do. Medians and
//! bands are taken over seeds at every sampled place, up to where the first seed ends. A run that diverged counts as worse
//! than any other from there on, whichever metric is drawn, and a curve ends where its middle is no longer finite.

use crate::figure::spec::{Band, FigureSpec, Kind, ScaleKind};
use crate::record::axis::Axis;
use crate::record::curves::{Cell, Curves, Run};
use crate::record::metric::{Better, Measure};
use crate::record::spread::{self, Quartiles};

/// Places at which a curve is drawn at the most: about two for each pixel of a column at 300 dpi would show nothing more.
const PLACES: usize = 500;

/// One curve with its band, in base units.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    /// The method's label.
    pub(super) label: String,
    /// Position of the method, which decides its look.
    pub(super) index: usize,
    pub(super) points: Vec<Point>,
    /// The start of the runs: the first point of a curve, the greatest first value behind separate points; 0 if there is none.
    pub(super) start: f64,
    /// Whether the curve ends because the runs diverged.
    pub(super) diverged: bool,
    /// Number of runs that diverged, and of all.
    pub(super) runs: (usize, usize),
    /// Whether points are separate experiments, each marked, and not samples of one run.
    pub(super) separate: bool,
    /// The stationary point that theory predicts.
    pub(super) predicted: Option<f64>,
}

/// The middle of the runs at one place, and the ends of the band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) lower: f64,
    pub(super) middle: f64,
    pub(super) upper: f64,
}

impl Point {
    /// The point at `x` on the straight way to `next`.
    pub(super) fn towards(&self, next: &Self, x: f64) -> Self {
        let t = (x - self.x) / (next.x - self.x);
        let mix = |a: f64, b: f64| a + t * (b - a);
        Self { x, lower: mix(self.lower, next.lower), middle: mix(self.middle, next.middle), upper: mix(self.upper, next.upper) }
    }

    /// The middle and band of `values` (which hold no NaN) at `x`.
    fn of(x: f64, mut values: Vec<f64>, band: Band) -> Option<Self> {
        if band == Band::Interval {
            let (lower, middle, upper) = spread::t_interval(&values)?;
            return Some(Self { x, lower, middle, upper });
        }
        let q = Quartiles::of(&mut values)?;
        let (lower, upper) = match band {
            Band::Range => (values[0], values[values.len() - 1]),
            Band::None => (q.median, q.median),
            _ => (q.lower, q.upper),
        };
        Some(Self { x, lower, middle: q.median, upper })
    }
}

/// The curves of `methods` in `cell` against a recorded axis.
pub(super) fn against_axis(
    curves: &Curves,
    spec: &FigureSpec,
    axis: Axis,
    cell: &Cell,
    methods: &[(usize, &str)],
) -> Vec<Series> {
    let Some(metric) = curves.metric(&spec.y) else { return Vec::new() };
    let &Measure { better, scale, .. } = &curves.metrics[metric];
    let between = match (spec.kind, spec.scale_y.unwrap_or(scale)) {
        (Kind::Steps, _) => Between::Step,
        (_, ScaleKind::Log) => Between::Geometric,
        (_, ScaleKind::Linear) => Between::Linear,
    };
    let series = |&(index, method): &(usize, &str)| {
        let runs: Vec<&Run> = curves.of(cell, method).collect();
        let paths: Vec<Path> =
            runs.iter().map(|run| Path::of(run, axis, metric, better)).filter(|p| !p.samples.is_empty()).collect();
        let mut points = middle(&paths, spec.band, between);
        let diverges = points.iter().position(|point| !point.middle.is_finite());
        points.truncate(diverges.unwrap_or(points.len()));
        let (whole, start) = (points.len(), points.first().map_or(0.0, |point| point.middle));
        within(&mut points, spec.limits_x);
        let shown = points.last().is_some_and(|point| spec.limits_x.is_none_or(|[_, hi]| point.x <= hi));
        let lost = runs.iter().filter(|run| run.diverged).count();
        let diverged = whole > 0 && shown && (diverges.is_some() || lost == runs.len());
        let label = method.to_owned();
        Series { label, index, points, start, diverged, runs: (lost, runs.len()), separate: false, predicted: None }
    };
    methods.iter().map(series).filter(|s| s.runs.1 > 0).collect()
}

/// One line a method through its final values in `cells`, whose values of the sweep key lie at `places`.
pub(super) fn against_key(curves: &Curves, spec: &FigureSpec, cells: &[(f64, &Cell)], methods: &[(usize, &str)]) -> Vec<Series> {
    let Some(metric) = curves.metric(&spec.y) else { return Vec::new() };
    let better = curves.metrics[metric].better;
    let series = |&(index, method): &(usize, &str)| {
        let finals = |cell: &Cell| curves.of(cell, method).filter_map(|run| run.last(metric)).map(|v| better.settle(v)).collect();
        let all = cells.iter().filter_map(|&(x, cell)| Point::of(x, finals(cell), spec.band));
        let mut points: Vec<Point> = all.filter(|point| point.middle.is_finite()).collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        let runs = || cells.iter().flat_map(|(_, cell)| curves.of(cell, method));
        let lost = runs().filter(|run| run.diverged).count();
        let starts = runs().filter_map(|run| Some(run.samples(Axis::Rounds, metric).next()?.1));
        let start = starts.filter(|start| start.is_finite()).fold(0.0, f64::max);
        let label = method.to_owned();
        Series { label, index, points, start, diverged: false, runs: (lost, runs().count()), separate: true, predicted: None }
    };
    methods.iter().map(series).filter(|s| s.runs.1 > 0).collect()
}

/// Adds to each curve the median over seeds of the metric `y` that is predicted for its method in `cell`.
pub(super) fn predict(series: &mut [Series], predicted: &Curves, y: &str, cell: &Cell) {
    let Some(metric) = predicted.metric(y) else { return };
    for series in series {
        let mut values: Vec<f64> = predicted.of(cell, &series.label).filter_map(|run| run.last(metric)).collect();
        values.retain(|value| value.is_finite());
        series.predicted = Quartiles::of(&mut values).map(|quartiles| quartiles.median);
    }
}

/// The course of a run between two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Between {
    Linear,
    Geometric,
    Step,
}

/// The samples of one run, with the worst value from where it diverged.
struct Path {
    samples: Vec<(f64, f64)>,
    diverged: bool,
}

impl Path {
    fn of(run: &Run, axis: Axis, metric: usize, better: Better) -> Self {
        let mut samples: Vec<(f64, f64)> = Vec::new();
        for (x, value) in run.samples(axis, metric) {
            // Of several samples at one place, the last one holds.
            if samples.last().is_some_and(|last| last.0 == x) {
                samples.pop();
            }
            samples.push((x, better.settle(value)));
        }
        Self { samples, diverged: run.diverged }
    }

    fn end(&self) -> f64 {
        self.samples.last().map_or(f64::NEG_INFINITY, |last| last.0)
    }

    /// The value at `x`; `None` before the first sample, and after the last unless the run diverged.
    fn at(&self, x: f64, between: Between) -> Option<f64> {
        let after = self.samples.partition_point(|sample| sample.0 <= x);
        let (x0, y0) = *self.samples.get(after.checked_sub(1)?)?;
        let Some(&(x1, y1)) = self.samples.get(after) else {
            return (x == x0 || self.diverged).then_some(y0);
        };
        let t = (x - x0) / (x1 - x0);
        Some(match between {
            Between::Step => y0,
            _ if !y0.is_finite() || !y1.is_finite() || t == 0.0 => y0,
            Between::Geometric if y0 > 0.0 && y1 > 0.0 => (y0.ln() * (1.0 - t) + y1.ln() * t).exp(),
            _ => y0 + t * (y1 - y0),
        })
    }
}

/// Middle and band over runs, from where all have begun to where the first one ends.
fn middle(paths: &[Path], band: Band, between: Between) -> Vec<Point> {
    let begin = paths.iter().map(|path| path.samples[0].0).fold(f64::NEG_INFINITY, f64::max);
    let whole = paths.iter().filter(|path| !path.diverged).map(Path::end).fold(f64::INFINITY, f64::min);
    let end = if whole.is_finite() { whole } else { paths.iter().map(Path::end).fold(f64::NEG_INFINITY, f64::max) };
    let mut places: Vec<f64> =
        paths.iter().flat_map(|p| p.samples.iter().map(|s| s.0)).filter(|x| (begin..=end).contains(x)).collect();
    places.sort_by(f64::total_cmp);
    places.dedup();
    let places = if places.len() > PLACES { thinned(&places, begin, end) } else { places };
    places.into_iter().filter_map(|x| Point::of(x, paths.iter().filter_map(|path| path.at(x, between)).collect(), band)).collect()
}

/// Keeps the points between the ends of the axis, and one more on either side, so that lines run to the edge.
fn within(points: &mut Vec<Point>, limits: Option<[f64; 2]>) {
    let Some([lo, hi]) = limits else { return };
    points.truncate(points.partition_point(|p| p.x <= hi) + 1);
    points.drain(..points.partition_point(|p| p.x < lo).saturating_sub(1));
}

/// Half of the places evenly along the axis and half evenly along its logarithm, so that either scale looks the same.
fn thinned(places: &[f64], begin: f64, end: f64) -> Vec<f64> {
    let half = PLACES / 2;
    let least = places.iter().copied().find(|&x| x > 0.0).unwrap_or(1.0);
    let even = (0..=half).map(|i| begin + (end - begin) * i as f64 / half as f64);
    let geometric = (0..=half).map(|i| least * (end / least).powf(i as f64 / half as f64));
    let wanted = even.chain(geometric).filter(|x| x.is_finite());
    let mut kept: Vec<f64> = wanted.map(|x| places[places.partition_point(|&p| p < x).min(places.len() - 1)]).collect();
    kept.sort_by(f64::total_cmp);
    kept.dedup();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(rows: &str, band: Band) -> Series {
        let header = "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss\n";
        let curves = Curves::parse(format!("{header}{rows}").as_bytes(), std::path::Path::new("t")).unwrap();
        let spec = FigureSpec { band, ..FigureSpec::new("seconds", "loss") };
        against_axis(&curves, &spec, Axis::Seconds, &Cell::default(), &[(0, "a")]).remove(0)
    }

    #[test]
    fn one_seed_is_its_own_samples() {
        let s = series("a,0,0,0,0,0,0,0,4\na,0,1,1.5,0,0,0,0,2\n", Band::Quartiles);
        assert_eq!(
            s.points.iter().map(|p| (p.x, p.lower, p.middle, p.upper)).collect::<Vec<_>>(),
            [(0.0, 4.0, 4.0, 4.0), (1.5, 2.0, 2.0, 2.0)]
        );
        assert!(!s.diverged);
    }

    #[test]
    fn seeds_meet_at_each_other_s_places_up_to_the_first_end() {
        let s = series(
            "a,0,0,0,0,0,0,0,4\na,0,1,2,0,0,0,0,1\na,1,0,0,0,0,0,0,4\na,1,1,1,0,0,0,0,4\na,1,2,3,0,0,0,0,4\n",
            Band::Range,
        );
        // At 1 s the first seed is half way from 4 to 1 on a logarithmic axis.
        assert_eq!(s.points.iter().map(|p| p.x).collect::<Vec<_>>(), [0.0, 1.0, 2.0]);
        approx::assert_relative_eq!(s.points[1].lower, 2.0, epsilon = 1e-12);
        assert_eq!(s.points[1].upper, 4.0);
    }

    #[test]
    fn a_curve_ends_where_most_seeds_diverged() {
        let rows = concat!(
            "a,0,0,0,0,0,0,0,4\na,0,1,1,0,0,0,0,9\na,0,2,2,0,0,0,0,NaN\n",
            "a,1,0,0,0,0,0,0,4\na,1,1,1,0,0,0,0,8\na,1,2,2,0,0,0,0,inf\n",
            "a,2,0,0,0,0,0,0,4\na,2,1,1,0,0,0,0,1\na,2,2,2,0,0,0,0,1\na,2,3,3,0,0,0,0,1\n",
        );
        let s = series(rows, Band::Quartiles);
        assert_eq!((s.diverged, s.runs), (true, (2, 3)));
        assert_eq!(s.points.iter().map(|p| (p.x, p.middle)).collect::<Vec<_>>(), [(0.0, 4.0), (1.0, 8.0)]);
    }

    /// One seed of three diverges at 2 s; the others go on to 4 s. Its accuracy and energy are finite there.
    fn one_of_three(y: &str) -> Series {
        let mut rows = "method,seed,round,seconds,updates,gradients,uplink_bits,downlink_bits,loss,accuracy,energy\n".to_owned();
        for t in 0..=4 {
            let end = f64::from(t);
            rows += &format!("a,0,{t},{t},0,0,0,0,1,{},{end}\n", end / 8.0);
            rows += &format!("a,1,{t},{t},0,0,0,0,1,{},{}\n", end / 4.0, 3.0 * end);
            if t <= 2 {
                let loss = if t == 2 { "NaN" } else { "1" };
                rows += &format!("a,2,{t},{t},0,0,0,0,{loss},0.875,0.5\n");
            }
        }
        let curves = Curves::parse(rows.as_bytes(), std::path::Path::new("t")).unwrap();
        let spec = FigureSpec { band: Band::Range, ..FigureSpec::new("seconds", y) };
        against_axis(&curves, &spec, Axis::Seconds, &Cell::default(), &[(0, "a")]).remove(0)
    }

    #[test]
    fn a_diverged_seed_is_the_worst_of_every_metric_and_cuts_no_curve() {
        let inf = f64::INFINITY;
        for (y, wanted) in [
            (
                "loss",
                [[0.0, 1.0, 1.0, 1.0], [1.0, 1.0, 1.0, 1.0], [2.0, 1.0, 1.0, inf], [3.0, 1.0, 1.0, inf], [4.0, 1.0, 1.0, inf]],
            ),
            // Of t/8, t/4 and 0.875, then of t/8, t/4 and less than any.
            (
                "accuracy",
                [
                    [0.0, 0.0, 0.0, 0.875],
                    [1.0, 0.125, 0.25, 0.875],
                    [2.0, -inf, 0.25, 0.5],
                    [3.0, -inf, 0.375, 0.75],
                    [4.0, -inf, 0.5, 1.0],
                ],
            ),
            // Of t, 3t and 0.5, then of t, 3t and more than any.
            (
                "energy",
                [[0.0, 0.0, 0.0, 0.5], [1.0, 0.5, 1.0, 3.0], [2.0, 2.0, 6.0, inf], [3.0, 3.0, 9.0, inf], [4.0, 4.0, 12.0, inf]],
            ),
        ] {
            let series = one_of_three(y);
            let found: Vec<[f64; 4]> = series.points.iter().map(|p| [p.x, p.lower, p.middle, p.upper]).collect();
            assert_eq!(found, wanted, "{y}");
            assert_eq!((series.runs, series.diverged), ((1, 3), false), "{y}");
        }
    }

    #[test]
    fn points_beyond_the_axis_are_left_out_but_for_neighbours() {
        let point = |x: f64| Point { x, lower: 0.0, middle: 0.0, upper: 0.0 };
        let mut points: Vec<Point> = (0..10).map(|i| point(f64::from(i))).collect();
        within(&mut points, Some([2.5, 5.0]));
        assert_eq!(points.iter().map(|p| p.x).collect::<Vec<_>>(), [2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn long_runs_are_thinned_with_both_ends() {
        let rows: String = (0..20_000).map(|t| format!("a,0,{t},{t},0,0,0,0,1\n")).collect();
        let s = series(&rows, Band::None);
        assert!(s.points.len() <= PLACES + 2);
        assert_eq!((s.points[0].x, s.points[s.points.len() - 1].x), (0.0, 19_999.0));
    }
}
