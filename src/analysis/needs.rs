//! What methods need of the parts around them, as data.

use crate::protocol::peers::TimeVaryingGraphSpec;

/// Whether a method works with a kind of part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Slot {
    /// It does.
    #[default]
    Open,
    /// It does not, for this reason; the remedy is the same for all methods.
    Own(&'static str),
    /// It does not, for this reason and with this remedy.
    Closed(&'static str, &'static str),
}

/// What a method knows of single clients from one visit to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Identity {
    /// Nothing: clients may be stateless.
    #[default]
    Unknown,
    /// The server tells them apart.
    Known,
    /// Clients remember something themselves, which two visits at a time would overwrite.
    Remembered,
}

/// What a method with a server needs: kinds of parts that it does not work with, each with the reason, and what is known of where it
/// ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Needs {
    /// A `weighting` chosen by the scenario.
    pub weighting: Slot,
    /// A `server` optimiser chosen by the scenario.
    pub server: Slot,
    /// A `client` optimiser chosen by the scenario; closed where the method reads a mean gradient from how far a client went.
    pub client: Slot,
    /// A discount of stale updates.
    pub discount: Slot,
    /// Selections of a cohort that weight its updates.
    pub selection: Slot,
    /// Schedules without rounds.
    pub overlap: Slot,
    /// Schedules under which the server applies updates one by one.
    pub single: Slot,
    /// Compressors of uploads.
    pub uplink: Slot,
    /// Compressors of uploads that remember what messages lost.
    pub memory: Slot,
    /// Compressors of uploads that are not unbiased.
    pub biased: Slot,
    /// Compressors of uploads that send one bit over a range.
    pub one_bit: Slot,
    /// Clients that ignore their bit-width.
    pub full_width: Slot,
    /// Clients whose bit-width is that of their messages alone.
    pub message_width: Slot,
    /// Clients that work on each other's samples.
    pub shards: Slot,
    /// Secure aggregation, under which the server learns weighted sums alone.
    pub sums: Slot,
    /// Objectives without a linear layer that can be solved for.
    pub no_head: Slot,
    /// What it knows of single clients.
    pub identity: Identity,
    /// Whether the server moves by the weighted sum of what plain local steps change at its clients, so that its stationary point is
    /// known.
    pub averages: bool,
    /// Whether it solves for all samples together, whoever has them: the objective's optimum under `weights = "samples"`.
    pub pools_samples: bool,
    /// Whether the server knows the evidence for its model, which the metric `evidence` records.
    pub evidence: bool,
    /// The factor of a client's message before it is compressed, where clients add their own compressed messages to what they remember:
    /// a compressor that loses too much makes that memory diverge.
    pub takes_up: Option<f64>,
}

impl Needs {
    /// Nothing, but that the server sees every update by itself.
    pub const NOTHING: Self = Self {
        weighting: Slot::Open,
        server: Slot::Open,
        client: Slot::Open,
        discount: Slot::Open,
        selection: Slot::Open,
        overlap: Slot::Open,
        single: Slot::Open,
        uplink: Slot::Open,
        memory: Slot::Open,
        biased: Slot::Open,
        one_bit: Slot::Open,
        full_width: Slot::Open,
        message_width: Slot::Open,
        shards: Slot::Open,
        sums: Slot::Own("the server needs each update, not only their weighted sum"),
        no_head: Slot::Open,
        identity: Identity::Unknown,
        averages: false,
        pools_samples: false,
        evidence: false,
        takes_up: None,
    };

    /// Nothing, not even single updates: the server half takes nothing of a batch but its
    /// [aggregate](crate::protocol::federated::Apply::aggregate).
    pub const SUMS: Self = Self { sums: Slot::Open, ..Self::NOTHING };

    /// Nothing, but that clients have bit-widths of their own.
    pub const WIDTHS: Self = Self {
        full_width: Slot::Own("the method adapts to the bit-width of each client"),
        shards: Slot::Own("the method adapts to the bit-width of each client"),
        ..Self::NOTHING
    };

    /// The same of a server that moves by the weighted sum of what plain local steps change.
    pub const AVERAGES: Self = Self { averages: true, ..Self::SUMS };
}

/// What a method without a server needs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PeerNeeds {
    /// A `client` optimiser chosen by the scenario.
    pub client: Slot,
    /// Compressors that remember: all neighbours have to receive the same messages.
    pub memory: Slot,
    /// Topologies whose edges go one way only.
    pub one_way: Slot,
    /// Availability by rounds; where it is closed, nodes take part in every iteration.
    pub rounds: Slot,
    /// Local steps of every visit, for methods that leave no choice.
    pub steps: Option<usize>,
    /// The key of the periods after which nodes wake by themselves, so that time passes even where work and messages take none, and
    /// the least time between two of their wakes [s].
    pub period: Option<(&'static str, f64)>,
}

impl PeerNeeds {
    /// Nothing, but that neighbours of a node may receive different messages.
    pub const NOTHING: Self = Self {
        client: Slot::Open,
        memory: Slot::Closed(
            "neighbours receive different messages from a node, so they cannot share a copy of what it has sent",
            "name a compressor without memory, such as `compressor = { qsgd = { bits = 4 } }`, or use a synchronous method with \
             `contacts = \"static\"`",
        ),
        one_way: Slot::Open,
        rounds: Slot::Open,
        steps: None,
        period: None,
    };

    /// What synchronous averaging needs under these `contacts`: in a graph that is static all neighbours receive the same messages, and
    /// an edge that goes one way and fails leaves its weight with the receiver, so that rows of `W` sum to 1 but columns do not.
    pub const fn averaging(contacts: TimeVaryingGraphSpec) -> Self {
        match contacts {
            TimeVaryingGraphSpec::Static => Self { memory: Slot::Open, ..Self::NOTHING },
            TimeVaryingGraphSpec::FailingEdges(_) => Self {
                one_way: Slot::Closed(
                    "averages over directed edges that fail do not keep the mean: the nodes would agree on another model",
                    "use `sgp`, which corrects for it, or a topology without directions",
                ),
                ..Self::NOTHING
            },
            TimeVaryingGraphSpec::OnePeerExponential | TimeVaryingGraphSpec::RandomMatching => Self::NOTHING,
        }
    }
}
