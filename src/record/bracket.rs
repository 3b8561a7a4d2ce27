//! A place on an axis that samples leave open.

use super::spread::median;

/// The ends between which a value lies; both are the same where it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bracket {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Bracket {
    /// A value that is known.
    pub fn at(value: f64) -> Self {
        Self { low: value, high: value }
    }

    /// Whether the value is known.
    pub fn is_exact(self) -> bool {
        self.low == self.high
    }

    /// The median of the lower ends and the median of the upper ends; `None` without any.
    pub fn median(brackets: &[Self]) -> Option<Self> {
        let ends = |end: fn(&Self) -> f64| median(&mut brackets.iter().map(end).collect::<Vec<_>>());
        Some(Self { low: ends(|bracket| bracket.low)?, high: ends(|bracket| bracket.high)? })
    }
}
