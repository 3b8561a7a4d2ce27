//! Metrics over clients: a statistic of a score that each client's own held-out samples get.
//!
//! Their names are made of what they are: `client-accuracy-worst-decile`, `personalised-loss-mean`, `mixed-auc-median`.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Better, MetricCard, MetricNeeds, MetricSpec, ScaleKind};
use crate::{
    problem::{
        client_scores::{OfClient, Whose},
        predictions::{Predictions, Score},
    },
    record::spread::quantile,
};

/// A statistic over clients. Clients of which a score is not defined, such as those without held-out samples, are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Statistic {
    /// Mean, each client once.
    Mean,
    /// Mean, each client by its number of held-out samples.
    Weighted,
    /// The score of all clients' predictions together.
    Pooled,
    /// Standard deviation, each client once, with the divisor `n`: the clients are all there are.
    Sd,
    /// The worst client.
    Worst,
    /// Tenth percentile.
    P10,
    /// First quartile.
    P25,
    /// Median.
    Median,
    /// Third quartile.
    P75,
    /// Ninetieth percentile.
    P90,
    /// Mean of the worst tenth of the clients, `⌈n/10⌉` of them.
    WorstDecile,
    /// Mean of the best tenth of the clients.
    BestDecile,
    /// Jain's index of fairness `(Σ v)² / (n Σ v²)` \[1\]: 1 where all clients are alike, `1/n` where one has everything.
    Jain,
    /// The worst group of `record.clients.group`, each by the weighted mean of its clients.
    WorstGroup,
}

impl Statistic {
    /// All statistics, in the order in which lists show them.
    pub const ALL: [Self; 14] = [
        Self::Mean,
        Self::Weighted,
        Self::Pooled,
        Self::Sd,
        Self::Worst,
        Self::P10,
        Self::P25,
        Self::Median,
        Self::P75,
        Self::P90,
        Self::WorstDecile,
        Self::BestDecile,
        Self::Jain,
        Self::WorstGroup,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Weighted => "weighted",
            Self::Pooled => "pooled",
            Self::Sd => "sd",
            Self::Worst => "worst",
            Self::P10 => "p10",
            Self::P25 => "p25",
            Self::Median => "median",
            Self::P75 => "p75",
            Self::P90 => "p90",
            Self::WorstDecile => "worst-decile",
            Self::BestDecile => "best-decile",
            Self::Jain => "jain",
            Self::WorstGroup => "worst-group",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Mean => "mean over clients",
            Self::Weighted => "mean over clients by samples",
            Self::Pooled => "all clients' samples together",
            Self::Sd => "standard deviation over clients",
            Self::Worst => "worst client",
            Self::P10 => "10th percentile of clients",
            Self::P25 => "first quartile of clients",
            Self::Median => "median client",
            Self::P75 => "third quartile of clients",
            Self::P90 => "90th percentile of clients",
            Self::WorstDecile => "worst decile of clients",
            Self::BestDecile => "best decile of clients",
            Self::Jain => "Jain's index over clients",
            Self::WorstGroup => "worst group of clients",
        }
    }
}

/// A metric over clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverClients {
    /// Whose predictions are scored.
    pub whose: Whose,
    /// The score.
    pub score: Score,
    /// The statistic.
    pub statistic: Statistic,
}

/// What a model's metrics begin with.
const PREFIXES: [(&str, Whose); 3] = [("client", Whose::Run), ("personalised", Whose::Personal), ("mixed", Whose::Mixed)];

/// Every metric over clients. Their names live as long as the program, as those of all metrics do.
static ALL: LazyLock<Vec<MetricSpec>> = LazyLock::new(|| {
    let scores = PREFIXES.iter().flat_map(|prefix| Score::ALL.map(|score| (prefix, score)));
    let all = scores.flat_map(|(prefix, score)| Statistic::ALL.map(|statistic| (prefix, score, statistic)));
    all.map(|(&(prefix, whose), score, statistic)| {
        MetricSpec::over_clients(card(prefix, score, statistic), OverClients { whose, score, statistic })
    })
    .collect()
});

fn card(prefix: &str, score: Score, statistic: Statistic) -> MetricCard {
    let leak = |text: String| -> &'static str { text.leak() };
    let better = match statistic {
        Statistic::Sd => Better::Lower,
        Statistic::Jain => Better::Higher,
        _ if score.higher_is_better() => Better::Higher,
        _ => Better::Lower,
    };
    let model = if prefix == "client" { String::new() } else { format!("{prefix} ") };
    let title = format!("{model}{}, {}", score.title(), statistic.words());
    MetricCard {
        name: leak(format!("{prefix}-{}-{}", score.name(), statistic.name())),
        summary: leak(format!("{title}, on the clients' own held-out samples.")),
        title: leak(title),
        unit: "",
        better,
        scale: if score == Score::Loss { ScaleKind::Log } else { ScaleKind::Linear },
        needs: MetricNeeds::NOTHING,
    }
}

/// The metric over clients of this name.
pub fn named(name: &str) -> Option<MetricSpec> {
    is_near(name).then(|| ALL.iter().find(|metric| metric.name() == name).copied()).flatten()
}

/// Whether a name begins like that of a metric over clients.
fn is_near(name: &str) -> bool {
    PREFIXES.iter().any(|(prefix, _)| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-')))
}

/// The names of metrics over clients that are like `name`: those of its score, or a statistic of each score; none where it does not
/// begin like one.
pub fn like(name: &str) -> Vec<&'static str> {
    if !is_near(name) {
        return Vec::new();
    }
    let names = || ALL.iter().map(|metric| metric.name()).filter(|known| known.split('-').next() == name.split('-').next());
    let stem = |score: &Score| {
        let (prefix, rest) = name.split_once('-')?;
        rest.strip_prefix(score.name())?.starts_with('-').then(|| format!("{prefix}-{}-", score.name()))
    };
    match Score::ALL.iter().find_map(stem) {
        Some(stem) => names().filter(|name| name.starts_with(&stem)).collect(),
        None => names().filter(|name| name.ends_with("-mean")).collect(),
    }
}

/// The form of their names, as a regular expression.
pub fn pattern() -> String {
    let one_of = |names: Vec<&str>| format!("({})", names.join("|"));
    let prefixes = one_of(PREFIXES.map(|(prefix, _)| prefix).to_vec());
    let scores = one_of(Score::ALL.map(Score::name).to_vec());
    format!("^{prefixes}-{scores}-{}$", one_of(Statistic::ALL.map(Statistic::name).to_vec()))
}

/// The predictions for all clients at an instant, and the groups that they are in.
#[derive(Debug, Clone, PartialEq)]
pub struct Crowd<'a> {
    /// By client.
    pub clients: Vec<OfClient>,
    /// The group of each client of the fleet, where there are groups.
    pub groups: Option<&'a [Option<u32>]>,
}

impl Crowd<'_> {
    /// The value of a metric; of the mixture number `share` where it is of mixtures.
    pub fn value(&self, OverClients { whose, score, statistic }: OverClients, share: usize) -> Option<f64> {
        let predictions = || self.clients.iter().filter_map(|of| Some((of.client, of.of(whose, share)?)));
        if statistic == Statistic::Pooled {
            let some = predictions().map(|(_, predictions)| predictions).filter(|predictions| !predictions.is_empty());
            return Predictions::joined(some)?.score(score);
        }
        let better = if score.higher_is_better() { Better::Higher } else { Better::Lower };
        // A client whose model diverged has the worst score, not none.
        let scored = |(client, of): (usize, &Predictions)| {
            Some(Scored { client, samples: of.len() as f64, value: better.settle(of.score(score)?) })
        };
        let scored: Vec<Scored> = predictions().filter_map(scored).collect();
        match statistic {
            Statistic::Weighted => weighted(scored.iter()),
            Statistic::WorstGroup => worst_group(&scored, self.groups?, better),
            _ => plain(statistic, scored.into_iter().map(|scored| scored.value).collect(), better),
        }
    }
}

/// A client with its score.
struct Scored {
    client: usize,
    samples: f64,
    value: f64,
}

fn weighted<'a>(scored: impl Iterator<Item = &'a Scored>) -> Option<f64> {
    let (sum, count) = scored.fold((0.0, 0.0), |(sum, count), one| (sum + one.samples * one.value, count + one.samples));
    (count > 0.0).then(|| sum / count)
}

fn worst_group(scored: &[Scored], groups: &[Option<u32>], better: Better) -> Option<f64> {
    let greatest = groups.iter().flatten().max()?;
    let of = |group| weighted(scored.iter().filter(|one| groups[one.client] == Some(group)));
    (0..=*greatest).filter_map(of).reduce(|a, b| if better.prefers(a, b) { b } else { a })
}

/// A statistic in which every client counts alike.
fn plain(statistic: Statistic, mut values: Vec<f64>, better: Better) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let tenth = values.len().div_ceil(10);
    let (least, greatest) = (&values[..tenth], &values[values.len() - tenth..]);
    let (worst, best) = if better == Better::Higher { (least, greatest) } else { (greatest, least) };
    match statistic {
        Statistic::Sd => {
            let mean = mean(&values);
            Some((values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt())
        }
        Statistic::Worst if better == Better::Higher => values.first().copied(),
        Statistic::Worst => values.last().copied(),
        Statistic::P10 => quantile(&values, 0.1),
        Statistic::P25 => quantile(&values, 0.25),
        Statistic::Median => quantile(&values, 0.5),
        Statistic::P75 => quantile(&values, 0.75),
        Statistic::P90 => quantile(&values, 0.9),
        Statistic::WorstDecile => Some(mean(worst)),
        Statistic::BestDecile => Some(mean(best)),
        Statistic::Jain => {
            let (sum, squares) = values.iter().fold((0.0, 0.0), |(sum, squares), v| (sum + v, squares + v * v));
            (squares > 0.0).then(|| sum * sum / (n * squares))
        }
        Statistic::Mean | Statistic::Weighted | Statistic::Pooled | Statistic::WorstGroup => Some(mean(&values)),
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn every_metric_has_a_name_of_its_own_that_is_read_back() {
        for metric in ALL.iter() {
            let found = named(metric.name()).unwrap();
            assert_eq!(found.clients(), metric.clients(), "{}", metric.name());
        }
        let metric = named("client-macro-f1-worst-decile").unwrap();
        let expected = OverClients { whose: Whose::Run, score: Score::MacroF1, statistic: Statistic::WorstDecile };
        assert_eq!((metric.clients(), metric.card().better), (Some(expected), Better::Higher));
        assert_eq!(metric.card().title, "macro F1, worst decile of clients");
        assert!(named("client-accuracy").is_none() && named("accuracy-clients").is_none());
        assert_eq!(like("client-accuracy-worse").len(), Statistic::ALL.len());
        assert!(like("mixed-acuracy-mean").contains(&"mixed-accuracy-mean") && like("accuracy").is_empty());
    }

    /// Values 0.2, 0.4, 0.6 and 0.8: mean 0.5, deviations 0.3, 0.1, 0.1, 0.3, squares 1.2.
    #[test]
    fn statistics_of_four_clients_by_hand() {
        let of = |statistic, better| plain(statistic, vec![0.8, 0.2, 0.6, 0.4], better).unwrap();
        assert_relative_eq!(of(Statistic::Mean, Better::Higher), 0.5, epsilon = 1e-15);
        assert_relative_eq!(of(Statistic::Sd, Better::Higher), 0.05_f64.sqrt(), epsilon = 1e-15);
        assert_relative_eq!(of(Statistic::Jain, Better::Higher), 4.0 / (4.0 * 1.2), epsilon = 1e-15);
        assert_relative_eq!(of(Statistic::P10, Better::Higher), 0.26, epsilon = 1e-15);
        assert_eq!((of(Statistic::Worst, Better::Higher), of(Statistic::Worst, Better::Lower)), (0.2, 0.8));
        let eleven = |better| plain(Statistic::WorstDecile, (1..=11).map(f64::from).collect(), better).unwrap();
        assert_eq!((eleven(Better::Higher), eleven(Better::Lower)), (1.5, 10.5), "⌈11/10⌉ are two");
        assert_eq!(plain(Statistic::Jain, vec![0.0, 0.0, 0.0, 7.0], Better::Higher), Some(0.25));
        assert_eq!(plain(Statistic::Mean, Vec::new(), Better::Higher), None);
    }

    #[test]
    fn a_group_counts_by_the_samples_of_its_clients() {
        let one = |client, samples, value| Scored { client, samples, value };
        let scored = [one(0, 1.0, 1.0), one(1, 3.0, 0.6), one(2, 5.0, 0.75)];
        let groups = [Some(0), Some(0), Some(2)];
        assert_relative_eq!(worst_group(&scored, &groups, Better::Higher).unwrap(), 0.7, epsilon = 1e-15);
        assert_relative_eq!(worst_group(&scored, &groups, Better::Lower).unwrap(), 0.75, epsilon = 1e-15);
        assert_relative_eq!(weighted(scored.iter()).unwrap(), (1.0 + 1.8 + 3.75) / 9.0, epsilon = 1e-15);
    }
}
