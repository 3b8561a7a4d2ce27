//! Human units and short numbers for tables and axes.

use super::axis::Axis;

/// A unit that a quantity is shown in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// Its symbol; empty for a plain count.
    pub symbol: &'static str,
    /// How many base units (seconds, bits, ones) it holds.
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
        let (units, patience): (&[Self], f64) = match axis {
            Axis::Seconds => (&TIMES, 20.0),
            Axis::UplinkBits | Axis::DownlinkBits => (&BITS, 1.0),
            Axis::Rounds | Axis::Updates | Axis::Gradients => (&COUNTS, 10.0),
        };
        units.iter().rev().find(|unit| magnitude >= unit.size * patience).copied().unwrap_or(units[0])
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
