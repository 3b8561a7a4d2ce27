//! Preparation of the samples of a file: classes are numbered, rows held out, features scaled.

mod random_features;

use std::collections::BTreeSet;

use ndarray::Array2;
use rand::seq::SliceRandom;

use super::{
    DataSpec, Features, LabelName, Samples, Scale, Table, TargetKind, Targets, generate,
    read::{RawSamples, RawTable, RawTargets, is_large},
};
use crate::{
    invalid::{Invalid, count},
    num::Real,
    random::{Purpose, Streams},
};

/// Most distinct whole numbers that are taken for classes unless the scenario says so.
const MOST_CLASSES: usize = 64;

/// Most classes that a message lists.
const LISTED: usize = 8;

/// Numbers the classes of `raw`, in ascending order over training and held-out samples together. The scenario says what
/// targets are, or else `objective` what it needs.
///
/// # Errors
/// [`Invalid`] where real targets are asked for and there are names, where it is not clear what numbers are, or where there are
/// no features.
pub(super) fn number<R: Real>(raw: RawTable<R>, kind: TargetKind, objective: TargetKind) -> Result<Table<R>, Invalid> {
    let RawTable { train, test, validation, natural, columns, held_out, mut notes, unscaled: _ } = raw;
    if train.features.columns() == 0 {
        return Err(Invalid::at("", "the samples have no features"));
    }
    let parts: Vec<&RawTargets> =
        [Some(&train), test.as_ref(), validation.as_ref()].into_iter().flatten().map(|part| &part.targets).collect();
    let coding = Coding::new(&parts, kind, objective)?;
    let finish = |part: RawSamples<R>| Samples { features: part.features, targets: coding.encode(part.targets) };
    let (train, test, validation) = (finish(train), test.map(finish), validation.map(finish));
    let fits_numbers = kind == TargetKind::Auto && objective == TargetKind::Values;
    // −1 and 1 are what two classes become anyway.
    let fitted = match &coding {
        Coding::Numbers(numbers) if fits_numbers => numbers.as_slice().try_into().ok().filter(|numbers| *numbers != [-1.0, 1.0]),
        _ => None,
    };
    if let (Coding::Names(names), true) = (&coding, fits_numbers)
        && let [one, other] = names.as_slice()
    {
        notes.push(format!("the classes `{one}` and `{other}` are fitted as -1 and 1"));
    }
    let table = Table { validation, natural, columns, held_out, fitted, notes, ..Table::new(train, test, coding.names()) };
    // Here samples still have the numbers that they have in their file.
    check_finite(&table)?;
    Ok(table)
}

/// Refuses `names` where numbers are needed: names that are no number if `kind` says so, and whole numbers that are not held
/// exactly in any case.
fn check_numbers(names: &BTreeSet<String>, kind: TargetKind) -> Result<(), Invalid> {
    let other = names.iter().find(|name| name.parse::<f64>().is_err());
    match (other, names.first()) {
        (Some(name), _) if kind == TargetKind::Values => {
            Err(Invalid::at("targets", format!("the target `{name}` is not a number: expected real values")))
        }
        (None, Some(_)) if names.iter().any(|name| is_large(name)) => {
            let large = names.iter().find(|name| is_large(name)).map_or("", String::as_str);
            let message =
                format!("the target `{large}` is a whole number of 2^53 or more, which is not held exactly as a value to fit");
            Err(Invalid::at("targets", message).help("subtract or divide by a constant before the file is written"))
        }
        (None, Some(first)) if kind == TargetKind::Values => {
            let message = format!("the targets are text, such as `{first}`: expected real values");
            Err(Invalid::at("targets", message).help("save them as numbers, such as by `y.astype(float)`"))
        }
        _ => Ok(()),
    }
}

/// The code of targets.
enum Coding {
    /// Real values.
    Values,
    /// The index among these numbers, ascending.
    Numbers(Vec<f64>),
    /// The index among these names, ascending.
    Names(Vec<String>),
}

impl Coding {
    fn new(parts: &[&RawTargets], kind: TargetKind, objective: TargetKind) -> Result<Self, Invalid> {
        let mut numbers = Vec::new();
        let mut names = BTreeSet::new();
        for part in parts {
            match part {
                // −0 is 0.
                RawTargets::Numbers(values) => numbers.extend(values.iter().map(|value| value + 0.0)),
                RawTargets::Names(cells) => names.extend(cells.iter().cloned()),
            }
        }
        if kind == TargetKind::Values || (kind == TargetKind::Auto && objective == TargetKind::Values) {
            check_numbers(&names, kind)?;
        }
        let whole = numbers.iter().all(|value| value.fract() == 0.0);
        numbers.sort_unstable_by(f64::total_cmp);
        numbers.dedup();
        if !names.is_empty() {
            names.extend(numbers.iter().map(ToString::to_string));
            return Ok(Self::Names(names.into_iter().collect()));
        }
        let few = numbers.len() <= MOST_CLASSES;
        let is_real = match (kind, objective) {
            (TargetKind::Values, _) => true,
            (TargetKind::Classes, _) => false,
            (TargetKind::Auto, TargetKind::Classes) => !whole,
            (TargetKind::Auto, TargetKind::Auto) if whole && !few => {
                let message = format!("the targets are {} different whole numbers: classes, or values to fit?", numbers.len());
                return Err(Invalid::at("", message).help("say `targets = \"classes\"` or `targets = \"values\"` in the data"));
            }
            (TargetKind::Auto, _) => !(whole && few),
        };
        Ok(if is_real { Self::Values } else { Self::Numbers(numbers) })
    }

    fn names(self) -> Vec<String> {
        match self {
            Self::Values => Vec::new(),
            Self::Numbers(numbers) => numbers.iter().map(ToString::to_string).collect(),
            Self::Names(names) => names,
        }
    }

    fn encode<R: Real>(&self, targets: RawTargets) -> Targets<R> {
        // Every target of both parts is among the numbers or names.
        let of_number = |numbers: &[f64], value: f64| numbers.partition_point(|&known| known < value) as u32;
        let of_name = |names: &[String], name: String| names.partition_point(|known| *known < name) as u32;
        let (labels, count) = match (self, targets) {
            (Self::Values, RawTargets::Numbers(values)) => return Targets::Values(values.into_iter().map(R::of).collect()),
            (Self::Numbers(known), RawTargets::Numbers(values)) => {
                (values.into_iter().map(|value| of_number(known, value)).collect(), known.len())
            }
            (Self::Names(known), RawTargets::Numbers(values)) => {
                (values.into_iter().map(|value| of_name(known, (value + 0.0).to_string())).collect(), known.len())
            }
            (Self::Names(known), RawTargets::Names(names)) => {
                (names.into_iter().map(|name| of_name(known, name)).collect(), known.len())
            }
            (Self::Values | Self::Numbers(_), RawTargets::Names(_)) => {
                unreachable!("with names among the targets, they are coded by name")
            }
        };
        Targets::Classes { labels, count }
    }
}

/// Applies the options of `spec` in this order: chosen classes, hold-out, scale, unit length, standardisation,
/// random features.
///
/// # Errors
/// [`Invalid`] at the option that does not fit the data.
pub(super) fn prepare<R: Real>(mut table: Table<R>, spec: &DataSpec) -> Result<Table<R>, Invalid> {
    if let Some(wanted) = &spec.classes {
        choose(&mut table, wanted)?;
    }
    if spec.test.is_some() && table.test.is_some() {
        return Err(Invalid::at("test", "the data set has held-out samples of its own").help("leave `test` out"));
    }
    if spec.validation.is_some() && table.validation.is_some() {
        return Err(Invalid::at("validation", "the data set has validation samples of its own").help("leave `validation` out"));
    }
    if spec.test.is_some() || spec.validation.is_some() {
        hold_out(&mut table, spec)?;
    }
    match spec.scale {
        Some(Scale::Factor(factor)) => map_values(&mut table, |value| *value *= R::of(factor)),
        Some(scale @ Scale::Bytes(_)) => map_values(&mut table, |value| *value = R::of(scale.of(value.f64()))),
        None => {}
    }
    if spec.normalise {
        table.parts_mut().for_each(|part| part.features.normalise());
    }
    if spec.standardise {
        standardise(&mut table)?;
    }
    if let Some(count) = spec.random_features {
        random_features::replace(&mut table, count)?;
    }
    check_finite(&table)?;
    let unseen = [(&table.test, "held-out"), (&table.validation, "validation")].map(|(part, what)| unseen(&table, part, what));
    for note in unseen {
        table.notes.extend(note?);
    }
    Ok(table)
}

/// Refuses values that the precision of the scenario does not hold.
fn check_finite<R: Real>(table: &Table<R>) -> Result<(), Invalid> {
    let parts = [(Some(&table.train), "training"), (table.test.as_ref(), "held-out"), (table.validation.as_ref(), "validation")];
    for (part, what) in parts {
        let Some(part) = part else { continue };
        let odd = |value: &R| !value.f64().is_finite();
        let row = match &part.features {
            Features::Dense(matrix) => matrix.iter().position(odd).map(|at| at / matrix.ncols()),
            Features::Sparse(matrix) => {
                matrix.values.iter().position(odd).map(|at| matrix.starts.partition_point(|&start| start <= at) - 1)
            }
        };
        let target = if let Targets::Values(values) = &part.targets { values.iter().position(odd) } else { None };
        if let Some((row, which)) = row.map(|row| (row, "a feature")).or(target.map(|row| (row, "a target"))) {
            let message = format!(
                "{which} of {what} sample {row} (counted from 0) is too large for numbers of {} bits",
                8 * size_of::<R>()
            );
            return Err(Invalid::at("", message).help("scale the data, or set `precision = \"f64\"`"));
        }
    }
    Ok(())
}

/// A note on classes that only the samples of a held-out `part` have, which messages call `what`; refuses a part that has no others.
fn unseen<R: Real>(table: &Table<R>, part: &Option<Samples<R>>, what: &str) -> Result<Option<String>, Invalid> {
    let Some(Samples { targets: Targets::Classes { labels: part, .. }, .. }) = part else { return Ok(None) };
    let Targets::Classes { labels, count } = &table.train.targets else { return Ok(None) };
    let mut seen = vec![false; *count];
    labels.iter().for_each(|&label| seen[label as usize] = true);
    let unseen: BTreeSet<u32> = part.iter().copied().filter(|&label| !seen[label as usize]).collect();
    if unseen.is_empty() {
        return Ok(None);
    }
    let names: Vec<String> = unseen.iter().take(LISTED).map(|&label| format!("`{}`", table.classes[label as usize])).collect();
    let more = if unseen.len() > LISTED { format!(" and {} more", unseen.len() - LISTED) } else { String::new() };
    let message = format!("classes occur among {what} samples only: {}{more}", names.join(", "));
    if part.iter().all(|label| unseen.contains(label)) {
        let known: Vec<String> =
            (0..*count).filter(|&class| seen[class]).take(LISTED).map(|class| format!("`{}`", table.classes[class])).collect();
        let help = format!("training samples have {}: write classes alike in both parts", known.join(", "));
        return Err(Invalid::at("", message).help(help));
    }
    Ok(Some(message))
}

fn map_values<R: Real>(table: &mut Table<R>, change: impl Fn(&mut R)) {
    for part in table.parts_mut() {
        match &mut part.features {
            Features::Dense(matrix) => matrix.iter_mut().for_each(&change),
            Features::Sparse(matrix) => matrix.values.iter_mut().for_each(&change),
        }
    }
}

/// Keeps the samples of the classes `wanted`, numbered in that order.
fn choose<R: Real>(table: &mut Table<R>, wanted: &[LabelName]) -> Result<(), Invalid> {
    let mut new_label = vec![None; table.classes.len()];
    for (new, class) in (0..).zip(wanted) {
        let class = class.to_string();
        let old = table.classes.iter().position(|known| *known == class).ok_or_else(|| {
            let known = if table.classes.is_empty() { "real targets".to_owned() } else { table.classes.join(", ") };
            Invalid::at("classes", format!("the data have no class `{class}`")).help(format!("they have: {known}"))
        })?;
        new_label[old] = Some(new);
    }
    let kept = |targets: &Targets<R>| match targets {
        Targets::Classes { labels, .. } => (0..labels.len()).filter(|&row| new_label[labels[row] as usize].is_some()).collect(),
        Targets::Values(_) => Vec::new(),
    };
    let train: Vec<usize> = kept(&table.train.targets);
    if train.is_empty() {
        return Err(Invalid::at("classes", "no training sample has one of these classes"));
    }
    table.keep_train(&train);
    if let Some(test) = &table.test {
        let rows: Vec<usize> = kept(&test.targets);
        table.held_out.iter_mut().for_each(|grouping| *grouping = grouping.select(&rows));
    }
    for part in [&mut table.test, &mut table.validation] {
        *part = part.take().map(|part| part.select(&kept(&part.targets)));
    }
    for part in table.parts_mut() {
        if let Targets::Classes { labels, count } = &mut part.targets {
            labels.iter_mut().for_each(|label| *label = new_label[*label as usize].unwrap_or_default());
            *count = wanted.len();
        }
    }
    table.classes = wanted.iter().map(ToString::to_string).collect();
    // Whoever chooses classes wants classes.
    table.fitted = None;
    if let Some(natural) = &mut table.natural {
        natural.renumber();
    }
    table.columns.iter_mut().for_each(super::Grouping::renumber);
    Ok(())
}

/// Holds out the test part, and of the rest the validation part, of each client that the source or a file of ids names (or of the
/// whole set). Both are drawn once for all seeds, and the test part is the same with and without a validation part.
fn hold_out<R: Real>(table: &mut Table<R>, spec: &DataSpec) -> Result<(), Invalid> {
    let mut groups = table.owned();
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    let mut part = |key: &str, share: Option<f64>, draw: u64| -> Result<Option<(Vec<usize>, Samples<R>)>, Invalid> {
        let Some(share) = share else { return Ok(None) };
        let rows = draw_out(&mut groups, &sizes, share, draw);
        if rows.is_empty() {
            let all = count(table.train.len(), "sample");
            return Err(Invalid::at(key, format!("a share of {share} of {all} holds out none: expected a larger share")));
        }
        let samples = table.train.select(&rows);
        Ok(Some((rows, samples)))
    };
    let test = part("test", spec.test, generate::HOLD_OUT)?;
    let validation = part("validation", spec.validation, generate::VALIDATION)?;
    if let Some((rows, test)) = test {
        table.test = Some(test);
        let groupings = table.natural.iter().chain(&table.columns).map(|grouping| grouping.select(&rows));
        table.held_out = table.ids.iter().map(|ids| ids.grouping(&rows)).chain(groupings).collect();
    }
    table.validation = validation.map(|(_, samples)| samples).or(table.validation.take());
    let mut train: Vec<usize> = groups.concat();
    train.sort_unstable();
    table.keep_train(&train);
    Ok(())
}

/// Takes `⌈share · nₖ⌉` rows, but never the last, from each of `groups`, which had `nₖ` of `sizes` to begin with; ascending.
fn draw_out(groups: &mut [Vec<usize>], sizes: &[usize], share: f64, draw: u64) -> Vec<usize> {
    let streams = Streams::new(0);
    let mut taken = Vec::new();
    for (group, (rows, &size)) in groups.iter_mut().zip(sizes).enumerate() {
        let wanted = size - ((1.0 - share) * size as f64).floor() as usize;
        let kept = rows.len().saturating_sub(wanted).max(1).min(rows.len());
        // The draw depends on which rows are left, not on how an earlier one has mixed them.
        rows.sort_unstable();
        rows.shuffle(&mut streams.stream(Purpose::Data, group, draw));
        taken.extend(rows.drain(kept..));
    }
    taken.sort_unstable();
    taken
}

impl<R: Real> Features<R> {
    /// Scales each row to Euclidean length 1; rows of zeros stay.
    fn normalise(&mut self) {
        let unit = |row: &mut [R]| {
            let length = row.iter().map(|value| value.f64() * value.f64()).sum::<f64>().sqrt();
            if length > 0.0 {
                row.iter_mut().for_each(|value| *value = R::of(value.f64() / length));
            }
        };
        match self {
            Self::Dense(matrix) => {
                for mut row in matrix.rows_mut() {
                    unit(row.as_slice_mut().expect("features are in standard layout"));
                }
            }
            Self::Sparse(matrix) => {
                for row in 1..matrix.starts.len() {
                    unit(&mut matrix.values[matrix.starts[row - 1]..matrix.starts[row]]);
                }
            }
        }
    }
}

/// Brings every feature to mean 0 and standard deviation 1 over the training samples; constant features become 0.
fn standardise<R: Real>(table: &mut Table<R>) -> Result<(), Invalid> {
    let Features::Dense(train) = &mut table.train.features else {
        return Err(Invalid::at("standardise", "sparse features cannot be shifted: they would no longer be sparse")
            .help("use `normalise = true` or `scale`"));
    };
    let moments = moments(train);
    apply(train, &moments);
    for part in [&mut table.test, &mut table.validation] {
        if let Some(Samples { features: Features::Dense(matrix), .. }) = part {
            apply(matrix, &moments);
        }
    }
    Ok(())
}

/// Mean and standard deviation of each column.
fn moments<R: Real>(matrix: &Array2<R>) -> Vec<(f64, f64)> {
    let rows = matrix.nrows() as f64;
    let column = |values: ndarray::ArrayView1<'_, R>| {
        let mean = values.iter().map(|value| value.f64()).sum::<f64>() / rows;
        let variance = values.iter().map(|value| (value.f64() - mean).powi(2)).sum::<f64>() / rows;
        (mean, variance.sqrt())
    };
    matrix.columns().into_iter().map(column).collect()
}

fn apply<R: Real>(matrix: &mut Array2<R>, moments: &[(f64, f64)]) {
    for mut row in matrix.rows_mut() {
        for (value, &(mean, deviation)) in row.iter_mut().zip(moments) {
            // Rounding leaves a constant column with a deviation near machine precision.
            let constant = deviation <= 1e-12 * mean.abs();
            *value = if constant { R::zero() } else { R::of((value.f64() - mean) / deviation) };
        }
    }
}

#[cfg(test)]
mod tests;
