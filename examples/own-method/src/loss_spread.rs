//! The spread of the clients' losses: how unfair a model is.

use fedfleet::prelude::*;

/// Standard deviation of the clients' losses.
pub struct LossSpread;

impl Metric for LossSpread {
    const CARD: MetricCard = MetricCard {
        name: "loss-spread",
        summary: "standard deviation of the clients' losses",
        title: "spread of client losses",
        unit: "",
        better: Better::Lower,
        scale: ScaleKind::Log,
        needs: MetricNeeds::scores(Wanted { local_losses: true, ..Wanted::NOTHING }),
    };

    fn of_model(score: &Evaluation) -> Option<f64> {
        let losses = score.local_losses.as_ref()?;
        let mean = losses.iter().sum::<f64>() / losses.len() as f64;
        let squares = losses.iter().map(|loss| (loss - mean).powi(2));
        Some((squares.sum::<f64>() / losses.len() as f64).sqrt())
    }
}
