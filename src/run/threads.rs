//! Runs on threads.

use std::{
    panic,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

use super::error::RunError;

/// Whether so many runs come one after the other, each on all threads of the current pool: where there are few. Many take a thread
/// each.
pub(super) fn shares_threads(runs: usize) -> bool {
    runs < 2 * rayon::current_num_threads()
}

/// The number of runs that go on at a time, of so many.
pub(super) fn together(runs: usize) -> usize {
    if shares_threads(runs) { 1 } else { rayon::current_num_threads() }
}

/// Maps `runs` on `threads` threads, each with its own rayon pool.
///
/// In a common pool, a thread that waits for the parts of a world or an optimum that it builds could be handed another run,
/// which waits for the same.
pub(super) fn one_a_thread<W: Sync, T: Send>(
    runs: &[W],
    threads: usize,
    one: impl Fn(&W) -> Result<T, RunError> + Sync,
) -> Result<Vec<T>, RunError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        pool.install(|| {
            let claim = || Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&at| at < runs.len());
            std::iter::from_fn(claim).map(|at| Ok((at, one(&runs[at])?))).collect::<Result<Vec<_>, RunError>>()
        })
    };
    let parts: Vec<Result<Vec<(usize, T)>, RunError>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic))).collect()
    });
    let mut done = parts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect::<Vec<_>>();
    done.sort_unstable_by_key(|&(at, _)| at);
    Ok(done.into_iter().map(|(_, outcome)| outcome).collect())
}

/// This moment.
#[allow(clippy::disallowed_methods)]
pub(super) fn now() -> Instant {
    Instant::now()
}
