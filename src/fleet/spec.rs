//! `[fleet]` as it is written in a scenario.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::availability::AvailabilitySpec;
use crate::{
    invalid::{Invalid, require},
    network::LinkSpec,
    random::{
        Quantity, check_clients,
        quantity::{FRACTION, JOULES, SECONDS},
    },
};

/// Bit-width of a client that computes in full precision.
pub const FULL_WIDTH: u32 = 32;

/// Defines the tables of the fleet and of a group with the keys of their own and the keys that they share.
macro_rules! tables {
    (
        fleet { $($fleet:tt)* }
        group { $($group:tt)* }
        shared { $($(#[doc = $about:expr])+ $key:ident: $type:ty,)+ }
    ) => {
        /// Who the clients are.
        ///
        /// Without groups the keys describe every client; with groups they hold for the groups that do not give them.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct FleetSpec {
            $($fleet)*
            $($(#[doc = $about])+ #[serde(default, skip_serializing_if = "Option::is_none")] pub $key: Option<$type>,)+
        }

        /// A group of like clients. A key that is not given is the fleet's.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case", deny_unknown_fields)]
        pub struct GroupSpec {
            $($group)*
            $($(#[doc = $about])+ #[serde(default, skip_serializing_if = "Option::is_none")] pub $key: Option<$type>,)+
        }

        /// The keys that a fleet and a group share.
        #[derive(Debug, Clone, Copy, Default)]
        pub(super) struct Keys<'a> {
            $(pub $key: Option<&'a $type>,)+
        }

        impl FleetSpec {
            pub(super) fn keys(&self) -> Keys<'_> {
                Keys { $($key: self.$key.as_ref(),)+ }
            }
        }

        impl GroupSpec {
            fn keys(&self) -> Keys<'_> {
                self.keys_within(&Keys::default())
            }

            /// The group's keys, each the fleet's where the group has none.
            pub(super) fn keys_within<'a>(&'a self, fleet: &Keys<'a>) -> Keys<'a> {
                Keys { $($key: self.$key.as_ref().or(fleet.$key),)+ }
            }
        }
    };
}

tables! {
    fleet {
        /// Number of clients `n`; as many as the partition of the data makes if not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub clients: Option<usize>,
        /// Which clients form a group.
        #[serde(default)]
        pub assign: Assign,
        /// Groups of like clients; their shares sum to 1.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        pub group: Vec<GroupSpec>,
    }
    group {
        /// Fraction of the clients in this group `[1]`.
        pub share: f64,
        /// Link from these clients to the server; the network's if not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub up: Option<LinkSpec>,
        /// Link from the server to these clients; the network's if not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub down: Option<LinkSpec>,
        /// Link from these nodes to their peers; the network's if not given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub link: Option<LinkSpec>,
    }
    shared {
        /// Seconds for one local step `[s]`, drawn once a visit; 1 if not given. The steps of a visit that is broken off count as
        /// spread evenly over its time.
        step: Quantity,
        /// Seconds of a visit that do not depend on its number of local steps `[s]`; 0 if not given.
        visit: Quantity,
        /// Energy of one local step `[J]`, the same at every visit of a client; not known if not given. Messages take none.
        energy: Quantity,
        /// When clients are available; always if not given.
        availability: AvailabilitySpec,
        /// Width that clients compute and store in `[bit]`, from 2 to 32; 32 (full precision) if not given.
        bits: u32,
        /// Narrow clients are faster: a step of a `b`-bit client takes `step · (b / 32)^bits-speed` `[1]`; 0 if not given. All
        /// methods meet the same fleet, also those whose `bit-width` lets clients compute in full precision.
        bits_speed: f64,
        /// Probability that a visit is lost in mid-work `[1]`; 0 if not given.
        dropout: Quantity,
        /// Fraction of the work that is done when a visit is lost `[1]`; uniform on [0, 1) if not given.
        dropout_done: Quantity,
        /// What happens to the work of a client that goes down; it pauses if not given. A client is still up in the very instant in
        /// which it leaves: work that ends then is done, and its upload, or its messages to peers, start then; none starts later
        /// until the client is back.
        leave: Leave,
    }
}

/// Which clients form a group; the sizes of groups are exact either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Assign {
    /// A random set of clients, so that groups are independent of the partition of the data and of the topology.
    #[default]
    Shuffled,
    /// The first clients are group 0, the next group 1, and so on.
    Blocks,
}

/// What happens to the work of a client that goes down. It is still there in the very instant in which it leaves: work that ends then is
/// done, and its upload starts then; no upload starts later than that until the client is back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Leave {
    /// The work continues when the client is up again.
    #[default]
    Pause,
    /// The work is lost.
    Lose,
}

impl Keys<'_> {
    fn validate(&self) -> Result<(), Invalid> {
        for (key, quantity, range) in [
            ("step", self.step, SECONDS),
            ("visit", self.visit, SECONDS),
            ("energy", self.energy, JOULES),
            ("dropout", self.dropout, FRACTION),
            ("dropout-done", self.dropout_done, FRACTION),
        ] {
            quantity.map_or(Ok(()), |quantity| quantity.validate(&range)).map_err(|error| error.under(key))?;
        }
        if self.dropout.is_some_and(|dropout| dropout.is_surely(1.0)) {
            return Err(Invalid::at("dropout", "all work is lost: nothing would ever arrive").help("give a probability below 1"));
        }
        self.availability.map_or(Ok(()), AvailabilitySpec::validate).map_err(|error| error.under("availability"))?;
        let bits = self.bits.copied().unwrap_or(FULL_WIDTH);
        require((2..=FULL_WIDTH).contains(&bits), "bits", bits, "a width from 2 to 32 bits")?;
        let speed = self.bits_speed.copied().unwrap_or(0.0);
        require((0.0..=10.0).contains(&speed), "bits-speed", speed, "an exponent from 0 to 10")
    }
}

impl FleetSpec {
    /// Checks everything that can be checked without data files and without the data's labels.
    ///
    /// # Errors
    /// [`Invalid`] with a path relative to `[fleet]`.
    pub fn validate(&self) -> Result<(), Invalid> {
        self.clients.map_or(Ok(()), check_clients)?;
        self.keys().validate()?;
        for (index, group) in self.group.iter().enumerate() {
            let at = |error: Invalid| error.under(&format!("group.{index}"));
            require((0.0..=1.0).contains(&group.share), "share", group.share, "a fraction from 0 to 1").map_err(at)?;
            group.keys().validate().map_err(at)?;
            for (key, link) in group.links() {
                link.map_or(Ok(()), LinkSpec::validate).map_err(|error| at(error.under(key)))?;
            }
        }
        let total: f64 = self.group.iter().map(|group| group.share).sum();
        if !self.group.is_empty() && (total - 1.0).abs() > 1e-9 {
            return Err(Invalid::at("group", format!("the shares of the groups sum to {total}: expected 1"))
                .help("adjust `share` in one of the groups"));
        }
        Ok(())
    }

    /// The same with the defaults of all clients written out.
    #[must_use]
    pub fn resolved(&self) -> Self {
        let constant = |written: &Option<Quantity>, value| written.clone().or(Some(Quantity::Constant(value)));
        Self {
            step: constant(&self.step, 1.0),
            visit: constant(&self.visit, 0.0),
            availability: self.availability.clone().or(Some(AvailabilitySpec::default())),
            bits: self.bits.or(Some(FULL_WIDTH)),
            bits_speed: self.bits_speed.or(Some(0.0)),
            dropout: constant(&self.dropout, 0.0),
            dropout_done: self.dropout_done.clone().or(Some(Quantity::Uniform { low: 0.0, high: 1.0 })),
            leave: self.leave.or(Some(Leave::default())),
            ..self.clone()
        }
    }

    /// Whether [`build`](Self::build) needs the label fractions of the clients' samples.
    pub fn needs_labels(&self) -> bool {
        let groups = self.group.iter().map(|group| group.availability.as_ref());
        groups.chain([self.availability.as_ref()]).flatten().any(AvailabilitySpec::needs_labels)
    }
}

impl GroupSpec {
    /// The group's own links by direction: up, down, between peers.
    pub(super) fn links(&self) -> [(&'static str, Option<&LinkSpec>); 3] {
        [("up", self.up.as_ref()), ("down", self.down.as_ref()), ("link", self.link.as_ref())]
    }
}

/// The bit-width of every client `[bit]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Widths {
    /// By client, shape `[n]`; empty where all have full precision.
    of_client: Vec<u32>,
}

impl Widths {
    /// The widths of clients, at least one of which is not the full one.
    pub(super) fn listed(of_client: Vec<u32>) -> Self {
        Self { of_client }
    }

    /// The width of a client; [`FULL_WIDTH`] means full precision.
    pub fn of(&self, client: usize) -> u32 {
        self.of_client.get(client).copied().unwrap_or(FULL_WIDTH)
    }

    /// The widths that there are, in ascending order; never empty.
    pub fn ascending(&self) -> Vec<u32> {
        let mut found = self.of_client.clone();
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            found.push(FULL_WIDTH);
        }
        found
    }
}
