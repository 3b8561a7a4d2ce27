//! The parts that a scenario puts together with a method, and whether they fit.

use crate::{
    invalid::Invalid,
    part::{compressor::CompressorSpec, discount::Discount, transform::TransformSpec, weighting::Weighting},
    problem::{ObjectiveSpec, spec::WeightsSpec},
    protocol::{
        schedule::{Replace, ScheduleSpec, cohort::CohortSpec, predictable},
        spec::{AppliesTo, BitWidthSpec, ClientSpec, ShardRule},
    },
};

/// The parts of a federated run that not every method can do with.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// What is minimised.
    pub objective: &'a ObjectiveSpec,
    /// The clients' weights in what is minimised.
    pub weights: WeightsSpec,
    /// When the server acts.
    pub schedule: &'a ScheduleSpec,
    /// The weighting that the scenario asks for; `None` where the method's own is taken.
    pub weighting: Option<Weighting>,
    /// The server optimiser that the scenario asks for; `None` where the method's own is taken.
    pub server: Option<&'a [TransformSpec]>,
    /// The clients' optimiser that the scenario asks for; `None` where the method's own is taken.
    pub client: Option<&'a ClientSpec>,
    /// How uploads travel.
    pub uplink: Option<&'a CompressorSpec>,
    /// What the width of a client's `bits` means for it.
    pub bit_width: BitWidthSpec,
    /// Whose samples a called client works on.
    pub shards: ShardRule,
    /// Whether nobody remembers a client from one visit to the next.
    pub stateless_clients: bool,
}

impl Parts<'_> {
    /// Refuses a weighting of the scenario's, for methods that have no place for one.
    ///
    /// # Errors
    /// [`Invalid`] at `weighting`; `reason` says what the method does itself.
    pub fn weighs_itself(&self, reason: &str) -> Result<(), Invalid> {
        match self.weighting {
            None => Ok(()),
            Some(_) => {
                Err(Invalid::at("weighting", format!("{reason}: it has no place for another weighting"))
                    .help("remove `weighting`"))
            }
        }
    }

    /// Refuses a server optimiser of the scenario's, for methods whose clients have to know the server's step.
    ///
    /// # Errors
    /// [`Invalid`] at `server`; `reason` says what the method does itself.
    pub fn steps_itself(&self, reason: &str) -> Result<(), Invalid> {
        match self.server {
            None | Some([]) => Ok(()),
            Some(_) => {
                Err(Invalid::at("server", format!("{reason}: it has no place for a server optimiser")).help("remove `server`"))
            }
        }
    }

    /// Refuses a clients' optimiser of the scenario's, for methods that read a mean gradient from how far a client went.
    ///
    /// # Errors
    /// [`Invalid`] at `client.optimiser`; `reason` says what the method reads.
    pub fn descends_plainly(&self, reason: &str) -> Result<(), Invalid> {
        match self.client {
            Some(client) if !client.optimiser.is_empty() => {
                Err(Invalid::at("client.optimiser", format!("{reason}: local steps have to be those of plain SGD"))
                    .help("remove `client`, or choose a method that sends what its clients did, such as `fedavg`"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses weights of single updates, for methods that keep the latest update of every client.
    ///
    /// # Errors
    /// [`Invalid`] at `schedule`; `reason` says what the method keeps.
    pub fn weighs_nobody(&self, reason: &str) -> Result<(), Invalid> {
        if self.schedule.discount() != Discount::Constant {
            return Err(Invalid::at("schedule", format!("{reason}: it has no place for a discount by staleness"))
                .help("remove `discount` from the schedule"));
        }
        self.selects_evenly(reason)
    }

    /// Refuses selections that weigh updates, for methods that weigh them otherwise.
    ///
    /// # Errors
    /// [`Invalid`] at `schedule`; `reason` says what the method does itself.
    pub fn selects_evenly(&self, reason: &str) -> Result<(), Invalid> {
        if !selects_by_weight(self.schedule) {
            return Ok(());
        }
        Err(Invalid::at("schedule", format!("{reason}: it has no place for weights of the selection"))
            .help("choose `select = \"uniform\"`"))
    }

    /// Refuses parts under which the width of a client is not that of its models, for methods that go by it.
    ///
    /// # Errors
    /// [`Invalid`] at `bit-width` or `shards`.
    pub fn knows_widths(&self) -> Result<(), Invalid> {
        if self.bit_width.applies_to == AppliesTo::Nothing {
            return Err(Invalid::at(
                "bit-width.applies-to",
                "the method goes by the widths of clients, which \"ignore\" takes from them",
            )
            .help("remove `bit-width`, or choose `fedavg`"));
        }
        if self.shards != ShardRule::Own {
            return Err(Invalid::at("shards", "the method goes by the widths of clients, and samples travel between them")
                .help("remove `shards`"));
        }
        Ok(())
    }

    /// Refuses stateless clients, for methods that know one client from another.
    ///
    /// # Errors
    /// [`Invalid`] at `stateless-clients`.
    pub fn knows_clients(&self) -> Result<(), Invalid> {
        if !self.stateless_clients {
            return Ok(());
        }
        Err(Invalid::at("stateless-clients", "the method remembers something of every client from one visit to the next")
            .help("remove `stateless-clients`, or choose a method without such a memory, such as `fedavg` or `fedavg-m`"))
    }

    /// Refuses samples that travel between clients at work, for methods that remember something of every client: of two visits to
    /// the same samples at once, the later one would overwrite what the earlier one has left.
    ///
    /// # Errors
    /// [`Invalid`] at `shards`, or at `stateless-clients`.
    pub fn remembers_clients(&self) -> Result<(), Invalid> {
        self.knows_clients()?;
        if self.shards == ShardRule::Own || matches!(self.schedule, ScheduleSpec::Rounds(_)) {
            return Ok(());
        }
        Err(Invalid::at("shards", "the method remembers something of every shard, and two clients may work on one at once")
            .help("remove `shards`, or let the server act in rounds"))
    }

    /// Refuses uplinks with a memory, for methods that remember what their messages lost.
    ///
    /// # Errors
    /// [`Invalid`] at `uplink`; `reason` says what the method remembers.
    pub fn remembers_itself(&self, reason: &str) -> Result<(), Invalid> {
        self.remembers_clients()?;
        self.has_no_memory(
            &format!("{reason}: a memory in the uplink would make up for the same loss twice"),
            "name the compressor alone, such as `uplink = { top-k = { fraction = 0.01 } }`",
        )
    }

    /// Refuses uplinks with a memory.
    ///
    /// # Errors
    /// [`Invalid`] at `uplink`, with this message.
    pub fn has_no_memory(&self, message: &str, help: &str) -> Result<(), Invalid> {
        match self.uplink {
            Some(compressor) if compressor.remembers() => Err(Invalid::at("uplink", message).help(help)),
            _ => Ok(()),
        }
    }

    /// Refuses shares among those who take part where that is one client at a time.
    fn shares_mean_something(&self) -> Result<(), Invalid> {
        let Some((_, batch, remedy)) = self.schedule.single_updates() else { return Ok(()) };
        let message = format!("the share among those who take part is always 1 in {batch}: all clients would count alike");
        let help =
            format!("{remedy}, or choose \"sum-weighted\", or \"unbiased\" for clients that come as often as they are fast");
        Err(Invalid::at("weighting", message).help(help))
    }

    /// Whether a weighting goes by the probability to take part in a round. Under weights that are not uniform, `sampling` is the plain
    /// mean in which clients count by them, under any schedule.
    fn asks_for_rounds(&self, weighting: Weighting) -> bool {
        match weighting {
            Weighting::KnownProbability => true,
            Weighting::Sampling => self.weights == WeightsSpec::Uniform,
            _ => false,
        }
    }

    /// Refuses weightings that mean nothing under the schedule.
    ///
    /// # Errors
    /// [`Invalid`] at `weighting`, with the reason.
    pub fn check(&self) -> Result<(), Invalid> {
        let rounds = matches!(self.schedule, ScheduleSpec::Rounds(_));
        match self.weighting {
            Some(weighting) if weighting != Weighting::Participating && selects_by_weight(self.schedule) => {
                Err(Invalid::at("weighting", "the selection of the cohort weights the updates itself")
                    .help("remove `weighting`, or choose another `select` in the schedule"))
            }
            Some(Weighting::ParticipatingWeighted) => self.shares_mean_something(),
            Some(weighting) if !rounds && self.asks_for_rounds(weighting) => {
                Err(Invalid::at("weighting", "the probability to take part in a round means nothing without rounds")
                    .help("choose \"unbiased\", which divides by how often a client delivers"))
            }
            Some(Weighting::Sampling) if !self.schedule.selects_uniformly() => {
                Err(Invalid::at("weighting", "clients are not all drawn with the same probability")
                    .help("choose `select = \"uniform\"` in the schedule, or another weighting"))
            }
            Some(Weighting::KnownProbability) if counts_its_cohort(self.schedule) => Err(Invalid::at(
                "weighting",
                "the probability to be present is not that of being drawn into a cohort of fixed size",
            )
            .help("choose \"sampling\" for cohorts drawn uniformly, or `cohort = \"all\"` to call whoever is present")),
            Some(Weighting::KnownProbability) => predictable::check_presence(self.schedule),
            Some(Weighting::Unbiased) if self.schedule.replace() == Replace::Random => {
                Err(Invalid::at("weighting", "how often a client delivers is not known where clients are replaced at random")
                    .help("set `replace = \"same\"` in the schedule"))
            }
            Some(Weighting::Unbiased) if matches!(self.schedule, ScheduleSpec::Grace(_)) => {
                Err(Invalid::at("weighting", "how often a client delivers is not known under grace periods")
                    .help("choose another weighting, or `every-arrival` or `buffered` as the schedule"))
            }
            _ => Ok(()),
        }
    }
}

fn selects_by_weight(schedule: &ScheduleSpec) -> bool {
    if let ScheduleSpec::Rounds(spec) = schedule { spec.select.weighs() } else { false }
}

fn counts_its_cohort(schedule: &ScheduleSpec) -> bool {
    if let ScheduleSpec::Rounds(spec) = schedule { matches!(spec.cohort(), CohortSpec::Count(_)) } else { false }
}
