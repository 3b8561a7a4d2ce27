use super::*;
use crate::problem::{Block, Sample, TestScore, Workspace};

/// `scale · Σ_j cosh(x_j − j − spread · i)` for client `i`, with or without second derivatives.
struct Catenary {
    scale: f64,
    spread: f64,
    exact: bool,
}

impl Catenary {
    fn from(&self, client: usize, j: usize, x: f64) -> f64 {
        x - j as f64 - self.spread * client as f64
    }
}

impl Objective<f64> for Catenary {
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
        for (j, (g, x)) in gradient.iter_mut().zip(x).enumerate() {
            *g = self.scale * self.from(client, j, *x).sinh();
        }
        self.local_loss(client, x, work)
    }

    fn local_loss(&self, client: usize, x: &[f64], _: &mut Workspace<f64>) -> f64 {
        x.iter().enumerate().map(|(j, x)| self.scale * self.from(client, j, *x).cosh()).sum()
    }

    fn test(&self, _: &[f64], _: &mut Workspace<f64>) -> Option<TestScore> {
        None
    }

    fn hessian_product(&self, client: usize, x: &[f64], v: &[f64], product: &mut [f64], _: &mut Workspace<f64>) -> bool {
        for (j, ((p, x), v)) in product.iter_mut().zip(x).zip(v).enumerate() {
            *p = self.scale * self.from(client, j, *x).cosh() * v;
        }
        self.exact
    }

    fn cost(&self, _: usize) -> f64 {
        3.0
    }
}

#[test]
fn both_kinds_of_hessian_products_reach_the_optimum() {
    for exact in [true, false] {
        let best = solve(&Catenary { scale: 1.0, spread: 0.0, exact }).unwrap().optimum;
        assert!(best.gradient_norm <= TOLERANCE);
        for (j, x) in best.x.iter().enumerate() {
            assert!(self.from(client, j, *x).abs() < 1e-12);
        }
        assert!((best.value - 3.0).abs() < 1e-14);
    }
}

#[test]
fn an_optimum_that_rounding_hides_is_reported() {
    // Where the clients pull apart with a force of 1e8, coordinates 2e-16 apart have gradients 1e-8 apart.
    let error = solve(&Catenary { scale: 1e8, spread: 1.0, exact: true }).unwrap_err();
    let OptimumError::Inexact { achieved, .. } = error else { panic!("{error}") };
    assert!(achieved > TOLERANCE && achieved < 1e-6, "{achieved}");
}
