//! Calling a client again, now or as soon as it is up.

use super::{Clients, Orders, Wake};
use crate::engine::NodeId;

/// Calls `client` if it is available; otherwise asks to be woken with `key` when it may be, after `pause` [s] where the
/// time of its return is not known. A client that never returns, or has no samples, is given up.
pub fn call_or_wait(client: NodeId, key: u64, pause: f64, orders: &mut Orders, clients: &mut Clients<'_>) {
    if clients.is_available(client, clients.pseudo_round(pause)) {
        let _ = clients.called.insert(client);
        return orders.call.push(client);
    }
    if !clients.inquiry.has_work(client) {
        return;
    }
    let after = match clients.next_up(client) {
        Some(time) if time > clients.now => time - clients.now,
        Some(_) => pause,
        None => return,
    };
    orders.wake.push(Wake::Timer { after, key });
}
