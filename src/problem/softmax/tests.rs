use super::*;
use crate::problem::{
    check::{self, Shape},
    data::{Features, Samples},
};

/// Widths that are and are not a multiple of the vectors, and the class counts with every blocking.
const WIDTHS: [(usize, usize); 7] = [(1, 2), (5, 3), (8, 10), (13, 10), (33, 17), (784, 10), (20, 6)];

fn softmax<R: Real>(columns: usize, classes: usize, sparse: bool, l2: f64) -> Softmax<R> {
    Softmax::new(Arc::new(Shape { columns, classes, sparse }.data()), l2).unwrap()
}

#[test]
fn gradients_match_differences() {
    for (columns, classes) in WIDTHS {
        for sparse in [false, true] {
            check::gradient(&softmax(columns, classes, sparse, 0.02));
        }
    }
}

#[test]
fn a_step_is_the_gradient_and_the_correction() {
    for (columns, classes) in WIDTHS {
        for sparse in [false, true] {
            check::steps::<f64>(&softmax(columns, classes, sparse, 0.02), 1e-13);
            check::steps::<f32>(&softmax(columns, classes, sparse, 0.0), 1e-5);
        }
    }
}

#[test]
fn a_visit_is_its_steps() {
    for (columns, classes) in WIDTHS {
        check::visits::<f64>(&softmax(columns, classes, false, 0.02));
        check::visits::<f32>(&softmax(columns, classes, true, 0.0));
    }
}

#[test]
fn losses_agree() {
    check::losses(&softmax(13, 10, false, 0.02));
    check::losses(&softmax(13, 10, true, 0.02));
}

#[test]
fn dense_and_sparse_rows_mean_the_same() {
    let sparse = softmax::<f64>(13, 5, true, 0.1);
    let mut data = (*sparse.shared.data).clone();
    for samples in [&mut data.train].into_iter().chain(&mut data.test) {
        let mut values = ndarray::Array2::zeros((samples.len(), 13));
        Picked::all(samples).gather(values.as_slice_mut().unwrap());
        samples.features = Features::Dense(values);
    }
    let dense = Softmax::new(Arc::new(data), 0.1).unwrap();
    let (x, mut work) = (check::point(sparse.dim(), 0.4), Workspace::new());
    for client in 0..3 {
        let (mut a, mut b) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        let loss = sparse.gradient(client, &x, Sample::Full, &mut a, &mut work);
        approx::assert_relative_eq!(loss, dense.gradient(client, &x, Sample::Full, &mut b, &mut work), epsilon = 1e-13);
        check::close(&a, &b, 1e-13);
    }
    let (a, b) = (sparse.score(HeldOut::Test, &x, &mut work).unwrap(), dense.score(HeldOut::Test, &x, &mut work).unwrap());
    approx::assert_relative_eq!(a.loss, b.loss, epsilon = 1e-13);
    assert_eq!(a.accuracy, b.accuracy);
}

#[test]
fn at_zero_the_loss_is_that_of_guessing() {
    let objective = softmax::<f32>(784, 10, false, 0.5);
    let x = vec![0.0; objective.dim()];
    approx::assert_relative_eq!(objective.local_loss(1, &x, &mut Workspace::new()), 10.0_f64.ln(), epsilon = 1e-6);
}

#[test]
fn two_classes_are_logistic_regression() {
    let features = Features::Dense(ndarray::arr2(&[[2.0]]));
    let train = Samples { features, targets: Targets::Classes { labels: vec![1], count: 2 } };
    let objective = Softmax::new(
        Arc::new(ClientData { classes: Vec::new(), train, offsets: vec![0, 1].into(), test: None, validation: None }),
        0.0,
    )
    .unwrap();
    let mut gradient = [0.0; 4];
    // Logits (0, 1.5 + 0.1): the loss is ln(1 + e^{-1.6}).
    let x = [0.0, 0.75, 0.0, 0.1];
    let loss = objective.gradient(0, &x, Sample::Full, &mut gradient, &mut Workspace::new());
    approx::assert_relative_eq!(loss, (-1.6_f64).exp().ln_1p(), epsilon = 1e-15);
    let share = 1.0 / (1.0 + 1.6_f64.exp());
    check::close(&gradient, &[2.0 * share, -2.0 * share, share, -share], 1e-14);
}

#[test]
fn a_client_without_samples_has_the_regularisation_alone() {
    let mut data = Shape { columns: 3, classes: 2, sparse: false }.data::<f64>();
    data.offsets = vec![0, 0, 48].into();
    let objective = Softmax::new(Arc::new(data), 0.1).unwrap();
    let (x, mut work) = (check::point(8, 0.4), Workspace::new());
    let mut gradient = vec![0.0; 8];
    let loss = objective.gradient(0, &x, Sample::Full, &mut gradient, &mut work);
    approx::assert_relative_eq!(loss, 0.05 * vector::norm2(&x), epsilon = 1e-15);
    check::close(&gradient, &x.iter().map(|x| 0.1 * x).collect::<Vec<_>>(), 1e-15);
    assert_eq!((objective.weight(0), objective.weight(1)), (0.0, 1.0));
}

#[test]
fn unfit_data_is_refused() {
    let data = |classes| Shape { columns: 3, classes, sparse: false }.data::<f64>();
    let refused = |data, l2| Softmax::new(Arc::new(data), l2).unwrap_err().path;
    assert_eq!(refused(data(0), 0.0), ["data"]);
    assert_eq!(refused(data(1), 0.0), ["data"]);
    assert_eq!(refused(data(2), -1.0), ["l2"]);
    assert_eq!(refused(ClientData { offsets: vec![0, 47].into(), ..data(2) }, 0.0), ["partition"]);
    let mut wrong = data(3);
    wrong.train.targets = Targets::Classes { labels: vec![3; 48], count: 3 };
    assert_eq!(refused(wrong, 0.0), ["data"]);
    assert!(softmax::<f64>(3, 2, false, 0.0).with_weights(&[1.0, 0.0]).is_err());
}
