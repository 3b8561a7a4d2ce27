//! A preconditioner for conjugate gradients from the products of the Newton step before.

use crate::num::vector::{axpy, dot, norm2, scale};

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
