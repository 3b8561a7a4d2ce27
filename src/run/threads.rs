//! How runs share threads.

/// Whether so many runs come one after the other, each on all threads of the current pool: where there are few. Many take a thread
/// each.
pub(super) fn shares_threads(runs: usize) -> bool {
    runs < 2 * rayon::current_num_threads()
}

/// How many of so many runs go on at a time.
pub(super) fn together(runs: usize) -> usize {
    if shares_threads(runs) { 1 } else { rayon::current_num_threads() }
}
