//! One panel: its curves on the canvas, its grid, axes and ticks.

use plotters::style::Color;

use super::FigureError;
use super::canvas::{BLACK, Canvas, GREY, PALE, Side, text_width};
use super::geometry::{Area, Place, along, length};
use super::scale::{Scale, Ticks};
use super::series::{Point, Series};
use super::spec::ReferenceLine;
use super::style::Style;

/// Sizes of text `[pt]`.
pub(super) const TICK_SIZE: f64 = 7.0;
pub(super) const LABEL_SIZE: f64 = 8.0;
/// Radius of the sparse marks on a curve `[pt]`.
pub(super) const MARK: f64 = 1.7;
/// Width of a curve `[pt]`.
pub(super) const STROKE: f64 = 1.25;
const TICK: f64 = 3.2;
const MINOR_TICK: f64 = 1.8;

/// A panel's frame, scales and ticks.
pub(super) struct Panel {
    pub(super) area: Area,
    pub(super) x: Scale,
    pub(super) y: Scale,
    pub(super) x_ticks: Ticks,
    pub(super) y_ticks: Ticks,
    /// Whether tick labels are written below and to the left.
    pub(super) labelled: (bool, bool),
}

/// A curve at its place in a panel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Curve {
    pub(super) style: Style,
    /// The pieces of the line inside the panel.
    pub(super) line: Vec<Vec<Place>>,
    /// Upper and lower edge of the band over the same places; empty without a band.
    pub(super) band: (Vec<Place>, Vec<Place>),
    pub(super) marks: Vec<Place>,
    /// Where the method diverged.
    pub(super) cross: Option<Place>,
}

impl Panel {
    /// Finds the place of a curve; `unit` is the number of base units in a unit of the horizontal axis, and `of` the number of
    /// curves, over which marks are staggered.
    pub(super) fn curve(&self, series: &Series, unit: f64, of: usize) -> Curve {
        let at = |x: f64, y: f64| (self.x.place(x / unit), self.y.place(y));
        let path: Vec<Place> = series.points.iter().map(|p| at(p.x, p.middle)).collect();
        // A touch more than the frame, so that a curve along its edge is not lost to rounding.
        let line = self.area.grown(0.05).clip_path(&path);
        let edge = |value: fn(&Point) -> f64| -> Vec<Place> { series.points.iter().map(|p| at(p.x, value(p))).collect() };
        let wide = series.points.iter().any(|p| p.upper > p.lower);
        let band = if wide { self.area.clip_band(&edge(|p| p.upper), &edge(|p| p.lower)) } else { (Vec::new(), Vec::new()) };
        let cross = series.diverged.then(|| line.last().and_then(|piece| piece.last()).copied()).flatten();
        let marks = if series.separate {
            path.iter().copied().filter(|&p| self.area.contains(p)).collect()
        } else {
            let total: f64 = line.iter().map(|piece| length(piece)).sum();
            let spacing = (total / 5.0).max(24.0);
            let offset = spacing * (series.index as f64 + 0.5) / of.max(1) as f64;
            line.iter().flat_map(|piece| along(piece, offset % spacing, spacing)).collect()
        };
        Curve { style: Style::of(series.index), line, band, marks, cross }
    }

    /// Grid lines, below everything.
    pub(super) fn draw_grid(&self, canvas: &Canvas<'_>) -> Result<(), FigureError> {
        for (value, _) in &self.x_ticks.major {
            let x = self.x.place(*value);
            canvas.line(&[(x, self.area.top), (x, self.area.bottom)], PALE.mix(1.0), 0.5)?;
        }
        for (value, _) in &self.y_ticks.major {
            let y = self.y.place(*value);
            canvas.line(&[(self.area.left, y), (self.area.right, y)], PALE.mix(1.0), 0.5)?;
        }
        Ok(())
    }

    /// Axes, ticks and tick labels, above everything.
    pub(super) fn draw_axes(&self, canvas: &Canvas<'_>) -> Result<(), FigureError> {
        let Area { left, top, right, bottom } = self.area;
        let tick = |from: Place, to: Place| canvas.line(&[from, to], BLACK.mix(1.0), 0.6);
        for value in &self.x_ticks.minor {
            let x = self.x.place(*value);
            tick((x, bottom), (x, bottom + MINOR_TICK))?;
        }
        for value in &self.y_ticks.minor {
            let y = self.y.place(*value);
            tick((left, y), (left - MINOR_TICK, y))?;
        }
        for (value, label) in &self.x_ticks.major {
            let x = self.x.place(*value);
            tick((x, bottom), (x, bottom + TICK))?;
            if self.labelled.0 {
                canvas.text(label, (x, bottom + TICK + 1.6 + 0.76 * TICK_SIZE), TICK_SIZE, Side::Center, BLACK)?;
            }
        }
        for (value, label) in &self.y_ticks.major {
            let y = self.y.place(*value);
            tick((left, y), (left - TICK, y))?;
            if self.labelled.1 {
                canvas.text(label, (left - TICK - 1.8, y + 0.36 * TICK_SIZE), TICK_SIZE, Side::Right, BLACK)?;
            }
        }
        canvas.line(&[(left, top), (left, bottom), (right, bottom)], BLACK.mix(1.0), 0.8)
    }

    /// Bands first, then lines and marks, so that no band dims a line.
    pub(super) fn draw_curves(&self, canvas: &Canvas<'_>, curves: &[Curve]) -> Result<(), FigureError> {
        for curve in curves.iter().filter(|curve| curve.band.0.len() > 1) {
            let outline: Vec<Place> = curve.band.0.iter().chain(curve.band.1.iter().rev()).copied().collect();
            canvas.fill(&outline, curve.style.colour.mix(0.16))?;
        }
        for curve in curves {
            for piece in &curve.line {
                canvas.dashes(piece, curve.style.dash, curve.style.colour.mix(1.0), STROKE)?;
            }
        }
        for curve in curves {
            curve.marks.iter().try_for_each(|&place| canvas.marker(place, &curve.style, MARK))?;
            if let Some(place) = curve.cross {
                canvas.cross(place, curve.style.colour, 3.0)?;
            }
        }
        Ok(())
    }

    /// Where a reference line runs, if it passes through the panel.
    pub(super) fn reference(&self, line: &ReferenceLine, unit: f64) -> Option<[Place; 2]> {
        let Area { left, top, right, bottom } = self.area;
        let ends = match (line.x, line.y) {
            (Some(x), _) => [(self.x.place(x / unit), top), (self.x.place(x / unit), bottom)],
            (None, y) => [(left, self.y.place(y?)), (right, self.y.place(y?))],
        };
        self.area.contains(ends[0]).then_some(ends)
    }

    /// A reference line with its label where it is clear of curves and bands, or at least of curves.
    pub(super) fn draw_reference(
        &self,
        canvas: &Canvas<'_>,
        line: &ReferenceLine,
        unit: f64,
        curves: &[Curve],
    ) -> Result<(), FigureError> {
        let Some(ends) = self.reference(line, unit) else { return Ok(()) };
        canvas.dashes(&ends, &[3.0, 1.5], GREY.mix(1.0), 0.8)?;
        let Some(label) = &line.label else { return Ok(()) };
        let width = text_width(label, TICK_SIZE)?;
        let (x, y) = ends[0];
        let spots: Vec<Place> = if line.x.is_some() {
            let left = if x + width + 3.0 > self.area.right { x - width - 3.0 } else { x + 3.0 };
            steps().map(|t| (left, self.area.top + 7.0 + t * (self.area.height() - 11.0))).collect()
        } else {
            let room = self.area.width() - width - 5.0;
            let along = steps().map(|t| self.area.left + 3.0 + (1.0 - t) * room);
            let fits = |base: &f64| base - TICK_SIZE >= self.area.top && base + 2.0 <= self.area.bottom;
            let bases = [y - 2.5, y + TICK_SIZE + 1.0].into_iter().filter(fits);
            bases.flat_map(|base| along.clone().map(move |left| (left, base))).collect()
        };
        let frame = |(left, base): Place| Area { left, top: base - TICK_SIZE, right: left + width, bottom: base + 2.0 };
        let free = |spot: &Place| curves.iter().all(|curve| !curve.meets(&frame(*spot)));
        let off_lines = |spot: &Place| curves.iter().all(|curve| !curve.line_meets(&frame(*spot)));
        let best = || spots.iter().copied().find(free).or_else(|| spots.iter().copied().find(off_lines));
        let Some(place) = best().or(spots.first().copied()) else { return Ok(()) };
        canvas.text(label, place, TICK_SIZE, Side::Left, GREY)
    }
}

/// Parts of a line at which its label may stand, the end first.
fn steps() -> impl Iterator<Item = f64> + Clone {
    (0..=16).map(|i| f64::from(i) / 16.0)
}

impl Curve {
    /// Whether the line, a mark or the band touches `area`.
    pub(super) fn meets(&self, area: &Area) -> bool {
        self.line_meets(area) || (!self.band.0.is_empty() && area.meets_band(&self.band.0, &self.band.1))
    }

    /// Whether the line or a mark touches `area`.
    fn line_meets(&self, area: &Area) -> bool {
        self.line.iter().any(|piece| area.meets(piece))
            || self.marks.iter().any(|&mark| area.grown(MARK).contains(mark))
            || self.cross.is_some_and(|place| area.grown(3.5).contains(place))
    }
}
