//! The critical-difference diagram (Demšar, 2006): mean ranks on an axis, methods that do not differ joined by bars.

use crate::{
    figure::draw::{
        FigureError,
        canvas::{Canvas, Side, text_width},
        export::Drawing,
        geometry::Place,
        style::{BLACK, GREY, LABEL_SIZE, TICK_SIZE},
    },
    rank::Friedman,
    record::axis::short,
};

/// Length of the axis, space at the edges and between a label and its line, heights of a row of labels and of a bar `[pt]`.
const AXIS: f64 = 190.0;
const EDGE: f64 = 4.0;
const GAP: f64 = 3.0;
const ROW: f64 = 11.0;
const BAR: f64 = 5.0;
/// Where the bar of the critical difference and the axis lie `[pt]`.
const CRITICAL: f64 = 16.0;
const TOP: f64 = 40.0;

/// The diagram of a test of `methods`: the best half labelled on the left, the others on the right.
pub(super) fn draw(methods: &[String], test: &Friedman, alpha: f64) -> Result<Drawing, FigureError> {
    let difference = test.critical_difference(alpha);
    let cliques = test.cliques(difference);
    let mut order: Vec<usize> = (0..methods.len()).collect();
    order.sort_by(|&i, &j| test.ranks[i].total_cmp(&test.ranks[j]).then(i.cmp(&j)));
    let (best, rest) = order.split_at(order.len().div_ceil(2));
    let label = |i: usize| format!("{} ({})", methods[i], short(test.ranks[i]));
    let widest = |half: &[usize]| -> Result<f64, FigureError> {
        half.iter().try_fold(0.0_f64, |most, &i| Ok(most.max(text_width(&label(i), LABEL_SIZE)?)))
    };
    let left = EDGE + widest(best)? + GAP + 8.0;
    let right = left + AXIS;
    let width = right + 8.0 + GAP + widest(rest)? + EDGE;
    let rows = TOP + 6.0 + BAR * cliques.len() as f64 + ROW;
    let height = rows + ROW * (best.len() - 1) as f64 + EDGE + 4.0;
    let most = (methods.len() - 1) as f64;
    let x = |rank: f64| left + (rank - 1.0) / most * AXIS;

    let mut raw = String::new();
    let canvas = Canvas::new(&mut raw, width, height)?;
    draw_axis(&canvas, methods.len(), x)?;
    // A difference beyond the axis fits nowhere: its words alone are shown.
    let words = format!("critical difference {}", short(difference));
    let end = x(1.0 + difference);
    if end <= right {
        let edges = [left, end].map(|at| [(at, CRITICAL - 2.5), (at, CRITICAL + 2.5)]);
        canvas.line(&[(left, CRITICAL), (end, CRITICAL)], BLACK, 1.0)?;
        edges.iter().try_for_each(|edge| canvas.line(edge, BLACK, 1.0))?;
        canvas.text(&words, (end + 4.0, CRITICAL + 0.36 * TICK_SIZE), TICK_SIZE, Side::Left, BLACK)?;
    } else {
        canvas.text(
            &format!("{words}, more than the axis"),
            (left, CRITICAL + 0.36 * TICK_SIZE),
            TICK_SIZE,
            Side::Left,
            BLACK,
        )?;
    }
    for (number, clique) in cliques.iter().enumerate() {
        let y = TOP + 6.0 + BAR * number as f64;
        let ranks = clique.iter().map(|&i| test.ranks[i]);
        let (from, to) = ranks.fold((f64::INFINITY, 0.0_f64), |(a, b), rank| (a.min(rank), b.max(rank)));
        canvas.line(&[(x(from) - 2.0, y), (x(to) + 2.0, y)], BLACK, 2.4)?;
    }
    let leader = |i: usize, y: f64, end: f64, side: Side, at: f64| -> Result<(), FigureError> {
        let path: [Place; 3] = [(x(test.ranks[i]), TOP), (x(test.ranks[i]), y), (end, y)];
        canvas.line(&path, GREY, 0.7)?;
        canvas.text(&label(i), (at, y + 0.36 * LABEL_SIZE), LABEL_SIZE, side, BLACK)
    };
    for (row, &i) in best.iter().enumerate() {
        leader(i, rows + ROW * row as f64, left - 8.0, Side::Right, left - 8.0 - GAP)?;
    }
    for (row, &i) in rest.iter().rev().enumerate() {
        leader(i, rows + ROW * row as f64, right + 8.0, Side::Left, right + 8.0 + GAP)?;
    }
    canvas.finish()?;
    Drawing::new(&raw, width, height)
}

fn draw_axis(canvas: &Canvas<'_>, methods: usize, x: impl Fn(f64) -> f64) -> Result<(), FigureError> {
    canvas.line(&[(x(1.0), TOP), (x(methods as f64), TOP)], BLACK, 1.0)?;
    let stride = methods.div_ceil(10);
    for rank in (1..=methods).step_by(stride) {
        let at = x(rank as f64);
        canvas.line(&[(at, TOP - 3.2), (at, TOP)], BLACK, 0.8)?;
        canvas.text(&rank.to_string(), (at, TOP - 5.5), TICK_SIZE, Side::Centre, BLACK)?;
    }
    Ok(())
}
