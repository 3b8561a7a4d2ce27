use super::*;
use crate::problem::{Block, HeldOutScore, Sample, Workspace, data::HeldOut};

/// `Σ_j φ(x_j − j − centre of the client)`, with or without second derivatives.
struct Sum {
    /// Value, slope and curvature of `φ`.
    phi: fn(f64) -> (f64, f64, f64),
    centres: [f64; 2],
    exact: bool,
}

impl Sum {
    fn terms(&self, client: usize, x: &[f64]) -> impl Iterator<Item = (f64, f64, f64)> {
        x.iter().enumerate().map(move |(j, x)| (self.phi)(x - j as f64 - self.centres[client]))
    }
}

impl Objective<f64> for Sum {
    fn dim(&self) -> usize {
        3
    }

    fn clients(&self) -> usize {
        2
    }

    fn samples(&self, _: usize) -> usize {
        1
    }

    fn weight(&self, client: usize) -> f64 {
        [0.25, 0.75][client]
    }

    fn blocks(&self) -> &[Block] {
        &[]
    }

    fn gradient(&self, client: usize, x: &[f64], _: Sample<'_, f64>, gradient: &mut [f64], work: &mut Workspace<f64>) -> f64 {
        self.terms(client, x).zip(gradient).for_each(|((_, slope, _), g)| *g = slope);
        self.local_loss(client, x, work)
    }

    fn local_loss(&self, client: usize, x: &[f64], _: &mut Workspace<f64>) -> f64 {
        self.terms(client, x).map(|(value, ..)| value).sum()
    }

    fn score(&self, _: HeldOut, _: &[f64], _: &mut Workspace<f64>) -> Option<HeldOutScore> {
        None
    }

    fn hessian_product(&self, client: usize, x: &[f64], v: &[f64], product: &mut [f64], _: &mut Workspace<f64>) -> bool {
        self.terms(client, x).zip(v).zip(product).for_each(|(((.., curvature), v), p)| *p = curvature * v);
        self.exact
    }

    fn cost(&self, _: usize) -> f64 {
        3.0
    }
}

#[test]
fn both_kinds_of_hessian_products_reach_the_optimum() {
    for exact in [true, false] {
        let best = solve(&Sum { phi: |z| (z.cosh(), z.sinh(), z.cosh()), centres: [0.0; 2], exact }).unwrap();
        assert!(best.gradient_norm <= TOLERANCE);
        for (j, x) in best.x.iter().enumerate() {
            assert!((x - j as f64).abs() < 1e-12);
        }
        assert!((best.value - 3.0).abs() < 1e-14);
    }
}

#[test]
fn an_optimum_that_rounding_hides_is_reported() {
    // Near 2²⁰ coordinates are 2⁻³² apart, and so are the centres: no gradient is smaller than a quarter of that.
    let centre = f64::powi(2.0, 20);
    let problem = Sum { phi: |z| (0.5 * z * z, z, 1.0), centres: [centre, centre + f64::powi(2.0, -32)], exact: true };
    let error = solve(&problem).unwrap_err();
    let OptimumError::Inexact { achieved, .. } = error else { panic!("{error}") };
    assert!(achieved >= f64::powi(2.0, -34) && achieved < 1e-8, "{achieved}");
}

#[test]
fn a_loss_that_falls_for_ever_has_no_optimum() {
    // log(1 + e^(−z)) has the infimum 0, and no minimiser.
    let problem = Sum {
        phi: |z| ((-z).exp().ln_1p(), -1.0 / (1.0 + z.exp()), 1.0 / (2.0 + z.exp() + (-z).exp())),
        centres: [0.0; 2],
        exact: true,
    };
    let error = solve(&problem).unwrap_err();
    let OptimumError::NoMinimiser { distance } = error else { panic!("{error}") };
    assert!(distance > 20.0);
}
