//! Features of a random layer, in place of those of a network that was trained elsewhere.

use ndarray::Array2;

use crate::{
    invalid::Invalid,
    memory::{check_parameters, check_values},
    num::{
        Real,
        matrix::{Write, by_rows, multiply},
    },
    problem::data::{
        Features, Table,
        generate::{self, normal},
    },
    random::{Purpose, Streams},
};

/// Replaces the features `x` of every sample by `max(0, W x)`, shape `[count]`, with `W ~ N(0, 2 / columns)`, shape
/// `[count, columns]`, drawn once for all seeds.
///
/// # Errors
/// [`Invalid`] at `random-features` where features are sparse.
pub(super) fn replace<R: Real>(table: &mut Table<R>, count: usize) -> Result<(), Invalid> {
    let columns = table.train.features.columns();
    check_parameters("random-features", &[columns, count], "a layer of random features")?;
    check_values("random-features", &[table.train.len(), count])?;
    let mut rng = Streams::new(0).stream(Purpose::Data, 0, generate::RANDOM_FEATURES);
    let deviation = (2.0 / columns as f64).sqrt();
    let weights: Vec<R> = (0..count * columns).map(|_| R::of(deviation * normal(&mut rng))).collect();
    let weights = by_rows(&weights, count, columns);
    for part in table.parts_mut() {
        let Features::Dense(inputs) = &part.features else {
            let refused = Invalid::at("random-features", "sparse features have no random ones made of them");
            return Err(refused.help("remove `random-features`, or give the data as dense `csv`, `npy` or `npz`"));
        };
        let inputs_of_rows = by_rows(inputs.as_slice().expect("features are in standard layout"), inputs.nrows(), columns);
        let mut outputs = vec![R::zero(); inputs.nrows() * count];
        multiply(R::one(), inputs_of_rows, weights.transpose(), &mut outputs, Write::Replace);
        outputs.iter_mut().for_each(|value| *value = value.max(R::zero()));
        let shape = (inputs.nrows(), count);
        part.features = Features::Dense(Array2::from_shape_vec(shape, outputs).expect("as many values as the shape says"));
    }
    Ok(())
}
