//! Samples on which nobody trains, drawn once for all seeds.

use rand::seq::SliceRandom;

use crate::{
    invalid::{Invalid, count},
    num::Real,
    problem::data::{DataSpec, Samples, Table, generate},
    random::{Purpose, Streams},
};

/// Holds out the test part, and of the rest the validation part, of each client that the source or a file of ids names (or of the
/// whole set). The test part is the same with and without a validation part.
///
/// # Errors
/// [`Invalid`] at the key of a share that holds out no sample.
pub(super) fn take<R: Real>(table: &mut Table<R>, spec: &DataSpec) -> Result<(), Invalid> {
    let mut groups = table.owned();
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    let mut part = |key: &str, share: Option<f64>, draw: u64| -> Result<Option<Samples<R>>, Invalid> {
        let Some(share) = share else { return Ok(None) };
        let rows = draw_out(&mut groups, &sizes, share, draw);
        if rows.is_empty() {
            let all = count(table.train.len(), "sample");
            return Err(Invalid::at(key, format!("a share of {share} of {all} holds out none: expected a larger share")));
        }
        Ok(Some(table.train.select(&rows)))
    };
    let test = part("test", spec.test, generate::HOLD_OUT)?;
    let validation = part("validation", spec.validation, generate::VALIDATION)?;
    table.test = test.or(table.test.take());
    table.validation = validation.or(table.validation.take());
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
