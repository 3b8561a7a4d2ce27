//! A whole figure: panels on a grid with common axes, labels, and the legend where it covers nothing.

use super::FigureError;
use super::canvas::{BLACK, Canvas, Side, text_width};
use super::export::Drawing;
use super::geometry::{Area, Place};
use super::legend::{Entry, Legend};
use super::limits;
use super::panel::{Curve, LABEL_SIZE, Panel, TICK_SIZE};
use super::scale::{Scale, Ticks};
use super::series::Series;
use super::spec::{FigureSpec, ScaleKind, Width};
use super::style::Style;
use crate::record::axis::Axis;
use crate::record::measure;
use crate::record::units::Unit;

const POINTS_PER_MM: f64 = 72.0 / 25.4;
/// Space at the edges, between panels, for a panel's title, and for the tick and axis labels below `[pt]`.
const EDGE: f64 = 4.0;
const GUTTER: f64 = 14.0;
const TITLE: f64 = 13.0;
const TICK_ROOM: f64 = 13.0;
const LABEL_ROOM: f64 = 13.0;

/// What a figure is drawn from.
pub(super) struct Plot<'a> {
    pub(super) spec: &'a FigureSpec,
    pub(super) title: Option<String>,
    /// Title and curves of each panel.
    pub(super) panels: Vec<(Option<String>, Vec<Series>)>,
    pub(super) across: Across,
}

/// What the horizontal axis shows.
pub(super) enum Across {
    /// A recorded axis.
    Axis(Axis),
    /// The numeric values of a sweep key.
    Key(String),
    /// The values of a sweep key that are no numbers, at 0, 1, 2, …
    Names(String, Vec<String>),
}

/// Everything common to the panels.
struct Frame {
    width: f64,
    panel: (f64, f64),
    columns: usize,
    left: f64,
    top: f64,
    row: f64,
    unit: f64,
    x: (ScaleKind, f64, f64),
    y: (ScaleKind, f64, f64),
    labels: (String, String),
}

impl Plot<'_> {
    /// Draws the figure.
    pub(super) fn draw(&self) -> Result<Drawing, FigureError> {
        let legend = Legend::new(self.entries())?;
        let mut frame = self.frame(0.0)?;
        let inside = if self.panels.len() == 1 { self.legend_inside(&frame, &legend)? } else { None };
        let outside = inside.is_none() && legend.size().1 > 0.0;
        let beside = outside && self.panels.len() == 1 && self.width() == Width::Wide && legend.size().0 < 0.3 * frame.width;
        if beside {
            frame = self.frame(legend.size().0 + 6.0)?;
        }
        let rows = self.panels.len().div_ceil(frame.columns) as f64;
        let bottom = frame.top + rows * frame.panel.1 + (rows - 1.0) * frame.row;
        let body = bottom + TICK_ROOM + LABEL_ROOM + EDGE;
        let strip = if outside && !beside { legend.strip_height(frame.width - 2.0 * EDGE) } else { 0.0 };
        let height = body + strip;

        let mut raw = String::new();
        let canvas = Canvas::new(&mut raw, frame.width, height)?;
        self.draw_panels(&canvas, &frame)?;
        self.draw_labels(&canvas, &frame, bottom)?;
        if let Some(area) = inside {
            legend.draw_box(&canvas, &area)?;
        } else if beside {
            let (width, height) = legend.size();
            let left = frame.width - width - EDGE;
            legend.draw_box(&canvas, &Area { left, top: frame.top, right: left + width, bottom: frame.top + height })?;
        } else if outside {
            legend.draw_strip(&canvas, &Area { left: EDGE, top: body, right: frame.width - EDGE, bottom: height })?;
        }
        canvas.finish()?;
        Drawing::new(&raw, frame.width, height)
    }

    fn width(&self) -> Width {
        self.spec.width.unwrap_or(if self.panels.len() > 1 { Width::Wide } else { Width::Column })
    }

    fn all(&self) -> Vec<&Series> {
        self.panels.iter().flat_map(|(_, series)| series).collect()
    }

    /// One entry for each method, with the count of diverged runs over all panels.
    fn entries(&self) -> Vec<Entry> {
        let all = self.all();
        let mut indices: Vec<usize> = all.iter().map(|s| s.index).collect();
        indices.sort_unstable();
        indices.dedup();
        let entry = |index| {
            let mut same = all.iter().filter(|s| s.index == index);
            let label = same.clone().next().map_or("", |s| s.label.as_str());
            let (lost, runs) = same.by_ref().fold((0, 0), |sum, s| (sum.0 + s.runs.0, sum.1 + s.runs.1));
            let note = match lost {
                0 => String::new(),
                _ if lost == runs => " (diverged)".into(),
                _ => format!(" ({lost} of {runs} diverged)"),
            };
            Entry { label: format!("{label}{note}"), style: Style::of(index) }
        };
        indices.into_iter().map(entry).collect()
    }

    /// Sizes, scales and labels, with `beside` points kept free on the right.
    fn frame(&self, beside: f64) -> Result<Frame, FigureError> {
        let (width, count) = (self.width().millimetres() * POINTS_PER_MM, self.panels.len());
        let columns = match (self.width(), count) {
            (Width::Column, n) => n.min(2),
            (Width::Wide, n @ ..=4) => n,
            (Width::Wide, n @ 5..=6) => n.div_ceil(2),
            (Width::Wide, _) => 4,
        };
        let (unit, x) = self.horizontal();
        let y = self.vertical();
        let height = match (self.width(), count) {
            (Width::Column, 1) => 132.0,
            (Width::Wide, 1) => 190.0,
            (Width::Column, _) => 84.0,
            (Width::Wide, 2) => 140.0,
            (Width::Wide, _) => 112.0,
        };
        let tick_width = widest(&Scale { kind: y.0, lo: y.1, hi: y.2, start: height, end: 0.0 }.ticks(vertical_labels(height)))?;
        let left = EDGE + LABEL_SIZE + 4.0 + tick_width + 5.0;
        let top = EDGE + 2.0 + if self.title.is_some() { TITLE } else { 0.0 } + if count > 1 { TITLE } else { 0.0 };
        let room = width - left - EDGE - 8.0 - beside - GUTTER * (columns - 1) as f64;
        let row = TITLE + 6.0 + if count % columns == 0 { 0.0 } else { TICK_ROOM };
        let (name, symbol) = self.across_label(unit);
        let labels = (symbol.label(&name), measure::title(&self.spec.y));
        Ok(Frame { width, panel: (room / columns as f64, height), columns, left, top, row, unit: unit.size, x, y, labels })
    }

    fn across_label(&self, unit: Unit) -> (String, Unit) {
        let short = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
        match &self.across {
            Across::Axis(axis) => (axis.title().to_owned(), unit),
            Across::Key(key) | Across::Names(key, _) => (short(key), unit),
        }
    }

    /// The unit, scale and ends of the horizontal axis, the ends in that unit.
    fn horizontal(&self) -> (Unit, (ScaleKind, f64, f64)) {
        let mut xs: Vec<f64> = self.all().iter().flat_map(|s| s.points.iter().map(|p| p.x)).collect();
        xs.extend(self.spec.limits_x.iter().flatten());
        let hi = xs.iter().copied().fold(0.0, f64::max);
        let least = xs.iter().copied().filter(|&x| x > 0.0).fold(f64::INFINITY, f64::min);
        let wanted = self.spec.scale_x.unwrap_or(match self.across {
            Across::Axis(Axis::UplinkBits | Axis::DownlinkBits) if hi / least > 10.0 => ScaleKind::Log,
            Across::Key(_) if xs.iter().all(|&x| x > 0.0) && hi / least > 31.0 => ScaleKind::Log,
            _ => ScaleKind::Linear,
        });
        let typical = if wanted == ScaleKind::Log && least.is_finite() { (least * hi).sqrt() } else { hi };
        let unit = match self.across {
            Across::Axis(axis) => Unit::fitting(axis, typical),
            Across::Key(_) | Across::Names(..) => Unit { symbol: "", size: 1.0 },
        };
        let scaled: Vec<f64> = xs.iter().map(|x| x / unit.size).collect();
        let separate = !matches!(self.across, Across::Axis(_));
        let (kind, lo, hi) = match &self.across {
            Across::Names(_, names) => (ScaleKind::Linear, -0.4, names.len() as f64 - 0.6),
            _ => limits::horizontal(&scaled, wanted, separate),
        };
        let ends = match self.spec.limits_x {
            Some([lo, hi]) if kind == ScaleKind::Linear || lo > 0.0 => (kind, lo / unit.size, hi / unit.size),
            Some([lo, hi]) => (ScaleKind::Linear, lo / unit.size, hi / unit.size),
            None => (kind, lo, hi),
        };
        (unit, ends)
    }

    fn vertical(&self) -> (ScaleKind, f64, f64) {
        let (kind, lo, hi) = limits::vertical(&self.all(), self.spec.scale_y, measure::is_geometric(&self.spec.y));
        match self.spec.limits_y {
            Some([lo, hi]) if kind == ScaleKind::Linear || lo > 0.0 => (kind, lo, hi),
            Some([lo, hi]) => (ScaleKind::Linear, lo, hi),
            None => (kind, lo, hi),
        }
    }

    /// The panel in position `i`.
    fn panel(&self, frame: &Frame, i: usize) -> Result<Panel, FigureError> {
        let (row, column) = (i / frame.columns, i % frame.columns);
        let left = frame.left + column as f64 * (frame.panel.0 + GUTTER);
        let top = frame.top + row as f64 * (frame.panel.1 + frame.row);
        let area = Area { left, top, right: left + frame.panel.0, bottom: top + frame.panel.1 };
        let x = Scale { kind: frame.x.0, lo: frame.x.1, hi: frame.x.2, start: area.left, end: area.right };
        let y = Scale { kind: frame.y.0, lo: frame.y.1, hi: frame.y.2, start: area.bottom, end: area.top };
        let x_ticks = match &self.across {
            Across::Names(_, names) => {
                Ticks { major: names.iter().enumerate().map(|(i, name)| (i as f64, name.clone())).collect(), minor: Vec::new() }
            }
            _ => fitting_ticks(&x, frame.panel.0)?,
        };
        let labelled = (i + frame.columns >= self.panels.len(), column == 0);
        Ok(Panel { area, x, y, x_ticks, y_ticks: y.ticks(vertical_labels(frame.panel.1)), labelled })
    }

    fn curves(&self, frame: &Frame, i: usize, panel: &Panel) -> Vec<Curve> {
        let series = &self.panels[i].1;
        series.iter().map(|s| panel.curve(s, frame.unit, series.len())).collect()
    }

    fn legend_inside(&self, frame: &Frame, legend: &Legend) -> Result<Option<Area>, FigureError> {
        let panel = self.panel(frame, 0)?;
        let lines: Vec<Vec<Place>> =
            self.spec.line.iter().filter_map(|line| panel.reference(line, frame.unit)).map(Vec::from).collect();
        Ok(legend.inside(&panel.area, &self.curves(frame, 0, &panel), &lines))
    }

    fn draw_panels(&self, canvas: &Canvas<'_>, frame: &Frame) -> Result<(), FigureError> {
        for (i, (title, _)) in self.panels.iter().enumerate() {
            let panel = self.panel(frame, i)?;
            let curves = self.curves(frame, i, &panel);
            panel.draw_grid(canvas)?;
            for line in &self.spec.line {
                panel.draw_reference(canvas, line, frame.unit, &curves)?;
            }
            panel.draw_curves(canvas, &curves)?;
            panel.draw_axes(canvas)?;
            if let Some(title) = title {
                let middle = 0.5 * (panel.area.left + panel.area.right);
                canvas.text(title, (middle, panel.area.top - 5.0), LABEL_SIZE, Side::Center, BLACK)?;
            }
        }
        Ok(())
    }

    fn draw_labels(&self, canvas: &Canvas<'_>, frame: &Frame, bottom: f64) -> Result<(), FigureError> {
        let columns = frame.columns as f64;
        let right = frame.left + columns * frame.panel.0 + (columns - 1.0) * GUTTER;
        let middle = 0.5 * (frame.left + right);
        canvas.text(&frame.labels.0, (middle, bottom + TICK_ROOM + LABEL_SIZE), LABEL_SIZE, Side::Center, BLACK)?;
        canvas.upward_text(&frame.labels.1, (EDGE + 0.5 * LABEL_SIZE, 0.5 * (frame.top + bottom)), LABEL_SIZE)?;
        match &self.title {
            Some(title) => canvas.text(title, (middle, EDGE + LABEL_SIZE), LABEL_SIZE, Side::Center, BLACK),
            None => Ok(()),
        }
    }
}

/// How many labels a vertical axis of `height` points carries.
fn vertical_labels(height: f64) -> usize {
    ((height / 17.0) as usize).clamp(4, 8)
}

fn widest(ticks: &Ticks) -> Result<f64, FigureError> {
    ticks.major.iter().try_fold(0.0_f64, |widest, (_, label)| Ok(widest.max(text_width(label, TICK_SIZE)?)))
}

/// As many horizontal ticks as there is room for without labels that touch.
fn fitting_ticks(scale: &Scale, width: f64) -> Result<Ticks, FigureError> {
    let most = ((width / 20.0) as usize).clamp(2, 8);
    for labels in (2..=most).rev() {
        let ticks = scale.ticks(labels);
        let apart =
            ticks.major.windows(2).map(|pair| scale.place(pair[1].0) - scale.place(pair[0].0)).fold(f64::INFINITY, f64::min);
        if widest(&ticks)? + 8.0 <= apart {
            return Ok(ticks);
        }
    }
    Ok(scale.ticks(2))
}
