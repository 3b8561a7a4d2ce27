//! Selective weight aggregation: the coordinates in which a narrow client agrees with the wide ones.

use crate::num::Real;

/// The mask `m` that maximises `cos(m ⊙ own, reference)`, shape `[d]`; nothing where no mask makes it positive.
///
/// With `aⱼ = ownⱼ referenceⱼ` and `bⱼ = ownⱼ²` the cosine is `Σ mⱼ aⱼ / √(Σ mⱼ bⱼ)` up to a factor. At its maximum `θ` a
/// coordinate belongs to the mask if `aⱼ / bⱼ` exceeds a threshold: the best mask is one of the prefixes in descending order
/// of `referenceⱼ / ownⱼ`. Coordinates that did not move never belong to it.
pub fn agreeing<R: Real>(own: &[R], reference: &[R]) -> Vec<bool> {
    let ratio = |j: usize| reference[j].f64() / own[j].f64();
    let mut order: Vec<usize> = (0..own.len()).filter(|&j| own[j] != R::zero()).collect();
    order.sort_unstable_by(|&i, &j| ratio(j).total_cmp(&ratio(i)).then(i.cmp(&j)));
    let (mut agreement, mut square) = (0.0, 0.0);
    let (mut best, mut taken) = (0.0, 0);
    for (index, &j) in order.iter().enumerate() {
        let own = own[j].f64();
        agreement += own * reference[j].f64();
        square += own * own;
        let cosine = agreement / square.sqrt();
        if cosine > best {
            (best, taken) = (cosine, index + 1);
        }
    }
    let mut mask = vec![false; own.len()];
    order[..taken].iter().for_each(|&j| mask[j] = true);
    mask
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `cos(m ⊙ own, reference) ‖reference‖`; 0 for a mask of nothing.
    fn cosine(mask: &[bool], own: &[f64], reference: &[f64]) -> f64 {
        let chosen = || (0..own.len()).filter(|&j| mask[j]);
        let square: f64 = chosen().map(|j| own[j] * own[j]).sum();
        if square == 0.0 { 0.0 } else { chosen().map(|j| own[j] * reference[j]).sum::<f64>() / square.sqrt() }
    }

    #[test]
    fn parallel_updates_are_taken_whole_and_opposite_ones_not_at_all() {
        let reference = [0.3, -1.0, 2.0, 0.0, 0.7];
        let along = |c: f64| reference.map(|r| c * r);
        assert_eq!(agreeing(&along(0.2), &reference), [true, true, true, false, true]);
        assert_eq!(agreeing(&along(3.0), &reference), [true, true, true, false, true]);
        assert_eq!(agreeing(&along(-1.0), &reference), [false; 5]);
        assert_eq!(agreeing(&[0.0; 5], &reference), [false; 5]);
    }

    proptest! {
        #[test]
        fn no_other_mask_agrees_better(
            pairs in prop::collection::vec((-3.0_f64..3.0, -3.0_f64..3.0, any::<bool>()), 1..11)
        ) {
            let own: Vec<f64> = pairs.iter().map(|&(own, _, still)| if still { 0.0 } else { own }).collect();
            let reference: Vec<f64> = pairs.iter().map(|&(_, reference, _)| reference).collect();
            let found = cosine(&agreeing(&own, &reference), &own, &reference);
            for bits in 0_u32..1 << own.len() {
                let mask: Vec<bool> = (0..own.len()).map(|j| bits >> j & 1 == 1).collect();
                prop_assert!(cosine(&mask, &own, &reference) <= found + 1e-12);
            }
        }
    }
}
