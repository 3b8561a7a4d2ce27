//! One panel: its frame, grid, axes, ticks and reference lines.

use super::{
    FigureError,
    canvas::{Canvas, Side, text_width},
    curve::Curve,
    geometry::{Area, Place},
    scale::{Scale, Ticks},
    style::{BLACK, GREY, PALE, REFERENCE_DASH, REFERENCE_WIDTH},
};
use crate::figure::spec::ReferenceLine;

/// Sizes of text `[pt]`.
pub(super) const TICK_SIZE: f64 = 7.0;
pub(super) const LABEL_SIZE: f64 = 8.0;
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

impl Panel {
    /// Grid lines, below everything.
    pub(super) fn draw_grid(&self, canvas: &Canvas<'_>) -> Result<(), FigureError> {
        for (value, _) in &self.x_ticks.major {
            let x = self.x.place(*value);
            canvas.line(&[(x, self.area.top), (x, self.area.bottom)], PALE, 0.5)?;
        }
        for (value, _) in &self.y_ticks.major {
            let y = self.y.place(*value);
            canvas.line(&[(self.area.left, y), (self.area.right, y)], PALE, 0.5)?;
        }
        Ok(())
    }

    /// Axes, ticks and tick labels, above everything.
    pub(super) fn draw_axes(&self, canvas: &Canvas<'_>) -> Result<(), FigureError> {
        let Area { left, top, right, bottom } = self.area;
        let tick = |from: Place, to: Place| canvas.line(&[from, to], BLACK, 0.6);
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
                canvas.text(label, (x, bottom + TICK + 1.6 + 0.76 * TICK_SIZE), TICK_SIZE, Side::Centre, BLACK)?;
            }
        }
        for (value, label) in &self.y_ticks.major {
            let y = self.y.place(*value);
            tick((left, y), (left - TICK, y))?;
            if self.labelled.1 {
                canvas.text(label, (left - TICK - 1.8, y + 0.36 * TICK_SIZE), TICK_SIZE, Side::Right, BLACK)?;
            }
        }
        canvas.line(&[(left, top), (left, bottom), (right, bottom)], BLACK, 0.8)
    }
}

/// Labels in the legend: those of curves, and those that several lines share.
pub(super) fn legend_labels(lines: &[ReferenceLine]) -> Vec<&str> {
    let mut labels: Vec<&str> = Vec::new();
    for label in lines.iter().filter_map(|line| line.label.as_deref()) {
        let mut same = lines.iter().filter(|line| line.label.as_deref() == Some(label));
        let in_legend = same.clone().nth(1).is_some() || same.any(|line| !line.points.is_empty());
        if in_legend && !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels
}

impl Panel {
    /// The pieces of a reference line that lie in the panel.
    pub(super) fn reference(&self, line: &ReferenceLine, unit: f64) -> Vec<Vec<Place>> {
        let Area { left, top, right, bottom } = self.area;
        let path = match (line.x, line.y) {
            (Some(x), _) => vec![(self.x.place(x / unit), top), (self.x.place(x / unit), bottom)],
            (None, Some(y)) => vec![(left, self.y.place(y)), (right, self.y.place(y))],
            (None, None) => line.points.iter().map(|&[x, y]| (self.x.place(x / unit), self.y.place(y))).collect(),
        };
        self.area.clip_path(&path)
    }

    /// Draws the lines, and their words clear of `curves`, of each other and of the `legend`, as far as there is room.
    pub(super) fn draw_references(
        &self,
        canvas: &Canvas<'_>,
        lines: &[ReferenceLine],
        unit: f64,
        curves: &[Curve],
        legend: Option<&Area>,
    ) -> Result<(), FigureError> {
        let shared = legend_labels(lines);
        let paths: Vec<Vec<Place>> = lines.iter().flat_map(|line| self.reference(line, unit)).collect();
        paths.iter().try_for_each(|path| canvas.dashes(path, &REFERENCE_DASH, GREY, REFERENCE_WIDTH))?;
        let mut taken: Vec<Area> = legend.copied().into_iter().collect();
        for line in lines {
            let (Some(ends), Some(label)) = (self.reference(line, unit).pop(), &line.label) else { continue };
            if shared.contains(&label.as_str()) {
                continue;
            }
            let spots = self.spots(line, ends[0], text_width(label, TICK_SIZE)?);
            let clear = |area: &Area| {
                !taken.iter().any(|other| area.overlaps(other)) && !paths.iter().any(|path| *path != ends && area.meets(path))
            };
            let free = |area: &&Area| clear(area) && curves.iter().all(|curve| !curve.meets(area));
            let off_lines = |area: &&Area| clear(area) && curves.iter().all(|curve| !curve.line_meets(area));
            let best = spots.iter().find(free).or_else(|| spots.iter().find(off_lines));
            let Some(&area) = best.or_else(|| spots.iter().find(|area| clear(area))).or(spots.first()) else { continue };
            canvas.text(label, (area.left, area.bottom - DESCENT), TICK_SIZE, Side::Left, GREY)?;
            taken.push(area);
        }
        Ok(())
    }

    /// Boxes beside a line that a text of `width` may fill: its end first, either side of it.
    fn spots(&self, line: &ReferenceLine, (x, y): Place, width: f64) -> Vec<Area> {
        let at = |left: f64, base: f64| Area { left, top: base - TICK_SIZE, right: left + width, bottom: base + DESCENT };
        let steps = || (0..=16).map(|i| f64::from(i) / 16.0);
        let spots: Vec<Area> = if line.x.is_some() {
            let sides = [x + 3.0, x - width - 3.0].into_iter();
            sides
                .flat_map(|left| steps().map(move |t| (left, t)))
                .map(|(left, t)| at(left, self.area.top + 7.0 + t * (self.area.height() - 11.0)))
                .collect()
        } else {
            let room = self.area.width() - width - 5.0;
            let bases = [y - 3.0, y + TICK_SIZE + 1.5].into_iter();
            bases
                .flat_map(|base| steps().map(move |t| (base, t)))
                .map(|(base, t)| at(self.area.left + 3.0 + (1.0 - t) * room, base))
                .collect()
        };
        spots.into_iter().filter(|area| self.area.grown(0.5).holds(area)).collect()
    }
}

/// Depth of letters below their base line `[pt]`.
const DESCENT: f64 = 2.0;
