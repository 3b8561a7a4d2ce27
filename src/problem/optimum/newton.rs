//! Truncated Newton: conjugate gradients on exact Hessian products, or on differences of gradients where there are none.

use super::{OptimumError, TOLERANCE, memory::Memory};
use crate::{
    num::vector::{axpy, distance2, dot, norm2},
    problem::{Objective, Optimum, Workspace, sums},
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
        let sums::Sums { loss: value, gradient, .. } = sums::over_clients(objective, &x, true);
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
    sums::ordered_fold(objective.clients(), part, |part| match part {
        Some(part) => sums::add(&mut product, &part),
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
    let moved = sums::over_clients(objective, &x, true).gradient;
    moved.iter().zip(&at.gradient).map(|(moved, here)| (moved - here) / h).collect()
}
