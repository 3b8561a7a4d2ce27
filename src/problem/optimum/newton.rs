//! Truncated Newton: conjugate gradients on exact Hessian products, or on differences of gradients where there are none.

use super::{OptimumError, TOLERANCE};
use crate::{
    num::vector::{axpy, distance2, dot, norm2, scale},
    problem::{Objective, Optimum, Workspace, evaluate},
};

/// Newton steps allowed; a handful is usual.
const STEPS: usize = 200;

/// Products allowed in one Newton step.
const PRODUCTS: usize = 2000;

/// Newton steps without a smaller gradient after which rounding is taken to be the floor.
const PATIENCE: usize = 4;

/// At a minimiser Newton steps become a smaller part of the iterate than this, or shrink the gradient more than this.
const RECEDING: (f64, f64) = (1e-2, 0.1);

/// Minimises from zero.
///
/// # Errors
/// [`OptimumError`] where the gradient norm cannot be brought to the tolerance, or vanishes at infinity only.
pub fn minimise(objective: &dyn Objective<f64>) -> Result<Optimum, OptimumError> {
    let dim = objective.dim();
    let mut at = Point::new(objective, vec![0.0; dim]);
    let start = at.norm;
    let mut best = at.clone();
    let (mut stalled, mut memory, mut receding) = (0, Memory::default(), false);
    for step in 0..STEPS {
        if best.norm <= TOLERANCE {
            if receding {
                return Err(OptimumError::NoMinimiser { distance: norm2(&best.x).sqrt() });
            }
            return Ok(Optimum { x: best.x, value: best.value, gradient_norm: best.norm });
        }
        if stalled >= PATIENCE {
            let reason = "rounding in the gradient does not let it go lower";
            return Err(OptimumError::Inexact { achieved: best.norm, iterations: step, reason });
        }
        let forcing = (at.norm / start).sqrt().min(0.1);
        let direction = conjugate_gradients(objective, &at, forcing * at.norm, &mut memory);
        let next = search(objective, &at, &direction);
        receding = recedes(&at, &next);
        at = next;
        if at.norm < best.norm {
            stalled = 0;
            best = at.clone();
        } else {
            stalled += 1;
        }
    }
    Err(OptimumError::Inexact { achieved: best.norm, iterations: STEPS, reason: "the step limit was reached" })
}

/// Whether a step looks like one towards infinity: where the loss falls like `exp(−‖x‖)`, each Newton step is as long as the
/// last and takes the same part off the gradient, whereas both shrink near a minimiser.
fn recedes(from: &Point, to: &Point) -> bool {
    distance2(&from.x, &to.x) > RECEDING.0.powi(2) * norm2(&to.x) && to.norm > RECEDING.1 * from.norm
}

/// An iterate with its loss and gradient.
#[derive(Debug, Clone)]
struct Point {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    norm: f64,
}

impl Point {
    fn new(objective: &dyn Objective<f64>, x: Vec<f64>) -> Self {
        let evaluate::Sums { loss: value, gradient, .. } = evaluate::over_clients(objective, &x, true);
        let norm = norm2(&gradient).sqrt();
        Self { x, value, gradient, norm }
    }
}

/// Solves `∇²f(x) p = −∇f(x)` until the residual is at most `enough`, preconditioned by what the step before has learnt.
fn conjugate_gradients(objective: &dyn Objective<f64>, at: &Point, enough: f64, memory: &mut Memory) -> Vec<f64> {
    let mut p = vec![0.0; at.x.len()];
    let mut residual: Vec<f64> = at.gradient.iter().map(|g| -g).collect();
    let mut direction = memory.precondition(&residual);
    let mut square = dot(&residual, &direction);
    let mut learnt = Memory::default();
    for product in 0..PRODUCTS {
        let curved = hessian_product(objective, at, &direction);
        let curvature = dot(&direction, &curved);
        if curvature.is_nan() || curvature <= 0.0 {
            // Flat to rounding: what was found so far is the best that this point gives.
            return if product == 0 { direction } else { p };
        }
        let length = square / curvature;
        axpy(length, &direction, &mut p);
        axpy(-length, &curved, &mut residual);
        learnt.offer(&direction, &curved, curvature);
        if norm2(&residual).sqrt() <= enough {
            break;
        }
        let scaled = memory.precondition(&residual);
        let next = dot(&residual, &scaled);
        let keep = next / square;
        direction.iter_mut().zip(&scaled).for_each(|(d, z)| *d = z + keep * *d);
        square = next;
    }
    *memory = learnt;
    p
}

/// Halves the step until the loss falls enough, or the gradient does where losses differ by rounding only.
fn search(objective: &dyn Objective<f64>, at: &Point, direction: &[f64]) -> Point {
    let slope = dot(&at.gradient, direction);
    let rounding = 1e-14 * at.value.abs();
    let mut length = 1.0;
    loop {
        let mut x = at.x.clone();
        axpy(length, direction, &mut x);
        let next = Point::new(objective, x);
        let falls = next.value <= at.value + 1e-4 * length * slope;
        let level = (next.value - at.value).abs() <= rounding && next.norm < at.norm;
        if falls || level || length < 1e-6 {
            return next;
        }
        length *= 0.5;
    }
}

fn hessian_product(objective: &dyn Objective<f64>, at: &Point, v: &[f64]) -> Vec<f64> {
    let mut product = vec![0.0; v.len()];
    let mut exact = true;
    let part = |clients: std::ops::Range<usize>| {
        let (mut sum, mut own, mut work) = (vec![0.0; v.len()], vec![0.0; v.len()], Workspace::new());
        for client in clients {
            if !objective.hessian_product(client, &at.x, v, &mut own, &mut work) {
                return None;
            }
            axpy(objective.weight(client), &own, &mut sum);
        }
        Some(sum)
    };
    evaluate::ordered_fold(objective.clients(), part, |part| match part {
        Some(part) => evaluate::add(&mut product, &part),
        None => exact = false,
    });
    if exact { product } else { difference_product(objective, at, v) }
}

/// `(∇f(x + h v) − ∇f(x)) / h` with a step that balances truncation and rounding.
fn difference_product(objective: &dyn Objective<f64>, at: &Point, v: &[f64]) -> Vec<f64> {
    let size = norm2(v).sqrt();
    if size == 0.0 {
        return vec![0.0; v.len()];
    }
    let h = 1e-7 * (1.0 + norm2(&at.x).sqrt()) / size;
    let mut x = at.x.clone();
    axpy(h, v, &mut x);
    let moved = evaluate::over_clients(objective, &x, true).gradient;
    moved.iter().zip(&at.gradient).map(|(moved, here)| (moved - here) / h).collect()
}

/// Most pairs that are kept.
const PAIRS: usize = 64;

/// Directions with their curvatures, spread evenly over one run of conjugate gradients.
///
/// They make a limited-memory quasi-Newton matrix that is close to the inverse Hessian (J. L. Morales and J. Nocedal,
/// "Automatic preconditioning by limited memory quasi-Newton updating", SIAM J. Optim. 10, 2000).
#[derive(Debug, Default)]
pub(super) struct Memory {
    pairs: Vec<Pair>,
    offered: usize,
    /// Only every so many offers are kept; doubles whenever the memory is full.
    every: usize,
}

#[derive(Debug)]
struct Pair {
    direction: Vec<f64>,
    curved: Vec<f64>,
    curvature: f64,
}

impl Memory {
    /// Learns `curved = H direction`, with their inner product.
    pub fn offer(&mut self, direction: &[f64], curved: &[f64], curvature: f64) {
        if self.offered.is_multiple_of(self.every.max(1)) {
            if self.pairs.len() == PAIRS {
                let mut at = 0;
                self.pairs.retain(|_| {
                    at += 1;
                    at % 2 == 1
                });
                self.every = 2 * self.every.max(1);
            }
            self.pairs.push(Pair { direction: direction.to_vec(), curved: curved.to_vec(), curvature });
        }
        self.offered += 1;
    }

    /// The quasi-Newton matrix times `v`; `v` itself before anything is learnt.
    pub fn precondition(&self, v: &[f64]) -> Vec<f64> {
        let mut q = v.to_vec();
        let Some(last) = self.pairs.last() else { return q };
        let mut along = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let factor = dot(&pair.direction, &q) / pair.curvature;
            axpy(-factor, &pair.curved, &mut q);
            along.push(factor);
        }
        scale(last.curvature / norm2(&last.curved), &mut q);
        for (pair, factor) in self.pairs.iter().zip(along.iter().rev()) {
            let back = dot(&pair.curved, &q) / pair.curvature;
            axpy(factor - back, &pair.direction, &mut q);
        }
        q
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_set_of_conjugate_directions_gives_the_inverse() {
        // H = [[2, 1], [1, 2]] with the conjugate directions (1, 0) and (1, −2).
        let mut memory = Memory::default();
        memory.offer(&[1.0, 0.0], &[2.0, 1.0], 2.0);
        memory.offer(&[1.0, -2.0], &[0.0, -3.0], 6.0);
        let solved = memory.precondition(&[3.0, 3.0]);
        assert!(solved.iter().all(|x| (x - 1.0).abs() < 1e-15), "{solved:?}");
    }

    #[test]
    fn pairs_stay_few_and_spread_over_the_run() {
        let mut memory = Memory::default();
        for k in 0..1000 {
            memory.offer(&[f64::from(k)], &[1.0], 1.0);
        }
        assert!(memory.pairs.len() <= PAIRS);
        let kept: Vec<f64> = memory.pairs.iter().map(|pair| pair.direction[0]).collect();
        let gap = kept[1] - kept[0];
        assert!(kept.windows(2).all(|two| two[1] - two[0] == gap) && kept[kept.len() - 1] >= 1000.0 - gap);
    }
}
