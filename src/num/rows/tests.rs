use super::*;

const SHAPES: [(usize, usize, usize); 8] =
    [(1, 1, 1), (3, 2, 1), (7, 5, 3), (33, 10, 7), (64, 17, 32), (784, 10, 10), (100, 3, 71), (1500, 12, 40)];

fn values<R: Real>(len: usize, salt: f64) -> Vec<R> {
    (0..len).map(|j| R::of((j as f64 * 0.731 + salt).sin())).collect()
}

/// Rows in a scrambled order with repetition.
fn pick(rows: usize) -> Vec<u32> {
    (0..rows).map(|i| ((i * 7 + 3) % rows) as u32).collect()
}

fn check_against_definition<R: Real>(tolerance: f64) {
    for (p, c, m) in SHAPES {
        let (x, w, picked) = (values::<R>(p * m, 0.1), values::<R>((p + 3) * c, 0.7), pick(m));
        let layout = Layout { rows: c, columns: p, stride: p + 3 };
        let rows = Rows::picked(&x, p, &picked);
        let mut z = vec![R::zero(); m * c];
        products(rows, &w, layout, &mut z);
        for i in 0..m {
            for k in 0..c {
                let exact: f64 = (0..p).map(|j| rows.row(i)[j].f64() * w[k * (p + 3) + j].f64()).sum();
                assert!((z[i * c + k].f64() - exact).abs() <= tolerance * p as f64, "{p} {c} {m}");
            }
        }
        let mut updated = w.clone();
        accumulate(rows, &z, &mut updated, layout);
        for k in 0..c {
            for j in 0..p + 3 {
                let added: f64 = (0..m).map(|i| if j < p { z[i * c + k].f64() * rows.row(i)[j].f64() } else { 0.0 }).sum();
                let expected = w[k * (p + 3) + j].f64() + added;
                assert!((updated[k * (p + 3) + j].f64() - expected).abs() <= tolerance * (p * m) as f64, "{p} {c} {m}");
            }
        }
    }
}

#[test]
fn both_halves_match_their_definition_in_double_precision() {
    check_against_definition::<f64>(1e-14);
}

#[test]
fn both_halves_match_their_definition_in_single_precision() {
    check_against_definition::<f32>(1e-6);
}

fn check_same_bits<R: Real>() {
    for (p, c, m) in SHAPES {
        let (x, w, picked) = (values::<R>(p * m, 0.1), values::<R>(p * c, 0.7), pick(m));
        let layout = Layout { rows: c, columns: p, stride: p };
        let rows = Rows::picked(&x, p, &picked);
        let (mut fast, mut portable) = (vec![R::zero(); m * c], vec![R::zero(); m * c]);
        products(rows, &w, layout, &mut fast);
        lanes::portable(Products { x: rows, weights: &w, layout, out: &mut portable, wide: None });
        assert_eq!(fast, portable);
        let (mut fast, mut portable_weights) = (w.clone(), w);
        accumulate(rows, &portable, &mut fast, layout);
        let prepare = |_, _: &mut [R]| ();
        lanes::portable(Accumulate { x: rows, factors: &portable, weights: &mut portable_weights, layout, prepare, wide: None });
        assert_eq!(fast, portable_weights);
    }
}

#[test]
fn every_instruction_set_gives_the_same_bits() {
    check_same_bits::<f32>();
    check_same_bits::<f64>();
}

#[test]
fn a_product_does_not_depend_on_the_rest_of_the_batch() {
    let (p, c, m) = (50, 10, 37);
    let (x, w) = (values::<f32>(p * m, 0.1), values::<f32>(p * c, 0.7));
    let layout = Layout { rows: c, columns: p, stride: p };
    let mut together = vec![0.0; m * c];
    products(Rows::all(&x, p), &w, layout, &mut together);
    for i in 0..m {
        let mut alone = vec![0.0; c];
        products(Rows::picked(&x, p, &[i as u32]), &w, layout, &mut alone);
        assert_eq!(alone, together[i * c..][..c]);
    }
}

#[test]
fn weights_are_prepared_once_whatever_the_number_of_rows() {
    let (p, c) = (5, 37);
    for m in [0, 1, 40, 100] {
        let (x, factors, w) = (values::<f64>(p * m, 0.1), values::<f64>(m * c, 0.4), values::<f64>((p + 2) * c, 0.7));
        let layout = Layout { rows: c, columns: p, stride: p + 2 };
        let (mut found, mut expected) = (w.clone(), w);
        let mut seen = Vec::new();
        accumulate_after(Rows::all(&x, p), &factors, &mut found, layout, |rows, block| {
            assert_eq!(block.len(), rows.len() * (p + 2) - 2);
            seen.extend(rows);
            block.iter_mut().for_each(|w| *w *= 0.5);
        });
        assert_eq!(seen, (0..c).collect::<Vec<_>>());
        expected.chunks_exact_mut(p + 2).for_each(|row| row[..p].iter_mut().for_each(|w| *w *= 0.5));
        accumulate(Rows::all(&x, p), &factors, &mut expected, layout);
        let rows = |w: &[f64]| w.chunks_exact(p + 2).flat_map(|row| row[..p].to_vec()).collect::<Vec<_>>();
        assert_eq!(rows(&found), rows(&expected));
    }
}
