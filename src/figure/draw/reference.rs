//! Reference lines, and the places of their words.

use super::{
    FigureError,
    canvas::{Canvas, Side, text_width},
    curve::Curve,
    geometry::{Area, Place},
    panel::Panel,
    style::{GREY, REFERENCE_DASH, REFERENCE_WIDTH, TICK_SIZE},
};
use crate::figure::spec::ReferenceLine;

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
