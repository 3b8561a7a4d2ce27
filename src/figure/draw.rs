//! Drawing figures from recorded curves, at the widths of journals, as SVG, PDF and PNG of one drawing.
//!
//! Nothing but `curves.csv` is needed, `staleness.csv` for shares of updates by their staleness, and `predicted.csv` for lines where
//! theory predicts the stationary points of methods, and the tables of clients for figures over them. Curves differ by
//! colour, dashes and marks, so that print without colour shows the difference; the legend fills a place without data, or lies
//! outside; the curve of a method that diverged ends in a cross, and the legend says so.

mod canvas;
mod clients;
mod curve;
mod export;
mod forest;
mod geometry;
mod layout;
mod legend;
mod limits;
mod page;
mod panel;
mod ranking;
mod raster;
mod reference;
mod scale;
mod series;
mod style;

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

pub use forest::draw_forest;
use layout::{Across, Plot};
pub use ranking::draw_rankings;
use thiserror::Error;

use super::spec::{self, FigureSpec, Kind, distinct};
use crate::{
    invalid::{Invalid, floor},
    record::{
        cell,
        curves::{Cell, Curves, predicted, staleness},
        metric::Measure,
    },
};

pub(crate) use canvas::unshown;

/// Longest part of a figure's name that the values of its cell make up [bytes].
const LONGEST_CELL: usize = 100;

/// Why a figure was not drawn.
#[derive(Debug, Error)]
pub enum FigureError {
    /// The curves or the figure's keys cannot be used.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A file cannot be written.
    #[error("cannot write `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// A file is in the way that this program did not write.
    #[error("`{}` is in the way, and fedfleet did not write it: move it away", .0.display())]
    Foreign(PathBuf),
    /// A drawing library failed.
    #[error("the figure cannot be drawn: {0}")]
    Drawing(String),
}

impl FigureError {
    /// The same below `key`.
    fn under(self, key: &str) -> Self {
        match self {
            // What is wrong with a table is at its place already.
            Self::Invalid(invalid) if invalid.file.is_none() => Self::Invalid(invalid.under(key)),
            other => other,
        }
    }

    fn drawing(error: impl std::fmt::Display) -> Self {
        Self::Drawing(error.to_string())
    }
}

/// Draws `specs`, or the [default figures](defaults) if there are none, from `results_dir/curves.csv` into
/// `results_dir/figures/`, and lists the files. Nothing is written if `foreign` says of a name, from `results_dir` on, that such a file
/// is there and is not to be replaced.
///
/// A figure over a sweep that neither its panels nor its horizontal axis show becomes one figure for each cell.
///
/// # Errors
/// [`FigureError::Invalid`] if the curves cannot be read or a figure names what they do not hold, [`FigureError::Foreign`],
/// [`FigureError::Io`] if a file cannot be written, [`FigureError::Drawing`] if a drawing library fails.
pub fn draw_all(results_dir: &Path, specs: &[FigureSpec], foreign: &dyn Fn(&str) -> bool) -> Result<Vec<PathBuf>, FigureError> {
    let curves = Curves::read(&results_dir.join("curves.csv"))?;
    let folder = results_dir.join("figures");
    let specs = asked(&curves, specs);
    distinct(&specs)?;
    let mut drawings = Vec::new();
    for (i, spec) in specs.iter().enumerate() {
        if spec.kind.is_of_clients() {
            let drawn = clients::draw(results_dir, &curves, spec).map_err(|error| error.under(&format!("figure.{i}")))?;
            refuse_foreign(results_dir, drawn.iter().map(|(stem, _)| stem), foreign)?;
            drawings.extend(drawn);
            continue;
        }
        let shares = if spec.counts_staleness() { Some(staleness::shares(&results_dir.join("staleness.csv"))?) } else { None };
        let predicted = if spec.stationary_point { Some(predicted::read(&results_dir.join("predicted.csv"))?) } else { None };
        let drawn = plots(shares.as_ref().unwrap_or(&curves), predicted.as_ref(), spec);
        for (stem, plot) in drawn.map_err(|fault| fault.under(&format!("figure.{i}")))? {
            refuse_foreign(results_dir, [&stem], foreign)?;
            drawings.push((stem, plot.draw()?));
        }
    }
    std::fs::create_dir_all(&folder).map_err(|source| FigureError::Io { path: folder.clone(), source })?;
    let written = drawings.iter().map(|(stem, drawing)| drawing.write(&folder, stem)).collect::<Result<Vec<_>, _>>()?;
    Ok(written.concat())
}

/// Refuses to replace a file of a figure that this program did not write.
fn refuse_foreign<'s>(
    results_dir: &Path,
    stems: impl IntoIterator<Item = &'s String>,
    foreign: &dyn Fn(&str) -> bool,
) -> Result<(), FigureError> {
    let name = stems.into_iter().flat_map(|stem| files(stem)).find(|name| foreign(name));
    name.map_or(Ok(()), |name| Err(FigureError::Foreign(results_dir.join(name))))
}

/// The figures that are drawn of `curves` when `specs` are asked for.
fn asked<'s>(curves: &Curves, specs: &'s [FigureSpec]) -> Cow<'s, [FigureSpec]> {
    if specs.is_empty() { Cow::Owned(defaults(curves)) } else { Cow::Borrowed(specs) }
}

/// The files of the figures that `specs` will be, from the results folder on, where the curves to come have the cells and metrics of
/// `curves`.
pub fn foreseen(curves: &Curves, specs: &[FigureSpec]) -> Vec<String> {
    let stems = |spec: &FigureSpec| {
        let mut spec = spec.clone();
        // Which updates there will be of each staleness is not known yet, and no name tells it.
        let _ = spec.cells.remove(staleness::KEY);
        groups(curves, &spec).into_iter().map(|group| group.stem).collect::<Vec<_>>()
    };
    asked(curves, specs).iter().flat_map(stems).flat_map(|stem| files(&stem)).collect()
}

/// The files of one figure, from the results folder on.
fn files(stem: &str) -> [String; 3] {
    export::FORMS.map(|form| format!("figures/{stem}.{form}"))
}

/// Whether `path` is one of the three forms of a figure that this program drew: the SVG or the PNG says so.
pub fn drew(path: &Path) -> bool {
    export::is_ours(path)
}

/// Removes the figures in `results_dir/figures/` that this program drew and that are not among `drawn`.
///
/// # Errors
/// [`FigureError::Io`] if a file cannot be read or removed.
pub fn remove_others(results_dir: &Path, drawn: &[PathBuf]) -> Result<(), FigureError> {
    export::remove(&results_dir.join("figures"), drawn)
}

/// The figures of curves for which none were asked: the gap, or else the loss, and the accuracy against rounds, virtual
/// seconds and uplink bits, with a panel for each value of the first sweep key that has a few.
pub fn defaults(curves: &Curves) -> Vec<FigureSpec> {
    let recorded = |name: &&str| curves.metric(name).is_some();
    let fall = ["gap", "loss"].into_iter().find(recorded);
    let metrics = fall.into_iter().chain(["accuracy"].into_iter().filter(recorded));
    let facet = curves.keys.iter().find(|key| (2..=8).contains(&curves.values(key).len()));
    let spec = |x, y| FigureSpec { facet: facet.cloned(), ..FigureSpec::new(x, y) };
    metrics.flat_map(|y| ["rounds", "seconds", "uplink-bits"].map(|x| spec(x, y))).collect()
}

/// The figures that one spec stands for, with the names of their files.
fn plots<'s>(curves: &Curves, predicted: Option<&Curves>, spec: &'s FigureSpec) -> Result<Vec<(String, Plot<'s>)>, Invalid> {
    let labels: Vec<String> = curves.methods().into_iter().map(str::to_owned).collect();
    let metrics: Vec<String> =
        curves.names().into_iter().filter(|name| curves.metric(name).is_some()).map(str::to_owned).collect();
    spec.validate(&labels, &metrics, &curves.keys)?;
    let methods = looks(&labels, &spec.methods);
    let groups = groups(curves, spec);
    if groups.is_empty() {
        return Err(Invalid::at("where", "no recorded cell has these values"));
    }
    let figure = |Group { stem, title, cells }: Group| (stem, plot((curves, predicted), spec, title, &cells, &methods));
    Ok(groups.into_iter().map(figure).collect())
}

/// The cells that one figure shows.
struct Group<'c> {
    stem: String,
    title: Option<String>,
    cells: Vec<&'c Cell>,
}

/// The cells of `curves` by the figures of `spec` that show them.
fn groups<'c>(curves: &'c Curves, spec: &FigureSpec) -> Vec<Group<'c>> {
    let shown: Vec<&str> =
        spec.facet.iter().map(String::as_str).chain(spec.axis().is_none().then_some(spec.x.as_str())).collect();
    let mut groups: Vec<(Cell, Vec<&Cell>)> = Vec::new();
    for cell in curves.cells().into_iter().filter(|cell| cell::keeps(&spec.cells, cell)) {
        let rest = cell.without(&shown);
        match groups.iter_mut().find(|(shared, _)| *shared == rest) {
            Some((_, group)) => group.push(cell),
            None => groups.push((rest, vec![cell])),
        }
    }
    let several = groups.len() > 1;
    let named = |(number, (rest, cells)): (usize, (Cell, Vec<&'c Cell>))| {
        if !several {
            return Group { stem: spec.file_stem(), title: spec.title.clone(), cells };
        }
        let title = spec.title.as_ref().map_or_else(|| rest.to_string(), |title| format!("{title} ({rest})"));
        Group { stem: format!("{}-{}", spec.file_stem(), of_cell(&rest, number)), title: Some(title), cells }
    };
    groups.into_iter().enumerate().map(named).collect()
}

/// The part of a figure's file name for a cell; where its values are long, only their beginning, and its number.
fn of_cell(cell: &Cell, number: usize) -> String {
    let name = spec::slug(&cell.to_string());
    if name.len() <= LONGEST_CELL { name } else { format!("{}-{number}", &name[..floor(&name, LONGEST_CELL)]) }
}

/// The methods to show with the number of each one's look: its position among all methods, so that it looks the same in every
/// figure; its position among `chosen` where two of those would share a colour.
fn looks<'a>(all: &'a [String], chosen: &'a [String]) -> Vec<(usize, &'a str)> {
    let shown = if chosen.is_empty() { all } else { chosen };
    let global = |label: &String| all.iter().position(|other| other == label).unwrap_or(0);
    let colours: Vec<usize> = shown.iter().map(|label| global(label) % style::COLOURS.len()).collect();
    let clash = colours.iter().enumerate().any(|(i, colour)| colours[..i].contains(colour));
    let look = |(i, label): (usize, &'a String)| (if clash { i } else { global(label) }, label.as_str());
    shown.iter().enumerate().map(look).collect()
}

/// One figure over `cells`, which differ only in the panel's key and the horizontal key.
fn plot<'s>(
    (curves, predicted): (&Curves, Option<&Curves>),
    spec: &'s FigureSpec,
    title: Option<String>,
    cells: &[&Cell],
    methods: &[(usize, &str)],
) -> Plot<'s> {
    let facets: Vec<Option<&str>> = match &spec.facet {
        Some(key) => {
            curves.values(key).into_iter().filter(|v| cells.iter().any(|cell| cell.get(key) == Some(v))).map(Some).collect()
        }
        None => vec![None],
    };
    let of_panel = |value: Option<&str>| -> Vec<&Cell> {
        let facet = spec.facet.as_deref().unwrap_or_default();
        cells.iter().copied().filter(|cell| value.is_none() || cell.get(facet) == value).collect()
    };
    let heading = |value: Option<&str>| {
        let key = spec.facet.as_deref()?;
        Some(format!("{} = {}", key.rsplit('.').next().unwrap_or(key), value?))
    };
    let across = across(curves, spec);
    let place = |value: &str| match &across {
        Across::Names(_, names) => names.iter().position(|name| name == value).map(|i| i as f64),
        _ => value.parse().ok(),
    };
    let panel = |value: Option<&str>| {
        let cells = of_panel(value);
        let series = match (spec.axis(), cells.first()) {
            (Some(axis), Some(cell)) => {
                let mut series = series::against_axis(curves, spec, axis, cell, methods);
                predicted.iter().for_each(|predicted| series::predict(&mut series, predicted, &spec.y, cell));
                series
            }
            _ => {
                let places: Vec<(f64, &Cell)> =
                    cells.iter().filter_map(|&cell| Some((place(cell.get(&spec.x)?)?, cell))).collect();
                series::against_key(curves, spec, &places, methods)
            }
        };
        (heading(value), series)
    };
    let panels = facets.into_iter().map(panel).collect();
    let metric = curves.metric(&spec.y).map_or_else(|| Measure::named(&spec.y), |column| curves.metrics[column].clone());
    Plot { spec, title, panels, across, metric }
}

/// The quantity on the horizontal axis.
fn across(curves: &Curves, spec: &FigureSpec) -> Across {
    let values = curves.values(&spec.x);
    match spec.axis() {
        Some(axis) => Across::Axis(axis),
        None if spec.kind != Kind::Bars && values.iter().all(|v| v.parse::<f64>().is_ok_and(f64::is_finite)) => {
            Across::Key(spec.x.clone())
        }
        None => Across::Names(spec.x.clone(), values.into_iter().map(str::to_owned).collect()),
    }
}

#[cfg(test)]
mod tests;
