//! Times to a target that some runs do not reach: the mean of those that do would be too small, and is not offered.

/// How long a run was watched for its target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Watched {
    /// When the target was reached, or when the run ended without it; infinite for one that diverged, which never would reach it.
    pub time: f64,
    /// Whether the target was reached.
    pub reached: bool,
}

impl Watched {
    /// A run that reached its target at `time`.
    pub fn reached(time: f64) -> Self {
        Self { time, reached: true }
    }

    /// A run that ended at `time` without.
    pub fn ended(time: f64) -> Self {
        Self { time, reached: false }
    }
}

/// Kaplan and Meier's estimate of the share of runs that have not yet reached their target (1958).
#[derive(Debug, Clone, PartialEq)]
pub struct KaplanMeier {
    /// The times at which the share falls, with what it falls to.
    pub steps: Vec<(f64, f64)>,
    /// The last time at which a run was watched.
    pub end: f64,
}

impl KaplanMeier {
    /// The estimate from `runs`. Of runs that end as others reach the target, all were still watched then.
    pub fn of(runs: &[Watched]) -> Self {
        let mut runs = runs.to_vec();
        runs.sort_by(|a, b| a.time.total_cmp(&b.time));
        let end = runs.last().map_or(0.0, |run| run.time);
        let (mut steps, mut share, mut left) = (Vec::new(), 1.0, runs.len());
        for together in runs.chunk_by(|a, b| a.time == b.time) {
            let reached = together.iter().filter(|run| run.reached).count();
            if reached > 0 {
                share *= (left - reached) as f64 / left as f64;
                steps.push((together[0].time, share));
            }
            left -= together.len();
        }
        Self { steps, end }
    }

    /// The share of runs that have not reached the target after `time`.
    pub fn at(&self, time: f64) -> f64 {
        self.steps.iter().take_while(|step| step.0 <= time).last().map_or(1.0, |step| step.1)
    }

    /// The first time after which at most half of the runs have not reached the target; `None` if that was not seen.
    pub fn median(&self) -> Option<f64> {
        // A product of quotients such as 5/6 · 3/5 rounds.
        self.steps.iter().find(|step| step.1 <= 0.5 + 1e-12).map(|step| step.0)
    }

    /// The restricted mean: of the time to the target, or `horizon` where that is earlier. It is the area below the share.
    pub fn restricted_mean(&self, horizon: f64) -> f64 {
        let within = self.steps.iter().filter(|step| step.0 < horizon);
        let (area, time, share) =
            within.fold((0.0, 0.0, 1.0), |(area, from, share), step| (area + share * (step.0 - from), step.0, step.1));
        area + share * (horizon - time)
    }
}

/// The longest time up to which all `groups` of runs were watched, beyond which their restricted means cannot be compared: the least of
/// the ends of the groups in which runs never reached the target, and the latest time at which one did where all do.
pub fn common_horizon(groups: &[Vec<Watched>]) -> f64 {
    let open = |group: &&Vec<Watched>| KaplanMeier::of(group).steps.last().is_none_or(|step| step.1 > 0.0);
    let end = |group: &Vec<Watched>| group.iter().map(|run| run.time).filter(|time| time.is_finite()).fold(0.0, f64::max);
    let latest = groups.iter().map(end).fold(0.0, f64::max);
    groups.iter().filter(open).map(end).filter(|&end| end > 0.0).fold(latest, f64::min)
}

/// The expected running time: the time that all `runs` took, each until it reached its target or until `horizon` at the latest, for each
/// one that reached it; infinite if none did. Runs that fail are repeated until one does not, so to speak.
pub fn expected_running_time(runs: &[Watched], horizon: f64) -> f64 {
    let reached = runs.iter().filter(|run| run.reached && run.time <= horizon).count();
    runs.iter().map(|run| run.time.min(horizon)).sum::<f64>() / reached as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs() -> Vec<Watched> {
        let hits = [10.0, 20.0, 20.0, 30.0].map(Watched::reached);
        hits.into_iter().chain([Watched::ended(50.0); 2]).collect()
    }

    #[test]
    fn six_runs_of_which_two_do_not_reach_the_target() {
        let curve = KaplanMeier::of(&runs());
        for (time, share) in [(9.9, 1.0), (10.0, 5.0 / 6.0), (20.0, 0.5), (29.0, 0.5), (30.0, 1.0 / 3.0), (50.0, 1.0 / 3.0)] {
            approx::assert_relative_eq!(curve.at(time), share, max_relative = 1e-12);
        }
        assert_eq!(curve.median(), Some(20.0));
        // 10 · 1 + 10 · 5/6 + 10 · 1/2 + 20 · 1/3
        approx::assert_relative_eq!(curve.restricted_mean(50.0), 30.0, max_relative = 1e-12);
        // The mean of min(T, 20) over runs that are all watched until then: (10 + 5 · 20) / 6.
        approx::assert_relative_eq!(curve.restricted_mean(20.0), 110.0 / 6.0, max_relative = 1e-12);
        // 80 of those that do, 100 of those that do not, for four successes.
        assert_eq!(expected_running_time(&runs(), 50.0), 45.0);
    }

    #[test]
    fn a_run_that_ends_early_counts_until_then() {
        // One of four runs ends at 15: of the other three, two reach the target at 20. S = 3/4 at 10, then 3/4 · 0/2.
        let curve =
            KaplanMeier::of(&[Watched::reached(10.0), Watched::ended(15.0), Watched::reached(20.0), Watched::reached(20.0)]);
        assert_eq!(curve.steps, [(10.0, 0.75), (20.0, 0.0)]);
        assert_eq!(curve.restricted_mean(100.0), 10.0 + 7.5);
        // At the same time, it was still watched.
        let curve = KaplanMeier::of(&[Watched::ended(10.0), Watched::reached(10.0)]);
        assert_eq!((curve.at(10.0), curve.median()), (0.5, Some(10.0)));
    }

    #[test]
    fn who_never_reaches_the_target_has_no_median_and_an_infinite_expectation() {
        let never = [Watched::ended(5.0), Watched::ended(f64::INFINITY)];
        let curve = KaplanMeier::of(&never);
        assert_eq!((curve.median(), curve.at(1e9), curve.restricted_mean(8.0)), (None, 1.0, 8.0));
        assert_eq!(expected_running_time(&never, 8.0), f64::INFINITY);
        // A run that diverged at once has not been cheap: 2 + 8 for one success.
        assert_eq!(expected_running_time(&[Watched::reached(2.0), Watched::ended(f64::INFINITY)], 8.0), 10.0);
    }

    #[test]
    fn restricted_means_go_as_far_as_all_were_watched() {
        let all = vec![Watched::reached(10.0), Watched::reached(40.0)];
        let some = vec![Watched::reached(10.0), Watched::ended(30.0)];
        let none = vec![Watched::ended(50.0), Watched::ended(f64::INFINITY)];
        assert_eq!(common_horizon(&[all.clone(), some.clone()]), 30.0);
        assert_eq!(common_horizon(&[all.clone(), none.clone()]), 50.0);
        assert_eq!(common_horizon(std::slice::from_ref(&all)), 40.0);
        assert_eq!(common_horizon(&[all, vec![Watched::ended(f64::INFINITY)]]), 40.0);
    }
}
