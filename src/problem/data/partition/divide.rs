//! Numbers of samples per client, and label skew.

use rand::{RngExt, seq::SliceRandom};
use rand_distr::{Distribution, Open01, StandardNormal};

use super::ShareLaw;
use crate::{
    invalid::Invalid,
    num::Real,
    problem::data::Targets,
    random::{self, Rng, exponentials},
};

/// Sizes that differ by at most one, the larger ones first.
pub fn equal(rows: usize, clients: usize) -> Vec<usize> {
    (0..clients).map(|client| rows / clients + usize::from(client < rows % clients)).collect()
}

/// Sizes proportional to `weights` that sum to `rows`: cumulated shares, rounded.
pub fn apportion(weights: &[f64], rows: usize) -> Vec<usize> {
    let total: f64 = weights.iter().sum();
    let (mut sum, mut start) = (0.0, 0);
    let mut sizes: Vec<usize> = weights
        .iter()
        .map(|weight| {
            sum += weight;
            let end = ((sum / total * rows as f64).round() as usize).clamp(start, rows);
            let size = end - start;
            start = end;
            size
        })
        .collect();
    // The last cumulated share is 1 up to rounding, or not a number where all weights are 0.
    if let Some(last) = sizes.last_mut() {
        *last += rows - start;
    }
    sizes
}

/// Cuts `order` into pieces of these sizes.
pub fn chunks(order: &[usize], sizes: &[usize]) -> Vec<Vec<usize>> {
    let mut rest = order;
    let cut = |&size: &usize| {
        let (piece, others) = rest.split_at(size);
        rest = others;
        piece.to_vec()
    };
    sizes.iter().map(cut).collect()
}

/// Draws the clients' shares, up to a factor.
pub fn weights(law: &ShareLaw, clients: usize, rng: &mut Rng) -> Vec<f64> {
    match *law {
        ShareLaw::Dirichlet { alpha } => dirichlet(alpha, clients, rng),
        ShareLaw::Lognormal { sigma } => {
            exponentials((0..clients).map(|_| sigma * Distribution::<f64>::sample(&StandardNormal, rng)).collect())
        }
    }
}

/// Draws from `Dir(α 1)`, shape `[count]`.
pub fn dirichlet(alpha: f64, count: usize, rng: &mut Rng) -> Vec<f64> {
    random::dirichlet(alpha, count, &Open01.map(|uniform: f64| -uniform.ln()), rng)
}

/// The rows of each class, in order.
pub fn members(labels: &[u32], count: usize) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); count];
    for (row, &label) in labels.iter().enumerate() {
        members[label as usize].push(row);
    }
    members
}

/// Divides each class at random, in proportions of its own Dirichlet draw over the clients.
pub fn by_class(members: Vec<Vec<usize>>, alpha: f64, clients: usize, rng: &mut Rng) -> Vec<Vec<usize>> {
    let mut parts = vec![Vec::new(); clients];
    for mut rows in members {
        rows.shuffle(rng);
        let sizes = apportion(&dirichlet(alpha, clients, rng), rows.len());
        join(&mut parts, &rows, &sizes);
    }
    parts
}

/// Divides each class in contiguous pieces proportional to the clients' mixes.
pub fn by_client(members: &[Vec<usize>], alpha: f64, clients: usize, rng: &mut Rng) -> Vec<Vec<usize>> {
    let mixes: Vec<Vec<f64>> = (0..clients).map(|_| dirichlet(alpha, members.len(), rng)).collect();
    let mut parts = vec![Vec::new(); clients];
    for (class, rows) in members.iter().enumerate() {
        let weights: Vec<f64> = mixes.iter().map(|mix| mix[class]).collect();
        join(&mut parts, rows, &apportion(&weights, rows.len()));
    }
    parts
}

/// Fills each client's equal share from its own mix; classes that have run out drop out of all mixes.
pub fn equal_size(mut members: Vec<Vec<usize>>, alpha: f64, clients: usize, rng: &mut Rng) -> Vec<Vec<usize>> {
    members.iter_mut().for_each(|rows| rows.shuffle(rng));
    let total = members.iter().map(Vec::len).sum();
    let fill = |size: usize| {
        let mix = dirichlet(alpha, members.len(), rng);
        let mut next = || {
            let class = pick(&mix, &members, rng)?;
            members[class].pop()
        };
        (0..size).map_while(|_| next()).collect()
    };
    equal(total, clients).into_iter().map(fill).collect()
}

/// Draws a class that has samples left: by `mix`, or by what is left where the mix has no weight on any of them.
fn pick(mix: &[f64], members: &[Vec<usize>], rng: &mut Rng) -> Option<usize> {
    let open = |class: &usize| !members[*class].is_empty();
    let mass: f64 = (0..mix.len()).filter(open).map(|class| mix[class]).sum();
    let weight = |class: usize| if mass > 0.0 { mix[class] / mass } else { members[class].len() as f64 };
    let mut left = rng.random::<f64>() * (0..mix.len()).filter(open).map(weight).sum::<f64>();
    let hit = (0..mix.len()).filter(open).find(|&class| {
        left -= weight(class);
        left < 0.0
    });
    hit.or_else(|| (0..mix.len()).rfind(|class| open(class) && weight(*class) > 0.0))
}

/// Cuts the rows, sorted by target, into `per_client · clients` pieces and deals them out at random.
///
/// # Errors
/// [`Invalid`] when there are more pieces than samples.
pub fn shards<R: Real>(
    targets: &Targets<R>,
    per_client: usize,
    clients: usize,
    rng: &mut Rng,
) -> Result<Vec<Vec<usize>>, Invalid> {
    let mut order: Vec<usize> = match targets {
        Targets::Classes { labels, .. } => (0..labels.len()).collect(),
        Targets::Values(values) => (0..values.len()).collect(),
    };
    match targets {
        Targets::Classes { labels, .. } => order.sort_by_key(|&row| labels[row]),
        Targets::Values(values) => order.sort_by(|&a, &b| values[a].f64().total_cmp(&values[b].f64())),
    }
    let pieces = per_client.saturating_mul(clients);
    if pieces > order.len() {
        let message = format!("{clients} clients with {per_client} shards each need {pieces} samples: there are {}", order.len());
        return Err(Invalid::at("shards.per-client", message).help("lower `per-client` or the number of clients"));
    }
    let mut pieces = chunks(&order, &equal(order.len(), pieces));
    pieces.shuffle(rng);
    Ok(pieces.chunks(per_client).map(<[_]>::concat).collect())
}

fn join(parts: &mut [Vec<usize>], rows: &[usize], sizes: &[usize]) {
    for (part, piece) in parts.iter_mut().zip(chunks(rows, sizes)) {
        part.extend(piece);
    }
}
