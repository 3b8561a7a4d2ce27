//! Labels of a random one-layer network.

use super::{Drawn, MODEL, TEST, TRAIN, argmax, normals, numbered};
use crate::{
    num::Real,
    problem::data::{Table, TeacherSpec},
    random::{Purpose, Rng, Streams},
};

/// Draws `x ~ N(0, I)` and `y = argmax(tanh(x A) B)`.
pub fn teacher<R: Real>(spec: &TeacherSpec, streams: &Streams) -> Table<R> {
    let mut rng = streams.stream(Purpose::Data, 0, MODEL);
    let width = (spec.features as f64).sqrt();
    // Both by output: `[hidden][features]` and `[classes][hidden]`.
    let first: Vec<Vec<f64>> =
        (0..spec.hidden).map(|_| normals(spec.features, &mut rng).into_iter().map(|value| value / width).collect()).collect();
    let second: Vec<Vec<f64>> = (0..spec.classes).map(|_| normals(spec.hidden, &mut rng)).collect();
    let draw = |_, rng: &mut Rng, row: &mut [R]| {
        let x = normals(spec.features, rng);
        let hidden: Vec<f64> = first.iter().map(|unit| dot(unit, &x).tanh()).collect();
        let scores: Vec<f64> = second.iter().map(|unit| dot(unit, &hidden)).collect();
        row.iter_mut().zip(x).for_each(|(value, x)| *value = R::of(x));
        argmax(&scores)
    };
    let test = Drawn::pool((spec.test, spec.features), TEST, streams, draw);
    let train = Drawn::pool((spec.samples, spec.features), TRAIN, streams, draw).classified(spec.classes);
    let held_out = (spec.test > 0).then(|| test.classified(spec.classes));
    let classes = numbered(spec.classes);
    Table::new(train, held_out, classes)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
