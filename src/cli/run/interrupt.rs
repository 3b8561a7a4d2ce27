//! Ctrl-C and requests to terminate: the runs are saved before the program ends.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Exit code of a call that was interrupted, as shells report it.
pub const INTERRUPTED: u8 = 130;

/// A flag that the first signal sets; the second one ends the program at once.
///
/// # Errors
/// When signals cannot be caught.
pub fn caught() -> Result<Arc<AtomicBool>, ctrlc::Error> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
    })?;
    Ok(flag)
}
