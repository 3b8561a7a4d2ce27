//! Trends across the values of a sweep key.

use super::{
    Answer, Direction, Evidence,
    effect::{Effect, Estimate, Scale, answer},
    judge::{Answers, Judgement, Terms, settled},
    measure::Measured,
};
use crate::record::{axis::short, spread::Bracket};

/// No change, or a change in one direction.
const FALLS: Bracket = Bracket { low: f64::NEG_INFINITY, high: 0.0 };
const RISES: Bracket = Bracket { low: 0.0, high: f64::INFINITY };

/// The values of one method at two keys or more, with the change between any two of them, seed by seed.
struct Course {
    points: Vec<(f64, Measured)>,
    terms: Terms,
}

/// Whether values move as they should over the keys of `points`, in their order.
pub(super) fn moves(points: Vec<(f64, Measured)>, direction: Direction, within: f64, terms: Terms) -> Result<Judgement, String> {
    let course = Course { points, terms };
    let last = course.points.len() - 1;
    let whole = course.change(0, last)?;
    let steps = (0..last).map(|k| course.change(k, k + 1)).collect::<Result<Vec<Estimate>, String>>()?;
    let (answers, required) = match direction {
        Direction::Falls => (monotone(&whole, &steps, FALLS), FALLS),
        Direction::Rises => (monotone(&whole, &steps, RISES), RISES),
        Direction::Flat => course.flat(within)?,
    };
    let varies = whole.varies || steps.iter().any(|step| step.varies);
    let (answer, why) = settled(answers.all, (whole.seeds(), varies), terms);
    let (p, exact) = if direction == Direction::Flat { (None, None) } else { whole.p_values(required).unzip() };
    let (seeds, favour) = (whole.seeds(), whole.favour(required));
    let evidence = Evidence { seeds, favour, by_value: !varies, p, exact, holm: None };
    let ratio = course.ratio(last)?;
    let note = course.listed();
    // The values are listed with what they may be; once is enough for the samples.
    let open = course.points.into_iter().find_map(|(_, found)| found.open.filter(|open| open.always));
    let judged = Judgement { figure: ratio.centre, interval: ratio.interval, answer, evidence, note: None };
    Ok(judged.noting(answers, why, [note], open))
}

/// The answers, by all that samples leave open and by the values shown, to whether the change from the first to the last key and that of
/// every step are as `required`: there must be a change, and no step may go back.
fn monotone(whole: &Estimate, steps: &[Estimate], required: Bracket) -> Answers {
    let clear = |interval: Bracket| answer(interval, required) == Answer::Holds && interval.low != 0.0 && interval.high != 0.0;
    let of = |interval: &dyn Fn(&Estimate) -> Bracket| {
        let back = |estimate: &Estimate| answer(interval(estimate), required) == Answer::Refuted;
        let stays = interval(whole) == Bracket::at(0.0);
        if stays || back(whole) || steps.iter().any(back) {
            Answer::Refuted
        } else if clear(interval(whole)) && steps.iter().all(|step| answer(Bracket::at(step.centre), required) == Answer::Holds) {
            Answer::Holds
        } else {
            Answer::Undecided
        }
    };
    Answers { all: of(&|estimate| estimate.interval), shown: of(&|estimate| estimate.of_shown) }
}

impl Course {
    /// The change from one key to another.
    fn change(&self, from: usize, to: usize) -> Result<Estimate, String> {
        self.between(from, to, Scale::Linear, |before, after| after - before)
    }

    /// The value at the key `last`, relative to that at the first key.
    fn ratio(&self, last: usize) -> Result<Estimate, String> {
        self.between(0, last, Scale::Log, |first, last| last / first)
    }

    fn between(&self, from: usize, to: usize, scale: Scale, figure: impl Fn(f64, f64) -> f64) -> Result<Estimate, String> {
        let [(_, from), (_, to)] = [&self.points[from], &self.points[to]];
        let effects: Vec<Effect> = from
            .seeds
            .iter()
            .filter_map(|(seed, before)| {
                let after = to.seeds.get(seed)?;
                let corners = [before.range.low, before.range.high].into_iter();
                let corners = corners.flat_map(|b| [figure(b, after.range.low), figure(b, after.range.high)]);
                Some(Effect { shown: figure(before.value, after.value), range: Bracket::spanning(corners) })
            })
            .filter(|effect| !effect.shown.is_nan())
            .collect();
        if effects.is_empty() {
            return Err(format!("{} has no seed with values at all keys", to.label));
        }
        Ok(Estimate::new(&effects, scale, self.terms.interval, self.terms.rules))
    }

    /// Whether no two values differ by more than a share `within` of the smallest, with the bounds of the change from the first to the
    /// last key.
    fn flat(&self, within: f64) -> Result<(Answers, Bracket), String> {
        let centres = (0..self.points.len()).map(|k| self.at(k)).collect::<Vec<f64>>();
        let most = within * centres.iter().map(|centre| centre.abs()).fold(f64::INFINITY, f64::min);
        let required = Bracket { low: -most, high: most };
        let mut answers = Answers { all: Answer::Holds, shown: Answer::Holds };
        for from in 0..centres.len() {
            for to in from + 1..centres.len() {
                let change = self.change(from, to)?;
                answers.all = worse(answers.all, answer(change.interval, required));
                answers.shown = worse(answers.shown, answer(change.of_shown, required));
            }
        }
        Ok((answers, required))
    }

    /// The mean over seeds at a key.
    fn at(&self, key: usize) -> f64 {
        let seeds = &self.points[key].1.seeds;
        seeds.values().map(|found| found.value).sum::<f64>() / seeds.len() as f64
    }

    /// The median values with their keys, in words.
    fn listed(&self) -> String {
        let shown = |found: &Measured| {
            let ranges: Vec<Bracket> = found.seeds.values().map(|found| found.range).collect();
            match Bracket::median(&ranges) {
                Some(value) if !value.is_exact() => format!("{}–{}", short(value.low), short(value.high)),
                value => short(value.map_or(f64::NAN, |value| value.high)),
            }
        };
        self.points.iter().map(|(key, found)| format!("{} at {key}", shown(found))).collect::<Vec<_>>().join(", ")
    }
}

/// The answer to a claim of two parts.
fn worse(a: Answer, b: Answer) -> Answer {
    match (a, b) {
        (Answer::Refuted, _) | (_, Answer::Refuted) => Answer::Refuted,
        (Answer::Holds, Answer::Holds) => Answer::Holds,
        _ => Answer::Undecided,
    }
}
