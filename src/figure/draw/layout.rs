//! A whole figure: panels on a grid with common axes, labels, and the legend where it covers nothing.

use super::{
    FigureError,
    canvas::{Canvas, Side},
    curve::{self, Curve, Placing},
    export::Drawing,
    geometry::{Area, Place},
    legend::{Entry, Legend, Sample},
    limits,
    page::{BROAD, EDGE, LABEL_ROOM, POINTS_PER_MM, TICK_ROOM},
    panel::Panel,
    reference::legend_labels,
    scale::{self, Scale, Ticks, vertical_labels},
    series::Series,
    style::{BLACK, LABEL_SIZE, Style},
};
use crate::{
    figure::spec::{FigureSpec, Kind, ReferenceLine, ScaleKind, Width},
    record::{
        axis::{Axis, Unit},
        curves::staleness::KEY,
        metric::Measure,
    },
};

/// Space between panels, and for a panel's title `[pt]`.
const GUTTER: f64 = 26.0;
const TITLE: f64 = 13.0;

/// The unit of staleness.
const VERSIONS: &str = "server versions";

/// The content of a figure.
pub(super) struct Plot<'a> {
    pub(super) spec: &'a FigureSpec,
    pub(super) title: Option<String>,
    /// Title and curves of each panel.
    pub(super) panels: Vec<(Option<String>, Vec<Series>)>,
    pub(super) across: Across,
    /// The metric on the vertical axis.
    pub(super) metric: Measure,
}

/// The quantity on the horizontal axis.
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
    unit: Unit,
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
        let beside = outside && self.panels.len() == 1 && self.broad() && legend.size().0 < 0.3 * frame.width;
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
        self.draw_panels(&canvas, &frame, inside.as_ref())?;
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

    fn broad(&self) -> bool {
        self.width().millimetres() >= BROAD
    }

    fn all(&self) -> Vec<&Series> {
        self.panels.iter().flat_map(|(_, series)| series).collect()
    }

    /// One entry for each method, with the count of diverged runs over all panels, and one for reference lines of one label.
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
                _ => format!(" ({lost} of {runs} diverged, counted as worst)"),
            };
            let style = Style::of(index);
            let sample = if self.spec.kind == Kind::Bars { Sample::Bar(style) } else { Sample::Curve(style) };
            Entry { label: format!("{label}{note}"), sample }
        };
        let lines = legend_labels(&self.spec.line).into_iter();
        let lines = lines.map(|label| Entry { label: label.to_owned(), sample: Sample::Reference });
        let predicted = all.iter().any(|s| s.predicted.is_some());
        let predicted = predicted.then(|| Entry { label: "predicted".to_owned(), sample: Sample::Reference });
        indices.into_iter().map(entry).chain(lines).chain(predicted).collect()
    }

    /// Sizes, scales and labels, with `beside` points kept free on the right.
    fn frame(&self, beside: f64) -> Result<Frame, FigureError> {
        let (width, count) = (self.width().millimetres() * POINTS_PER_MM, self.panels.len());
        let columns = match count {
            n if !self.broad() => n.min(2),
            n @ ..=4 => n,
            n @ 5..=6 => n.div_ceil(2),
            _ => 4,
        };
        let (unit, x) = self.horizontal();
        let y = self.vertical();
        let height = match (self.broad(), count) {
            (false, 1) => 132.0,
            (true, 1) => 190.0,
            (false, _) => 84.0,
            (true, 2) => 140.0,
            (true, _) => 112.0,
        };
        let ticks = Scale { kind: y.0, lo: y.1, hi: y.2, start: height, end: 0.0 }.ticks(vertical_labels(height));
        let tick_width = scale::widest(&ticks)?;
        let left = EDGE + LABEL_SIZE + 4.0 + tick_width + 5.0;
        let top = EDGE + 2.0 + if self.title.is_some() { TITLE } else { 0.0 } + if count > 1 { TITLE } else { 0.0 };
        let room = width - left - EDGE - 8.0 - beside - GUTTER * (columns - 1) as f64;
        let row = TITLE + 6.0 + if count % columns == 0 { 0.0 } else { TICK_ROOM };
        let (name, symbol) = self.across_label(unit);
        let across = self.spec.label_x.clone().unwrap_or_else(|| symbol.label(&name));
        let labels = (across, self.spec.label_y.clone().unwrap_or_else(|| self.metric.label()));
        Ok(Frame { width, panel: (room / columns as f64, height), columns, left, top, row, unit, x, y, labels })
    }

    fn across_label(&self, unit: Unit) -> (String, Unit) {
        let short = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
        match &self.across {
            Across::Axis(axis) => (axis.title().to_owned(), unit),
            // Each update's own; as a metric it is their mean.
            Across::Key(_) if self.spec.counts_staleness() => (format!("{KEY} [{VERSIONS}]"), unit),
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
            Across::Names(_, names) => (ScaleKind::Linear, -0.5, names.len() as f64 - 0.5),
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
        let (kind, lo, hi) = limits::vertical(&self.all(), self.spec.scale_y, self.metric.scale == ScaleKind::Log);
        let negative = || self.all().iter().any(|s| s.points.iter().any(|p| p.lower < 0.0));
        let lo = match self.spec.kind {
            Kind::Bars if kind == ScaleKind::Linear => {
                if negative() {
                    lo.min(0.0)
                } else {
                    0.0
                }
            }
            _ => lo,
        };
        match self.spec.limits_y {
            Some([lo, hi]) if kind == ScaleKind::Linear || lo > 0.0 => (kind, lo, hi),
            Some([lo, hi]) => (ScaleKind::Linear, lo, hi),
            None => (kind, lo, limits::above_labels(kind, lo, hi, self.lines_with_words())),
        }
    }

    /// The places of horizontal reference lines with words beside them.
    fn lines_with_words(&self) -> impl Iterator<Item = f64> {
        let shared = legend_labels(&self.spec.line);
        let beside = move |line: &&ReferenceLine| line.label.as_deref().is_some_and(|label| !shared.contains(&label));
        self.spec.line.iter().filter(beside).filter_map(|line| line.y)
    }

    /// The panel in position `i`.
    fn panel(&self, frame: &Frame, i: usize) -> Result<Panel, FigureError> {
        let (row, column) = (i / frame.columns, i % frame.columns);
        let left = frame.left + column as f64 * (frame.panel.0 + GUTTER);
        let top = frame.top + row as f64 * (frame.panel.1 + frame.row);
        let area = Area { left, top, right: left + frame.panel.0, bottom: top + frame.panel.1 };
        let x = Scale { kind: frame.x.0, lo: frame.x.1, hi: frame.x.2, start: area.left, end: area.right };
        let y = Scale { kind: frame.y.0, lo: frame.y.1, hi: frame.y.2, start: area.bottom, end: area.top };
        let x_ticks = self.x_ticks(frame, &x)?;
        let labelled = (i + frame.columns >= self.panels.len(), column == 0);
        Ok(Panel { area, x, y, x_ticks, y_ticks: y.ticks(vertical_labels(frame.panel.1)), labelled })
    }

    fn x_ticks(&self, frame: &Frame, x: &Scale) -> Result<Ticks, FigureError> {
        if let Across::Names(_, names) = &self.across {
            let major = names.iter().enumerate().map(|(i, name)| (i as f64, name.clone())).collect();
            return Ok(Ticks { major, minor: Vec::new() });
        }
        if let Across::Key(_) = &self.across {
            let mut values: Vec<f64> = self.all().iter().flat_map(|s| s.points.iter().map(|p| p.x)).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            if let Some(ticks) = scale::at_values(x, &values)? {
                return Ok(ticks);
            }
        }
        scale::horizontal(x, frame.panel.0, scale::reads_plain(x.kind, frame.unit.symbol))
    }

    fn curves(&self, frame: &Frame, i: usize, panel: &Panel) -> Vec<Curve> {
        let series = &self.panels[i].1;
        let how = Placing { kind: self.spec.kind, unit: frame.unit.size, of: series.len() };
        series.iter().enumerate().map(|(j, s)| panel.curve(s, j, how)).collect()
    }

    fn legend_inside(&self, frame: &Frame, legend: &Legend) -> Result<Option<Area>, FigureError> {
        let panel = self.panel(frame, 0)?;
        let curves = self.curves(frame, 0, &panel);
        let references = self.spec.line.iter().flat_map(|line| panel.reference(line, frame.unit.size));
        let lines: Vec<Vec<Place>> = references.chain(curves.iter().flat_map(|curve| curve.predicted.clone())).collect();
        Ok(legend.inside(&panel.area, &curves, &lines))
    }

    fn draw_panels(&self, canvas: &Canvas<'_>, frame: &Frame, legend: Option<&Area>) -> Result<(), FigureError> {
        for (i, (title, _)) in self.panels.iter().enumerate() {
            let panel = self.panel(frame, i)?;
            let curves = self.curves(frame, i, &panel);
            panel.draw_grid(canvas)?;
            panel.draw_references(canvas, &self.spec.line, frame.unit.size, &curves, legend)?;
            curve::draw(canvas, &curves)?;
            panel.draw_axes(canvas)?;
            if let Some(title) = title {
                let middle = 0.5 * (panel.area.left + panel.area.right);
                canvas.text(title, (middle, panel.area.top - 5.0), LABEL_SIZE, Side::Centre, BLACK)?;
            }
        }
        Ok(())
    }

    fn draw_labels(&self, canvas: &Canvas<'_>, frame: &Frame, bottom: f64) -> Result<(), FigureError> {
        let columns = frame.columns as f64;
        let right = frame.left + columns * frame.panel.0 + (columns - 1.0) * GUTTER;
        let middle = 0.5 * (frame.left + right);
        canvas.text(&frame.labels.0, (middle, bottom + TICK_ROOM + LABEL_SIZE), LABEL_SIZE, Side::Centre, BLACK)?;
        canvas.vertical_label(&frame.labels.1, EDGE + 0.5 * LABEL_SIZE, (frame.top, bottom), LABEL_SIZE)?;
        match &self.title {
            Some(title) => canvas.text(title, (middle, EDGE + LABEL_SIZE), LABEL_SIZE, Side::Centre, BLACK),
            None => Ok(()),
        }
    }
}
