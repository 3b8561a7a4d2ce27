//! Judging the effects of all seeds by what a claim requires of them.

use super::{
    Answer, Comparison, Evidence, IntervalKind, Kind, Rules,
    effect::{Effect, Estimate, FEWEST, Scale, answer},
    measure::{Found, Measured, Open},
};
use crate::record::{axis::short, metric::Better, spread::Bracket};

/// The conditions under which a claim is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub kind: Kind,
    pub interval: IntervalKind,
    pub rules: Rules,
}

/// The result of an assertion.
#[derive(Debug, Clone)]
pub(super) struct Judgement {
    /// The effect that was asked for.
    pub figure: f64,
    /// Its interval.
    pub interval: Bracket,
    pub answer: Answer,
    /// Seeds and probabilities behind the answer.
    pub evidence: Evidence,
    /// Remarks.
    pub note: Option<String>,
}

/// The answers of an interval: with all that samples leave open, and of the effects shown alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answers {
    pub all: Answer,
    pub shown: Answer,
}

/// The remedy for uncertainty between samples.
const REMEDY: &str = "`record.every = { rounds = 1 }` samples every update of a server; a finer grid samples peers more closely";

impl Judgement {
    /// The judgement by an `estimate`; what samples leave `open` is said where that matters, with the remedy.
    pub fn new(
        estimate: &Estimate,
        required: Bracket,
        terms: Terms,
        notes: impl IntoIterator<Item = String>,
        open: impl IntoIterator<Item = Open>,
    ) -> Self {
        let answers = Answers { all: answer(estimate.interval, required), shown: answer(estimate.of_shown, required) };
        let (answer, why) = settled(answers.all, (estimate.seeds(), estimate.varies), terms);
        let (p, exact) = estimate.p_values(required).unzip();
        let (seeds, favour) = (estimate.seeds(), estimate.favour(required));
        let evidence = Evidence { seeds, favour, by_value: !estimate.varies, p, exact, holm: None };
        Self { figure: estimate.centre, interval: estimate.interval, answer, evidence, note: None }
            .noting(answers, why, notes, open)
    }

    /// The same with its remarks.
    pub fn noting(
        mut self,
        answers: Answers,
        why: Option<String>,
        notes: impl IntoIterator<Item = String>,
        open: impl IntoIterator<Item = Open>,
    ) -> Self {
        let undecided = self.answer == Answer::Undecided && why.is_none();
        let crosses = undecided && answers.shown == Answer::Undecided;
        let told: Vec<String> =
            open.into_iter().filter(|open| undecided && !crosses || open.always).map(|open| open.text).collect();
        let remedy = (!told.is_empty()).then(|| REMEDY.to_owned());
        let crosses = crosses.then(|| "the interval crosses the threshold: more seeds narrow it".to_owned());
        self.note =
            notes.into_iter().chain(why).chain(crosses).chain(told).chain(remedy).reduce(|note, next| format!("{note}; {next}"));
        self
    }
}

/// The answer for so many seeds, which vary or not, and a reason besides the interval. A single seed decides identities and theorems.
pub(super) fn settled(by_all: Answer, (seeds, varies): (usize, bool), terms: Terms) -> (Answer, Option<String>) {
    match seeds {
        1 if !terms.kind.is_exact() => (Answer::Undecided, Some(ONE_SEED.to_owned())),
        few if few > 1 && few < FEWEST && varies => {
            (Answer::Undecided, Some(format!("{few} seeds are too few to judge a spread: give `seeds = 8` or more")))
        }
        _ => (by_all, None),
    }
}

/// Why one seed does not decide a claim, and what does.
const ONE_SEED: &str = "one seed does not show the spread over seeds: give `seeds = 8` or more, or `kind = \"identity\"` or \"theorem\" \
                        where nothing is random";

/// What is required of the comparison of two methods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Versus {
    pub compare: Comparison,
    pub better: Better,
    /// The values of the ratio or difference that the claim allows.
    pub required: Bracket,
}

/// Compares two methods, the better one first, seed by seed. A target that the worse method never reached is worth as much as the run
/// was long: the effect is then a lower bound, and the notes say so.
pub(super) fn beats([good, bad]: [Measured; 2], versus: Versus, terms: Terms) -> Result<Judgement, String> {
    let pairs: Vec<(Found, Found)> = good.seeds.iter().filter_map(|(seed, &g)| Some((g, *bad.seeds.get(seed)?))).collect();
    if pairs.is_empty() {
        return Err(format!("{} and {} have no seed in common", good.label, bad.label));
    }
    let effects: Vec<Effect> = pairs.iter().map(|&(g, b)| versus.effect(g, b)).collect();
    let undefined = effects.iter().filter(|effect| effect.shown.is_nan()).count();
    // Neither reaches the target: what would be known of the effect is anything.
    let neither = pairs.iter().filter(|(g, b)| g.missed.is_some() && b.missed.is_some()).count();
    if undefined == effects.len() && neither < undefined {
        let (g, b) = pairs[0];
        return Err(format!("{} ({}) and {} ({}) cannot be compared", bad.label, short(b.value), good.label, short(g.value)));
    }
    let effects: Vec<Effect> = effects.into_iter().map(|effect| versus.settle(effect)).collect();
    let ties = (undefined > 0).then(|| format!("the comparison is undefined in {undefined} seeds, which count as ties"));
    let scale = if versus.compare == Comparison::Ratio { Scale::Log } else { Scale::Linear };
    let estimate = Estimate::new(&effects, scale, terms.interval, terms.rules);
    let neither = bad.missed().filter(|_| good.missed().is_some() && neither > 0);
    let bound = bad.missed().filter(|_| good.missed().is_none());
    let at_least = |text: String| if text.contains("diverges") { text } else { format!("at least: {text}") };
    let notes = [good.missed(), neither, bound.map(at_least), ties, good.note, bad.note].into_iter().flatten();
    Ok(Judgement::new(&estimate, versus.required, terms, notes, [good.open, bad.open].into_iter().flatten()))
}

impl Versus {
    /// The ratio or difference of a value `b` of the worse method and a value `g` of the better one.
    fn figure(&self, b: f64, g: f64) -> f64 {
        match (self.compare, self.better) {
            (Comparison::Ratio, Better::Higher) => (1.0 - b) / (1.0 - g),
            (Comparison::Difference, Better::Higher) => g - b,
            (Comparison::Ratio, _) => b / g,
            (Comparison::Difference, _) => b - g,
        }
    }

    /// The effect in one seed; not a number where both values are zero, or infinite, and where neither target is reached.
    fn effect(&self, g: Found, b: Found) -> Effect {
        if g.missed.is_some() && b.missed.is_some() {
            return Effect { shown: f64::NAN, range: Bracket { low: self.least(), high: f64::INFINITY } };
        }
        if g.missed.is_some() {
            return Effect::at(self.least());
        }
        let end = b.missed.unwrap_or(b.value);
        let b = if b.missed.is_some() { Bracket { low: end, high: f64::INFINITY } } else { b.range };
        let corners = [(b.low, g.range.low), (b.low, g.range.high), (b.high, g.range.low), (b.high, g.range.high)];
        let corners = corners.map(|(b, g)| self.figure(b, g));
        // Of zero and zero any ratio may be right, of infinities any difference.
        let any = if corners.iter().any(|corner| corner.is_nan()) { &[self.least(), f64::INFINITY][..] } else { &[] };
        let range = Bracket::spanning(corners.into_iter().filter(|corner| !corner.is_nan()).chain(any.iter().copied()));
        Effect { shown: self.figure(end, g.value), range }
    }

    /// The worst effect there is.
    fn least(&self) -> f64 {
        if self.compare == Comparison::Ratio { 0.0 } else { f64::NEG_INFINITY }
    }

    /// An undefined effect as a tie.
    fn settle(&self, effect: Effect) -> Effect {
        let tie = if self.compare == Comparison::Ratio { 1.0 } else { 0.0 };
        if effect.shown.is_nan() { Effect { shown: tie, ..effect } } else { effect }
    }
}

/// Whether the value of one method, which spreads evenly on `scale` where it is positive, lies within `required`.
pub(super) fn lies(found: Measured, required: Bracket, scale: Scale, terms: Terms) -> Judgement {
    let effects: Vec<Effect> = found.seeds.values().map(|found| Effect { shown: found.value, range: found.range }).collect();
    let positive = effects.iter().all(|effect| effect.range.low > 0.0 && effect.shown > 0.0);
    let estimate = Estimate::new(&effects, if positive { scale } else { Scale::Linear }, terms.interval, terms.rules);
    let notes = [found.missed(), found.note].into_iter().flatten();
    Judgement::new(&estimate, required, terms, notes, found.open)
}
