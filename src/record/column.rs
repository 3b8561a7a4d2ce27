//! The columns of `curves.csv` after the axes.

use super::Metric;
use crate::problem::evaluate::Wanted;

/// A recorded metric, or one layer of a metric that has a value for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// The metric.
    pub metric: Metric,
    /// The layer, from 0, where the metric has a value for each.
    pub layer: Option<usize>,
}

impl Column {
    /// The columns of a metric of models with this many layers of weights.
    pub fn of(metric: Metric, layers: usize) -> Vec<Self> {
        if metric.is_by_layer() {
            return (0..layers).map(|layer| Self { metric, layer: Some(layer) }).collect();
        }
        vec![Self { metric, layer: None }]
    }

    /// The name in scenarios and figures, such as `grad-norm`, or `layer-variance-2` for the second layer.
    pub fn name(self) -> String {
        let metric = self.metric.name();
        self.layer.map_or_else(|| metric.to_owned(), |layer| format!("{metric}-{}", layer + 1))
    }

    /// The name in the header, such as `grad_norm`.
    pub fn header(self) -> String {
        self.name().replace('-', "_")
    }
}

/// The scores that these columns are made of.
pub fn wanted(columns: &[Column]) -> Wanted {
    let has = |metric| columns.iter().any(|column| column.metric == metric);
    Wanted {
        loss: has(Metric::Loss),
        gap: has(Metric::Gap),
        gradient_norm: has(Metric::GradNorm),
        distance: has(Metric::Distance),
        test: has(Metric::Accuracy) || has(Metric::TestLoss),
        worst_decile: has(Metric::WorstDecileLoss),
        local_losses: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_by_layer_has_a_column_for_each() {
        let names = |metric, layers| Column::of(metric, layers).into_iter().map(Column::name).collect::<Vec<_>>();
        assert_eq!(names(Metric::LayerVariance, 3), ["layer-variance-1", "layer-variance-2", "layer-variance-3"]);
        assert_eq!(names(Metric::GradNorm, 3), ["grad-norm"]);
        assert_eq!(Column::of(Metric::LayerVariance, 1)[0].header(), "layer_variance_1");
    }
}
