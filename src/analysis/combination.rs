//! The facts about the parts of a run that methods and other parts need.

use std::collections::BTreeSet;

use crate::{
    fleet::Fleet,
    network::{Direction, Link, Network},
    num::Real,
    part::{compressor::CompressorSpec, discount::Discount, weighting::Weighting},
    problem::{ProblemSpec, Properties, spec::WeightsSpec},
    protocol::{
        federated::Grid,
        peers::PeersSpec,
        schedule::{RoundsSpec, ScheduleSpec, SelectSpec, cohort::CohortSpec},
        spec::{FederatedSpec, ShardRule},
    },
    world::World,
};

/// The problem and the world that methods run on.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// What is known of the objective.
    pub objective: Properties,
    /// The clients' weights in it.
    pub weights: WeightsSpec,
    /// Number of clients.
    pub clients: usize,
    /// Number of parameters.
    pub d: usize,
    /// Whether messages on an edge of the topology go one way only.
    pub one_way: bool,
    /// Who the clients are and how their messages travel; where `None`, nothing gets lost and everybody is there.
    pub world: Option<(&'a Fleet, &'a Network)>,
}

impl<'a> Ground<'a> {
    /// The problem alone.
    pub fn bare(problem: &ProblemSpec) -> Self {
        Self {
            objective: problem.objective.properties(),
            weights: problem.weights,
            clients: 0,
            d: 0,
            one_way: false,
            world: None,
        }
    }

    /// The problem and a world of it.
    pub fn of<R: Real>(world: &'a World<R>) -> Self {
        let bare = Self::bare(world.problem.spec());
        let one_way = world.network.topology().is_some_and(|topology| topology.graph().is_directed());
        Self {
            clients: world.clients(),
            d: world.objective().dim(),
            one_way,
            world: Some((&world.fleet, &world.network)),
            ..bare
        }
    }

    fn of_fleet(&self, fact: impl Fn(&Fleet) -> bool) -> bool {
        self.world.is_some_and(|(fleet, _)| fact(fleet))
    }

    fn any_client(&self, fact: impl Fn(&Fleet, usize) -> bool) -> bool {
        self.of_fleet(|fleet| (0..fleet.clients()).any(|client| fact(fleet, client)))
    }

    fn any_link(&self, fact: impl Fn(&Link, usize) -> bool, directions: &[Direction]) -> bool {
        let Some((fleet, network)) = self.world else { return false };
        let is_so = |client| directions.iter().any(|&direction| fact(fleet.link(network, direction, client), client));
        (0..fleet.clients()).any(is_so)
    }
}

/// The parts of a run of a method with a server, on its ground.
#[derive(Debug, Clone, Copy)]
pub struct Combination<'a> {
    /// The parts as the scenario writes them.
    pub written: &'a FederatedSpec,
    /// The same with what the method's recipe adds.
    pub full: &'a FederatedSpec,
    /// The weighting that the scenario asks for; `None` where the method's own is taken.
    pub weighting: Option<Weighting>,
    /// The problem and the world.
    pub ground: Ground<'a>,
}

const WAYS: [Direction; 2] = [Direction::Up, Direction::Down];

impl<'a> Combination<'a> {
    /// When the server acts.
    pub fn schedule(&self) -> &'a ScheduleSpec {
        self.full.schedule.as_ref().expect("complete parts have a schedule")
    }

    /// Whether the scenario asks for this weighting.
    pub(super) fn asks_for(&self, weighting: Weighting) -> bool {
        self.weighting == Some(weighting)
    }

    /// The weighting of its updates.
    pub(super) fn weighs(&self) -> Weighting {
        self.weighting.or(self.full.weighting).unwrap_or_default()
    }

    pub(super) fn rounds(&self) -> Option<&'a RoundsSpec> {
        if let ScheduleSpec::Rounds(spec) = self.schedule() { Some(spec) } else { None }
    }

    pub(super) fn selects(&self, fact: impl Fn(&SelectSpec) -> bool) -> bool {
        self.rounds().is_some_and(|spec| fact(&spec.select))
    }

    pub(super) fn selects_uniformly(&self) -> bool {
        self.schedule().selects_uniformly()
    }

    pub(super) fn selects_by_weight(&self) -> bool {
        self.selects(SelectSpec::weighs)
    }

    pub(super) fn cohort_is(&self, fact: impl Fn(&CohortSpec) -> bool) -> bool {
        self.rounds().is_some_and(|spec| fact(spec.cohort()))
    }

    /// Whether a trace names the cohorts.
    pub(super) fn is_traced(&self) -> bool {
        self.cohort_is(|cohort| matches!(cohort, CohortSpec::Trace(_)))
    }

    pub(super) fn discounts(&self) -> bool {
        self.schedule().discount() != Discount::Constant
    }

    /// Whether all batches are of one update.
    pub(super) fn is_single(&self) -> bool {
        self.schedule().single_updates().is_some()
    }

    /// Whether a buffer is left with one update at the end of an epoch.
    pub(super) fn leaves_one(&self) -> bool {
        let ScheduleSpec::Buffered(spec) = self.schedule() else { return false };
        spec.size > 1 && spec.epoch.is_some_and(|epoch| epoch % spec.size as u64 == 1)
    }

    /// Whether the compressor of uploads is so.
    pub(super) fn uplink(&self, fact: impl Fn(&CompressorSpec) -> bool) -> bool {
        self.written.uplink.as_ref().is_some_and(fact)
    }

    /// Whether the compressor of downloads is so.
    pub(super) fn downlink(&self, fact: impl Fn(&CompressorSpec) -> bool) -> bool {
        self.written.downlink.as_ref().is_some_and(fact)
    }

    pub(super) fn is_secure(&self) -> bool {
        self.written.secure_aggregation.is_some()
    }

    pub(super) fn is_stateless(&self) -> bool {
        self.written.stateless_clients
    }

    pub(super) fn shares_samples(&self) -> bool {
        self.written.shards != ShardRule::Own
    }

    /// The most updates that the server applies at a time.
    pub(super) fn largest_batch(&self) -> usize {
        self.schedule().largest_batch(self.ground.clients)
    }

    /// The grid of secure aggregation; `None` without it, and for too few bits.
    pub fn grid(&self) -> Option<Grid> {
        // Discounts fall with staleness: the fresh weigh most.
        Grid::new(self.full.secure_aggregation?, self.largest_batch(), self.schedule().discount().weight(0))
    }

    /// Whether there are clients that the schedule never calls.
    pub(super) fn leaves_out(&self) -> bool {
        let clients = self.ground.clients;
        match self.schedule() {
            ScheduleSpec::Rounds(spec) => {
                let called = |trace: &[Vec<usize>]| trace.iter().flatten().collect::<BTreeSet<_>>().len();
                matches!(spec.cohort(), CohortSpec::Trace(spec) if called(&spec.trace) < clients)
            }
            ScheduleSpec::EveryArrival(spec) => spec.concurrency.is_some_and(|many| many < clients),
            ScheduleSpec::Buffered(spec) => spec.concurrency.is_some_and(|many| many < clients),
            ScheduleSpec::Window(_) | ScheduleSpec::Group(_) | ScheduleSpec::Grace(_) => false,
        }
    }

    /// Whether there are clients who are not always there.
    pub(super) fn has_absences(&self) -> bool {
        self.ground.of_fleet(|fleet| !fleet.always_available())
    }

    /// Whether only a trace knows when some clients are up.
    pub(super) fn traces_presence(&self) -> bool {
        self.ground.any_client(|fleet, client| fleet.probability(client).is_none())
    }

    /// Whether some clients come and go in seconds, not by rounds.
    pub(super) fn comes_and_goes(&self) -> bool {
        self.ground.any_client(Fleet::comes_and_goes)
    }

    /// Whether the fleet says of some clients in which rounds they take part.
    pub(super) fn has_rounds_of_fleet(&self) -> bool {
        self.ground.any_client(Fleet::goes_by_rounds)
    }

    pub(super) fn loses_work(&self) -> bool {
        self.ground.any_client(Fleet::drops_out)
    }

    pub(super) fn loses_messages(&self) -> bool {
        self.ground.any_link(|link, client| link.loses(client), &WAYS)
    }

    /// Whether the bandwidth of some links is drawn anew for every message.
    pub(super) fn draws_bandwidth(&self) -> bool {
        self.ground.any_link(|link, client| link.draws_bandwidth(client), &WAYS)
    }

    /// Whether messages that are not all of one size go over links on which that matters.
    pub(super) fn has_uneven_messages(&self) -> bool {
        let varies = [self.uplink(CompressorSpec::varies), self.downlink(CompressorSpec::varies)];
        let uneven: Vec<Direction> = WAYS.into_iter().zip(varies).filter(|(_, varies)| *varies).map(|(way, _)| way).collect();
        self.ground.any_link(|link, _| link.has_bandwidth(), &uneven)
    }
}

/// The parts of a run of a method without a server, on its ground.
#[derive(Debug, Clone, Copy)]
pub struct PeerCombination<'a> {
    /// The parts as the scenario writes them.
    pub parts: &'a PeersSpec,
    /// The problem and the world.
    pub ground: Ground<'a>,
}

impl PeerCombination<'_> {
    /// Whether the compressor is so.
    pub(super) fn compressor(&self, fact: impl Fn(&CompressorSpec) -> bool) -> bool {
        self.parts.compressor.as_ref().is_some_and(fact)
    }
}
