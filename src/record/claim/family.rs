//! All claims of a scenario together.

use super::{Answer, ClaimSpec, Rules, Verdict, evaluate};
use crate::{invalid::Invalid, record::curves::Curves, statistics::holm};

/// Answers all claims of a scenario. Each verdict has its p after Holm's correction over all of them, and a note where its answer does
/// not survive that.
///
/// # Errors
/// As [`evaluate`].
pub fn all(claims: &[ClaimSpec], curves: &Curves, rules: Rules) -> Result<Vec<Verdict>, Invalid> {
    let mut verdicts = Vec::new();
    for claim in claims {
        verdicts.extend(evaluate(claim, curves, rules)?);
    }
    correct(&mut verdicts, rules);
    Ok(verdicts)
}

/// Corrects the p of all `verdicts` by Holm's procedure.
fn correct(verdicts: &mut [Verdict], rules: Rules) {
    let tested: Vec<usize> = (0..verdicts.len()).filter(|&index| verdicts[index].evidence.p.is_some()).collect();
    let corrected = holm(&tested.iter().filter_map(|&index| verdicts[index].evidence.p).collect::<Vec<_>>());
    let count = tested.len();
    for (index, p) in tested.into_iter().zip(corrected) {
        let verdict = &mut verdicts[index];
        verdict.evidence.holm = Some(p);
        let decided = matches!(verdict.answer, Answer::Holds | Answer::Refuted);
        if decided && p > 1.0 - rules.level {
            let told = format!("one of {count} claims, and not clear after Holm's correction for as many (p = {p:.2})");
            verdict.note = Some(verdict.note.take().map_or(told.clone(), |note| format!("{note}; {told}")));
        }
    }
}
