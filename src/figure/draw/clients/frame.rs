//! The panels of a figure over clients side by side, with common axes and a legend.

use super::{Panel as Content, boxes, lines};
use crate::{
    figure::{
        draw::{
            FigureError,
            canvas::{Canvas, Side, text_width},
            export::Drawing,
            geometry::{Area, Place},
            legend::{Entry, Legend, Sample},
            limits,
            page::{BROAD, EDGE, LABEL_ROOM, POINTS_PER_MM, TICK_ROOM},
            panel::Panel,
            scale::{self, Scale, Ticks, vertical_labels, widest},
            style::{BLACK, LABEL_SIZE, TICK_SIZE},
        },
        spec::{FigureSpec, Kind, Model, ScaleKind, Width},
    },
    record::clients::table,
};

/// Space between panels, and for a panel's heading `[pt]`.
const GUTTER: f64 = 22.0;
const HEADING: f64 = 13.0;
/// Greatest over least number of samples from which the horizontal axis is logarithmic.
const SPREAD: f64 = 30.0;

/// Everything common to the panels.
pub(super) struct Frame<'s> {
    spec: &'s FigureSpec,
    title: Option<String>,
    width: f64,
    columns: usize,
    x: (ScaleKind, f64, f64),
    y: (ScaleKind, f64, f64),
    labels: (String, String),
    legend: Legend,
    /// The names below the boxes of each method, where they have room.
    names: Option<Vec<String>>,
}

impl<'s> Frame<'s> {
    /// The frame of `panels`.
    pub(super) fn new(spec: &'s FigureSpec, title: Option<String>, panels: &[Content]) -> Result<Self, FigureError> {
        let width = spec.width.unwrap_or(if panels.len() > 1 { Width::Wide } else { Width::Column }).millimetres();
        let columns = panels.len().min(if width < BROAD { 2 } else { 4 });
        let points = || panels.iter().flat_map(|panel| &panel.shown).flat_map(|shown| &shown.points);
        let (xs, ys) = (points().map(|p| p.0).collect::<Vec<_>>(), points().map(|p| p.1).collect::<Vec<_>>());
        let score = ends(&ys, spec, spec.kind == Kind::Cdf);
        let (x, y) = match spec.kind {
            Kind::Cdf => (score, (ScaleKind::Linear, 0.0, 1.0)),
            Kind::Reliability => ((ScaleKind::Linear, 0.0, 1.0), (ScaleKind::Linear, 0.0, 1.0)),
            Kind::Box => ((ScaleKind::Linear, -0.5, boxes::places(panels) as f64 - 0.5), score),
            _ => (across(&xs, spec), score),
        };
        let words = |name: &str| match name {
            "samples" => "training samples of the client".to_owned(),
            "held-out" => "held-out samples of the client".to_owned(),
            "clients" => "share of clients".to_owned(),
            "confidence" => "confidence".to_owned(),
            "methods" => String::new(),
            score => table::title(score),
        };
        let labels =
            (spec.label_x.clone().unwrap_or_else(|| words(&spec.x)), spec.label_y.clone().unwrap_or_else(|| words(&spec.y)));
        let x = spec.limits_x.map_or(x, |[lo, hi]| (if lo > 0.0 { x.0 } else { ScaleKind::Linear }, lo, hi));
        let y = spec.limits_y.map_or(y, |[lo, hi]| (if lo > 0.0 { y.0 } else { ScaleKind::Linear }, lo, hi));
        let mut frame = Self {
            spec,
            title,
            width: width * POINTS_PER_MM,
            columns,
            x,
            y,
            labels,
            legend: Legend::new(Vec::new())?,
            names: None,
        };
        frame.names = frame.names_below(panels)?;
        frame.legend = Legend::new(frame.entries(panels))?;
        Ok(frame)
    }

    /// The names of what boxes are of, if all of them fit below.
    fn names_below(&self, panels: &[Content]) -> Result<Option<Vec<String>>, FigureError> {
        if self.spec.kind != Kind::Box {
            return Ok(None);
        }
        let models = self.spec.shown_models();
        let names: Vec<String> = if models.len() > 1 {
            models.iter().map(|model| model.words().to_owned()).collect()
        } else {
            panels.first().map_or_else(Vec::new, |panel| panel.shown.iter().map(|shown| shown.label.clone()).collect())
        };
        let room = self.panel_width()? / names.len().max(1) as f64;
        let fits =
            names.iter().try_fold(true, |fits, name| Ok::<_, FigureError>(fits && text_width(name, TICK_SIZE)? + 4.0 < room))?;
        Ok(fits.then_some(names))
    }

    /// What the legend explains: each method and model, or only the methods where the models are named below.
    fn entries(&self, panels: &[Content]) -> Vec<Entry> {
        let models = self.spec.shown_models().len();
        let first = panels.first().map_or(&[][..], |panel| &panel.shown);
        let mut entries: Vec<Entry> = match self.spec.kind {
            Kind::Box if models == 1 && self.names.is_some() => Vec::new(),
            Kind::Box => {
                let of_method = first.iter().filter(|shown| shown.model == 0);
                let plain = |label: &str| label.strip_suffix(&format!(", {}", Model::Run.words())).unwrap_or(label).to_owned();
                of_method.map(|shown| Entry { label: plain(&shown.label), sample: Sample::Bar(shown.style) }).collect()
            }
            Kind::Scatter => {
                first.iter().map(|shown| Entry { label: shown.label.clone(), sample: Sample::Mark(shown.style) }).collect()
            }
            _ => first.iter().map(|shown| Entry { label: shown.label.clone(), sample: Sample::Curve(shown.style) }).collect(),
        };
        if self.spec.kind == Kind::Reliability {
            entries.push(Entry { label: "calibrated".to_owned(), sample: Sample::Reference });
        }
        if entries.len() == 1 && self.spec.kind != Kind::Reliability { Vec::new() } else { entries }
    }

    fn height(&self) -> f64 {
        match (self.spec.kind, self.columns) {
            (Kind::Reliability, 1) => 150.0,
            (_, 1) => 132.0,
            _ => 112.0,
        }
    }

    fn y_ticks(&self) -> Ticks {
        let height = self.height();
        Scale { kind: self.y.0, lo: self.y.1, hi: self.y.2, start: height, end: 0.0 }.ticks(vertical_labels(height))
    }

    fn left(&self) -> Result<f64, FigureError> {
        Ok(EDGE + LABEL_SIZE + 4.0 + widest(&self.y_ticks())? + 5.0)
    }

    fn panel_width(&self) -> Result<f64, FigureError> {
        let room = self.width - self.left()? - EDGE - 8.0 - GUTTER * (self.columns - 1) as f64;
        Ok(room / self.columns as f64)
    }

    /// The panel in position `i` of `count`.
    fn panel(&self, i: usize, count: usize, top: f64) -> Result<Panel, FigureError> {
        let (row, column) = (i / self.columns, i % self.columns);
        let width = self.panel_width()?;
        let left = self.left()? + column as f64 * (width + GUTTER);
        let top = top + row as f64 * (self.height() + HEADING + 6.0);
        let area = Area { left, top, right: left + width, bottom: top + self.height() };
        let x = Scale { kind: self.x.0, lo: self.x.1, hi: self.x.2, start: area.left, end: area.right };
        let y = Scale { kind: self.y.0, lo: self.y.1, hi: self.y.2, start: area.bottom, end: area.top };
        let x_ticks = match (&self.names, self.spec.kind) {
            (Some(names), _) => {
                Ticks { major: names.iter().enumerate().map(|(i, name)| (i as f64, name.clone())).collect(), minor: Vec::new() }
            }
            (None, Kind::Box) => Ticks::default(),
            _ => scale::horizontal(&x, width, self.x.0 == ScaleKind::Log && self.x.2 <= 1e4)?,
        };
        let labelled = (i + self.columns >= count, column == 0);
        Ok(Panel { area, x, y, x_ticks, y_ticks: self.y_ticks(), labelled })
    }

    /// Draws the figure.
    pub(super) fn draw(&self, panels: &[Content]) -> Result<Drawing, FigureError> {
        let heading = panels.iter().any(|panel| panel.heading.is_some());
        let top = EDGE + 2.0 + if self.title.is_some() { HEADING } else { 0.0 } + if heading { HEADING } else { 0.0 };
        let rows = panels.len().div_ceil(self.columns) as f64;
        let bottom = top + rows * self.height() + (rows - 1.0) * (HEADING + 6.0);
        let body = bottom + TICK_ROOM + if self.labels.0.is_empty() { 0.0 } else { LABEL_ROOM } + EDGE;
        let has_legend = self.legend.size().1 > 7.0;
        let inside = if panels.len() == 1 && has_legend { self.legend_inside(&panels[0], top)? } else { None };
        let strip = if has_legend && inside.is_none() { self.legend.strip_height(self.width - 2.0 * EDGE) } else { 0.0 };
        let mut raw = String::new();
        let canvas = Canvas::new(&mut raw, self.width, body + strip)?;
        for (i, content) in panels.iter().enumerate() {
            let panel = self.panel(i, panels.len(), top)?;
            panel.draw_grid(&canvas)?;
            match self.spec.kind {
                Kind::Box => boxes::draw(&canvas, &panel, &content.shown, self.spec.shown_models().len())?,
                kind => lines::draw(&canvas, &panel, &content.shown, kind)?,
            }
            panel.draw_axes(&canvas)?;
            if let Some(heading) = &content.heading {
                let middle = 0.5 * (panel.area.left + panel.area.right);
                canvas.text(heading, (middle, panel.area.top - 5.0), LABEL_SIZE, Side::Centre, BLACK)?;
            }
        }
        let right = self.width - EDGE - 8.0;
        let middle = 0.5 * (self.left()? + right);
        canvas.text(&self.labels.0, (middle, bottom + TICK_ROOM + LABEL_SIZE), LABEL_SIZE, Side::Centre, BLACK)?;
        canvas.vertical_label(&self.labels.1, EDGE + 0.5 * LABEL_SIZE, (top, bottom), LABEL_SIZE)?;
        if let Some(title) = &self.title {
            canvas.text(title, (middle, EDGE + LABEL_SIZE), LABEL_SIZE, Side::Centre, BLACK)?;
        }
        match &inside {
            Some(area) => self.legend.draw_box(&canvas, area)?,
            None if strip > 0.0 => {
                let area = Area { left: EDGE, top: body, right: self.width - EDGE, bottom: body + strip };
                self.legend.draw_strip(&canvas, &area)?;
            }
            None => {}
        }
        canvas.finish()?;
        Drawing::new(&raw, self.width, body + strip)
    }

    fn legend_inside(&self, content: &Content, top: f64) -> Result<Option<Area>, FigureError> {
        let panel = self.panel(0, 1, top)?;
        let drawn: Vec<Vec<Place>> = match self.spec.kind {
            Kind::Box => boxes::outlines(&panel, &content.shown, self.spec.shown_models().len()),
            kind => lines::outlines(&panel, &content.shown, kind),
        };
        Ok(self.legend.inside(&panel.area, &[], &drawn))
    }
}

/// Ends of the axis of a score: shares end at 1 where they come near it.
fn ends(values: &[f64], spec: &FigureSpec, horizontal: bool) -> (ScaleKind, f64, f64) {
    let wanted = if horizontal { spec.scale_x } else { spec.scale_y };
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (lo, hi) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    if lo > hi {
        return (ScaleKind::Linear, 0.0, 1.0);
    }
    if wanted == Some(ScaleKind::Log) && lo > 0.0 && hi > lo {
        let pad = (hi / lo).powf(0.04);
        return (ScaleKind::Log, lo / pad, hi * pad);
    }
    let pad = 0.04 * if hi > lo { hi - lo } else { lo.abs().max(1.0) };
    let is_share = lo >= 0.0 && hi <= 1.0;
    let low = if is_share || lo > 0.0 { (lo - pad).max(0.0) } else { lo - pad };
    let high = if is_share && hi > 0.9 { 1.0 + 0.02 * (1.0 - low) } else { hi + pad };
    (ScaleKind::Linear, low, high)
}

fn across(xs: &[f64], spec: &FigureSpec) -> (ScaleKind, f64, f64) {
    let (lo, hi) = xs.iter().fold((f64::INFINITY, 0.0_f64), |(lo, hi), &x| (lo.min(x), hi.max(x)));
    let spread = if lo > 0.0 && hi / lo > SPREAD { ScaleKind::Log } else { ScaleKind::Linear };
    limits::horizontal(xs, spec.scale_x.unwrap_or(spread), true)
}
