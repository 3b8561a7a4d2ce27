//! Performance profiles: the share of runs in which a method is within a factor of the best.

use crate::{
    figure::{
        ScaleKind,
        draw::{
            FigureError,
            canvas::{Canvas, Side},
            export::Drawing,
            geometry::{Area, Place},
            legend::{Entry, Legend, Sample},
            panel::Panel,
            scale::{self, Scale},
            style::{BLACK, LABEL_SIZE, Style},
        },
    },
    statistics::Profile,
};

/// Size of the panel, room around it, and width of a curve `[pt]`.
const PANEL: (f64, f64) = (200.0, 120.0);
const EDGE: f64 = 4.0;
const LEFT: f64 = 38.0;
const BELOW: f64 = 30.0;
const STROKE: f64 = 1.2;
/// The largest factor that is shown.
const FARTHEST: f64 = 1e6;

/// The profiles of `methods` by the quantity `title`.
pub(super) fn draw(methods: &[String], profile: &Profile, title: &str) -> Result<Drawing, FigureError> {
    let greatest = (0..methods.len()).filter_map(|i| profile.steps(i).last().copied()).fold(2.0, f64::max);
    let farthest = (1.1 * greatest).min(FARTHEST);
    let entry = |(i, label): (usize, &String)| Entry { label: label.clone(), sample: Sample::Curve(Style::of(i)) };
    let legend = Legend::new(methods.iter().enumerate().map(entry).collect())?;
    let width = LEFT + PANEL.0 + EDGE + 8.0;
    let area = Area { left: LEFT, top: EDGE + 4.0, right: LEFT + PANEL.0, bottom: EDGE + 4.0 + PANEL.1 };
    let body = area.bottom + BELOW;
    let height = body + legend.strip_height(width - 2.0 * EDGE);
    let x = Scale { kind: ScaleKind::Log, lo: 1.0, hi: farthest, start: area.left, end: area.right };
    let y = Scale { kind: ScaleKind::Linear, lo: 0.0, hi: 1.0, start: area.bottom, end: area.top };
    let x_ticks = scale::horizontal(&x, PANEL.0, farthest <= 1e4)?;
    let panel = Panel { area, x, y, x_ticks, y_ticks: y.ticks(5), labelled: (true, true) };

    let mut raw = String::new();
    let canvas = Canvas::new(&mut raw, width, height)?;
    panel.draw_grid(&canvas)?;
    for i in 0..methods.len() {
        let style = Style::of(i);
        canvas.dashes(&staircase(profile, i, farthest, &panel), style.dash, style.colour, STROKE)?;
    }
    panel.draw_axes(&canvas)?;
    let middle = 0.5 * (area.left + area.right);
    canvas.text(&format!("{title}, relative to the best"), (middle, area.bottom + 24.0), LABEL_SIZE, Side::Centre, BLACK)?;
    canvas.upward_text("share of runs", (EDGE + 0.5 * LABEL_SIZE, 0.5 * (area.top + area.bottom)), LABEL_SIZE)?;
    legend.draw_strip(&canvas, &Area { left: EDGE, top: body, right: width - EDGE, bottom: height })?;
    canvas.finish()?;
    Drawing::new(&raw, width, height)
}

/// The corners of the profile of `method`.
fn staircase(profile: &Profile, method: usize, farthest: f64, panel: &Panel) -> Vec<Place> {
    let steps = profile.steps(method).into_iter().filter(|&factor| factor <= farthest);
    let mut height = 0.0;
    let mut path = vec![(panel.x.place(1.0), panel.y.place(0.0))];
    for factor in steps {
        let across = panel.x.place(factor);
        path.push((across, panel.y.place(height)));
        height = profile.within(method, factor);
        path.push((across, panel.y.place(height)));
    }
    path.push((panel.x.place(farthest), panel.y.place(height)));
    path
}
