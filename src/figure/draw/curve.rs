//! One method in a panel: its line, band, marks and bars.

use super::{
    FigureError,
    canvas::Canvas,
    geometry::{Area, Place, along, length},
    panel::Panel,
    series::{Point, Series},
    style::{BLACK, REFERENCE_DASH, REFERENCE_WIDTH, Style},
};
use crate::figure::spec::{Kind, ScaleKind};

/// Radius of the sparse marks on a curve `[pt]`.
pub(super) const MARK: f64 = 1.7;
/// Width of a curve `[pt]`.
pub(super) const STROKE: f64 = 1.25;
/// Difference in size between a mark and one that lies on it `[pt]`.
const RIM: f64 = 1.0;
/// Most points that are marked each; more would hide the line.
const EACH_MARKED: usize = 30;
/// Part of the room between two values of a key that their bars fill `[1]`.
const GROUP: f64 = 0.8;
/// Pieces in which a curve is drawn that comes from zero on a logarithmic axis.
const FROM_ZERO: usize = 16;

/// A curve at its place in a panel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    pub(super) style: Style,
    /// The pieces of the line inside the panel.
    pub(super) line: Vec<Vec<Place>>,
    /// Upper and lower edge of the band over the same places; empty without a band.
    pub(super) band: (Vec<Place>, Vec<Place>),
    pub(super) marks: Vec<Place>,
    /// The line at the stationary point that theory predicts.
    pub(super) predicted: Vec<Vec<Place>>,
    /// The place at which the method diverged.
    pub(super) cross: Option<Place>,
    pub(super) bars: Vec<Area>,
    /// From the lower to the upper end of the band on each bar.
    pub(super) whiskers: Vec<[Place; 2]>,
}

/// The placing of the curves of a panel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placing {
    pub(super) kind: Kind,
    /// Number of base units in a unit of the horizontal axis.
    pub(super) unit: f64,
    /// Number of curves, over which marks are staggered and bars are set side by side.
    pub(super) of: usize,
}

impl Panel {
    /// Finds the place of the curve in position `i`.
    pub(super) fn curve(&self, series: &Series, i: usize, how: Placing) -> Curve {
        if how.kind == Kind::Bars { self.bars(series, i, how.of) } else { self.line(series, i, how) }
    }

    fn line(&self, series: &Series, i: usize, how: Placing) -> Curve {
        let trace = self.trace(&series.points, how);
        let edge = |value: fn(&Point) -> f64| -> Vec<Place> {
            trace.iter().map(|p| (self.x.place(p.x), self.y.place(value(p)))).collect()
        };
        // A touch more than the frame, so that a curve along its edge is not lost to rounding.
        let line = self.area.grown(0.05).clip_path(&edge(|p| p.middle));
        let wide = series.points.iter().any(|p| p.upper > p.lower);
        let band = if wide { self.area.clip_band(&edge(|p| p.upper), &edge(|p| p.lower)) } else { (Vec::new(), Vec::new()) };
        let cross = series.diverged.then(|| line.last().and_then(|piece| piece.last()).copied()).flatten();
        let marks = if series.separate && series.points.len() <= EACH_MARKED {
            let places = series.points.iter().map(|p| (self.x.place(p.x / how.unit), self.y.place(p.middle)));
            places.filter(|&p| self.area.contains(p)).collect()
        } else {
            let total: f64 = line.iter().map(|piece| length(piece)).sum();
            let spacing = (total / 5.0).max(24.0);
            let offset = spacing * (i as f64 + 0.5) / how.of.max(1) as f64;
            line.iter().flat_map(|piece| along(piece, offset % spacing, spacing)).collect()
        };
        let Area { left, right, .. } = self.area;
        let level = |y: f64| self.area.clip_path(&[(left, self.y.place(y)), (right, self.y.place(y))]);
        let predicted = series.predicted.map_or_else(Vec::new, level);
        let style = Style::of(series.index);
        Curve { style, line, band, marks, predicted, cross, bars: Vec::new(), whiskers: Vec::new() }
    }

    /// The corners of a line in units of the horizontal axis: two for each sample of a step; several on the way from zero to
    /// the first sample on a logarithmic axis, where a straight line would be a bend.
    fn trace(&self, points: &[Point], how: Placing) -> Vec<Point> {
        let mut trace: Vec<Point> = Vec::with_capacity(points.len());
        for point in points {
            let next = Point { x: point.x / how.unit, ..*point };
            match trace.last().copied() {
                Some(last) if how.kind == Kind::Steps => trace.push(Point { x: next.x, ..last }),
                Some(last) if self.x.kind == ScaleKind::Log && last.x <= 0.0 && next.x > self.x.lo => {
                    let at = |k: usize| self.x.lo * (next.x / self.x.lo).powf(k as f64 / FROM_ZERO as f64);
                    trace.extend((0..FROM_ZERO).map(|k| last.towards(&next, at(k))));
                }
                _ => {}
            }
            trace.push(next);
        }
        trace
    }

    /// Bar `i` of `of` at every value of the key.
    fn bars(&self, series: &Series, i: usize, of: usize) -> Curve {
        let width = GROUP / of.max(1) as f64;
        let base = if self.y.kind == ScaleKind::Linear { self.y.place(0.0) } else { self.area.bottom };
        let inside = |y: f64| y.clamp(self.area.top, self.area.bottom);
        let (mut bars, mut whiskers) = (Vec::new(), Vec::new());
        for point in &series.points {
            let left = point.x - 0.5 * GROUP + i as f64 * width;
            let (base, end) = (inside(base), inside(self.y.place(point.middle)));
            let (left, right) = (self.x.place(left + 0.05 * width), self.x.place(left + 0.95 * width));
            bars.push(Area { left, top: end.min(base), right, bottom: end.max(base) });
            if point.upper > point.lower {
                let middle = 0.5 * (left + right);
                whiskers.push([point.lower, point.upper].map(|v| (middle, inside(self.y.place(v)))));
            }
        }
        let (line, band, marks, predicted) = (Vec::new(), (Vec::new(), Vec::new()), Vec::new(), Vec::new());
        Curve { style: Style::of(series.index), line, band, marks, predicted, cross: None, bars, whiskers }
    }
}

impl Curve {
    /// Whether the line, a mark, a bar or the band touches `area`.
    pub(super) fn meets(&self, area: &Area) -> bool {
        self.line_meets(area) || (!self.band.0.is_empty() && area.meets_band(&self.band.0, &self.band.1))
    }

    /// Whether the line, a mark or a bar touches `area`.
    pub(super) fn line_meets(&self, area: &Area) -> bool {
        self.line.iter().any(|piece| area.meets(piece))
            || self.marks.iter().any(|&mark| area.grown(MARK).contains(mark))
            || self.cross.is_some_and(|place| area.grown(3.5).contains(place))
            || self.bars.iter().any(|bar| area.overlaps(bar))
            || self.whiskers.iter().any(|whisker| area.meets(whisker))
    }

    fn draw_bars(&self, canvas: &Canvas<'_>) -> Result<(), FigureError> {
        self.bars.iter().try_for_each(|bar| draw_bar(canvas, bar, &self.style))?;
        self.whiskers.iter().try_for_each(|&[low, high]| {
            let cap = |(x, y): Place| canvas.line(&[(x - 1.5, y), (x + 1.5, y)], BLACK, 0.6);
            canvas.line(&[low, high], BLACK, 0.6)?;
            cap(low)?;
            cap(high)
        })
    }
}

/// A bar with the mark of its method at its foot, by which it is known without colour.
pub(super) fn draw_bar(canvas: &Canvas<'_>, bar: &Area, style: &Style) -> Result<(), FigureError> {
    canvas.fill_area(bar, style.colour.faint(0.45))?;
    let Area { left, top, right, bottom } = *bar;
    canvas.line(&[(left, bottom), (left, top), (right, top), (right, bottom)], style.colour, 0.8)?;
    let room = (right - left) > 2.0 * MARK + 1.0 && (bottom - top) > 4.0 * MARK;
    if room { canvas.marker((0.5 * (left + right), bottom - 2.0 * MARK), style, MARK) } else { Ok(()) }
}

/// Bands first, then bars, lines and marks, so that no band dims a line. A mark on which others lie is larger.
pub(super) fn draw(canvas: &Canvas<'_>, curves: &[Curve]) -> Result<(), FigureError> {
    for curve in curves.iter().filter(|curve| curve.band.0.len() > 1) {
        let outline: Vec<Place> = curve.band.0.iter().chain(curve.band.1.iter().rev()).copied().collect();
        canvas.fill(&outline, curve.style.colour.faint(0.16))?;
    }
    for curve in curves {
        let colour = curve.style.colour;
        curve.predicted.iter().try_for_each(|path| canvas.dashes(path, &REFERENCE_DASH, colour, REFERENCE_WIDTH))?;
    }
    for curve in curves {
        curve.draw_bars(canvas)?;
        for piece in &curve.line {
            canvas.dashes(piece, curve.style.dash, curve.style.colour, STROKE)?;
        }
    }
    for (i, curve) in curves.iter().enumerate() {
        for &(x, y) in &curve.marks {
            let near = |mark: &Place| (mark.0 - x).hypot(mark.1 - y) < 0.6 * MARK;
            let above = curves[i + 1..].iter().filter(|other| other.marks.iter().any(near)).count();
            canvas.marker((x, y), &curve.style, MARK + RIM * above as f64)?;
        }
        if let Some(place) = curve.cross {
            canvas.cross(place, curve.style.colour, 3.0)?;
        }
    }
    Ok(())
}
