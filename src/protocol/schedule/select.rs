//! Client selection: whom a round calls.

use std::collections::BTreeMap;

use rand::RngExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Clients, cohort};
use crate::{
    engine::NodeId,
    invalid::{Invalid, require},
    random::Rng,
    rounding::end_of_instant,
};

/// How the clients of a cohort are chosen among those who are available.
///
/// Everything but `uniform` looks at the whole fleet in every round. Asking clients for losses and gradients takes no virtual time, but
/// its messages count as traffic.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum SelectSpec {
    /// All alike, without replacement.
    #[default]
    Uniform,
    /// In proportion to their numbers of samples.
    BySize(BySizeSpec),
    /// Those with the greatest losses among candidates (Cho, Wang and Joshi, AISTATS 2022); each candidate is sent the model.
    PowerOfChoice(PowerOfChoiceSpec),
    /// In proportion to `pᵢ ‖∇fᵢ(x)‖` (Chen, Horváth and Richtárik, TMLR 2022); everyone is sent the model and takes a gradient.
    GradientNorm(GradientNormSpec),
    /// From one tier of like speed, drawn anew in every round (Chai et al., HPDC 2020).
    Tiers(TiersSpec),
    /// Those who on average answer by the round's deadline: download, work and upload (Nishio and Yonetani, ICC 2019). All clients
    /// of a round travel at the same time; a bandwidth that is drawn anew for every message counts with its mean.
    InTime,
}

/// Selection by the number of samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct BySizeSpec {
    /// Whether a client can be drawn twice; its update then counts twice.
    pub replacement: bool,
    /// Whether updates are weighted so that their mean estimates `Σ pᵢ Δᵢ` without bias.
    pub unbiased: bool,
}

impl Default for BySizeSpec {
    fn default() -> Self {
        Self { replacement: false, unbiased: true }
    }
}

/// Selection by loss among candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PowerOfChoiceSpec {
    /// Candidates of a round, drawn in proportion to the clients' weights in the objective.
    pub candidates: usize,
}

/// Selection by the norm of the gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct GradientNormSpec {
    /// Whether updates are weighted so that their mean estimates `Σ pᵢ Δᵢ` without bias.
    pub unbiased: bool,
}

impl Default for GradientNormSpec {
    fn default() -> Self {
        Self { unbiased: true }
    }
}

/// Selection by tiers of speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TiersSpec {
    /// Number of tiers.
    pub count: usize,
}

/// A cohort, with the weights of the updates whose weight is not 1.
pub(super) struct Selection {
    /// Ascending.
    pub clients: Vec<NodeId>,
    pub weights: BTreeMap<NodeId, f64>,
}

impl From<Vec<NodeId>> for Selection {
    fn from(mut clients: Vec<NodeId>) -> Self {
        clients.sort_unstable();
        Self { clients, weights: BTreeMap::new() }
    }
}

impl SelectSpec {
    /// Whether the selection weights updates itself.
    pub fn weighs(&self) -> bool {
        matches!(self, Self::BySize(_) | Self::GradientNorm(_))
    }

    /// Whether the weights make up for the selection.
    pub fn is_unbiased(&self) -> bool {
        matches!(self, Self::BySize(BySizeSpec { unbiased: true, .. }) | Self::GradientNorm(GradientNormSpec { unbiased: true }))
    }

    /// Checks the parameters for cohorts of `count` of `clients`, with or without a deadline.
    ///
    /// # Errors
    /// [`Invalid`] for a parameter that is out of range.
    pub fn validate(&self, count: Option<usize>, clients: usize, deadline: Option<f64>) -> Result<(), Invalid> {
        let Some(count) = count else {
            return if *self == Self::Uniform {
                Ok(())
            } else {
                Err(Invalid::at("", "there is nobody to select: rounds call everyone, or follow a trace")
                    .help("set `cohort` or `concurrency` to a number of clients"))
            };
        };
        match self {
            Self::Uniform | Self::BySize(_) | Self::GradientNorm(_) => Ok(()),
            Self::PowerOfChoice(PowerOfChoiceSpec { candidates }) => {
                let expected = format!("from the cohort's {count} to the fleet's {clients} clients");
                require((count..=clients).contains(candidates), "power-of-choice.candidates", candidates, &expected)
            }
            Self::Tiers(TiersSpec { count: tiers }) => {
                require((1..=clients / count).contains(tiers), "tiers.count", tiers, "tiers with a cohort of clients each")
            }
            Self::InTime if deadline.is_none() => {
                Err(Invalid::at("", "`in-time` selects by the deadline, and the rounds have none").help("set `deadline`"))
            }
            Self::InTime => Ok(()),
        }
    }

    /// Up to `count` available clients for round `round`.
    pub(super) fn draw(&self, count: usize, round: u64, deadline: Option<f64>, clients: &mut Clients<'_>) -> Selection {
        if *self == Self::Uniform {
            return cohort::draw_uniform(count, round, round, clients).into();
        }
        let mut available: Vec<NodeId> = (0..clients.clients).filter(|&client| clients.is_available(client, round)).collect();
        let mut rng = clients.cohort_rng(round);
        let ask = clients.inquiry;
        match *self {
            Self::Uniform => unreachable!("drawn above, without looking at the whole fleet"),
            Self::BySize(BySizeSpec { replacement: true, unbiased }) => {
                let sizes: Vec<f64> = available.iter().map(|&client| ask.samples(client) as f64).collect();
                drawn_with_replacement(&available, &sizes, (count, unbiased), clients, &mut rng)
            }
            Self::BySize(BySizeSpec { replacement: false, unbiased }) => {
                let sizes: Vec<f64> = available.iter().map(|&client| ask.samples(client) as f64).collect();
                drawn(&available, &sizes, (count, unbiased), clients, &mut rng)
            }
            Self::GradientNorm(GradientNormSpec { unbiased }) => {
                let norm = |&client: &NodeId| ask.weight(client) * ask.gradient_norm(client);
                let norms: Vec<f64> = available.iter().map(norm).collect();
                drawn(&available, &norms, (count, unbiased), clients, &mut rng)
            }
            Self::PowerOfChoice(PowerOfChoiceSpec { candidates }) => {
                let weights: Vec<f64> = available.iter().map(|&client| ask.weight(client)).collect();
                let drawn = drawn(&available, &weights, (candidates, false), clients, &mut rng);
                let mut losses: Vec<(f64, NodeId)> = drawn.clients.iter().map(|&client| (ask.loss(client), client)).collect();
                losses.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
                losses.into_iter().take(count).map(|(_, client)| client).collect::<Vec<_>>().into()
            }
            Self::Tiers(TiersSpec { count: tiers }) => {
                available.sort_by(|&a, &b| ask.mean_visit(a).total_cmp(&ask.mean_visit(b)).then(a.cmp(&b)));
                let tier = rng.random_range(0..tiers);
                let edge = |tier: usize| tier * available.len() / tiers;
                shuffled(&available[edge(tier)..edge(tier + 1)], count, &mut rng).into()
            }
            Self::InTime => {
                let deadline = deadline.unwrap_or(f64::INFINITY);
                available.retain(|&client| ask.mean_trip(client) <= end_of_instant(deadline));
                shuffled(&available, count, &mut rng).into()
            }
        }
    }
}

/// Up to `count` of `candidates`, all alike.
fn shuffled(candidates: &[NodeId], count: usize, rng: &mut Rng) -> Vec<NodeId> {
    let mut candidates = candidates.to_vec();
    let count = count.min(candidates.len());
    for place in 0..count {
        let other = rng.random_range(place..candidates.len());
        candidates.swap(place, other);
    }
    candidates.truncate(count);
    candidates
}

/// Draws without replacement, each client with the probability of [`inclusion`]: systematic sampling in random order.
fn drawn(
    candidates: &[NodeId],
    sizes: &[f64],
    (count, unbiased): (usize, bool),
    clients: &Clients<'_>,
    rng: &mut Rng,
) -> Selection {
    let probabilities = inclusion(sizes, count);
    let order = shuffled(&(0..candidates.len()).collect::<Vec<_>>(), candidates.len(), rng);
    let (mut passed, mut ticks) = (0.0, rng.random::<f64>());
    let mut chosen = Vec::new();
    for place in order {
        passed += probabilities[place];
        if passed > ticks {
            ticks += 1.0;
            chosen.push((candidates[place], probabilities[place]));
        }
    }
    let size = chosen.len() as f64;
    let weights = chosen.iter().filter(|_| unbiased).map(|&(client, p)| (client, size * clients.inquiry.weight(client) / p));
    let weights = weights.collect();
    Selection { weights, ..chosen.into_iter().map(|(client, _)| client).collect::<Vec<_>>().into() }
}

/// Draws with replacement in proportion to `sizes`; a client counts as often as it was drawn.
fn drawn_with_replacement(
    candidates: &[NodeId],
    sizes: &[f64],
    (count, unbiased): (usize, bool),
    clients: &Clients<'_>,
    rng: &mut Rng,
) -> Selection {
    let total: f64 = sizes.iter().sum();
    if total <= 0.0 {
        return Vec::new().into();
    }
    let mut times: BTreeMap<usize, f64> = BTreeMap::new();
    for _ in 0..count {
        let mut left = rng.random::<f64>() * total;
        let place = sizes.iter().position(|size| {
            left -= size;
            left < 0.0
        });
        *times.entry(place.unwrap_or(candidates.len() - 1)).or_default() += 1.0;
    }
    let size = times.len() as f64;
    let weight = |(place, times): (&usize, &f64)| {
        let client = candidates[*place];
        let correction = if unbiased { clients.inquiry.weight(client) * total / sizes[*place] } else { 1.0 };
        (client, times * correction * size / count as f64)
    };
    let weights = times.iter().map(weight).collect();
    Selection { weights, ..times.keys().map(|&place| candidates[place]).collect::<Vec<_>>().into() }
}

/// Probabilities that sum to `count` (or to everyone) and are in proportion to `sizes` as far as none exceeds 1.
fn inclusion(sizes: &[f64], count: usize) -> Vec<f64> {
    let mut probabilities = vec![0.0; sizes.len()];
    let mut open: Vec<usize> = (0..sizes.len()).filter(|&i| sizes[i] > 0.0).collect();
    let mut left = count as f64;
    loop {
        let total: f64 = open.iter().map(|&i| sizes[i]).sum();
        let (full, rest): (Vec<usize>, Vec<usize>) = open.iter().partition(|&&i| left * sizes[i] >= total);
        if full.is_empty() {
            open.iter().for_each(|&i| probabilities[i] = left * sizes[i] / total);
            return probabilities;
        }
        full.iter().for_each(|&i| probabilities[i] = 1.0);
        left = (left - full.len() as f64).max(0.0);
        open = rest;
        if open.is_empty() || left == 0.0 {
            return probabilities;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_are_proportional_until_they_are_certain() {
        assert_eq!(inclusion(&[1.0, 2.0, 1.0], 1), [0.25, 0.5, 0.25]);
        assert_eq!(inclusion(&[1.0, 8.0, 1.0], 2), [0.5, 1.0, 0.5]);
        assert_eq!(inclusion(&[1.0, 0.0, 1.0], 3), [1.0, 0.0, 1.0]);
        let many = inclusion(&[5.0, 1.0, 0.3, 0.2, 9.0, 0.1], 4);
        assert!((many.iter().sum::<f64>() - 4.0).abs() < 1e-12 && many.iter().all(|p| (0.0..=1.0).contains(p)), "{many:?}");
    }
}
