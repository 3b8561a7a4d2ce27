//! Models with ages, and how two of them are merged, as a whole or in part.

use rand::{RngExt, SeedableRng};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    num::{Real, vector},
    problem::Correction,
    protocol::{Local, Payload},
    random::Rng,
};

/// How two models are merged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum MergeRule {
    /// Their mean.
    #[default]
    Plain,
    /// Weighted by their ages.
    ByAge,
    /// Weighted by their ages, but a model that is older by more than this many steps is taken alone (Danner et al. 2023).
    Limited(f64),
}

impl MergeRule {
    /// Weight of the own model of this `age` against one of the age `other` [1].
    fn own_share(self, age: f64, other: f64) -> f64 {
        match self {
            Self::Plain => 0.5,
            Self::Limited(most) if age > other + most => 1.0,
            Self::Limited(most) if other > age + most => 0.0,
            Self::ByAge | Self::Limited(_) => {
                if age + other > 0.0 {
                    age / (age + other)
                } else {
                    0.5
                }
            }
        }
    }
}

/// A model and the ages of its parts: the local steps they have seen. Coordinate `j` belongs to part `j mod k`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "R: Real")]
pub(super) struct Model<R> {
    pub x: Vec<R>,
    pub ages: Vec<f64>,
}

/// The coordinates of a model in a message, encoded in its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of them.
    Whole,
    /// One part.
    Part(usize),
    /// A random sample, which sender and receiver draw from the same seed.
    Sample(u64),
}

impl Extent {
    /// The extent as a tag.
    pub fn tag(self) -> u64 {
        match self {
            Self::Whole => 0,
            Self::Part(part) => 1 + ((part as u64) << 1),
            Self::Sample(seed) => (seed | 1) << 1,
        }
    }

    /// The extent of a tag.
    pub fn of_tag(tag: u64) -> Self {
        match tag {
            0 => Self::Whole,
            odd if odd % 2 == 1 => Self::Part((odd >> 1) as usize),
            even => Self::Sample(even >> 1),
        }
    }

    /// The coordinates, of `dim`, in `parts` parts, of which a sample takes the `fraction`.
    fn coordinates(self, dim: usize, parts: usize, fraction: f64) -> Vec<usize> {
        match self {
            Self::Whole => (0..dim).collect(),
            Self::Part(part) => (part..dim).step_by(parts).collect(),
            Self::Sample(seed) => {
                let (mut rng, count) = (Rng::seed_from_u64(seed), sample_size(dim, fraction));
                let mut all: Vec<usize> = (0..dim).collect();
                for k in 0..count {
                    all.swap(k, rng.random_range(k..dim));
                }
                all.truncate(count);
                all
            }
        }
    }
}

fn sample_size(dim: usize, fraction: f64) -> usize {
    ((fraction * dim as f64).round() as usize).clamp(1, dim)
}

impl<R: Real> Model<R> {
    /// Model number `k` of a payload of whole models.
    pub fn of(payload: &Payload<R>, k: usize) -> Self {
        let parts = payload.scalars.len() / payload.vectors.len();
        Self { x: payload.vectors[k].clone(), ages: payload.scalars[k * parts..][..parts].to_vec() }
    }

    /// The oldest part's age.
    pub fn age(&self) -> f64 {
        self.ages.iter().copied().fold(0.0, f64::max)
    }

    /// The model in a payload.
    pub fn from_payload(mut payload: Payload<R>) -> Self {
        Self { x: payload.vectors.swap_remove(0), ages: payload.scalars }
    }

    /// The whole model as a message.
    pub fn payload(&self) -> Payload<R> {
        self.clone().into_payload()
    }

    /// The whole model as a message.
    pub fn into_payload(self) -> Payload<R> {
        Payload { vectors: vec![self.x], scalars: self.ages }
    }

    /// The coordinates of `extent`, with the age of the part or of the whole.
    pub fn excerpt(&self, extent: Extent, fraction: f64) -> Payload<R> {
        let age = match extent {
            Extent::Whole => return self.payload(),
            Extent::Part(part) => self.ages[part],
            Extent::Sample(_) => self.age(),
        };
        let coordinates = extent.coordinates(self.x.len(), self.ages.len(), fraction);
        Payload::one(coordinates.into_iter().map(|j| self.x[j]).collect()).with_scalar(age)
    }

    /// `UPDATE`: the local steps of a visit; `by_age` divides the step size of every part by its age.
    #[must_use]
    pub fn update(mut self, by_age: bool, local: &mut Local<'_, R>) -> Self {
        if !by_age {
            local.descend(&mut self.x, &Correction::NONE);
            self.ages.iter_mut().for_each(|age| *age += local.steps as f64);
            return self;
        }
        let Self { x, ages } = &mut self;
        let parts = ages.len();
        local.each_step(x, |step, x| {
            let gradient = step.gradient(x);
            for (part, age) in ages.iter_mut().enumerate() {
                *age += 1.0;
                let lr = R::of(step.lr / *age);
                (part..x.len()).step_by(parts).for_each(|j| x[j] -= lr * gradient[j]);
            }
            step.work.give(gradient);
        });
        self
    }

    /// `MERGE` with a whole model: part by part, by their ages.
    pub fn merge(&mut self, rule: MergeRule, x: &[R], ages: &[f64]) {
        let parts = self.ages.len();
        for (part, &age) in ages.iter().enumerate().take(parts) {
            let own = R::of(rule.own_share(self.ages[part], age));
            let rest = R::one() - own;
            if parts == 1 {
                vector::blend(rest, x, own, &mut self.x);
            } else {
                (part..self.x.len()).step_by(parts).for_each(|j| self.x[j] = own * self.x[j] + rest * x[j]);
            }
            self.ages[part] = self.ages[part].max(age);
        }
    }

    /// `MERGE` with the part of a model in a message.
    pub fn merge_excerpt(&mut self, rule: MergeRule, extent: Extent, fraction: f64, message: &Payload<R>) {
        let Some(&age) = message.scalars.first() else { return };
        let own = match extent {
            Extent::Whole => return self.merge(rule, &message.vectors[0], &message.scalars),
            Extent::Part(part) => {
                let share = rule.own_share(self.ages[part], age);
                self.ages[part] = self.ages[part].max(age);
                share
            }
            Extent::Sample(_) => {
                let share = rule.own_share(self.age(), age);
                self.ages.iter_mut().for_each(|own| *own = own.max(age));
                share
            }
        };
        let coordinates = extent.coordinates(self.x.len(), self.ages.len(), fraction);
        let (own, rest) = (R::of(own), R::of(1.0 - own));
        for (j, &value) in coordinates.into_iter().zip(&message.vectors[0]) {
            self.x[j] = own * self.x[j] + rest * value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(k: usize, ages: &[f64]) -> Model<f64> {
        Model { x: (0..10).map(|j| ((3 * j + 7 * k) as f64).sin()).collect(), ages: ages.to_vec() }
    }

    #[test]
    fn a_single_part_and_a_full_sample_are_the_whole() {
        for rule in [MergeRule::Plain, MergeRule::ByAge, MergeRule::Limited(2.0)] {
            let (own, other) = (model(0, &[3.0]), model(1, &[4.0]));
            let mut whole = own.clone();
            whole.merge(rule, &other.x, &other.ages);
            for extent in [Extent::Part(0), Extent::Sample(77)] {
                let mut merged = own.clone();
                merged.merge_excerpt(rule, extent, 1.0, &other.excerpt(extent, 1.0));
                assert_eq!(merged, whole, "{rule:?} {extent:?}");
            }
        }
    }

    #[test]
    fn a_part_brings_its_coordinates_and_its_age_only() {
        let (mut own, other) = (model(0, &[1.0, 5.0, 2.0]), model(1, &[9.0, 15.0, 9.0]));
        let before = own.clone();
        let message = other.excerpt(Extent::Part(1), 1.0);
        assert_eq!(message.dense_bits(), 32 * (3 + 1), "coordinates 1, 4 and 7, and an age");
        own.merge_excerpt(MergeRule::ByAge, Extent::Part(1), 1.0, &message);
        for j in 0..10 {
            let expected = if j % 3 == 1 { 0.25 * before.x[j] + 0.75 * other.x[j] } else { before.x[j] };
            assert!((own.x[j] - expected).abs() < 1e-15);
        }
        assert_eq!(own.ages, [1.0, 15.0, 2.0]);
    }

    #[test]
    fn limited_merging_takes_the_much_older_model_alone() {
        let shares = |age, other| MergeRule::Limited(1.0).own_share(age, other);
        assert_eq!([shares(9.0, 2.0), shares(2.0, 9.0), shares(0.0, 0.0)], [1.0, 0.0, 0.5]);
        assert_eq!(shares(3.0, 4.0), 3.0 / 7.0);
    }

    #[test]
    fn a_sample_has_distinct_coordinates_and_stamps_come_back() {
        let mut sample = Extent::Sample(5).coordinates(100, 1, 0.3);
        sample.sort_unstable();
        sample.dedup();
        assert_eq!(sample.len(), 30);
        for extent in [Extent::Whole, Extent::Part(0), Extent::Part(6), Extent::Sample(9)] {
            assert_eq!(Extent::of_tag(extent.tag()), extent);
        }
    }
}
