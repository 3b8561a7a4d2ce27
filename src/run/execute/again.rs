//! Claims that fail, asked again with the keys under which they should hold.

use std::collections::BTreeSet;

use super::{Summary, execute};
use crate::{
    record::claim::{Answer, ClaimSpec, Verdict},
    run::{
        Plan, Results,
        error::RunError,
        options::{Options, Progressing},
    },
    scenario::Rejected,
};

/// The folder of the results with other keys, in that of a scenario's results.
const FOLDER: &str = "holds-with";

/// A claim with the plan that asks it again.
pub(super) struct Again {
    /// The place of the claim in the scenario.
    index: usize,
    /// The changed keys, in words.
    with: String,
    plan: Plan,
}

impl Plan {
    /// The claims that name keys under which they hold, each with its plan.
    ///
    /// # Errors
    /// Faults of the scenario with those keys.
    pub(super) fn again(&self) -> Result<Vec<Again>, Rejected> {
        let asked = self.claims.iter().enumerate().filter(|(_, claim)| !claim.holds_with.is_empty());
        asked
            .map(|(index, claim)| {
                let with = claim.holds_with.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ");
                let plan = Self::resolve(self.scenario.asking(index, &claim.holds_with)?, &methods(claim))?;
                Ok(Again { index, with, plan })
            })
            .collect()
    }
}

/// The labels of the methods that a claim is about.
fn methods(claim: &ClaimSpec) -> Vec<String> {
    let labels: BTreeSet<&String> = [&claim.better, &claim.worse, &claim.of].into_iter().flatten().collect();
    labels.into_iter().cloned().collect()
}

/// Runs those of `again` whose claims are refuted or undecided by the `verdicts` of a plan, each into a folder of its own, and returns their verdicts.
///
/// # Errors
/// As [`execute`].
pub(super) fn ask(
    again: &[Again],
    claims: &[ClaimSpec],
    verdicts: &[Verdict],
    results: &Results,
    options: &Options,
    progress: &dyn Progressing,
) -> Result<Vec<Verdict>, RunError> {
    let mut found = Vec::new();
    for Again { index, with, plan } in again {
        let text = &claims[*index].text;
        let fails = |verdict: &Verdict| matches!(verdict.answer, Answer::Refuted | Answer::Undecided);
        if !verdicts.iter().any(|verdict| verdict.text == *text && fails(verdict)) {
            continue;
        }
        progress.note(&format!("`{text}` is asked again with {with}"));
        let folder = Results::at(results.file(&format!("{FOLDER}/{}", index + 1)));
        let Summary { verdicts, .. } = execute(plan, &folder, &Options { resume: false, ..options.clone() }, progress)?;
        found.extend(verdicts.into_iter().map(|verdict| Verdict { with: Some(with.clone()), ..verdict }));
    }
    Ok(found)
}
