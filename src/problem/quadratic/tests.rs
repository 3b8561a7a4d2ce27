use ndarray_npy::WriteNpyExt;
use std::path::Path;

use super::*;
use crate::{
    interrupt::Interrupt,
    num::vector::norm2,
    problem::{BatchSize, Batches},
    random::Purpose,
};

fn stated(text: &str) -> Quadratic<f64> {
    let spec: QuadraticSpec = toml::from_str(text).unwrap();
    Quadratic::new(&spec, None, Streams::new(0), Path::new(".")).unwrap()
}

fn generated<R: Real>(spec: &GeneratorSpec, clients: usize, budget: usize) -> Quadratic<R> {
    Quadratic::generated(spec, clients, Streams::new(5), 0.0, budget)
}

fn laws() -> Vec<GeneratorSpec> {
    let mut laws = Vec::new();
    for shape in [Shape::Diagonal, Shape::Dense] {
        for curvature in [Alike::Same, Alike::Heterogeneous] {
            for linear in [None, Some(LinearTerm { mean: 1.0, sd: 0.1 })] {
                let spec =
                    GeneratorSpec { dimension: 7, dissimilarity: 2.5, shape, curvature, linear, ..GeneratorSpec::default() };
                laws.push(spec);
            }
        }
    }
    laws
}

fn point(dim: usize) -> Vec<f64> {
    (0..dim).map(|j| (1.3 * j as f64 + 0.4).sin()).collect()
}

#[test]
fn four_scalar_clients_have_their_optimum_at_one() {
    let problem = stated("curvature = [1, 2, 0.5, 4]\ncentre = [-1, 0, 1, 2]");
    let form = problem.quadratic_form().unwrap();
    assert_eq!(form.optimum.x, [1.0]);
    // ¼ (½·1·4 + ½·2·1 + 0 + ½·4·1)
    assert_eq!(form.optimum.value, 1.25);
    let mut work = Workspace::new();
    let gradients: Vec<f64> = (0..4)
        .map(|client| {
            let mut g = [0.0];
            let _ = problem.gradient(client, &[1.0], Sample::Full, &mut g, &mut work);
            g[0]
        })
        .collect();
    assert_eq!(gradients, [2.0, 2.0, 0.0, -4.0]);
}

#[test]
fn two_scalar_clients_have_their_optimum_at_three() {
    let problem = stated("curvature = [1, 3]\ncentre = [0, 4]");
    assert_eq!(problem.quadratic_form().unwrap().optimum.x, [3.0]);
}

#[test]
fn diagonals_and_matrices_state_the_same_problem() {
    let diagonal = stated("curvature = [[1, 2], [3, 1]]\ncentre = [[1, -1], [-1, 2]]");
    let dense = stated("curvature = [[[1, 0], [0, 2]], [[3, 0], [0, 1]]]\ncentre = [[1, -1], [-1, 2]]");
    let (left, right) = (diagonal.quadratic_form().unwrap(), dense.quadratic_form().unwrap());
    assert_eq!(left.optimum.x, [-0.5, 0.0]);
    for (left, right) in left.optimum.x.iter().zip(&right.optimum.x) {
        assert!((left - right).abs() < 1e-15);
    }
    let mut work = Workspace::new();
    assert_eq!(diagonal.local_loss(1, &[0.3, 0.7], &mut work), dense.local_loss(1, &[0.3, 0.7], &mut work));
}

#[test]
fn gradients_are_slopes_of_the_local_loss() {
    let mut work = Workspace::new();
    for spec in laws() {
        for budget in [0, usize::MAX] {
            let problem = generated::<f64>(&spec, 5, budget);
            let x = point(7);
            let mut gradient = vec![0.0; 7];
            let loss = problem.gradient(3, &x, Sample::Full, &mut gradient, &mut work);
            assert_eq!(loss, problem.local_loss(3, &x, &mut work));
            for j in 0..7 {
                let at = |h: f64, work: &mut Workspace<f64>| {
                    let mut moved = x.clone();
                    moved[j] += h;
                    problem.local_loss(3, &moved, work)
                };
                let slope = (at(1e-4, &mut work) - at(-1e-4, &mut work)) / 2e-4;
                assert!((slope - gradient[j]).abs() < 1e-8 * (1.0 + slope.abs()), "{spec:?}: {slope} {}", gradient[j]);
            }
        }
    }
}

#[test]
fn a_streamed_fleet_is_the_stored_one() {
    let mut work = Workspace::new();
    for spec in laws() {
        let (lazy, stored) = (generated::<f64>(&spec, 70, 0), generated::<f64>(&spec, 70, usize::MAX));
        assert!(matches!(lazy.fleet, Fleet::Lazy(_)) && matches!(stored.fleet, Fleet::Stored { .. }));
        assert_eq!(lazy.quadratic_form(), stored.quadratic_form());
        let x = point(7);
        for client in [0, 33, 69] {
            assert_eq!(lazy.local_loss(client, &x, &mut work), stored.local_loss(client, &x, &mut work));
        }
    }
}

#[test]
fn the_form_is_the_mean_of_the_clients() {
    let mut work = Workspace::new();
    for spec in laws() {
        let problem = generated::<f64>(&spec, 40, usize::MAX);
        let form = problem.quadratic_form().unwrap();
        let x = point(7);
        let mean = (0..40).map(|client| problem.local_loss(client, &x, &mut work)).sum::<f64>() / 40.0;
        assert!((mean - form.loss(&x)).abs() < 1e-12 * mean, "{spec:?}: {mean} {}", form.loss(&x));
        let least = (0..40).map(|client| problem.local_loss(client, &form.optimum.x, &mut work)).sum::<f64>() / 40.0;
        assert!((least - form.optimum.value).abs() < 1e-12 * least);
        assert!(form.optimum.gradient_norm < 1e-14);
    }
}

#[test]
fn dissimilarity_at_the_optimum_is_as_stated() {
    let mut work = Workspace::new();
    for spec in laws().into_iter().filter(|spec| spec.linear.is_none()) {
        let problem = generated::<f64>(&spec, 50, 0);
        let best = &problem.quadratic_form().unwrap().optimum.x;
        let mut gradient = vec![0.0; 7];
        let mut mean = vec![0.0; 7];
        let mut square = 0.0;
        for client in 0..50 {
            let _ = problem.gradient(client, best, Sample::Full, &mut gradient, &mut work);
            square += norm2(&gradient) / 50.0;
            mean.iter_mut().zip(&gradient).for_each(|(mean, g)| *mean += g / 50.0);
        }
        assert!((square - 2.5).abs() < 1e-13, "{square}");
        assert!(norm2(&mean).sqrt() < 1e-15, "{mean:?}");
    }
}

#[test]
fn a_common_curvature_has_the_stated_condition() {
    let spec =
        GeneratorSpec { dimension: 6, condition: 1e3, smoothness: 4.0, curvature: Alike::Same, ..GeneratorSpec::default() };
    let Hessian::Diagonal(diagonal) = generated::<f64>(&spec, 3, 0).quadratic_form().unwrap().hessian.clone() else { panic!() };
    let (low, high) = diagonal.iter().fold((f64::MAX, 0.0), |(low, high): (f64, f64), &h| (low.min(h), high.max(h)));
    assert!((high - 4.0).abs() < 1e-15 && (low - 4e-3).abs() < 1e-15);
}

#[test]
fn a_visit_is_its_steps_one_by_one() {
    let anchor = point(7);
    let shift: Vec<f64> = anchor.iter().map(|a| 0.1 * a).collect();
    let corrections = [Correction::NONE, Correction { scale: 0.5, shift: Some(&shift), pull: Some((0.3, &anchor)) }];
    for (spec, noise) in laws().into_iter().flat_map(|spec| [(spec.clone(), 0.0), (spec, 0.2)]) {
        let problem = Quadratic::<f64>::generated(&spec, 4, Streams::new(5), noise, usize::MAX);
        for correction in &corrections {
            let run = |whole: bool| {
                let mut rng = Streams::new(1).stream(Purpose::Batch, 2, 0);
                let (mut order, mut draw, mut work) = (Vec::new(), Vec::new(), Workspace::new());
                let mut batches = Batches::new(BatchSize::Full, noise, (1, 7), &mut rng, &mut order, &mut draw);
                let mut y = vec![0.5; 7];
                if whole {
                    let mut visit =
                        Visit { steps: 6, lr: &|k| 0.1 / (k + 1) as f64, batches: &mut batches, interrupt: Interrupt::default() };
                    problem.descend(2, &mut y, &mut visit, correction, &mut work);
                } else {
                    for k in 0..6 {
                        problem.step(2, &mut y, batches.next_sample(), 0.1 / (k + 1) as f64, correction, &mut work);
                    }
                }
                y
            };
            assert_eq!(run(true), run(false));
        }
    }
}

#[test]
fn every_width_multiplies_as_a_plain_loop() {
    for dim in (1..=34).chain([63, 64, 65, 100]) {
        let spec = GeneratorSpec { dimension: dim, shape: Shape::Dense, ..GeneratorSpec::default() };
        let problem = generated::<f64>(&spec, 2, usize::MAX);
        let v = point(dim);
        let mut product = vec![0.0; dim];
        assert!(problem.hessian_product(1, &v, &v, &mut product, &mut Workspace::new()));
        let Fleet::Stored { curvatures, .. } = &problem.fleet else { panic!() };
        let own = &curvatures[stride(dim) * dim..];
        for i in 0..dim {
            let plain: f64 = (0..dim).map(|j| own[j * stride(dim) + i] * v[j]).sum();
            assert!((plain - product[i]).abs() < 1e-13, "d = {dim}, row {i}");
        }
    }
}

#[test]
fn single_precision_follows_double() {
    let spec = GeneratorSpec { shape: Shape::Dense, ..GeneratorSpec::default() };
    let x = point(20);
    let narrow: Vec<f32> = x.iter().map(|&x| x as f32).collect();
    for budget in [0, usize::MAX] {
        let (wide, single) = (generated::<f64>(&spec, 3, budget), generated::<f32>(&spec, 3, budget));
        let (left, right) = (wide.local_loss(2, &x, &mut Workspace::new()), single.local_loss(2, &narrow, &mut Workspace::new()));
        assert!((left - right).abs() < 1e-5 * left, "{left} {right}");
    }
}

#[test]
fn files_state_the_same_problem_as_text() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("clients.csv"), "h1,h2,c1,c2\n1,2,1,-1\n3,1,-1,2\n").unwrap();
    let mut archive = zip::ZipWriter::new(std::fs::File::create(folder.path().join("clients.npz")).unwrap());
    for (name, array) in [("curvature", [[1.0, 2.0], [3.0, 1.0]]), ("centre", [[1.0, -1.0], [-1.0, 2.0]])] {
        archive.start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default()).unwrap();
        ndarray::arr2(&array).write_npy(&mut archive).unwrap();
    }
    let _ = archive.finish().unwrap();
    let text = stated("curvature = [[1, 2], [3, 1]]\ncentre = [[1, -1], [-1, 2]]");
    for name in ["clients.csv", "clients.npz"] {
        let spec = QuadraticSpec { file: Some(name.into()), ..QuadraticSpec::default() };
        let read = Quadratic::<f64>::new(&spec, Some(2), Streams::new(0), folder.path()).unwrap();
        assert_eq!(read.quadratic_form(), text.quadratic_form());
    }
}

#[test]
fn faults_name_their_key() {
    let fault = |text: &str, clients: Option<usize>| {
        let spec: QuadraticSpec = toml::from_str(text).unwrap();
        let error = Quadratic::<f64>::new(&spec, clients, Streams::new(0), Path::new(".")).unwrap_err();
        error.path.join(".")
    };
    assert_eq!(fault("curvature = [1, 2]", None), "curvature");
    assert_eq!(fault("curvature = [1, 2]\ncentre = [1]", None), "centre");
    assert_eq!(fault("curvature = [1, 2]\ncentre = [1, 2]", Some(3)), "curvature");
    assert_eq!(fault("curvature = [1, -2]\ncentre = [1, 2]", None), "curvature");
    assert_eq!(fault("curvature = [[[1, 2], [2, 1]]]\ncentre = [[1, 2]]", None), "curvature");
    assert_eq!(fault("noise = -1", Some(3)), "noise");
    assert_eq!(fault("generate = { condition = 0.5 }", Some(3)), "generate.condition");
    assert_eq!(fault("generate = {}", None), "generate");
    assert_eq!(fault("file = \"absent.npz\"", None), "file");
    assert_eq!(fault("curvature = 1\ncentre = [1]\ngenerate = {}", None), "");
}
