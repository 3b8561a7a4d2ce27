//! Who the clients are: how fast they work, when they are up, how wide they compute, what they lose.
//!
//! A client is a function of its streams: nothing is stored per client except what data files give, so a fleet costs the
//! same for ten clients and for ten million. The random numbers of a visit come from streams that the caller opens.

mod assignment;
mod availability;
mod presence;
mod spec;

pub use availability::{
    AvailabilitySpec,
    chance::{ByLabel, Probability},
    round::Seasonality,
};
pub use presence::Presence;
pub use spec::{Assign, FULL_WIDTH, FleetSpec, GroupSpec, Leave, Widths};

use std::sync::OnceLock;

use ndarray::ArrayView2;
use rand::RngExt;

use assignment::Assignment;
use availability::{Availability, time::TimeProcess};
use spec::Keys;

use crate::{
    invalid::Invalid,
    network::{Direction, Link, Network},
    random::{
        Quantity, Rng, Sampler, Setting, Streams, check_clients,
        quantity::{FRACTION, JOULES, SECONDS},
    },
};

/// All clients, immutable and shared by the methods of a run.
#[derive(Debug, Clone)]
pub struct Fleet {
    clients: usize,
    streams: Streams,
    assignment: Assignment,
    groups: Vec<Group>,
    fastest: OnceLock<f64>,
}

/// The common traits of the clients of a group.
#[derive(Debug, Clone)]
struct Group {
    step: Sampler,
    visit: Sampler,
    /// Energy of one local step `[J]`, where it is known.
    energy: Option<Sampler>,
    /// Factor of the seconds per step that the bit-width gives.
    pace: f64,
    bits: u32,
    dropout: Sampler,
    dropout_done: Sampler,
    leave: Leave,
    availability: Availability,
    /// The group's own links: up, down, between peers.
    links: [Option<Link>; 3],
}

impl FleetSpec {
    /// The fleet of `setting.clients` clients. `labels` are the label fractions of the clients' samples, shape `[n, C]`, where
    /// the data has labels.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `[fleet]`: a value out of range, a data file that is missing, malformed or of
    /// another size than the fleet, a rule by labels without labels.
    pub fn build(&self, setting: &Setting, labels: Option<ArrayView2<'_, f64>>) -> Result<Fleet, Invalid> {
        self.validate()?;
        check_clients(setting.clients)?;
        let fleet = self.keys();
        let (mut groups, mut shares) = (Vec::new(), Vec::new());
        for (index, group) in self.group.iter().enumerate() {
            let at = |error: Invalid| error.under(&format!("group.{index}"));
            let mut built = Group::build(&group.keys_within(&fleet), setting, labels).map_err(at)?;
            built.add_links(group, setting).map_err(at)?;
            groups.push(built);
            shares.push(group.share);
        }
        if groups.is_empty() {
            groups.push(Group::build(&fleet, setting, labels)?);
            shares.push(1.0);
        }
        let assignment = Assignment::new(shares.into_iter(), setting.clients, self.assign, setting.streams);
        Ok(Fleet { clients: setting.clients, streams: setting.streams, assignment, groups, fastest: OnceLock::new() })
    }
}

impl Group {
    fn build(keys: &Keys<'_>, setting: &Setting, labels: Option<ArrayView2<'_, f64>>) -> Result<Self, Invalid> {
        let sampler = |key: &str, quantity: Option<&Quantity>, default: Quantity, range| {
            let quantity = quantity.unwrap_or(&default);
            quantity.build(&format!("fleet.{key}"), &range, setting).map_err(|error| error.under(key))
        };
        let time = |key: &str, quantity: Option<&Quantity>, default| {
            quantity.map_or(Ok(()), Quantity::check_time).map_err(|error| error.under(key))?;
            let sampler = sampler(key, quantity, default, SECONDS)?;
            sampler.check_time().map_err(|error| error.under(key)).map(|()| sampler)
        };
        let always = AvailabilitySpec::Always;
        let work = keys.step.map_or(1.0, Quantity::scale) + keys.visit.map_or(0.0, Quantity::scale);
        let fine = keys.availability.unwrap_or(&always).check_pace(work);
        fine.map_err(|error| error.under("availability"))?;
        let availability = keys.availability.unwrap_or(&always).build(setting, labels);
        let bits = keys.bits.copied().unwrap_or(FULL_WIDTH);
        Ok(Self {
            step: time("step", keys.step, 1.0.into())?,
            visit: time("visit", keys.visit, 0.0.into())?,
            energy: keys
                .energy
                .map(|energy| sampler("energy", Some(&energy.clone().per_client()), 0.0.into(), JOULES))
                .transpose()?,
            pace: (f64::from(bits) / f64::from(FULL_WIDTH)).powf(keys.bits_speed.copied().unwrap_or(0.0)),
            bits,
            dropout: sampler("dropout", keys.dropout, 0.0.into(), FRACTION)?,
            dropout_done: sampler("dropout-done", keys.dropout_done, Quantity::Uniform { low: 0.0, high: 1.0 }, FRACTION)?,
            leave: keys.leave.copied().unwrap_or_default(),
            availability: availability.map_err(|error| error.under("availability"))?,
            links: [None, None, None],
        })
    }

    fn add_links(&mut self, spec: &GroupSpec, setting: &Setting) -> Result<(), Invalid> {
        for (link, (key, spec)) in self.links.iter_mut().zip(spec.links()) {
            let built = spec.map(|spec| spec.build(&format!("network.{key}"), setting)).transpose();
            *link = built.map_err(|error| error.under(key))?;
        }
        Ok(())
    }

    fn link(&self, direction: Direction) -> Option<&Link> {
        let [up, down, peer] = &self.links;
        match direction {
            Direction::Up => up.as_ref(),
            Direction::Down => down.as_ref(),
            Direction::Peer => peer.as_ref(),
        }
    }
}

impl Fleet {
    /// Number of clients `n`.
    pub fn clients(&self) -> usize {
        self.clients
    }

    /// Number of groups, at least 1.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// The group of `client`, from 0.
    pub fn group(&self, client: usize) -> usize {
        self.assignment.group(client)
    }

    /// Number of clients in `group`: within 1 of its share.
    pub fn group_size(&self, group: usize) -> usize {
        self.assignment.size(group)
    }

    /// Width that `client` computes and stores in `[bit]`; [`FULL_WIDTH`] means full precision.
    pub fn bits(&self, client: usize) -> u32 {
        self.of(client).bits
    }

    /// Width of every client `[bit]`.
    pub fn widths(&self) -> Widths {
        if self.groups.iter().all(|group| group.bits == FULL_WIDTH) {
            return Widths::default();
        }
        Widths::listed((0..self.clients).map(|client| self.bits(client)).collect())
    }

    /// What happens to the work of `client` when it goes down.
    pub fn leave(&self, client: usize) -> Leave {
        self.of(client).leave
    }

    /// The link that messages from or to `client` take, its group's own or else that of `network`; between peers `client` is the
    /// sender.
    pub fn link<'a>(&'a self, network: &'a Network, direction: Direction, client: usize) -> &'a Link {
        self.of(client).link(direction).unwrap_or(network.link(direction))
    }

    /// Draws the duration of a visit of `steps` local steps `[s]`: `steps · step + visit`, each drawn once, in this order.
    pub fn duration(&self, client: usize, steps: usize, rng: &mut Rng) -> f64 {
        let group = self.of(client);
        let step = group.pace * group.step.sample(client, rng);
        steps as f64 * step + group.visit.sample(client, rng)
    }

    /// The [`duration`](Self::duration) where it is the same for every visit and draws nothing `[s]`.
    pub fn steady_duration(&self, client: usize, steps: usize) -> Option<f64> {
        let group = self.of(client);
        let step = group.pace * group.step.of_client(client)?;
        Some(steps as f64 * step + group.visit.of_client(client)?)
    }

    /// Mean duration of a visit of `client` with `steps` local steps on average `[s]`, while it is up.
    pub fn mean_duration(&self, client: usize, steps: f64) -> f64 {
        let group = self.of(client);
        steps * group.pace * group.step.client_mean(client) + self.mean_overhead(client)
    }

    /// Mean time of a visit of `client` besides its local steps, while it is up [s].
    pub fn mean_overhead(&self, client: usize) -> f64 {
        self.of(client).visit.client_mean(client)
    }

    /// Mean duration of one local step of `client`, while it is up [s].
    pub fn mean_step(&self, client: usize) -> f64 {
        let group = self.of(client);
        group.pace * group.step.client_mean(client)
    }

    /// Mean duration of one local step of the fastest client [s]; looked for once.
    pub fn fastest_step(&self) -> f64 {
        *self.fastest.get_or_init(|| (0..self.clients).map(|client| self.mean_step(client)).fold(f64::INFINITY, f64::min))
    }

    /// Energy of one local step of `client` [J], where it is known.
    pub fn energy(&self, client: usize) -> Option<f64> {
        self.of(client).energy.as_ref().map(|energy| energy.client_mean(client))
    }

    /// Whether the energy of a local step is known of every client.
    pub fn knows_energy(&self) -> bool {
        self.groups.iter().all(|group| group.energy.is_some())
    }

    /// Whether visits of `client` may be lost in mid-work.
    pub fn drops_out(&self, client: usize) -> bool {
        self.of(client).dropout.of_client(client) != Some(0.0)
    }

    /// Draws whether a visit is lost in mid-work, and which fraction of the work is done when it is `[1]`.
    pub fn dropout(&self, client: usize, rng: &mut Rng) -> Option<f64> {
        let group = self.of(client);
        let probability = group.dropout.sample(client, rng);
        (rng.random::<f64>() < probability).then(|| group.dropout_done.sample(client, rng))
    }

    /// Probability that `client` takes part in a round, or long-run fraction of time that it is up; `None` for a trace.
    /// Where probabilities change over the rounds, this is the one before the change.
    pub fn probability(&self, client: usize) -> Option<f64> {
        match &self.of(client).availability {
            Availability::Time(process) => process.fraction_up(client),
            Availability::Round(process) => Some(process.probability(client)),
        }
    }

    /// The same in one round: with a seasonality, that of the round.
    pub fn probability_in(&self, client: usize, round: u64) -> Option<f64> {
        match &self.of(client).availability {
            Availability::Time(process) => process.fraction_up(client),
            Availability::Round(process) => Some(process.probability_in(client, round)),
        }
    }

    /// Whether the work of every client surely takes no time and is never lost, and nobody stays away by rounds.
    pub fn is_instant(&self) -> bool {
        let is_zero = |group: &Group| [&group.step, &group.visit, &group.dropout].iter().all(|value| value.mean() == 0.0);
        self.groups.iter().all(|group| is_zero(group) && matches!(group.availability, Availability::Time(_)))
    }

    /// Whether there are clients whose local steps surely take no time.
    pub fn has_free_steps(&self) -> bool {
        self.groups.iter().any(|group| group.step.mean() == 0.0)
    }

    /// The links in `direction` that the groups take, each its own or else that of `network`.
    pub fn links<'a>(&'a self, network: &'a Network, direction: Direction) -> impl Iterator<Item = &'a Link> {
        self.groups.iter().map(move |group| group.link(direction).unwrap_or(network.link(direction)))
    }

    /// Whether `client` takes part by rounds.
    pub fn goes_by_rounds(&self, client: usize) -> bool {
        matches!(self.of(client).availability, Availability::Round(_))
    }

    /// Whether `client` comes and goes in virtual time, not by rounds.
    pub fn comes_and_goes(&self, client: usize) -> bool {
        matches!(&self.of(client).availability, Availability::Time(process) if !matches!(process, TimeProcess::Always))
    }

    /// Whether every client is up at any time and in any round.
    pub fn always_available(&self) -> bool {
        self.groups.iter().all(|group| matches!(group.availability, Availability::Time(TimeProcess::Always)))
    }

    fn of(&self, client: usize) -> &Group {
        &self.groups[if self.groups.len() == 1 { 0 } else { self.assignment.group(client) }]
    }
}

#[cfg(test)]
mod tests;
