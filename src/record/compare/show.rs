//! What is shown of the values of several seeds.

use std::{fmt, str::FromStr};

use super::{Column, Entry, Row, Table};
use crate::{
    invalid::Invalid,
    record::{axis::short, sheet::Figure, spread::t_interval},
    statistics::variance,
};

/// What is shown of the values of several seeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Show {
    /// Median, quartiles and ratio to the best of the cell.
    #[default]
    Ratio,
    /// Median and quartiles.
    Quartiles,
    /// Median.
    Median,
    /// Mean and standard deviation.
    Deviation,
    /// Mean and its 95 % interval by Student's t.
    Interval,
    /// Mean.
    Mean,
}

impl Show {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Ratio, Self::Quartiles, Self::Median, Self::Deviation, Self::Interval, Self::Mean];

    /// As it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ratio => "median [q25, q75] ×ratio",
            Self::Quartiles => "median [q25, q75]",
            Self::Median => "median",
            Self::Deviation => "mean±sd",
            Self::Interval => "mean [95%]",
            Self::Mean => "mean",
        }
    }

    /// Whether it is a mean, which is not known where one seed fails.
    fn is_mean(self) -> bool {
        matches!(self, Self::Deviation | Self::Interval | Self::Mean)
    }

    /// What it shows of `entry`, a figure of `row`; a failure in words.
    pub(super) fn figure(self, table: &Table, row: &Row, entry: Option<&Entry>, column: &Column) -> Figure {
        let Some(entry) = entry else { return Figure::plain("–") };
        let values: Vec<f64> = entry.values.iter().map(|(_, value)| *value).collect();
        // Quartiles of clients at work, and estimates, are not of values that are kept here.
        let (low, mean, high) = t_interval(&values).filter(|_| self.is_mean()).unwrap_or([entry.quartiles.median; 3].into());
        let value = if self.is_mean() { mean } else { entry.quartiles.median };
        if !value.is_finite() {
            return Figure::plain(
                entry.beyond.map_or_else(|| table.failure(row), |end| format!("> {}", scaled(end, column.unit))),
            );
        }
        let number = |value: f64| scaled(value, column.unit);
        let figure = Figure { bold: entry.clear, ..Figure::plain(number(value)) };
        match self {
            Self::Ratio | Self::Quartiles | Self::Median => {
                let main = entry.bracketed(column.unit).map_or(figure.main, |low| format!("{low}–{}", number(value)));
                let q = entry.quartiles;
                let spread =
                    (self != Self::Median && q.lower != q.upper).then(|| format!("[{}, {}]", number(q.lower), number(q.upper)));
                let ratio = entry.ratio.filter(|_| self == Self::Ratio).map(|ratio| format!("×{}", short(ratio)));
                Figure { main, spread, ratio, ..figure }
            }
            Self::Deviation if values.len() > 1 => {
                Figure { main: format!("{} ± {}", figure.main, number(variance(&values, mean).sqrt())), ..figure }
            }
            Self::Interval if values.len() > 1 => {
                Figure { spread: Some(format!("[{}, {}]", number(low), number(high))), ..figure }
            }
            _ => figure,
        }
    }
}

impl fmt::Display for Show {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Show {
    type Err = Invalid;

    /// Reads `mean±sd`, with or without spaces, `+-` for `±` and `x` for `×`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let plain = |text: &str| text.to_lowercase().replace("+-", "±").replace('×', "x").replace(char::is_whitespace, "");
        Self::ALL.into_iter().find(|show| plain(show.name()) == plain(text)).ok_or_else(|| {
            let names = Self::ALL.map(|show| format!("`{show}`")).join(", ");
            Invalid::at("show", format!("`{text}` is nothing that can be shown")).help(format!("write one of: {names}"))
        })
    }
}

impl Entry {
    /// The lower end of the median, where samples leave that open by what its digits show.
    pub(super) fn bracketed(&self, unit: f64) -> Option<String> {
        let low = scaled(self.low, unit);
        (low != scaled(self.quartiles.median, unit)).then_some(low)
    }

    /// Mean and standard deviation; `None` where there are no values of runs or one failed, and no deviation of one value.
    pub(super) fn moments(&self) -> (Option<f64>, Option<f64>) {
        let values: Vec<f64> = self.values.iter().map(|(_, value)| *value).collect();
        let mean = t_interval(&values).map(|(_, mean, _)| mean).filter(|mean| mean.is_finite());
        (mean, mean.filter(|_| values.len() > 1).map(|mean| variance(&values, mean).sqrt()))
    }
}

/// A value in base units, in a printed unit.
pub(super) fn scaled(value: f64, unit: f64) -> String {
    if value.is_finite() { short(value / unit) } else { "∞".into() }
}
