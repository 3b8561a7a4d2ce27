//! A request to leave a run, which long computations look at.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a run is to be left. What has been computed since is thrown away, so a computation may stop anywhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct Interrupt<'a>(Option<&'a AtomicBool>);

impl<'a> Interrupt<'a> {
    /// A request that is made once `flag` is set.
    pub fn by(flag: &'a AtomicBool) -> Self {
        Self(Some(flag))
    }

    /// Whether the run is to be left.
    pub fn is_set(self) -> bool {
        self.0.is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// The numbers of so many local steps, from 0 on; no further ones once the run is to be left.
    pub fn steps(self, steps: usize) -> impl Iterator<Item = usize> {
        (0..steps).take_while(move |_| !self.is_set())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_end_once_the_run_is_to_be_left() {
        let flag = AtomicBool::new(false);
        assert!(Interrupt::default().steps(5).eq(0..5));
        let mut steps = Interrupt::by(&flag).steps(5);
        assert_eq!((steps.next(), steps.next()), (Some(0), Some(1)));
        flag.store(true, Ordering::Relaxed);
        assert_eq!(steps.next(), None);
    }
}
