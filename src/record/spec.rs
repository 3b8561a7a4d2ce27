//! The `[record]` section: what a run records, and when.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    axis::Axis,
    clients::{ClientsSpec, MixSpec},
    metric::{Loss, MetricSpec, PeerModel, ValidationLoss},
    stop::Stop,
};
use crate::{
    invalid::{Invalid, require},
    problem::personal::PersonalSpec,
};

/// The `[record]` section.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RecordSpec {
    /// Distance between samples; a hundredth of the run when left out. With `{ rounds = 1 }` every update of a server is sampled, so that
    /// the place where a target is reached is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<EverySpec>,
    /// What is recorded; when left out the loss, the accuracy where there is one, and the validation loss where there is such a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Vec<MetricSpec>>,
    /// The models of a method without a server that are scored.
    pub peers: PeerModel,
    /// The scores of every client, in `clients.csv`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<ClientsSpec>,
    /// Personalised models, which are scored beside that of the run: `{ steps = 10, lr = 0.1 }`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personalised: Option<PersonalSpec>,
    /// The share of the personalised model in predictions that mix it with the model of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mix: Option<MixSpec>,
    /// Whether the final model of every run is kept as `.npy`.
    pub models: bool,
    /// Whether the iterate of every sample is kept as `.npy`, shape `[samples, d]`.
    pub iterates: bool,
    /// Whether updates are counted by their staleness, in `staleness.csv`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub staleness: bool,
    /// Whether the participants of each server step are kept, in `participants.csv`: a row an update that was applied, with the `round`
    /// that the step made, the time, the client whose samples the update comes from, and its staleness. A round in which nobody took
    /// part has no row. Methods with a server only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub participants: bool,
    /// Whether the vectors that a method remembers at the end of a run are kept as `.npy` in `states`, a row each, with an index of
    /// their names and clients: the server's by their names in the paper, such as the control variate `c` of SCAFFOLD, `h` of FedDyn,
    /// the tables `G` of MIFA and `y` of FedVARP; what each client remembers, such as `c_i`; the state of the server's and of the
    /// clients' optimisers, such as `server.0.m`; the memory of compressors for vector `k` of a client's messages, `uplink.k` and
    /// `downlink.k`; updates that have arrived and are not yet applied, `arrived.k`. Without a server, `y` and `g` of gradient tracking
    /// and `x̂` and `s` of CHOCO. Scalars are not kept.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub states: bool,
    /// Whether the metrics of the stationary point that theory predicts are kept, in `predicted.csv`: the model at which the expected
    /// updates of all clients cancel, given how often each delivers and its weight. Known for `fedavg`, `fedavgm` and `fedbuff`
    /// with plain local steps and without weights for staleness on convex problems; exact for quadratics, else the limit of small steps.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stationary_point: bool,
}

/// Distance between samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum EverySpec {
    /// Rounds, or server versions where a method has no rounds.
    Rounds(u64),
    /// Virtual seconds [s].
    Seconds(f64),
    /// Client updates.
    Updates(u64),
    /// Geometrically growing distances.
    Log(LogSpec),
}

impl EverySpec {
    /// The axis on which distances are measured.
    pub fn axis(self) -> Axis {
        match self {
            Self::Rounds(_) => Axis::Rounds,
            Self::Seconds(_) => Axis::Seconds,
            Self::Updates(_) => Axis::Updates,
            Self::Log(LogSpec { axis, .. }) => axis,
        }
    }

    /// Checks that a run of `seconds` [s] does not have too many samples.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `record`.
    pub fn check_samples(self, seconds: f64) -> Result<(), Invalid> {
        let Self::Seconds(every) = self else { return Ok(()) };
        let samples = seconds / every;
        if samples <= MOST_SAMPLES {
            return Ok(());
        }
        let message = format!(
            "a sample every {every:?} s of {seconds:?} s makes {samples:.0e} samples a run: expected at most {MOST_SAMPLES:.0e}"
        );
        Err(Invalid::at("every.seconds", message).help("raise it; `every.log` samples the beginning more densely"))
    }

    /// Checks that distances are positive; the path is relative to `record`.
    fn validate(self) -> Result<(), Invalid> {
        match self {
            Self::Rounds(rounds) => require(rounds > 0, "every.rounds", rounds, "at least 1"),
            Self::Updates(updates) => require(updates > 0, "every.updates", updates, "at least 1"),
            Self::Seconds(seconds) => require(seconds > 0.0 && seconds.is_finite(), "every.seconds", seconds, "a positive time"),
            Self::Log(LogSpec { axis, per_decade }) => {
                let grows = matches!(axis, Axis::Rounds | Axis::Seconds | Axis::Updates);
                require(grows, "every.log.axis", axis.name(), "`rounds`, `seconds` or `updates`")?;
                let sound = (0.1..=1000.0).contains(&per_decade);
                require(sound, "every.log.per-decade", per_decade, "a number from 0.1 to 1000")
            }
        }
    }

    /// Number of samples of a run that ends at `end` on its [axis](Self::axis), and at `seconds` [s].
    pub fn samples(self, end: f64, seconds: Option<f64>) -> u64 {
        match self {
            Self::Rounds(step) | Self::Updates(step) => (end / step as f64).ceil() as u64 + 1,
            Self::Seconds(step) => (end / step).ceil() as u64 + 1,
            Self::Log(_) => {
                let places = std::iter::successors(Some(0.0), |&place| Some(self.following(place, seconds)));
                places.take_while(|&place| place < end).count() as u64 + 1
            }
        }
    }

    /// The place of the sample after the one at `place`, in a run that ends at `seconds` [s].
    pub(super) fn following(self, place: f64, seconds: Option<f64>) -> f64 {
        match self {
            Self::Rounds(step) | Self::Updates(step) => ((place / step as f64).floor() + 1.0) * step as f64,
            Self::Seconds(step) => ((place / step).round() + 1.0) * step,
            Self::Log(LogSpec { axis, per_decade }) => {
                let factor = 10_f64.powf(1.0 / per_decade);
                let counts = axis != Axis::Seconds;
                let first = if counts { 1.0 } else { seconds.unwrap_or(1.0) * 1e-4 };
                let grown = (place * factor).max(first);
                if counts { grown.ceil().max(place + 1.0) } else { grown }
            }
        }
    }
}

impl fmt::Display for EverySpec {
    /// Words that can be read back: `1 rounds`, `0.5 seconds`, `10 per decade of updates`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rounds(count) | Self::Updates(count) => write!(f, "{count} {}", self.axis()),
            Self::Seconds(distance) => write!(f, "{distance} {}", self.axis()),
            Self::Log(LogSpec { axis, per_decade }) => write!(f, "{per_decade}{DECADE}{axis}"),
        }
    }
}

/// Between the number of samples in a factor of ten and their axis.
const DECADE: &str = " per decade of ";

impl FromStr for EverySpec {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let fault = || Invalid::at("", format!("`{text}` is not a distance between samples"));
        let axis = |name: &str| Axis::from_name(name).ok_or_else(fault);
        let every = if let Some((number, name)) = text.split_once(DECADE) {
            Self::Log(LogSpec { axis: axis(name)?, per_decade: number.parse().map_err(|_| fault())? })
        } else {
            let (number, name) = text.split_once(' ').ok_or_else(fault)?;
            match axis(name)? {
                Axis::Rounds => Self::Rounds(number.parse().map_err(|_| fault())?),
                Axis::Updates => Self::Updates(number.parse().map_err(|_| fault())?),
                Axis::Seconds => Self::Seconds(number.parse().map_err(|_| fault())?),
                _ => return Err(fault()),
            }
        };
        every.validate().map(|()| every)
    }
}

/// Samples at geometrically growing distances.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LogSpec {
    /// Axis on which they grow: `"rounds"`, `"seconds"` or `"updates"`.
    #[serde(default = "rounds")]
    pub axis: Axis,
    /// Samples in each factor of ten.
    pub per_decade: f64,
}

fn rounds() -> Axis {
    Axis::Rounds
}

/// Samples of a run whose scenario leaves out `every`.
const SAMPLES: u64 = 100;
/// Most samples of a run.
const MOST_SAMPLES: f64 = 1e7;

impl RecordSpec {
    /// The metric whose final value decides among tuned values where `tune` names nothing, of a problem that has a validation part, or none.
    pub fn criterion(&self, validated: bool) -> MetricSpec {
        let of_validation = validated.then_some(MetricSpec::of::<ValidationLoss>());
        let of_training = || self.metrics.iter().flatten().copied().find(|metric| metric.judges_training());
        of_validation.or_else(of_training).unwrap_or(MetricSpec::of::<Loss>())
    }

    /// Distance between samples for a run that ends at `stop`.
    pub fn every(&self, stop: &Stop) -> EverySpec {
        let shared = |most: u64| (most / SAMPLES).max(1);
        match (self.every, stop) {
            (Some(every), _) => every,
            (None, Stop { rounds: Some(rounds), .. }) => EverySpec::Rounds(shared(*rounds)),
            (None, Stop { seconds: Some(seconds), .. }) => EverySpec::Seconds(seconds / SAMPLES as f64),
            (None, Stop { updates: Some(updates), .. }) => EverySpec::Updates(shared(*updates)),
            (None, _) => EverySpec::Rounds(1),
        }
    }

    /// Checks that a run that ends at `stop` does not have too many samples.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `record`.
    pub fn check_samples(&self, stop: &Stop) -> Result<(), Invalid> {
        let (Some(every), Some(seconds)) = (self.every, stop.seconds) else { return Ok(()) };
        every.check_samples(seconds)
    }

    /// Checks the values.
    ///
    /// # Errors
    /// [`Invalid`] for distances that are not positive, metrics named twice, and a list of none.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.every.map_or(Ok(()), EverySpec::validate)?;
        if let PeerModel::Nodes(nodes) = self.peers {
            require(nodes > 0, "peers.nodes", nodes, "at least 1")?;
        }
        self.clients.as_ref().map_or(Ok(()), ClientsSpec::validate).map_err(|invalid| invalid.under("clients"))?;
        self.personalised.as_ref().map_or(Ok(()), PersonalSpec::check).map_err(|invalid| invalid.under("personalised"))?;
        self.mix.as_ref().map_or(Ok(()), MixSpec::validate)?;
        let metrics = self.metrics.as_deref().unwrap_or(&[]);
        if self.metrics.is_some() && metrics.is_empty() {
            let help = "leave `metrics` out to record the loss, and the accuracy where there is one";
            return Err(Invalid::at("metrics", "nothing is recorded: expected at least one metric").help(help));
        }
        let twice = metrics.iter().enumerate().find(|(index, metric)| metrics[..*index].contains(metric));
        match twice {
            Some((index, metric)) => Err(Invalid::at(&format!("metrics.{index}"), format!("`{}` is named twice", metric.name()))),
            None => Ok(()),
        }
    }
}
