//! The axes against which curves are drawn, and the units and numbers of tables and figures.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A quantity that only grows during a run, recorded with every sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Axis {
    /// Rounds, or updates of the server's model where a method has no rounds `[1]`.
    Rounds,
    /// Virtual seconds `[s]`.
    Seconds,
    /// Client updates that the server has accepted, in its model or still in its buffer; finished iterations of peers `[1]`.
    Updates,
    /// Stochastic gradients that were computed, in vain or not: one a local step, two for methods with recursive variance reduction. A
    /// visit that is lost or cancelled counts those computed by then. The metric `gradients-used` counts only those whose results were
    /// used `[1]`.
    Gradients,
    /// Bits sent by clients, counted as a message leaves `[bit]`.
    UplinkBits,
    /// Bits sent to clients, counted as a message arrives or is lost: `t` broadcasts after `t` rounds, without the one that is on its
    /// way for the next `[bit]`.
    DownlinkBits,
}

impl Axis {
    /// Every axis, in the order of the columns of `curves.csv`.
    pub const ALL: [Self; 6] =
        [Self::Rounds, Self::Seconds, Self::Updates, Self::Gradients, Self::UplinkBits, Self::DownlinkBits];

    /// The name in a scenario.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rounds => "rounds",
            Self::Seconds => "seconds",
            Self::Updates => "updates",
            Self::Gradients => "gradients",
            Self::UplinkBits => "uplink-bits",
            Self::DownlinkBits => "downlink-bits",
        }
    }

    /// The column of `curves.csv`.
    pub fn column(self) -> &'static str {
        match self {
            Self::Rounds => "round",
            Self::UplinkBits => "uplink_bits",
            Self::DownlinkBits => "downlink_bits",
            other => other.name(),
        }
    }

    /// The axis that a scenario calls `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|axis| axis.name() == name)
    }

    /// Words for the axis of a figure, without the unit.
    pub fn title(self) -> &'static str {
        match self {
            Self::Rounds => "rounds",
            Self::Seconds => "virtual time",
            Self::Updates => "client updates",
            Self::Gradients => "gradients",
            Self::UplinkBits => "uplink",
            Self::DownlinkBits => "downlink",
        }
    }

    /// Position among the axis columns.
    pub fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A unit that a quantity is shown in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// Its symbol; empty for a plain count.
    pub symbol: &'static str,
    /// Number of base units (seconds, bits, ones) in one of these.
    pub size: f64,
}

const ONE: Unit = Unit { symbol: "", size: 1.0 };
const TIMES: [Unit; 4] = [
    Unit { symbol: "s", size: 1.0 },
    Unit { symbol: "min", size: 60.0 },
    Unit { symbol: "h", size: 3600.0 },
    Unit { symbol: "d", size: 86_400.0 },
];
const BITS: [Unit; 5] = [
    Unit { symbol: "bit", size: 1.0 },
    Unit { symbol: "kbit", size: 1e3 },
    Unit { symbol: "Mbit", size: 1e6 },
    Unit { symbol: "Gbit", size: 1e9 },
    Unit { symbol: "Tbit", size: 1e12 },
];
const COUNTS: [Unit; 4] =
    [ONE, Unit { symbol: "10³", size: 1e3 }, Unit { symbol: "10⁶", size: 1e6 }, Unit { symbol: "10⁹", size: 1e9 }];

impl Unit {
    /// The unit in which a quantity on `axis` of about `magnitude` (in base units) reads best.
    ///
    /// Times keep the smaller unit up to twenty or so of the next one, counts keep plain numbers below ten thousand.
    pub fn fitting(axis: Axis, magnitude: f64) -> Self {
        let (units, patience) = Self::family(axis);
        units.iter().rev().find(|unit| magnitude >= unit.size * patience).copied().unwrap_or(units[0])
    }

    /// The unit for quantities from `least` to `greatest` (in base units): the one that fits the least, or the next in which
    /// the greatest has at most four digits before the point.
    pub fn spanning(axis: Axis, least: f64, greatest: f64) -> Self {
        let (units, _) = Self::family(axis);
        let fitting = Self::fitting(axis, least);
        let larger = units.iter().filter(|unit| unit.size >= fitting.size);
        // 9999.5 would be rounded to five digits.
        larger.copied().find(|unit| greatest < 9_999.5 * unit.size).unwrap_or(units[units.len() - 1])
    }

    /// The units of `axis`, and how many of one are needed to be worth it.
    fn family(axis: Axis) -> (&'static [Self], f64) {
        match axis {
            Axis::Seconds => (&TIMES, 20.0),
            Axis::UplinkBits | Axis::DownlinkBits => (&BITS, 1.0),
            Axis::Rounds | Axis::Updates | Axis::Gradients => (&COUNTS, 10.0),
        }
    }

    /// `name [unit]`, or the name alone for a plain count.
    pub fn label(&self, name: &str) -> String {
        if self.symbol.is_empty() { name.to_owned() } else { format!("{name} [{}]", self.symbol) }
    }
}

/// A number with three significant digits: `41.2`, `0.0123`, `1.20e-5`.
pub fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { value.to_string() };
    }
    let rounded = format!("{value:.2e}");
    let exponent: i32 = rounded.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    match exponent {
        -3..=5 => format!("{value:.*}", usize::try_from(2 - exponent).unwrap_or(0)),
        _ => rounded,
    }
}

/// A number that someone chose, with all its digits: `0.8`, `0.001`, `1e-6`.
pub fn exact(value: f64) -> String {
    let plain = value == 0.0 || (1e-4..1e7).contains(&value.abs());
    if plain { value.to_string() } else { format!("{value:e}") }
}

/// The shortest decimal that reads back as the same number.
pub(crate) fn shortest(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (41.23, "41.2"),
            (0.012_345, "0.0123"),
            (9.999, "10.0"),
            (123_456.0, "123456"),
            (1.2e7, "1.20e7"),
            (-0.5, "-0.500"),
            (1.2e-5, "1.20e-5"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn chosen_numbers_keep_all_their_digits() {
        for (value, text) in [
            (0.8, "0.8"),
            (0.001, "0.001"),
            (1e-6, "1e-6"),
            (2.5e-7, "2.5e-7"),
            (-12_345.5, "-12345.5"),
            (0.0, "0"),
            (3e9, "3e9"),
        ] {
            assert_eq!(exact(value), text);
        }
    }

    #[test]
    fn units_leave_four_digits_before_the_point() {
        for (axis, least, greatest, symbol) in [
            (Axis::UplinkBits, 48.7e6, 1.9e9, "Mbit"),
            (Axis::UplinkBits, 48.7e6, 11_891e6, "Gbit"),
            (Axis::Seconds, 90.0, 9_999.0, "s"),
            (Axis::Seconds, 90.0, 9_999.9, "min"),
            (Axis::Seconds, 90.0, 1e6, "h"),
            (Axis::Gradients, 1740.0, 59_170.0, "10³"),
            (Axis::Rounds, 1.0, 1e30, "10⁹"),
        ] {
            assert_eq!(Unit::spanning(axis, least, greatest).symbol, symbol, "{axis} {least} {greatest}");
        }
    }

    #[test]
    fn units_fit_the_magnitude() {
        for (axis, magnitude, symbol) in [
            (Axis::Seconds, 600.0, "s"),
            (Axis::Seconds, 2e3, "min"),
            (Axis::Seconds, 1e5, "h"),
            (Axis::UplinkBits, 3e6, "Mbit"),
            (Axis::DownlinkBits, 12.0, "bit"),
            (Axis::Rounds, 500.0, ""),
            (Axis::Gradients, 5e6, "10³"),
            (Axis::UplinkBits, 0.0, "bit"),
        ] {
            assert_eq!(Unit::fitting(axis, magnitude).symbol, symbol, "{axis} {magnitude}");
        }
        assert_eq!(Unit::fitting(Axis::Seconds, 1.0).label("virtual time"), "virtual time [s]");
    }
}
