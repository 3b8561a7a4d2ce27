//! Questions that rounding must not decide: whether two instants are one, and which whole number a quotient reaches.
//!
//! Sums of durations round: three steps of 0.1 s end just after 0.3 s. Decisions by the clock use the end of the instant.

/// Instants, and quotients, that lie apart by no more than this share of themselves are the same [1].
pub const TOLERANCE: f64 = 1e-9;

/// The longest instant [s], however late it is: what a scenario tells apart must not melt together as the clock goes on.
const LONGEST: f64 = 1e-6;

/// Steps between neighbouring numbers that a few sums of times may be off by; from 10⁹ s on they are longer than [`LONGEST`].
const ROUNDED: f64 = 8.0;

/// The latest time that is still the instant `time` [s].
#[inline]
pub fn end_of_instant(time: f64) -> f64 {
    let rounded = ROUNDED * f64::EPSILON * time;
    time + (TOLERANCE * time).min(LONGEST).max(rounded)
}

/// The whole number at or below `x`.
#[inline]
pub fn floor(x: f64) -> f64 {
    whole(x).unwrap_or(x.floor())
}

/// The whole number at or above `x`.
#[inline]
pub fn ceil(x: f64) -> f64 {
    whole(x).unwrap_or(x.ceil())
}

/// The whole number that `x` is but for rounding.
#[inline]
fn whole(x: f64) -> Option<f64> {
    Some(x.round()).filter(|nearest| (x - nearest).abs() <= TOLERANCE * x.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_steps_of_a_tenth_end_at_three_tenths() {
        let end = 0.1 + 0.1 + 0.1;
        assert!(end > 0.3 && end <= end_of_instant(0.3) && 0.300_001 > end_of_instant(0.3));
    }

    #[test]
    fn instants_do_not_grow_with_the_clock() {
        assert!(end_of_instant(1e7) < 1e7 + 1e-5, "a deadline of 2 ms is over after 3 ms");
        for time in [1e7, 1e12, 1e15] {
            let end = [0.1, 0.7, 0.2].iter().fold(time, |time, part| time + part);
            assert!(end <= end_of_instant(time + 1.0) && time + 1.0 <= end_of_instant(end), "{time} s: sums of times round");
        }
        assert_eq!(end_of_instant(f64::INFINITY), f64::INFINITY);
    }

    #[test]
    fn quotients_reach_the_whole_number_that_they_are() {
        assert_eq!((ceil(100.0 * 1.1), ceil(10.01), ceil(1e-12)), (110.0, 11.0, 1.0));
        assert_eq!((floor(0.3 / 0.1), floor(2.99), floor(7.0), floor(0.0)), (3.0, 2.0, 7.0, 0.0));
    }
}
