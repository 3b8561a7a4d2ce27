//! The wall clock. Nothing that reaches a result depends on it.

use std::time::Instant;

/// This moment.
#[allow(clippy::disallowed_methods)]
pub(super) fn now() -> Instant {
    Instant::now()
}
