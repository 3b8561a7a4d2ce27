//! The legend: in a part of the panel where there is no data, or else outside.

use plotters::style::Color;

use super::FigureError;
use super::canvas::{BLACK, Canvas, PALE, Side, WHITE, text_width};
use super::geometry::{Area, Place};
use super::panel::{Curve, MARK, STROKE, TICK_SIZE};
use super::style::Style;

/// Length of the line sample, and the space between it and the words `[pt]`.
const SAMPLE: f64 = 22.0;
const SPACE: f64 = 4.0;
/// Height of one entry `[pt]`.
const ROW: f64 = 9.8;
/// Space around the entries `[pt]`.
const PAD: f64 = 3.5;
/// Space between columns of entries `[pt]`.
const GAP: f64 = 10.0;

/// One method in the legend.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) label: String,
    pub(super) style: Style,
}

/// All entries, and how wide the words are.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Legend {
    entries: Vec<Entry>,
    words: f64,
}

impl Legend {
    pub(super) fn new(entries: Vec<Entry>) -> Result<Self, FigureError> {
        let mut words = 0.0_f64;
        for entry in &entries {
            words = words.max(text_width(&entry.label, TICK_SIZE)?);
        }
        Ok(Self { entries, words })
    }

    fn column(&self) -> f64 {
        SAMPLE + SPACE + self.words
    }

    /// Rows and columns that fit into `width`, filled evenly.
    fn grid(&self, width: f64) -> (usize, usize) {
        let fit = ((width - 2.0 * PAD + GAP) / (self.column() + GAP)).floor().max(1.0) as usize;
        let rows = self.entries.len().div_ceil(fit.min(self.entries.len()).max(1));
        (rows, self.entries.len().div_ceil(rows.max(1)))
    }

    /// Width and height with all entries in one column.
    pub(super) fn size(&self) -> (f64, f64) {
        (self.column() + 2.0 * PAD, ROW * self.entries.len() as f64 + 2.0 * PAD - 1.0)
    }

    /// Height when laid out in a strip `width` wide.
    pub(super) fn strip_height(&self, width: f64) -> f64 {
        ROW * self.grid(width).0 as f64 + 2.0 * PAD - 1.0
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
        canvas.fill_area(area, WHITE.mix(0.9))?;
        let Area { left, top, right, bottom } = *area;
        canvas.line(&[(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], PALE.mix(1.0), 0.5)?;
        self.entries.iter().enumerate().try_for_each(|(i, entry)| draw(canvas, entry, (left + PAD, top + PAD + ROW * i as f64)))
    }

    /// Draws the entries row by row in a strip, centred.
    pub(super) fn draw_strip(&self, canvas: &Canvas<'_>, area: &Area) -> Result<(), FigureError> {
        let (_, columns) = self.grid(area.width());
        let used = columns as f64 * (self.column() + GAP) - GAP;
        let left = area.left + (0.5 * (area.width() - used)).max(0.0);
        self.entries.iter().enumerate().try_for_each(|(i, entry)| {
            let (row, column) = (i / columns, i % columns);
            draw(canvas, entry, (left + column as f64 * (self.column() + GAP), area.top + PAD + ROW * row as f64))
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
    canvas.dashes(&[(left, middle), (left + SAMPLE, middle)], entry.style.dash, entry.style.colour.mix(1.0), STROKE)?;
    canvas.marker((left + 0.5 * SAMPLE, middle), &entry.style, MARK)?;
    canvas.text(&entry.label, (left + SAMPLE + SPACE, middle + 0.36 * TICK_SIZE), TICK_SIZE, Side::Left, BLACK)
}

#[cfg(test)]
mod tests;
