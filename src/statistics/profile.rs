//! Performance profiles (Dolan and Moré, 2002): how often a method's cost is within a factor of the best.

/// What each method spends on each problem, relative to the cheapest there.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// For each method the finite ratios, in order of size.
    ratios: Vec<Vec<f64>>,
    /// Number of problems.
    problems: usize,
    /// Number of problems that no method solves; they count among all.
    pub unsolved: usize,
}

impl Profile {
    /// Profiles of positive costs, `[problem][method]`, infinite where a method fails.
    pub fn of(costs: &[Vec<f64>]) -> Self {
        let mut ratios = vec![Vec::new(); costs.first().map_or(0, Vec::len)];
        let mut unsolved = 0;
        for problem in costs {
            let least = problem.iter().copied().fold(f64::INFINITY, f64::min);
            if least.is_infinite() {
                unsolved += 1;
                continue;
            }
            let solved = problem.iter().zip(&mut ratios).filter(|(cost, _)| cost.is_finite());
            solved.for_each(|(cost, own)| own.push(cost / least));
        }
        ratios.iter_mut().for_each(|own| own.sort_by(f64::total_cmp));
        Self { ratios, problems: costs.len(), unsolved }
    }

    /// The share of all problems that `method` solves within `factor` times the least cost.
    pub fn within(&self, method: usize, factor: f64) -> f64 {
        self.ratios[method].partition_point(|&ratio| ratio <= factor) as f64 / self.problems as f64
    }

    /// The factors at which the share of `method` rises, in order; those that are the same stand once.
    pub fn steps(&self, method: usize) -> Vec<f64> {
        let mut steps = self.ratios[method].clone();
        steps.dedup();
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INF: f64 = f64::INFINITY;

    fn costs() -> Vec<Vec<f64>> {
        [[10.0, 20.0, 40.0], [30.0, 15.0, 60.0], [12.0, INF, 6.0], [8.0, 8.0, 16.0]].map(|row| row.to_vec()).to_vec()
    }

    #[test]
    fn shares_of_an_example() {
        // Ratios: A 1 2 2 1, B 2 1 ∞ 1, C 4 4 1 2.
        let profile = Profile::of(&costs());
        let at = |method, factors: &[f64]| factors.iter().map(|&factor| profile.within(method, factor)).collect::<Vec<_>>();
        assert_eq!(at(0, &[1.0, 1.99, 2.0]), [0.5, 0.5, 1.0]);
        assert_eq!(at(1, &[1.0, 2.0, 1e9]), [0.5, 0.75, 0.75]);
        assert_eq!(at(2, &[1.0, 2.0, 3.9, 4.0]), [0.25, 0.5, 0.5, 1.0]);
        assert_eq!(profile.steps(2), [1.0, 2.0, 4.0]);
    }

    #[test]
    fn the_unit_of_a_problem_and_its_order_move_nothing() {
        let mut other = costs();
        other[2].iter_mut().for_each(|cost| *cost *= 1024.0);
        other.reverse();
        assert_eq!(Profile::of(&other), Profile::of(&costs()));
    }

    #[test]
    fn first_places_cover_what_is_solved_and_more_only_by_ties() {
        // Four problems and a tie on the last; one that nobody solves counts among all.
        let sum = |profile: &Profile| (0..3).map(|method| profile.within(method, 1.0)).sum::<f64>();
        assert_eq!(sum(&Profile::of(&costs())), 5.0 / 4.0);
        let mut more = costs();
        more[3] = vec![8.0, 9.0, 16.0];
        more.push(vec![INF; 3]);
        let profile = Profile::of(&more);
        assert_eq!((sum(&profile), profile.unsolved), (4.0 / 5.0, 1));
    }
}
