//! The second largest modulus of the eigenvalues of mixing weights.

use faer::{Mat, Side};

use super::Topology;
use crate::network::Graph;

/// Dense decompositions up to this many nodes.
const DENSE: usize = 600;
/// Lanczos vectors stop growing at this many numbers.
const MEMORY: usize = 40_000_000;
/// Error of an eigenvalue at which the Lanczos iteration stops.
const TOLERANCE: f64 = 1e-9;

/// `max(|λ₂|, |λₙ|)`; `None` where it was not determined.
pub(super) fn second_modulus(topology: &Topology) -> Option<f64> {
    match topology.graph() {
        Graph::Complete(nodes) => Some(if *nodes > 1 { topology.own_weight(0) - topology.weight(0, 1) } else { 0.0 }),
        graph if graph.nodes() <= 1 => Some(0.0),
        graph if is_circulant(graph) => Some(circulant(topology)),
        graph if graph.is_directed() => None,
        graph if graph.nodes() <= DENSE => dense(topology),
        _ => lanczos(topology),
    }
}

/// By a dense decomposition of an undirected topology.
pub(super) fn dense(topology: &Topology) -> Option<f64> {
    Symmetric::new(topology).dense()
}

/// By Lanczos iteration on an undirected topology.
pub(super) fn lanczos(topology: &Topology) -> Option<f64> {
    Symmetric::new(topology).lanczos()
}

/// Whether every node sends to the same offsets.
fn is_circulant(graph: &Graph) -> bool {
    let nodes = graph.nodes();
    let offsets = |node: usize| {
        let mut offsets: Vec<usize> = graph.neighbours(node).map(|other| (other + nodes - node) % nodes).collect();
        offsets.sort_unstable();
        offsets
    };
    let first = offsets(0);
    (1..nodes).all(|node| graph.degree(node) == first.len() && offsets(node) == first)
}

/// Eigenvalues of circulant weights are the Fourier transform of a row.
fn circulant(topology: &Topology) -> f64 {
    let nodes = topology.nodes();
    let modulus = |frequency: usize| {
        let (mut re, mut im) = (topology.own_weight(0), 0.0);
        for (offset, weight) in topology.row(0) {
            // The product is reduced before it is scaled, so large graphs lose no digits.
            let angle = 2.0 * std::f64::consts::PI * ((frequency * offset) % nodes) as f64 / nodes as f64;
            re += weight * angle.cos();
            im += weight * angle.sin();
        }
        re.hypot(im)
    };
    (1..=nodes / 2).map(modulus).fold(0.0, f64::max)
}

/// `S − v vᵀ` with `S_ij = √(W_ij W_ji)`, which has the eigenvalues of `W`, and `v` its eigenvector for the eigenvalue 1.
struct Symmetric<'a> {
    topology: &'a Topology,
    top: Vec<f64>,
}

impl<'a> Symmetric<'a> {
    fn new(topology: &'a Topology) -> Self {
        let mut top: Vec<f64> = (0..topology.nodes()).map(|node| topology.influence(node).sqrt()).collect();
        normalise(&mut top);
        Self { topology, top }
    }

    fn entry(&self, i: usize, j: usize) -> f64 {
        (self.topology.weight(i, j) * self.topology.weight(j, i)).sqrt()
    }

    fn dense(&self) -> Option<f64> {
        let nodes = self.topology.nodes();
        let mut matrix = Mat::from_fn(nodes, nodes, |i, j| -self.top[i] * self.top[j]);
        for i in 0..nodes {
            matrix[(i, i)] += self.topology.own_weight(i);
            self.topology.graph().senders(i).for_each(|j| matrix[(i, j)] += self.entry(i, j));
        }
        let values = matrix.self_adjoint_eigenvalues(Side::Lower).ok()?;
        Some(values.first()?.abs().max(values.last()?.abs()))
    }

    fn apply(&self, x: &[f64], y: &mut [f64]) {
        let along = dot(&self.top, x);
        for (i, y) in y.iter_mut().enumerate() {
            let mixed: f64 = self.topology.graph().senders(i).map(|j| self.entry(i, j) * x[j]).sum();
            *y = self.topology.own_weight(i) * x[i] + mixed - along * self.top[i];
        }
    }

    /// Lanczos iteration with full orthogonalisation (Golub and Van Loan, Matrix Computations, 10.3).
    fn lanczos(&self) -> Option<f64> {
        let nodes = self.topology.nodes();
        let steps = (MEMORY / nodes).clamp(40, DENSE);
        let mut start: Vec<f64> =
            (0..nodes as u64).map(|node| crate::random::mix(node + 1) as f64 / u64::MAX as f64 - 0.5).collect();
        normalise(&mut start);
        let (mut basis, mut diagonal, mut beside) = (vec![start], Vec::new(), Vec::new());
        for step in 0..steps {
            let mut next = vec![0.0; nodes];
            self.apply(&basis[step], &mut next);
            diagonal.push(dot(&basis[step], &next));
            // Twice is enough.
            for _ in 0..2 {
                for vector in &basis {
                    subtract(dot(vector, &next), vector, &mut next);
                }
            }
            let length = dot(&next, &next).sqrt();
            if step % 20 == 19 || length < TOLERANCE {
                let (modulus, error) = ritz(&diagonal, &beside, length)?;
                if error < TOLERANCE {
                    return Some(modulus);
                }
            }
            beside.push(length);
            next.iter_mut().for_each(|value| *value /= length);
            basis.push(next);
        }
        None
    }
}

/// The largest modulus of the eigenvalues of a tridiagonal matrix, and a bound of its error as an eigenvalue of the operator.
fn ritz(diagonal: &[f64], beside: &[f64], residual: f64) -> Option<(f64, f64)> {
    let size = diagonal.len();
    let matrix = Mat::from_fn(size, size, |i, j| match i.abs_diff(j) {
        0 => diagonal[i],
        1 => beside[i.min(j)],
        _ => 0.0,
    });
    let decomposition = matrix.self_adjoint_eigen(Side::Lower).ok()?;
    let values = decomposition.S().column_vector();
    let best = if values[0].abs() > values[size - 1].abs() { 0 } else { size - 1 };
    Some((values[best].abs(), residual * decomposition.U()[(size - 1, best)].abs()))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    crate::num::vector::dot(a, b)
}

/// `y ← y − a x`.
fn subtract(a: f64, x: &[f64], y: &mut [f64]) {
    crate::num::vector::axpy(-a, x, y);
}

fn normalise(x: &mut [f64]) {
    let length = dot(x, x).sqrt();
    crate::num::vector::scale(length.recip(), x);
}
