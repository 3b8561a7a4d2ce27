//! The parts of a federated method in a scenario: `[federated]`, overridden key by key in `[[method]]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    federated::SecureSpec,
    local::{LocalRule, Steps},
    schedule::{Concurrency, ScheduleSpec},
};
use crate::{
    invalid::{Invalid, require},
    num::{Real, low_precision::Bits},
    part::{
        compressor::CompressorSpec,
        rate::{Clock, Rate},
        transform::{Chain, TransformSpec},
        weighting::Weighting,
    },
    problem::BatchSize,
    random::{Quantity, Setting},
};

/// How clients take local steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LocalSpec {
    /// Local steps of a visit: a number, or a distribution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Quantity>,
    /// Passes over the client's samples, in place of `steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<f64>,
    /// Time of a visit [s], in place of `steps`: less the fixed time `visit` of the fleet, a client fills it with as many steps as it
    /// does on average, at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Energy of a visit [J], in place of `steps`: a client takes as many steps as its `energy` in the fleet allows, at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy: Option<f64>,
    /// Whether only the fastest client takes `steps`, and the others as many as they do in the same time (DyLU, Liu et al. 2024).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_speed: bool,
    /// Samples of a step; `"full"` takes exact gradients.
    #[serde(default)]
    pub batch: BatchSize,
    /// Step size.
    pub lr: Rate,
    /// The count that schedules of the step size follow.
    #[serde(default, skip_serializing_if = "is_default")]
    pub clock: Clock,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Most local steps of a visit.
pub const MOST_STEPS: f64 = 1e9;

impl LocalSpec {
    /// Checks the values.
    ///
    /// # Errors
    /// [`Invalid`] for values out of range, or steps given twice.
    pub fn validate(&self) -> Result<(), Invalid> {
        if self.steps.is_some() && self.epochs.is_some() {
            return Err(Invalid::at("epochs", "both `steps` and `epochs` are given: expected one of them")
                .help("remove `steps` to count local work in passes over the data"));
        }
        if self.seconds.is_some() && (self.steps.is_some() || self.epochs.is_some()) {
            return Err(Invalid::at(
                "seconds",
                "the local work is given both in seconds and in steps or epochs: expected one of them",
            )
            .help("remove `steps` and `epochs` to give every visit the same time"));
        }
        if self.energy.is_some() && (self.steps.is_some() || self.epochs.is_some() || self.seconds.is_some()) {
            return Err(Invalid::at(
                "energy",
                "the local work is given both in energy and in steps, epochs or seconds: expected one of them",
            )
            .help("remove `steps`, `epochs` and `seconds` to give every visit the same energy"));
        }
        if self.by_speed && !matches!(self.steps, Some(Quantity::Constant(_))) {
            return Err(Invalid::at("by-speed", "`by-speed` needs the number of steps of the fastest client")
                .help("set `steps` to a number"));
        }
        if let Some(steps) = &self.steps {
            steps.validate(&(1.0..=MOST_STEPS)).map_err(|invalid| invalid.under("steps"))?;
        }
        let epochs = self.epochs.unwrap_or(1.0);
        require(epochs > 0.0 && epochs.is_finite(), "epochs", epochs, "a positive number")?;
        let seconds = self.seconds.unwrap_or(1.0);
        require(seconds > 0.0 && seconds.is_finite(), "seconds", seconds, "a positive time")?;
        let energy = self.energy.unwrap_or(1.0);
        require(energy > 0.0 && energy.is_finite(), "energy", energy, "a positive energy")?;
        self.rate_is_sound()
    }

    /// The same with its number of steps written out, `fixed` for methods that leave no choice.
    #[must_use]
    pub fn counted(&self, fixed: Option<usize>) -> Self {
        let one = Quantity::Constant(1.0);
        let steps = match (fixed, self.epochs.or(self.seconds).or(self.energy)) {
            (_, Some(_)) => None,
            (Some(steps), None) => Some(Quantity::Constant(steps as f64)),
            (None, None) => Some(self.steps.clone().unwrap_or(one)),
        };
        Self { steps, ..self.clone() }
    }

    fn rate_is_sound(&self) -> Result<(), Invalid> {
        self.lr.validate().map_err(|invalid| invalid.under("lr"))
    }

    /// Builds the rule. `fixed_steps` overrules the scenario for methods that leave no choice.
    ///
    /// # Errors
    /// [`Invalid`] for a quantity whose file cannot be used.
    pub fn build<R: Real>(
        &self,
        fixed_steps: Option<usize>,
        client: &ClientSpec,
        setting: &Setting,
    ) -> Result<LocalRule<R>, Invalid> {
        let counted = |steps: Quantity| {
            let sampler = steps.build("local.steps", &(1.0..=MOST_STEPS), setting).map_err(|invalid| invalid.under("steps"));
            sampler.map(Steps::Count)
        };
        let one = Quantity::Constant(1.0);
        let steps = match (fixed_steps, self.epochs, self.seconds, self.energy) {
            (Some(steps), ..) => counted(Quantity::Constant(steps as f64))?,
            (None, Some(epochs), ..) => Steps::Epochs(epochs),
            (None, None, Some(seconds), _) => Steps::Seconds(seconds),
            (None, None, None, Some(energy)) => Steps::Energy(energy),
            (None, None, None, None) => match &self.steps {
                Some(Quantity::Constant(steps)) if self.by_speed => Steps::BySpeed(*steps),
                steps => counted(steps.clone().unwrap_or(one))?,
            },
        };
        Ok(LocalRule {
            steps,
            batch: self.batch,
            rate: self.lr.clone(),
            clock: self.clock,
            optimiser: Chain::build(&client.optimiser),
            keep_state: client.keep_state,
        })
    }
}

/// The clients' optimiser.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct ClientSpec {
    /// Transforms of each local gradient; plain SGD when empty.
    pub optimiser: Vec<TransformSpec>,
    /// Whether the optimiser's state outlives a visit; otherwise every visit starts afresh.
    pub keep_state: bool,
}

impl ClientSpec {
    /// Whether clients take plain steps of SGD and keep nothing of them.
    pub fn is_plain(&self) -> bool {
        self.optimiser.is_empty() && !self.keep_state
    }

    /// Checks the optimiser's parameters.
    ///
    /// # Errors
    /// [`Invalid`] for values out of range.
    pub fn validate(&self) -> Result<(), Invalid> {
        check_chain("optimiser", &self.optimiser)
    }
}

/// The keys of `[federated]`, which a `[[method]]` may override one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FederatedSpec {
    /// How clients take local steps.
    pub local: LocalSpec,
    /// Whose samples a called client works on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub shards: ShardRule,
    /// When the server acts; the method's default, or synchronous rounds of everyone, when left out. A `discount` or `replace` that it
    /// leaves out is the method's, whatever the kind of the method's schedule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleSpec>,
    /// Clients at work at a time, for schedules of any kind that do not set it themselves: `"all"`, or a number, which is the cohort of
    /// rounds and the concurrency of `every-arrival` and `buffered`; all when left out. A method's keys override shared ones: its
    /// `concurrency` replaces the cohort or concurrency of a shared schedule, and its schedule may set another number than the shared
    /// `concurrency`. Within one section the two must agree. With `over-selection` it counts the clients called: of 20 at 1.5 a round
    /// calls 20 and waits for 13; it does not cancel uploads that are on their way as it closes. Under this number an arrival is followed
    /// by a client drawn at random unless the schedule or the method says otherwise. `window`, `group` and `grace` keep all at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// How updates are weighted; the method's default when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weighting: Option<Weighting>,
    /// The server optimiser; the method's default when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Vec<TransformSpec>>,
    /// The clients' optimiser; the method's default when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientSpec>,
    /// The compressor of uploads; without one they are sent in the client's precision. A compressor's numbers have its own precision,
    /// whatever that of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uplink: Option<CompressorSpec>,
    /// The compressor of downloads, with a message for each client; none when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downlink: Option<CompressorSpec>,
    /// The meaning of a client's `bits`.
    #[serde(default)]
    pub bit_width: BitWidthSpec,
    /// Secure aggregation, under which the server learns the sums of uploads alone; without it the server sees each upload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secure_aggregation: Option<SecureSpec>,
    /// When the memory of a client changes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub commit: Commit,
    /// Whether clients are stateless: neither they nor the server remember a client from one visit to the next. Excludes methods,
    /// compressors and optimisers that need such a memory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stateless_clients: bool,
}

/// Whose samples a called client works on. There are as many shards of samples as clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ShardRule {
    /// Its own.
    #[default]
    Own,
    /// Those of the shard with the fewest visits so far, drawn among equals: workers that may read all data (Liu et al. 2024).
    /// The memory of the method and its compressors belongs to the shard.
    LeastVisited,
}

/// When a visit changes the memory of a client and of its uplink.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Commit {
    /// Once the server has accepted the upload: lost, cancelled or rejected work leaves no trace.
    #[default]
    Acknowledged,
    /// As the upload is sent, even if it is lost. A fault, to show its consequences: once an upload is lost, the server's control variate
    /// is no longer the mean of the clients', and error feedback forgets the contents of the upload.
    Sent,
}

/// The meaning of a client's `bits` in the fleet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct BitWidthSpec {
    /// The operations of a client that its bit-width applies to.
    pub applies_to: AppliesTo,
}

/// The operations of a client that its bit-width applies to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AppliesTo {
    /// Storing, computing and sending: models are rounded as they arrive and at the end of the local steps, gradients are taken at
    /// rounded models, with the activations of neural networks in 8 bits or the client's width if that is more, and pass straight
    /// through the rounding. Methods whose clients send something else than a model, such as a mean direction or the change of a
    /// control variate, compute it from the rounded model, and without a compressor it is rounded once more; only the gradients
    /// that `scaffold-m-vr` adds up during a visit are sent unrounded.
    ///
    /// A client's memory between visits stays in 32 bits, and counts as such in the metric `client-memory`. Control variates move by
    /// the change that the server receives, so that their mean is the server's, and the difference of two vectors of few bits
    /// need not fit into as few: rounding at the client alone would break the mean for good. The error of error feedback, a momentum and
    /// the state of an optimiser are sums of terms smaller than half a step of their grid, which rounding to the nearest would wipe out
    /// one by one. A compressor's numbers have its own precision, whatever that of the client: a kept coordinate of `top-k` has 32
    /// bits.
    #[default]
    All,
    /// Sending and receiving; the client computes in full precision.
    Messages,
    /// Nothing: the client computes and sends in full precision.
    Nothing,
}

impl BitWidthSpec {
    /// Precision in which a client of this `width` computes and stores.
    pub fn computes_in(self, width: Bits) -> Bits {
        if self.applies_to == AppliesTo::All { width } else { Bits::FLOAT }
    }

    /// Precision of the messages of a client of this `width` that go through no compressor.
    pub fn sends_in(self, width: Bits) -> Bits {
        if self.applies_to == AppliesTo::Nothing { Bits::FLOAT } else { width }
    }
}

impl FederatedSpec {
    /// Checks the values against a fleet of `clients`.
    ///
    /// # Errors
    /// [`Invalid`] for values out of range.
    pub fn validate(&self, clients: usize) -> Result<(), Invalid> {
        self.local.validate().map_err(|invalid| invalid.under("local"))?;
        self.concurrency.map_or(Ok(()), |concurrency| concurrency.validate(clients))?;
        if let Some(schedule) = self.schedule.clone() {
            schedule.check_called(self.concurrency)?;
            let schedule = schedule.with_concurrency(self.concurrency);
            schedule.validate(clients).map_err(|invalid| invalid.under("schedule"))?;
        }
        self.secure_aggregation
            .as_ref()
            .map_or(Ok(()), SecureSpec::validate)
            .map_err(|invalid| invalid.under("secure-aggregation"))?;
        check_chain("server", self.server.as_deref().unwrap_or(&[]))?;
        self.client.as_ref().map_or(Ok(()), ClientSpec::validate).map_err(|invalid| invalid.under("client"))?;
        self.each_compressor(|compressor| compressor.validate())
    }

    /// Checks the compressors against a model of `d` parameters.
    ///
    /// # Errors
    /// [`Invalid`] for a compressor that sends more coordinates than there are.
    pub fn fits(&self, d: usize) -> Result<(), Invalid> {
        self.each_compressor(|compressor| compressor.fits(d))
    }

    fn each_compressor(&self, check: impl Fn(&CompressorSpec) -> Result<(), Invalid>) -> Result<(), Invalid> {
        for (key, compressor) in [("uplink", &self.uplink), ("downlink", &self.downlink)] {
            compressor.as_ref().map_or(Ok(()), &check).map_err(|invalid| invalid.under(key))?;
        }
        Ok(())
    }
}

fn check_chain(key: &str, chain: &[TransformSpec]) -> Result<(), Invalid> {
    for (index, transform) in chain.iter().enumerate() {
        transform.validate().map_err(|invalid| invalid.under(&index.to_string()).under(key))?;
    }
    Ok(())
}
