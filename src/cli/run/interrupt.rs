//! Ctrl-C and requests to terminate: the runs are saved before the program ends.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Exit code of a call that was interrupted, as shells report it.
pub const INTERRUPTED: u8 = 130;

/// Signals that ask to leave: the second may be one of impatience, or that of a terminal beside that of a scheduler.
const ASKING: usize = 2;

/// A flag that the first signal sets; the third one ends the program at once.
///
/// # Errors
/// When signals cannot be caught.
pub fn caught() -> Result<Arc<AtomicBool>, ctrlc::Error> {
    let flag = Arc::new(AtomicBool::new(false));
    let (set, signals) = (Arc::clone(&flag), AtomicUsize::new(0));
    ctrlc::set_handler(move || {
        set.store(true, Ordering::Relaxed);
        if signals.fetch_add(1, Ordering::Relaxed) >= ASKING {
            std::process::exit(INTERRUPTED.into());
        }
    })?;
    Ok(flag)
}
