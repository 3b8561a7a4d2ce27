//! The legend: in a part of the panel where there is no data, or else outside.

use super::{
    FigureError,
    canvas::{Canvas, Side, text_width},
    curve::{self, Curve, MARK, STROKE},
    geometry::{Area, Place},
    style::{BLACK, GREY, PALE, REFERENCE_DASH, REFERENCE_WIDTH, Style, TICK_SIZE, WHITE},
};

/// Length of the line sample, and the space between it and the words `[pt]`.
const SAMPLE: f64 = 22.0;
const SPACE: f64 = 4.0;
/// Height of one entry `[pt]`.
const ROW: f64 = 9.8;
/// Space around the entries `[pt]`.
const PAD: f64 = 3.5;
/// Space between columns of entries `[pt]`.
const GAP: f64 = 10.0;

/// One method, or the reference lines of one label, in the legend.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) label: String,
    pub(super) sample: Sample,
}

/// The sample before the words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sample {
    Curve(Style),
    Bar(Style),
    Mark(Style),
    Reference,
}

/// All entries, and how wide the words of each are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Legend {
    entries: Vec<Entry>,
    words: Vec<f64>,
}

impl Legend {
    pub(super) fn new(entries: Vec<Entry>) -> Result<Self, FigureError> {
        let words = entries.iter().map(|entry| text_width(&entry.label, TICK_SIZE)).collect::<Result<_, _>>()?;
        Ok(Self { entries, words })
    }

    /// Widths of the columns when the entries fill `columns` of them row by row.
    fn columns(&self, columns: usize) -> Vec<f64> {
        let widest = |column: usize| self.words.iter().skip(column).step_by(columns).copied().fold(0.0, f64::max);
        (0..columns).map(|column| SAMPLE + SPACE + widest(column)).collect()
    }

    /// The widths of as many columns as fit into `width`, none of them needless.
    fn grid(&self, width: f64) -> Vec<f64> {
        let used = |columns: &[f64]| columns.iter().sum::<f64>() + GAP * (columns.len() - 1) as f64 + 2.0 * PAD;
        let count = self.entries.len().max(1);
        let fit = (1..=count).rev().map(|n| self.columns(n)).find(|columns| used(columns) <= width);
        let most = fit.map_or(1, |columns| columns.len());
        let even = count.div_ceil(count.div_ceil(most));
        self.columns(even)
    }

    /// Width and height with all entries in one column.
    pub(super) fn size(&self) -> (f64, f64) {
        (self.columns(1)[0] + 2.0 * PAD, ROW * self.entries.len() as f64 + 2.0 * PAD - 1.0)
    }

    /// Height when laid out in a strip `width` wide.
    pub(super) fn strip_height(&self, width: f64) -> f64 {
        ROW * self.entries.len().div_ceil(self.grid(width).len()) as f64 + 2.0 * PAD - 1.0
    }

    /// A place in the panel that no curve, band or line in `others` touches: the corners first, then along the edges, then
    /// anywhere; with as much clearance as there is. `None` if data is everywhere.
    pub(super) fn inside(&self, panel: &Area, curves: &[Curve], others: &[Vec<Place>]) -> Option<Area> {
        let (width, height) = self.size();
        let (room_x, room_y) = (panel.width() - width - 6.0, panel.height() - height - 4.0);
        if room_x < 0.0 || room_y < 0.0 || width * height > 0.45 * panel.width() * panel.height() {
            return None;
        }
        let spots = candidates();
        let at = |(u, v): (f64, f64)| {
            let (left, top) = (panel.left + 4.0 + u * room_x, panel.top + 2.0 + v * room_y);
            Area { left, top, right: left + width, bottom: top + height }
        };
        let free = |area: &Area| curves.iter().all(|curve| !curve.meets(area)) && others.iter().all(|line| !area.meets(line));
        [8.0, 4.0, 1.5]
            .into_iter()
            .find_map(|clearance| spots.iter().map(|&spot| at(spot)).find(|area| free(&area.grown(clearance))))
    }

    /// Draws one column of entries on a white ground in `area`.
    pub(super) fn draw_box(&self, canvas: &Canvas<'_>, area: &Area) -> Result<(), FigureError> {
        canvas.fill_area(area, WHITE.faint(0.9))?;
        let Area { left, top, right, bottom } = *area;
        canvas.line(&[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], PALE, 0.5)?;
        self.entries.iter().enumerate().try_for_each(|(i, entry)| draw(canvas, entry, (left + PAD, top + PAD + ROW * i as f64)))
    }

    /// Draws the entries row by row in a strip, centred.
    pub(super) fn draw_strip(&self, canvas: &Canvas<'_>, area: &Area) -> Result<(), FigureError> {
        let columns = self.grid(area.width());
        let used = columns.iter().sum::<f64>() + GAP * (columns.len() - 1) as f64;
        let start = area.left + (0.5 * (area.width() - used)).max(0.0);
        self.entries.iter().enumerate().try_for_each(|(i, entry)| {
            let (row, column) = (i / columns.len(), i % columns.len());
            let left = start + columns[..column].iter().sum::<f64>() + GAP * column as f64;
            draw(canvas, entry, (left, area.top + PAD + ROW * row as f64))
        })
    }
}

/// Places as parts of the free room from left to right and from top to bottom, the most usual ones first.
fn candidates() -> Vec<(f64, f64)> {
    let mut spots = vec![(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)];
    let steps = || (0..=12).map(|i| f64::from(i) / 12.0);
    spots.extend(steps().map(|u| (1.0 - u, 0.0)));
    spots.extend(steps().map(|u| (u, 1.0)));
    spots.extend(steps().flat_map(|v| [(1.0, v), (0.0, v)]));
    spots.extend(steps().flat_map(|v| steps().map(move |u| (1.0 - u, v))));
    spots
}

fn draw(canvas: &Canvas<'_>, entry: &Entry, (left, top): Place) -> Result<(), FigureError> {
    let middle = top + 0.5 * (ROW - 1.0);
    let line = [(left, middle), (left + SAMPLE, middle)];
    match &entry.sample {
        Sample::Curve(style) => {
            canvas.dashes(&line, style.dash, style.colour, STROKE)?;
            canvas.marker((left + 0.5 * SAMPLE, middle), style, MARK)?;
        }
        Sample::Bar(style) => {
            let bar = Area { left: left + 5.0, top: middle - 3.4, right: left + SAMPLE - 5.0, bottom: middle + 3.4 };
            curve::draw_bar(canvas, &bar, style)?;
            // A bar stands on its axis, which the sample lacks.
            canvas.line(&[(bar.left, bar.bottom), (bar.right, bar.bottom)], style.colour, 0.8)?;
        }
        Sample::Mark(style) => canvas.marker((left + 0.5 * SAMPLE, middle), style, MARK)?,
        Sample::Reference => canvas.dashes(&line, &REFERENCE_DASH, GREY, REFERENCE_WIDTH)?,
    }
    canvas.text(&entry.label, (left + SAMPLE + SPACE, middle + 0.36 * TICK_SIZE), TICK_SIZE, Side::Left, BLACK)
}

#[cfg(test)]
mod tests;
