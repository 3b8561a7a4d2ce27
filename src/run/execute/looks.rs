//! Seeds that are added until every claim is decided.

use crate::{
    record::claim::{Answer, Verdict},
    run::Plan,
    scenario::{Rejected, Seeds},
};

impl Plan {
    /// The plan with the seeds of the next look, if the scenario adds seeds, some of the `verdicts` are undecided and there are seeds left.
    ///
    /// # Errors
    /// As [`Plan::resolve`], for data that have changed meanwhile.
    pub(super) fn looking_on(&self, verdicts: &[Verdict]) -> Result<Option<Self>, Rejected> {
        let Seeds::Until(sequential) = &self.scenario.seeds else { return Ok(None) };
        let most = self.scenario.labels().into_iter().map(|label| self.seeds_of(label).len() as u64).max().unwrap_or_default();
        let undecided = verdicts.iter().any(|verdict| verdict.answer == Answer::Undecided);
        let Some(next) = sequential.next(most).filter(|_| undecided) else { return Ok(None) };
        let mut asked = self.asked.clone();
        asked.values_mut().for_each(|seeds| *seeds = (0..next).collect());
        Ok(Some(Self { asked, ..Self::resolve(self.scenario.clone(), &[])? }))
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;
    use rand_distr::StandardNormal;

    use crate::{
        random::{Purpose, Streams},
        scenario::{Sequential, Until},
        statistics::paired::student,
    };

    /// The share of sequences of normal effects in which some look's interval misses their mean.
    fn missed(levels: impl Fn(usize) -> f64, looks: &[u64], repeats: usize) -> f64 {
        let mut rng = Streams::new(5).stream(Purpose::Data, 0, 0);
        let missed = (0..repeats).filter(|_| {
            let effects: Vec<f64> = (0..looks[looks.len() - 1]).map(|_| rng.sample::<f64, _>(StandardNormal)).collect();
            let misses = |&look: &u64| {
                let found = student(&effects[..look as usize], levels(looks.len())).unwrap();
                !found.includes(0.0)
            };
            looks.iter().any(misses)
        });
        missed.count() as f64 / repeats as f64
    }

    #[test]
    fn intervals_of_all_looks_together_cover_the_effect() {
        let looks = Sequential { until: Until::Decided, first: 8, max: 40 }.looks();
        let repeats = 2000;
        // Four standard errors of a share of 0.05 among 2000 are 0.02.
        let shared = missed(|looks| 1.0 - 0.05 / looks as f64, &looks, repeats);
        assert!(shared < 0.05 && shared > 0.01, "{shared}");
        // 95 % at every look misses more often: about one time in seven (Armitage, McPherson and Rowe, 1969, for equal steps).
        let repeated = missed(|_| 0.95, &looks, repeats);
        assert!(repeated > 0.09, "{repeated}");
    }
}
