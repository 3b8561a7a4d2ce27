//! One panel: its frame, grid, axes and ticks.

use super::{
    FigureError,
    canvas::{Canvas, Side},
    geometry::{Area, Place},
    scale::{Scale, Ticks},
    style::{BLACK, PALE, TICK_SIZE},
};

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
