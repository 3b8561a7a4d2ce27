//! Cumulative shares, scattered clients and reliability curves.

use super::data::Shown;
use crate::figure::{
    draw::{
        FigureError,
        canvas::Canvas,
        curve::{MARK, STROKE},
        geometry::{Place, along, length},
        panel::Panel,
        style::{GREY, REFERENCE_DASH, REFERENCE_WIDTH},
    },
    spec::Kind,
};

/// Radius of a scattered client `[pt]`.
const CLIENT: f64 = 1.7;

/// The corners of the cumulative share of the clients whose score is at most the horizontal value.
fn staircase(panel: &Panel, shown: &Shown) -> Vec<Place> {
    let mut values: Vec<f64> = shown.points.iter().map(|point| point.1).collect();
    values.sort_by(f64::total_cmp);
    let mut path = vec![(panel.area.left, panel.y.place(0.0))];
    for (below, value) in values.iter().enumerate() {
        let x = panel.x.place(*value);
        path.push((x, panel.y.place(below as f64 / values.len() as f64)));
        path.push((x, panel.y.place((below + 1) as f64 / values.len() as f64)));
    }
    path.push((panel.area.right, panel.y.place(1.0)));
    path
}

fn places(panel: &Panel, shown: &Shown) -> Vec<Place> {
    shown.points.iter().map(|&(x, y)| (panel.x.place(x), panel.y.place(y))).collect()
}

/// Draws the lines or marks of a panel.
pub(super) fn draw(canvas: &Canvas<'_>, panel: &Panel, shown: &[Shown], kind: Kind) -> Result<(), FigureError> {
    if kind == Kind::Reliability {
        let diagonal = [(panel.x.place(0.0), panel.y.place(0.0)), (panel.x.place(1.0), panel.y.place(1.0))];
        for piece in panel.area.clip_path(&diagonal) {
            canvas.dashes(&piece, &REFERENCE_DASH, GREY, REFERENCE_WIDTH)?;
        }
    }
    for (i, which) in shown.iter().enumerate() {
        let path = if kind == Kind::Cdf { staircase(panel, which) } else { places(panel, which) };
        if kind == Kind::Scatter {
            // Clients of several methods may lie on each other.
            let colour = which.style.colour.faint(0.55);
            let inside = path.into_iter().filter(|&place| panel.area.grown(2.0).contains(place));
            inside.into_iter().try_for_each(|place| canvas.mark(place, which.style.marker, colour, CLIENT))?;
            continue;
        }
        let pieces = panel.area.grown(0.05).clip_path(&path);
        for piece in &pieces {
            canvas.dashes(piece, which.style.dash, which.style.colour, STROKE)?;
        }
        let marks: Vec<Place> = if kind == Kind::Cdf {
            let total: f64 = pieces.iter().map(|piece| length(piece)).sum();
            let spacing = (total / 5.0).max(24.0);
            let offset = spacing * (i as f64 + 0.5) / shown.len() as f64;
            pieces.iter().flat_map(|piece| along(piece, offset, spacing)).collect()
        } else {
            path
        };
        marks
            .into_iter()
            .filter(|&mark| panel.area.grown(1.0).contains(mark))
            .try_for_each(|mark| canvas.marker(mark, &which.style, MARK))?;
    }
    Ok(())
}

/// The lines that are drawn, for the legend to keep off; short ones at scattered clients.
pub(super) fn outlines(panel: &Panel, shown: &[Shown], kind: Kind) -> Vec<Vec<Place>> {
    match kind {
        Kind::Cdf => shown.iter().map(|which| staircase(panel, which)).collect(),
        Kind::Scatter => {
            let dot = |(x, y): Place| vec![(x - CLIENT, y), (x + CLIENT, y)];
            shown.iter().flat_map(|which| places(panel, which).into_iter().map(dot)).collect()
        }
        _ => {
            let diagonal = vec![(panel.x.place(0.0), panel.y.place(0.0)), (panel.x.place(1.0), panel.y.place(1.0))];
            shown.iter().map(|which| places(panel, which)).chain([diagonal]).collect()
        }
    }
}
