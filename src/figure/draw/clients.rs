//! Figures over clients, from `clients.csv` and `reliability.csv`: distributions of a score as cumulative shares or boxes, scores against
//! numbers of samples, and how often predictions are right that are so sure.
//!
//! The clients of all seeds are shown together, as they are at the latest instant of each run.

mod boxes;
mod data;
mod frame;
mod lines;

use std::path::Path;

use data::{Shown, bins, shown};
use frame::Frame;

use super::{FigureError, Group, export::Drawing, groups, looks};
use crate::{
    figure::spec::{FigureSpec, Kind},
    invalid::Invalid,
    record::{
        clients::table::{self, BinRow, Clients},
        curves::{Cell, Curves},
    },
};

/// The tables that a figure over clients is drawn from.
struct Tables {
    clients: Clients,
    bins: Vec<BinRow>,
}

/// A panel with its heading and what it shows of each method and model.
struct Panel {
    heading: Option<String>,
    shown: Vec<Shown>,
}

/// Draws the figures that `spec` stands for, with the names of their files.
///
/// # Errors
/// [`FigureError::Invalid`] where the tables cannot be read or do not hold what the figure names; [`FigureError::Drawing`].
pub(super) fn draw(results: &Path, curves: &Curves, spec: &FigureSpec) -> Result<Vec<(String, Drawing)>, FigureError> {
    let labels: Vec<String> = curves.methods().into_iter().map(str::to_owned).collect();
    let clients = table::read(&results.join(table::CLIENTS))?;
    spec.validate_clients(&labels, &clients.scores, &curves.keys)?;
    let bins = if spec.kind == Kind::Reliability { table::read_bins(&results.join(table::RELIABILITY))? } else { Vec::new() };
    let (tables, methods) = (Tables { clients, bins }, looks(&labels, &spec.methods));
    let groups = groups(curves, spec);
    if groups.is_empty() {
        return Err(Invalid::at("where", "no recorded cell has these values").into());
    }
    let figure = |Group { stem, title, cells }: Group<'_>| {
        let panels = panels(&tables, curves, spec, (&cells, &methods))?;
        Ok((stem, Frame::new(spec, title, &panels)?.draw(&panels)?))
    };
    groups.into_iter().map(figure).collect()
}

/// The panels of a figure over `cells`, one for each value of the panel's key.
fn panels(
    tables: &Tables,
    curves: &Curves,
    spec: &FigureSpec,
    (cells, methods): (&[&Cell], &[(usize, &str)]),
) -> Result<Vec<Panel>, Invalid> {
    let facet = spec.facet.as_deref();
    let is_here = |value: &&str| cells.iter().any(|cell| facet.and_then(|key| cell.get(key)) == Some(*value));
    let values: Vec<&str> = facet.map_or_else(Vec::new, |key| curves.values(key)).into_iter().filter(is_here).collect();
    let of = |value: Option<&str>| -> Result<Panel, Invalid> {
        let cells: Vec<&Cell> =
            cells.iter().copied().filter(|cell| value.is_none() || facet.and_then(|key| cell.get(key)) == value).collect();
        let heading = facet.zip(value).map(|(key, value)| format!("{} = {value}", key.rsplit('.').next().unwrap_or(key)));
        let shown = match spec.kind {
            Kind::Reliability => bins(&tables.bins, spec, (&cells, values.len() < 2), methods),
            _ => shown(&tables.clients, spec, &cells, methods),
        };
        if shown.iter().all(|shown| shown.points.is_empty()) {
            return Err(Invalid::at("", "no client has what the figure shows").help("see `clients.csv` for what was recorded"));
        }
        Ok(Panel { heading, shown })
    };
    if values.is_empty() {
        return Ok(vec![of(None)?]);
    }
    values.iter().map(|value| of(Some(value))).collect()
}
