//! What each client comes to weigh in a server step.

use crate::{
    num::Real,
    part::{discount::Discount, weighting::Weighting},
    protocol::schedule::{ScheduleSpec, cohort::CohortSpec},
    world::World,
};

/// Expected weight of each client's update in a server step, `E[ωᵢ]`, shape `[n]` [1]: its `deliveries`, shape `[n]`, times its
/// coefficient. `None` where that is not known, as with weights for staleness.
///
/// Fraboni et al., JMLR 2023, arXiv 2206.10189: a server optimises `Σ qᵢ fᵢ` with `qᵢ ∝ E[ωᵢ]`.
pub fn expected_weights<R: Real>(
    weighting: Weighting,
    schedule: &ScheduleSpec,
    deliveries: &[f64],
    world: &World<R>,
) -> Option<Vec<f64>> {
    if schedule.discount() != Discount::Constant {
        return None;
    }
    let (objective, size) = (world.objective(), batch_size(schedule, world));
    let clients = world.holders() as f64;
    let coefficient = |client: usize, deliveries: f64| {
        let weight = objective.weight(client);
        Some(match weighting {
            Weighting::All => 1.0 / clients,
            Weighting::AllWeighted => weight,
            Weighting::Sum => 1.0,
            Weighting::SumWeighted => clients * weight,
            Weighting::InverseRoot => 1.0 / clients.sqrt(),
            Weighting::Unbiased => weight / deliveries,
            Weighting::KnownProbability => weight / world.probability(client),
            Weighting::Participating | Weighting::SumWeights => 1.0 / size?,
            Weighting::Sampling => clients * weight / size?,
            Weighting::ParticipatingWeighted => {
                let samples = objective.samples(client) as f64;
                let total: usize = (0..world.clients()).map(|client| objective.samples(client)).sum();
                if size? < clients {
                    return None;
                }
                samples / total as f64
            }
        })
    };
    let expected = |(client, &deliveries): (usize, &f64)| Some(deliveries * coefficient(client, deliveries)?);
    let weights: Option<Vec<f64>> = deliveries.iter().enumerate().map(expected).collect();
    weights.filter(|weights| weights.iter().all(|weight| weight.is_finite()))
}

/// Updates in a server step, where they are always as many.
fn batch_size<R: Real>(schedule: &ScheduleSpec, world: &World<R>) -> Option<f64> {
    let clients = world.clients();
    let size = match schedule {
        ScheduleSpec::Rounds(spec) if world.fleet.always_available() => match *spec.cohort() {
            CohortSpec::All(_) => clients,
            CohortSpec::Count(count) => count,
            CohortSpec::Trace(_) => return None,
        },
        ScheduleSpec::EveryArrival(spec) if !spec.batch_ties => 1,
        ScheduleSpec::Buffered(spec) => spec.size,
        ScheduleSpec::Group(spec) => spec.size.min(clients),
        ScheduleSpec::Grace(spec) => spec.buffer,
        ScheduleSpec::Rounds(_) | ScheduleSpec::EveryArrival(_) | ScheduleSpec::Window(_) => return None,
    };
    Some(size as f64)
}
