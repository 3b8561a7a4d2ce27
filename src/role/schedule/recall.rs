//! Calling a client again, now or as soon as it is up.

use super::{Next, Roster, Wake};
use crate::engine::NodeId;

/// Calls `client` if it is available; otherwise asks to be woken with `key` when it may be, after `pause` [s] where the
/// time of its return is not known. A client that never returns, or has no samples, is given up.
pub fn call_or_wait(client: NodeId, key: u64, pause: f64, next: &mut Next, roster: &mut Roster<'_>) {
    if roster.is_available(client, roster.pseudo_round(pause)) {
        let _ = roster.called.insert(client);
        return next.call.push(client);
    }
    if !roster.inquiry.has_work(client) {
        return;
    }
    let after = match roster.next_up(client) {
        Some(time) if time > roster.now => time - roster.now,
        Some(_) => pause,
        None => return,
    };
    next.wake.push(Wake::Timer { after, key });
}
