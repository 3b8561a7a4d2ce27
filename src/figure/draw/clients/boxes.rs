//! Boxes: quartiles of the clients, whiskers to the last client within one and a half box lengths (Tukey), and the clients beyond.

use super::{Panel as Content, data::Shown};
use crate::{
    figure::draw::{
        FigureError,
        canvas::Canvas,
        geometry::{Area, Place},
        panel::Panel,
        style::BLACK,
    },
    record::spread::Quartiles,
};

/// Part of the room between two places that their boxes fill `[1]`.
const GROUP: f64 = 0.7;
/// Radius of a client beyond the whiskers `[pt]`.
const BEYOND: f64 = 1.0;

/// Number of places on the horizontal axis: the models where several are shown, else the methods.
pub(super) fn places(panels: &[Content]) -> usize {
    let shown = panels.first().map_or(&[][..], |panel| &panel.shown);
    let models = shown.iter().map(|shown| shown.model).max().map_or(0, |most| most + 1);
    if models > 1 { models } else { shown.len() }
}

/// A box at its place in a panel.
struct Box {
    area: Area,
    median: f64,
    whiskers: [f64; 2],
    beyond: Vec<f64>,
}

fn of(panel: &Panel, shown: &[Shown], models: usize, which: &Shown) -> Option<Box> {
    let mut values: Vec<f64> = which.points.iter().map(|point| point.1).collect();
    let quartiles = Quartiles::of(&mut values)?;
    let methods = shown.iter().map(|shown| shown.method).max().map_or(1, |most| most + 1);
    let width = if models > 1 { GROUP / methods as f64 } else { 0.5 };
    let middle =
        if models > 1 { which.model as f64 - 0.5 * GROUP + (which.method as f64 + 0.5) * width } else { which.method as f64 };
    let reach = 1.5 * (quartiles.upper - quartiles.lower);
    let (low, high) = (quartiles.lower - reach, quartiles.upper + reach);
    let within = || values.iter().copied().filter(|&value| value >= low && value <= high);
    let whiskers = [within().fold(quartiles.lower, f64::min), within().fold(quartiles.upper, f64::max)];
    let [left, right] = [-0.45, 0.45].map(|side| panel.x.place(middle + side * width));
    let [top, bottom] = [quartiles.upper, quartiles.lower].map(|value| panel.y.place(value));
    let beyond = values.into_iter().filter(|&value| value < low || value > high).map(|value| panel.y.place(value)).collect();
    Some(Box {
        area: Area { left, top, right, bottom },
        median: panel.y.place(quartiles.median),
        whiskers: whiskers.map(|value| panel.y.place(value)),
        beyond,
    })
}

/// Draws the boxes of a panel.
pub(super) fn draw(canvas: &Canvas<'_>, panel: &Panel, shown: &[Shown], models: usize) -> Result<(), FigureError> {
    for which in shown {
        let Some(Box { area, median, whiskers, beyond }) = of(panel, shown, models, which) else { continue };
        let (middle, colour) = (0.5 * (area.left + area.right), which.style.colour);
        for (end, edge) in whiskers.into_iter().zip([area.bottom, area.top]) {
            canvas.line(&[(middle, edge), (middle, end)], BLACK, 0.6)?;
            canvas.line(&[(middle - 2.5, end), (middle + 2.5, end)], BLACK, 0.6)?;
        }
        let Area { left, top, right, bottom } = area;
        canvas.fill_area(&area, colour.faint(0.45))?;
        canvas.line(&[(left, bottom), (left, top), (right, top), (right, bottom), (left, bottom)], colour, 0.8)?;
        canvas.line(&[(area.left, median), (area.right, median)], BLACK, 1.3)?;
        beyond.into_iter().try_for_each(|y| canvas.marker((middle, y), &which.style, BEYOND))?;
    }
    Ok(())
}

/// Lines that boxes and clients beyond them cover, for the legend to keep off.
pub(super) fn outlines(panel: &Panel, shown: &[Shown], models: usize) -> Vec<Vec<Place>> {
    let outline = |which: &Shown| {
        let Box { area, whiskers: [low, high], beyond, .. } = of(panel, shown, models, which)?;
        let middle = 0.5 * (area.left + area.right);
        let ends = beyond.into_iter().chain([low, high]).fold((low, high), |(lo, hi), y| (lo.max(y), hi.min(y)));
        Some(
            [(area.left, area), (area.right, area)]
                .map(|(x, area)| vec![(x, area.top), (x, area.bottom)])
                .into_iter()
                .chain([vec![(middle, ends.0), (middle, ends.1)]]),
        )
    };
    shown.iter().filter_map(outline).flatten().collect()
}
