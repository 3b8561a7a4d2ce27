//! Predictions of real targets.

use super::Score;

/// Predicted values beside the targets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values {
    /// Shape `[rows]`.
    pub predicted: Vec<f64>,
    /// Shape `[rows]`.
    pub targets: Vec<f64>,
}

impl Values {
    pub(super) fn append(&mut self, other: &Self) {
        self.predicted.extend(&other.predicted);
        self.targets.extend(&other.targets);
    }

    fn mean(&self, of_error: impl Fn(f64) -> f64) -> f64 {
        let errors = self.predicted.iter().zip(&self.targets).map(|(predicted, target)| of_error(predicted - target));
        errors.sum::<f64>() / self.targets.len() as f64
    }

    pub(super) fn score(&self, score: Score) -> Option<f64> {
        match score {
            Score::Loss => Some(0.5 * self.mean(|error| error * error)),
            Score::Rmse => Some(self.mean(|error| error * error).sqrt()),
            Score::Mae => Some(self.mean(f64::abs)),
            Score::R2 => self.explained(),
            _ => None,
        }
    }

    /// `1 − Σ error² / Σ (target − mean)²`.
    fn explained(&self) -> Option<f64> {
        let count = self.targets.len() as f64;
        let mean = self.targets.iter().sum::<f64>() / count;
        let variance = self.targets.iter().map(|target| (target - mean).powi(2)).sum::<f64>() / count;
        (variance > 0.0).then(|| 1.0 - self.mean(|error| error * error) / variance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Errors 1, −1, 2 and 0 of targets 0, 1, 2, 3: the squares sum to 6 and the targets vary by 5 about 1.5.
    #[test]
    fn errors_are_scored_as_by_hand() {
        let values = Values { predicted: vec![1.0, 0.0, 4.0, 3.0], targets: vec![0.0, 1.0, 2.0, 3.0] };
        let score = |score| values.score(score).unwrap();
        assert_eq!((score(Score::Loss), score(Score::Rmse), score(Score::Mae)), (0.75, 1.5_f64.sqrt(), 1.0));
        approx::assert_relative_eq!(score(Score::R2), 1.0 - 6.0 / 5.0, epsilon = 1e-15);
        assert_eq!(Values { targets: vec![2.0; 4], ..values.clone() }.score(Score::R2), None);
        assert_eq!(values.score(Score::Auc), None);
    }
}
