//! Metrics as records describe them: `metrics.csv` beside `curves.csv`.

use std::{
    io::{self, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{BUILTIN, Better, Column, MetricSpec, Part, ScaleKind, named};
use crate::{
    file::{File, start},
    invalid::Invalid,
    record::table,
};

/// The name of the table among results.
pub const TABLE: &str = "metrics.csv";

/// A recorded metric, as a row of `metrics.csv` describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// Its name in scenarios and figures.
    pub name: String,
    /// Words for figures and tables.
    pub title: String,
    /// Unit of its values; empty for plain numbers.
    pub unit: String,
    /// The direction in which values are better.
    pub better: Better,
    /// The scale of a figure's axis, and of what lies between two samples.
    pub scale: ScaleKind,
}

impl Measure {
    /// The metric `name` of records that do not describe it: as fedfleet's own metric of that name, or else one that falls.
    pub fn named(name: &str) -> Self {
        let of = |metric: MetricSpec| match name.strip_prefix(metric.name())?.strip_prefix('-') {
            None => (name == metric.name()).then_some(Column { metric, part: None }),
            Some(layer) if metric.is_by_layer() => {
                Some(Column { metric, part: Some(Part::Layer(layer.parse::<usize>().ok()?.checked_sub(1)?)) })
            }
            Some(_) => None,
        };
        if let Some(column) = BUILTIN.iter().copied().chain(named(name)).find_map(of) {
            return Self::from(column);
        }
        Self {
            name: name.to_owned(),
            title: name.replace('-', " "),
            unit: String::new(),
            better: Better::Lower,
            scale: ScaleKind::Linear,
        }
    }

    /// The title with its unit: `energy [J]`.
    pub fn label(&self) -> String {
        if self.unit.is_empty() { self.title.clone() } else { format!("{} [{}]", self.title, self.unit) }
    }
}

impl From<Column> for Measure {
    fn from(column: Column) -> Self {
        let card = column.metric.card();
        let part = match column.part {
            None => String::new(),
            Some(Part::Layer(layer)) => format!(" of layer {}", layer + 1),
            Some(Part::Share(_, share)) => format!(", share {share}"),
        };
        Self {
            name: column.name(),
            title: card.title.to_owned() + &part,
            unit: card.unit.to_owned(),
            better: card.better,
            scale: card.scale,
        }
    }
}

/// Writes `metrics.csv`: name, title, unit, better, scale of each of `columns`.
///
/// # Errors
/// What `out` reports.
pub fn write(columns: &[Column], out: &mut dyn Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    columns.iter().try_for_each(|&column| csv.serialize(Measure::from(column)))?;
    csv.flush()
}

/// Reads what [`write`] writes; nothing where there is no such file, as beside results of an earlier version.
///
/// # Errors
/// [`Invalid`] in the file where it cannot be read or is no such table.
pub fn read(path: &Path) -> Result<Vec<Measure>, Invalid> {
    let Some(bytes) = table::bytes_if_any(path, "the description of the metrics")? else { return Ok(Vec::new()) };
    let file = File::in_memory(path, &bytes)?;
    let unreadable = |error: csv::Error| file.fault_at_record(start(error.position()), error.to_string());
    csv::Reader::from_reader(file.text()?.as_bytes()).into_deserialize().collect::<csv::Result<_>>().map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_without_a_description_know_the_metrics_that_fedfleet_ships() {
        for (name, label, better, scale) in [
            ("grad-norm", "gradient norm", Better::Lower, ScaleKind::Log),
            ("accuracy", "test accuracy", Better::Higher, ScaleKind::Linear),
            ("accuracy-clients", "test accuracy, mean over clients", Better::Higher, ScaleKind::Linear),
            ("energy", "energy [J]", Better::Lower, ScaleKind::Linear),
            ("layer-variance-2", "weight variance of layer 2", Better::Lower, ScaleKind::Log),
            ("client-auc-jain", "AUC, Jain's index over clients", Better::Higher, ScaleKind::Linear),
            ("loss-2", "loss 2", Better::Lower, ScaleKind::Linear),
        ] {
            let measure = Measure::named(name);
            assert_eq!((measure.label().as_str(), measure.better, measure.scale), (label, better, scale), "{name}");
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_other_tables_are_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(TABLE);
        assert_eq!(read(&path), Ok(Vec::new()));
        let columns: Vec<Column> = BUILTIN.iter().copied().flat_map(|metric| Column::of(metric, 2, &[])).collect();
        let mut text = Vec::new();
        write(&columns, &mut text).unwrap();
        std::fs::write(&path, text).unwrap();
        assert_eq!(read(&path).unwrap(), columns.into_iter().map(Measure::from).collect::<Vec<_>>());
        std::fs::write(&path, "name,title,unit,better,scale\na,b,,sideways,log\n").unwrap();
        assert!(read(&path).unwrap_err().to_string().contains("sideways"));
    }

    #[test]
    fn a_value_that_is_not_a_number_never_wins() {
        assert_eq!((Better::Lower.choose(f64::NAN, 2.0), Better::Higher.choose(2.0, f64::NAN)), (2.0, 2.0));
        assert_eq!((Better::Lower.choose(1.0, 2.0), Better::Higher.choose(1.0, 2.0)), (1.0, 2.0));
        assert!(Better::Lower.reached(1.0, 1.0) && !Better::Higher.reached(0.9, 1.0) && !Better::Neither.reached(0.9, 1.0));
    }
}
