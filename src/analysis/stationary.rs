//! Where a server comes to rest that moves by what its clients' local steps change: the optimum of a surrogate objective.

use std::ops::Range;

use crate::{
    num::{
        Real,
        vector::{axpy, dot, norm2},
    },
    problem::{
        Block, HeldOutScore, Objective, Problem, Sample, Workspace,
        data::HeldOut,
        evaluate,
        optimum::{OptimumError, minimise},
    },
};

/// Residual, as a part of the first one, at which updates count as cancelling each other.
const ENOUGH: f64 = 1e-13;

/// Residual above which the point is not told.
const TOO_MUCH: f64 = 1e-8;

/// Times that conjugate gradients start again from the true residual.
const RESTARTS: usize = 4;

/// How clients pull at the model in the long run.
#[derive(Debug, Clone, PartialEq)]
pub struct Pulls {
    /// Expected weight of each client in a server step, shape `[n]`.
    pub weights: Vec<f64>,
    /// Local steps of each client, shape `[n]`.
    pub steps: Vec<f64>,
    /// The local step size, where it is always the same and so is the number of steps of every client.
    pub lr: Option<f64>,
}

/// The point at which the expected updates of all clients cancel each other, shape `[d]`.
///
/// For quadratics with step sizes and numbers of steps that do not change, `Σ wᵢ (I − (I − lr Aᵢ)^Kᵢ) (x − cᵢ) = 0` exactly.
/// Otherwise the limit of small steps, which is the minimiser of `Σ qᵢ fᵢ` with `qᵢ ∝ wᵢ Kᵢ`.
///
/// # Errors
/// [`OptimumError`] for objectives that are not convex, and where the point is not found to the tolerance.
pub fn stationary_point<R: Real>(problem: &Problem<R>, pulls: &Pulls) -> Result<Vec<f64>, OptimumError> {
    if !problem.spec().is_convex() {
        return Err(OptimumError::NotConvex);
    }
    problem.in_double(|objective| point(objective, pulls))
}

fn point(objective: &dyn Objective<f64>, pulls: &Pulls) -> Result<Vec<f64>, OptimumError> {
    match pulls.lr {
        Some(lr) if objective.quadratic_form().is_some() => cancelled(objective, pulls, lr),
        _ => {
            let pull: Vec<f64> = pulls.weights.iter().zip(&pulls.steps).map(|(weight, steps)| weight * steps).collect();
            let total: f64 = pull.iter().sum();
            let weights = pull.iter().map(|pull| pull / total).collect();
            minimise(&Reweighted { objective, weights }).map(|optimum| optimum.x)
        }
    }
}

/// Conjugate gradients on the expected update, which is affine with a symmetric matrix.
fn cancelled(objective: &dyn Objective<f64>, pulls: &Pulls, lr: f64) -> Result<Vec<f64>, OptimumError> {
    let dim = objective.dim();
    let at_zero = update(objective, pulls, lr, &vec![0.0; dim]);
    let product = |v: &[f64]| -> Vec<f64> {
        update(objective, pulls, lr, v).iter().zip(&at_zero).map(|(update, at_zero)| update - at_zero).collect()
    };
    let enough = ENOUGH * norm2(&at_zero).sqrt();
    let (mut x, mut iterations) = (vec![0.0; dim], 0);
    for _ in 0..RESTARTS {
        let mut residual: Vec<f64> = update(objective, pulls, lr, &x).iter().map(|update| -update).collect();
        let (mut direction, mut square) = (residual.clone(), norm2(&residual));
        for _ in 0..2 * dim {
            if square.sqrt() <= enough {
                break;
            }
            let turned = product(&direction);
            let curvature = dot(&direction, &turned);
            if curvature.is_nan() || curvature <= 0.0 {
                break;
            }
            axpy(square / curvature, &direction, &mut x);
            axpy(-square / curvature, &turned, &mut residual);
            let next = norm2(&residual);
            direction.iter_mut().zip(&residual).for_each(|(d, r)| *d = r + next / square * *d);
            square = next;
            iterations += 1;
        }
    }
    let achieved = norm2(&update(objective, pulls, lr, &x)).sqrt();
    if achieved <= TOO_MUCH * norm2(&at_zero).sqrt() {
        return Ok(x);
    }
    Err(OptimumError::Inexact { achieved, iterations, reason: "the updates of the clients do not cancel anywhere" })
}

/// `Σ wᵢ (x − yᵢ)` with `yᵢ` what the exact local steps of client `i` reach from `x`, shape `[d]`.
fn update(objective: &dyn Objective<f64>, pulls: &Pulls, lr: f64, x: &[f64]) -> Vec<f64> {
    let zeros = || vec![0.0; x.len()];
    let part = |clients: Range<usize>| {
        let (mut sum, mut y, mut gradient, mut work) = (zeros(), zeros(), zeros(), Workspace::new());
        for client in clients {
            y.copy_from_slice(x);
            for _ in 0..pulls.steps[client] as usize {
                let _ = objective.gradient(client, &y, Sample::Full, &mut gradient, &mut work);
                axpy(-lr, &gradient, &mut y);
            }
            sum.iter_mut().zip(x.iter().zip(&y)).for_each(|(sum, (x, y))| *sum += pulls.weights[client] * (x - y));
        }
        sum
    };
    let mut total = zeros();
    evaluate::ordered_fold(objective.clients(), part, |part| evaluate::add(&mut total, &part));
    total
}

/// An objective with other weights of its clients.
struct Reweighted<'a> {
    objective: &'a dyn Objective<f64>,
    weights: Vec<f64>,
}

impl Objective<f64> for Reweighted<'_> {
    fn dim(&self) -> usize {
        self.objective.dim()
    }

    fn clients(&self) -> usize {
        self.objective.clients()
    }

    fn samples(&self, client: usize) -> usize {
        self.objective.samples(client)
    }

    fn weight(&self, client: usize) -> f64 {
        self.weights[client]
    }

    fn blocks(&self) -> &[Block] {
        self.objective.blocks()
    }

    fn gradient(
        &self,
        client: usize,
        x: &[f64],
        sample: Sample<'_, f64>,
        gradient: &mut [f64],
        work: &mut Workspace<f64>,
    ) -> f64 {
        self.objective.gradient(client, x, sample, gradient, work)
    }

    fn local_loss(&self, client: usize, x: &[f64], work: &mut Workspace<f64>) -> f64 {
        self.objective.local_loss(client, x, work)
    }

    fn score(&self, part: HeldOut, x: &[f64], work: &mut Workspace<f64>) -> Option<HeldOutScore> {
        self.objective.score(part, x, work)
    }

    fn hessian_product(&self, client: usize, x: &[f64], v: &[f64], product: &mut [f64], work: &mut Workspace<f64>) -> bool {
        self.objective.hessian_product(client, x, v, product, work)
    }

    fn cost(&self, samples: usize) -> f64 {
        self.objective.cost(samples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::ProblemSpec;
    use crate::random::Streams;
    use crate::{registry::Registry, toml::decode};

    fn problem(text: &str, clients: Option<usize>) -> Problem<f64> {
        let spec: ProblemSpec = decode::read(text, &Registry::builtin()).unwrap();
        Problem::build(&spec, clients, Streams::new(0), std::path::Path::new("")).unwrap()
    }

    #[test]
    fn four_scalar_clients_settle_where_the_closed_form_says() {
        let q4 = "objective = { quadratic = { curvature = [1.0, 2.0, 0.5, 4.0], centre = [-1.0, 0.0, 1.0, 2.0] } }";
        let q4 = problem(q4, Some(4));
        let at = |weights: [f64; 4], steps: f64, lr| {
            stationary_point(&q4, &Pulls { weights: weights.to_vec(), steps: vec![steps; 4], lr }).unwrap()[0]
        };
        approx::assert_relative_eq!(at([1.0; 4], 4.0, Some(0.05)), 0.8976343227, max_relative = 1e-9);
        approx::assert_relative_eq!(at([0.1, 0.3, 0.6, 0.9], 5.0, Some(0.01)), 1.5939218398, max_relative = 1e-9);
        approx::assert_relative_eq!(at([1.0; 4], 4.0, None), 1.0, max_relative = 1e-12);
        let q4 = stationary_point(&q4, &Pulls { weights: vec![0.25; 4], steps: vec![1.0, 2.0, 4.0, 8.0], lr: None }).unwrap();
        approx::assert_relative_eq!(q4[0], 5.0 / 3.0, max_relative = 1e-12);
    }

    #[test]
    fn matrices_that_do_not_commute_are_no_obstacle() {
        let law = "objective = { quadratic = { generate = { dimension = 6, condition = 20.0 } } }";
        let problem = problem(law, Some(5));
        let pulls = Pulls { weights: vec![0.1, 0.2, 0.3, 0.4, 0.5], steps: vec![1.0, 5.0, 2.0, 4.0, 3.0], lr: Some(0.1) };
        let x = stationary_point(&problem, &pulls).unwrap();
        let left = update(problem.objective(), &pulls, 0.1, &x);
        assert!(norm2(&left).sqrt() < 1e-12, "{left:?}");
        let one = Pulls { weights: vec![0.2; 5], steps: vec![1.0; 5], lr: Some(0.1) };
        assert!(
            problem.optimum().unwrap().distance(&stationary_point(&problem, &one).unwrap()) < 1e-10,
            "one step does not drift"
        );
    }
}
