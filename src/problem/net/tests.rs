use super::*;
use crate::problem::{
    check::{self, Shape},
    data::{Features, Samples, Targets},
};

/// Inputs, hidden layers and classes (0 for real targets).
const NETS: [(usize, &[usize], usize); 6] =
    [(5, &[], 3), (13, &[7], 2), (8, &[16], 10), (33, &[9, 5], 17), (4, &[6], 0), (10, &[3, 4, 5], 3)];

fn nets<R: Real>(activation: Activation, l2: f64) -> impl Iterator<Item = Mlp<R>> {
    let shapes = NETS.into_iter().flat_map(|net| [(net, false), (net, true)]);
    shapes.map(move |((columns, hidden, classes), sparse)| {
        Mlp::new(Arc::new(Shape { columns, classes, sparse }.data()), hidden, activation, l2).unwrap()
    })
}

#[test]
fn gradients_match_differences() {
    nets(Activation::Tanh, 0.02).for_each(|net| check::gradient(&net));
    nets(Activation::Relu, 0.02).for_each(|net| check::gradient(&net));
}

#[test]
fn a_step_is_the_gradient_and_the_correction() {
    nets::<f64>(Activation::Relu, 0.02).for_each(|net| check::steps(&net, 1e-13));
    nets::<f32>(Activation::Tanh, 0.0).for_each(|net| check::steps(&net, 1e-5));
}

#[test]
fn a_visit_is_its_steps() {
    nets::<f32>(Activation::Relu, 0.02).for_each(|net| check::visits(&net));
}

#[test]
fn losses_agree() {
    nets(Activation::Relu, 0.02).for_each(|net| check::losses(&net));
}

#[test]
fn without_hidden_layers_it_is_softmax_regression() {
    let data = Arc::new(Shape { columns: 5, classes: 3, sparse: false }.data::<f64>());
    let net = Mlp::new(data.clone(), &[], Activation::Relu, 0.1).unwrap();
    let softmax = crate::problem::Softmax::new(data, 0.1).unwrap();
    let (x, mut work) = (check::point(net.dim(), 0.4), Workspace::new());
    let (mut a, mut b) = (vec![0.0; 18], vec![0.0; 18]);
    for client in 0..3 {
        let loss = net.gradient(client, &x, Sample::Full, &mut a, &mut work);
        let expected = softmax.gradient(client, &x, Sample::Full, &mut b, &mut work);
        approx::assert_relative_eq!(loss, expected, epsilon = 1e-14);
        check::close(&a, &b, 1e-14);
    }
    assert_eq!(
        net.score(HeldOut::Test, &x, &mut work).unwrap().accuracy,
        softmax.score(HeldOut::Test, &x, &mut work).unwrap().accuracy
    );
}

#[test]
fn a_network_worked_by_hand() {
    let features = Features::Dense(ndarray::arr2(&[[1.0, 2.0]]));
    let train = Samples { features, targets: Targets::Values(vec![3.0]) };
    let data = Arc::new(ClientData { classes: Vec::new(), train, offsets: vec![0, 1].into(), test: None, validation: None });
    let net = Mlp::new(data, &[2], Activation::Relu, 0.0).unwrap();
    // Hidden (1·1 + 2·0.5 + 0.5, −1) → (2.5, 0); output 2·2.5 − 1 = 4, error 1.
    let x = [1.0, 0.5, 0.0, -0.5, 0.5, 0.0, 2.0, 7.0, -1.0];
    let mut gradient = [9.0; 9];
    let loss = net.gradient(0, &x, Sample::Full, &mut gradient, &mut Workspace::new());
    assert_eq!(loss, 0.5);
    assert_eq!(gradient, [2.0, 4.0, 0.0, 0.0, 2.0, 0.0, 2.5, 0.0, 1.0]);
}

#[test]
fn errors_pass_straight_through_rounded_activations() {
    let features = Features::Dense(ndarray::arr2(&[[1.0]]));
    let samples = || Samples { features: features.clone(), targets: Targets::Values(vec![0.0]) };
    let data = Arc::new(ClientData {
        classes: Vec::new(),
        train: samples(),
        offsets: vec![0, 1].into(),
        test: Some(samples()),
        validation: None,
    });
    let net = Mlp::new(data, &[3], Activation::Relu, 0.0).unwrap();
    // Hidden 2.54, 0.013 and 0.005 are 127, 1 and 0 steps of 2.54 / 127; the step that fits best is Σ k a / Σ k².
    let x = [2.54, 0.013, 0.005, 0.0, 0.0, 0.0, 1.0, 2.0, 4.0, 0.0];
    let step = (127.0 * 2.54 + 0.013) / (127.0 * 127.0 + 1.0);
    let error = 127.0 * step + 2.0 * step;
    let (mut gradient, mut work) = (vec![9.0; 10], Workspace::new());
    let loss = net.gradient_in(Bits::new(8).unwrap(), 0, &x, Sample::Full, &mut gradient, &mut work);
    approx::assert_relative_eq!(loss, 0.5 * error * error, epsilon = 1e-14);
    let hidden = [error, 2.0 * error, 4.0 * error];
    let expected = [hidden.as_slice(), &hidden, &[error * 127.0 * step, error * step, 0.0, error]].concat();
    check::close(&gradient, &expected, 1e-14);
    approx::assert_relative_eq!(
        net.score_in(Bits::new(8).unwrap(), HeldOut::Test, &x, &mut work).unwrap().loss,
        loss,
        epsilon = 1e-14
    );
    let exact = net.gradient_in(Bits::FLOAT, 0, &x, Sample::Full, &mut gradient, &mut work);
    assert_eq!(exact, net.gradient(0, &x, Sample::Full, &mut [0.0; 10], &mut work));
    assert_ne!(exact, loss);
}

#[test]
fn many_bits_of_activations_are_as_good_as_floats() {
    for net in nets::<f64>(Activation::Tanh, 0.02) {
        let (x, mut work) = (check::point(net.dim(), 0.4), Workspace::new());
        let (mut coarse, mut exact) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        let _ = net.gradient_in(Bits::new(24).unwrap(), 1, &x, Sample::Full, &mut coarse, &mut work);
        let _ = net.gradient(1, &x, Sample::Full, &mut exact, &mut work);
        check::close(&coarse, &exact, 1e-6);
    }
}

#[test]
fn many_rows_pass_in_parts() {
    let rows = 3 * PART + 5;
    let features = Features::Dense(ndarray::Array2::from_shape_fn((rows, 4), |(i, j)| ((i * 4 + j) as f64 * 0.9).sin()));
    let train = Samples { features, targets: Targets::Classes { labels: vec![1; rows], count: 2 } };
    let net = Mlp::new(
        Arc::new(ClientData { classes: Vec::new(), train, offsets: vec![0, rows].into(), test: None, validation: None }),
        &[3],
        Activation::Tanh,
        0.1,
    )
    .unwrap();
    let (x, mut work) = (check::point(net.dim(), 0.4), Workspace::new());
    let (mut whole, mut sum, mut part) = (vec![0.0; x.len()], vec![0.0; x.len()], vec![0.0; x.len()]);
    let loss = net.gradient(0, &x, Sample::Full, &mut whole, &mut work);
    approx::assert_relative_eq!(loss, net.local_loss(0, &x, &mut work), epsilon = 1e-13);
    for row in 0..rows as u32 {
        net.gradient(0, &x, Sample::Rows(&[row]), &mut part, &mut work);
        vector::axpy(1.0 / rows as f64, &part, &mut sum);
    }
    check::close(&whole, &sum, 1e-12);
    let (mut y, mut expected) = (x.clone(), x);
    net.step(0, &mut y, Sample::Full, 0.2, &Correction::NONE, &mut work);
    Correction::NONE.step(0.2, &whole, &mut expected);
    check::close(&y, &expected, 1e-13);
}

#[test]
fn blocks_name_the_layers() {
    let net = nets::<f64>(Activation::Relu, 0.0).nth(6).unwrap();
    let names: Vec<&str> = net.blocks().iter().map(|block| block.name.as_str()).collect();
    assert_eq!(names, ["layer1.weight", "layer1.bias", "layer2.weight", "layer2.bias", "layer3.weight", "layer3.bias"]);
    assert_eq!(net.blocks()[2].range, 33 * 9 + 9..33 * 9 + 9 + 45);
    assert_eq!((net.blocks()[2].fan_in, net.blocks()[2].fan_out), (9, 5));
}
