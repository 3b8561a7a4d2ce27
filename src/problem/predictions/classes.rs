//! Predictions of classes.

use super::{Reliability, Score, calibration::BINS};

/// Probabilities of all classes beside the true ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Classes {
    count: usize,
    /// Natural logarithms, shape `[rows, C]`.
    log_probabilities: Vec<f64>,
    /// The most probable class of each row, the first of equals.
    predicted: Vec<u32>,
    /// The true class of each row.
    labels: Vec<u32>,
}

impl Classes {
    /// Predictions by logits, shape `[rows, C]`, of `count` classes.
    pub fn of_logits(count: usize, mut logits: Vec<f64>, labels: Vec<u32>) -> Self {
        // Before normalising, which may round two logits to one.
        let predicted = logits.chunks_exact(count).map(first_of_largest).collect();
        for z in logits.chunks_exact_mut(count) {
            let largest = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = z.iter().map(|z| (z - largest).exp()).sum();
            z.iter_mut().for_each(|z| *z = (*z - largest) - sum.ln());
        }
        Self { count, log_probabilities: logits, predicted, labels }
    }

    /// Predictions by probabilities, shape `[rows, C]`.
    pub(super) fn of_probabilities(count: usize, mut probabilities: Vec<f64>, labels: Vec<u32>) -> Self {
        let predicted = probabilities.chunks_exact(count).map(first_of_largest).collect();
        probabilities.iter_mut().for_each(|p| *p = p.ln());
        Self { count, log_probabilities: probabilities, predicted, labels }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// The logarithms of the probabilities of all classes for `row`, shape `[C]`.
    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.log_probabilities[row * self.count..][..self.count]
    }

    /// The logarithm of the probability of the true class of `row`.
    pub(super) fn of_truth(&self, row: usize) -> f64 {
        self.row(row)[self.labels[row] as usize]
    }

    pub(super) fn append(&mut self, other: &Self) {
        self.log_probabilities.extend(&other.log_probabilities);
        self.predicted.extend(&other.predicted);
        self.labels.extend(&other.labels);
    }

    fn mean(&self, of_row: impl Fn(usize) -> f64) -> f64 {
        (0..self.len()).map(of_row).sum::<f64>() / self.len() as f64
    }

    fn hit(&self, row: usize) -> bool {
        self.predicted[row] == self.labels[row]
    }

    pub(super) fn score(&self, score: Score) -> Option<f64> {
        match score {
            Score::Loss => Some(self.mean(|row| -self.of_truth(row))),
            Score::Accuracy => Some((0..self.len()).filter(|&row| self.hit(row)).count() as f64 / self.len() as f64),
            Score::BalancedAccuracy => self.over_classes(|class| {
                let Tally { hits, true_rows, .. } = self.tally(class);
                (true_rows > 0).then(|| hits as f64 / true_rows as f64)
            }),
            Score::MacroF1 => self.over_classes(|class| {
                let Tally { hits, true_rows, predicted_rows } = self.tally(class);
                (true_rows + predicted_rows > 0).then(|| 2.0 * hits as f64 / (true_rows + predicted_rows) as f64)
            }),
            Score::Auc => self.over_classes(|class| self.auc(class)),
            Score::Brier => Some(self.mean(|row| self.brier(row))),
            Score::Ece => Some(self.reliability(BINS).error()),
            Score::OverConfidence => Some(self.reliability(BINS).over_confidence()),
            Score::Rmse | Score::Mae | Score::R2 => None,
        }
    }

    /// `‖p − e_y‖²` of a row.
    fn brier(&self, row: usize) -> f64 {
        let truth = self.labels[row] as usize;
        let terms = self.row(row).iter().enumerate();
        terms.map(|(class, log)| (log.exp() - f64::from(class == truth)).powi(2)).sum()
    }

    /// Mean over the classes that have a value; `None` where none has.
    fn over_classes(&self, value: impl Fn(u32) -> Option<f64>) -> Option<f64> {
        let values: Vec<f64> = (0..self.count as u32).filter_map(value).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }

    fn tally(&self, class: u32) -> Tally {
        let pairs = self.predicted.iter().zip(&self.labels);
        pairs.fold(Tally::default(), |sum, (&predicted, &label)| Tally {
            hits: sum.hits + usize::from(predicted == class && label == class),
            true_rows: sum.true_rows + usize::from(label == class),
            predicted_rows: sum.predicted_rows + usize::from(predicted == class),
        })
    }

    /// The probability that a random row of `class` gets it with a larger probability than a random row of another class, ties by half.
    fn auc(&self, class: u32) -> Option<f64> {
        let mut rows: Vec<(f64, bool)> =
            (0..self.len()).map(|row| (self.row(row)[class as usize], self.labels[row] == class)).collect();
        let own = rows.iter().filter(|(_, own)| *own).count();
        let others = rows.len() - own;
        if own == 0 || others == 0 {
            return None;
        }
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut wins, mut below) = (0.0, 0);
        for tied in rows.chunk_by(|a, b| a.0 == b.0) {
            let own = tied.iter().filter(|(_, own)| *own).count();
            let others = tied.len() - own;
            wins += own as f64 * (below as f64 + 0.5 * others as f64);
            below += others;
        }
        Some(wins / (own as f64 * others as f64))
    }

    pub(super) fn reliability(&self, bins: usize) -> Reliability {
        let confidence = |row: usize| self.row(row)[self.predicted[row] as usize].exp();
        Reliability::of((0..self.len()).map(|row| (confidence(row), self.hit(row))), bins)
    }
}

/// Numbers of rows of a class.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    hits: usize,
    true_rows: usize,
    predicted_rows: usize,
}

fn first_of_largest(values: &[f64]) -> u32 {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three classes: of the rows of class 0 two of three are right, of class 1 one of two; class 2 has no row, and one prediction.
    fn classes() -> Classes {
        let one = |class: usize| (0..3).map(move |k| if k == class { 0.6 } else { 0.2 });
        let predicted = [0, 0, 1, 1, 2];
        Classes::of_probabilities(3, predicted.into_iter().flat_map(one).collect(), vec![0, 0, 0, 1, 1])
    }

    #[test]
    fn hits_are_weighed_as_by_hand() {
        let score = |score| classes().score(score).unwrap();
        approx::assert_relative_eq!(score(Score::Accuracy), 0.6, epsilon = 1e-15);
        approx::assert_relative_eq!(score(Score::BalancedAccuracy), 0.5 * (2.0 / 3.0 + 0.5), epsilon = 1e-15);
        // Class 0: 2·2/(3 + 2); class 1: 2·1/(2 + 2); class 2: 0/(0 + 1).
        approx::assert_relative_eq!(score(Score::MacroF1), (0.8 + 0.5 + 0.0) / 3.0, epsilon = 1e-15);
        // A hit is 0.4² + 2·0.2² = 0.24 from the truth, an error 0.6² + 0.8² + 0.2² = 1.04.
        approx::assert_relative_eq!(score(Score::Brier), 0.6 * 0.24 + 0.4 * 1.04, epsilon = 1e-12);
        approx::assert_relative_eq!(score(Score::Loss), -0.6 * 0.6_f64.ln() - 0.4 * 0.2_f64.ln(), epsilon = 1e-12);
    }

    #[test]
    fn an_area_counts_ordered_pairs_and_half_the_ties() {
        // Probabilities of class 1: its rows 0.9 and 0.4, the others 0.4 and 0.1: of four pairs three are in order and one is tied.
        let p = [0.9, 0.4, 0.4, 0.1];
        let probabilities = p.into_iter().flat_map(|p: f64| [1.0 - p, p]).collect();
        let classes = Classes::of_probabilities(2, probabilities, vec![1, 1, 0, 0]);
        approx::assert_relative_eq!(classes.score(Score::Auc).unwrap(), 3.5 / 4.0, epsilon = 1e-15);
        let one_class = Classes::of_probabilities(2, vec![0.5; 4], vec![1, 1]);
        assert_eq!(one_class.score(Score::Auc), None, "there is nothing to tell apart");
    }

    #[test]
    fn logits_and_their_probabilities_say_the_same() {
        let logits = Classes::of_logits(3, vec![1e4, 0.0, 0.0, 2.0_f64.ln(), 0.0, 0.0], vec![0, 1]);
        assert_eq!((logits.of_truth(0), logits.predicted.as_slice()), (0.0, &[0, 0][..]));
        approx::assert_relative_eq!(logits.of_truth(1), 0.25_f64.ln(), epsilon = 1e-15);
    }
}
