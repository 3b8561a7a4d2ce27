//! A heat map of duels: on how many of the tasks the method of a row beats that of a column.

use crate::{
    figure::draw::{
        FigureError,
        canvas::{Canvas, Side, text_width},
        export::Drawing,
        geometry::Area,
        style::{BLACK, COLOURS, Colour, GREY, LABEL_SIZE, PALE, TICK_SIZE, WHITE},
    },
    rank::{Copeland, Duels, copeland, places},
};

/// Side of a cell, space at the edges and beside labels `[pt]`.
const CELL: f64 = 24.0;
const EDGE: f64 = 4.0;
const GAP: f64 = 4.0;

/// The map of `methods`, those that beat the most others first.
pub(super) fn draw(methods: &[String], duels: &Duels) -> Result<Drawing, FigureError> {
    let places = places(&copeland(duels, Copeland::Difference));
    let mut order: Vec<usize> = (0..methods.len()).collect();
    order.sort_by_key(|&i| places[i]);
    let widest =
        methods.iter().try_fold(0.0_f64, |most, label| Ok::<_, FigureError>(most.max(text_width(label, LABEL_SIZE)?)))?;
    let (left, top) = (EDGE + LABEL_SIZE + GAP + widest + GAP, EDGE + LABEL_SIZE + GAP + widest + GAP);
    let side = CELL * methods.len() as f64;
    let (width, height) = (left + side + EDGE, top + side + EDGE);

    let mut raw = String::new();
    let canvas = Canvas::new(&mut raw, width, height)?;
    canvas.upward_text("share of tasks won by …", (EDGE + 0.5 * LABEL_SIZE, top + 0.5 * side), LABEL_SIZE)?;
    canvas.text("… against", (left + 0.5 * side, EDGE + LABEL_SIZE), LABEL_SIZE, Side::Centre, BLACK)?;
    for (row, &i) in order.iter().enumerate() {
        let (across, down) = (left + CELL * (row as f64 + 0.5), top + CELL * (row as f64 + 0.5));
        canvas.text(&methods[i], (left - GAP, down + 0.36 * LABEL_SIZE), LABEL_SIZE, Side::Right, BLACK)?;
        let own = text_width(&methods[i], LABEL_SIZE)?;
        canvas.upward_text(&methods[i], (across, top - GAP - 0.5 * own), LABEL_SIZE)?;
        for (column, &j) in order.iter().enumerate() {
            let (x, y) = (left + CELL * column as f64, top + CELL * row as f64);
            let share = if i == j { None } else { duels.share(i, j) };
            let area = Area { left: x, top: y, right: x + CELL, bottom: y + CELL };
            canvas.fill_area(&area, share.map_or(PALE, shade))?;
            let words = match share {
                Some(share) => format!("{share:.2}"),
                None if i == j => continue,
                None => "–".to_owned(),
            };
            let dark = share.is_some_and(|share| (share - 0.5).abs() > 0.35);
            let ink = if dark { WHITE } else { BLACK };
            canvas.text(&words, (x + 0.5 * CELL, y + 0.5 * CELL + 0.36 * TICK_SIZE), TICK_SIZE, Side::Centre, ink)?;
        }
    }
    let frame = [(left, top), (left + side, top), (left + side, top + side), (left, top + side), (left, top)];
    canvas.line(&frame, GREY, 0.6)?;
    canvas.finish()?;
    Drawing::new(&raw, width, height)
}

/// From vermilion, where all is lost, by white to blue, where all is won.
fn shade(share: f64) -> Colour {
    let full = if share < 0.5 { COLOURS[1] } else { COLOURS[0] };
    let depth = 2.0 * (share - 0.5).abs();
    let mixed = |from: u8, to: u8| (f64::from(from) + depth * (f64::from(to) - f64::from(from))).round() as u8;
    Colour::solid(mixed(WHITE.red, full.red), mixed(WHITE.green, full.green), mixed(WHITE.blue, full.blue))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_duels_are_white_and_clear_ones_have_the_full_colour() {
        assert_eq!((shade(0.5), shade(0.0), shade(1.0)), (WHITE, COLOURS[1], COLOURS[0]));
    }
}
