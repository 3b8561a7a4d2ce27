//! What the name of a metric says: its words in a figure, and which direction is better.

/// Which values of a metric are better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Losses, gaps, norms, distances.
    Lower,
    /// Accuracies.
    Higher,
}

impl Better {
    /// The direction of the metric `name`.
    pub fn of(name: &str) -> Self {
        if name.contains("accuracy") || name == "participation" { Self::Higher } else { Self::Lower }
    }

    /// The better of two values; a value that is not a number never wins.
    pub fn choose(self, a: f64, b: f64) -> f64 {
        let b_wins = match self {
            Self::Lower => b < a,
            Self::Higher => b > a,
        };
        if a.is_nan() || b_wins { b } else { a }
    }

    /// Whether `value` is as good as `target`.
    pub fn reached(self, value: f64, target: f64) -> bool {
        match self {
            Self::Lower => value <= target,
            Self::Higher => value >= target,
        }
    }

    /// The worst value there is: what a run that diverged counts as.
    pub fn worst(self) -> f64 {
        match self {
            Self::Lower => f64::INFINITY,
            Self::Higher => f64::NEG_INFINITY,
        }
    }

    /// `value`, or the worst one where it is not finite.
    pub fn settle(self, value: f64) -> f64 {
        if value.is_finite() { value } else { self.worst() }
    }
}

/// Words for the metric `name` in a figure or a table, without a unit.
pub fn title(name: &str) -> String {
    if let Some(layer) = name.strip_prefix("layer-variance-") {
        return format!("weight variance of layer {layer}");
    }
    match name {
        "loss" => "training loss".into(),
        "gap" => "optimality gap".into(),
        "grad-norm" => "gradient norm".into(),
        "distance" => "distance to optimum".into(),
        "accuracy" => "test accuracy".into(),
        "accuracy-narrowest" => "test accuracy, fewest bits".into(),
        "accuracy-widest" => "test accuracy, most bits".into(),
        "accuracy-clients" => "test accuracy, mean over clients".into(),
        "consensus" => "consensus distance".into(),
        "client-memory" => "memory of clients".into(),
        "share" => "share of updates".into(),
        "worst-decile-loss" => "worst-decile client loss".into(),
        other => other.replace('-', " "),
    }
}

/// Whether the metric shrinks towards zero over decades, so that a logarithmic axis suits it.
pub fn is_geometric(name: &str) -> bool {
    name.contains("loss") || name.starts_with("layer-variance") || matches!(name, "gap" | "grad-norm" | "distance" | "consensus")
}
