//! fedfleet: a discrete-event simulator for federated optimisation on fleets of heterogeneous clients.
//!
//! Clients come and go, compute and communicate at different speeds. Gradients are computed; only time is simulated. A run
//! records convergence against rounds, virtual seconds, bits and gradients, and draws it as figures.
//!
//! # The picture
//!
//! ```text
//!  scenario.toml
//!       │  read, checked, sweeps expanded                              [scenario]
//!       ▼
//!     Plan ── cells × seeds × methods ── each a run                    [run] [search]
//!       │  parts held against what methods need                        [analysis]
//!       ├────────────► World: problem + fleet + network + streams      [world] [problem] [fleet] [network] [random]
//!       │                 │   immutable; the same for all methods
//!       │                 ▼
//!       │   ┌──────────────────────────┐  events   ┌───────────────────────────────┐
//!       │   │ Engine                   │ ────────► │ Protocol: Federated or Peers     │
//!       │   │ virtual clock, queue,    │           │  a method's halves or rule    │
//!       │   │ messages, jobs in flight │ ◄──────── │  a schedule, parts            │
//!       │   └──────────────────────────┘  orders   └───────────────────────────────┘
//!       │       [engine]  │                           [protocol] [method] [part]
//!       │                 ▼  looks on, samples
//!       │              Recorder ──► curves.csv, summary.csv            [record]
//!       │                              │
//!       └── claims, figures ──────────►┴──► claims.csv, figures/*      [record::claim] [figure]
//! ```
//!
//! 1. The **engine** knows time, order, messages and jobs in flight. It knows nothing of learning.
//! 2. A **protocol** is a deterministic state machine: events in, orders out. [`protocol::federated`] runs clients around a server,
//!    whose [schedule](protocol::schedule) says when it acts; in [`protocol::peers`] all nodes are equal.
//! 3. A **method** is what a paper prints: a client half and a server half, or the rule of one peer. See [`method`].
//! 4. **Parts** are orthogonal to methods: optimiser chains, links that compress, weightings, discounts by
//!    staleness, step sizes. See [`part`].
//! 5. A client's computation is a **pure job**: data in, data out, its own random stream. It may run on any thread, at any
//!    moment between the instant it starts and the instant its result is needed. See [`engine::jobs`].
//! 6. The **world** never changes during a run, and all methods of a seed meet the same one. See [`world`].
//!
//! # Floors
//!
//! A room imports from the rooms below it alone, and no files but a module and what lies in its folder import each other in a circle.
//! A test reads every import and holds it against this table.
//!
//! | room | what it holds |
//! | --- | --- |
//! | `cli` | the command line, one file for each verb; under the feature `cli` |
//! | [`prelude`] | what the file of a method, a compressor or an objective imports |
//! | [`run`] | plans, what they will cost, their execution in parallel, resumption, results folders, verification |
//! | [`scenario`] | the sections of a scenario: sweep cells, seeds, manifest, JSON Schema |
//! | [`registry`] | what a scenario may name: a value to which a user's own crate can add methods, compressors and objectives |
//! | [`method`] | one file for each method |
//! | [`figure`] | SVG, PDF and PNG from recorded CSV only; drawn under the feature `figure` |
//! | [`rank`] | orderings of methods over several scenarios: votes, Nash averaging, tests, their tables |
//! | [`search`] | which arms of a tuned method run on which seeds, and what decides among them |
//! | [`record`] | samples, CSV, summaries, claims, comparison tables, the gallery |
//! | [`analysis`] | what is known of a run before it runs: whether its parts fit, deliveries, weights, stationary points, stability |
//! | [`protocol`] | protocols (with a server, among peers), schedules, local updates, and the traits of methods' halves |
//! | [`part`] | transforms, compressors, weightings, discounts, step sizes |
//! | [`world`] | problem, fleet, network and streams of one run, immutable |
//! | [`fleet`] | who the clients are: speed, availability, bit-width, dropouts |
//! | [`network`] | delays, bandwidth, loss, topology, mixing weights |
//! | [`problem`] | objectives, their gradients and exact optima; [`problem::data`]: readers, bundled sets, partitions |
//! | [`message`] | what nodes send each other |
//! | [`engine`] | the run loop, virtual time, the queue, jobs in flight, snapshots |
//! | [`num`] | real numbers, vector and matrix kernels, ordered sums, simulated low precision |
//! | [`statistics`] | samples over seeds: paired intervals and exact tests, the bootstrap, Bayes factors, times that some never reach |
//! | [`random`] | streams keyed by (seed, purpose, node, count); quantities that may be distributions |
//! | [`table`] | tables given inline or in a file |
//! | [`file`] | data files: text, archives, NPY, checksums, within bounds of memory |
//! | [`toml`] | documents, decoding, messages that point into a file; it knows no section of a scenario |
//! | [`named`] | parts chosen by name from an open list |
//! | `memory` | the memory that the machine has left, and the largest sizes that a scenario may state |
//! | [`interrupt`] | a request to leave a run, which long computations look at |
//! | [`invalid`] | a value that cannot be used, with its key and a remedy |
//! | [`rounding`] | the one tolerance by which instants, and quotients, are compared |
//!
//! # Invariants
//!
//! - **Same bytes.** A result depends on the scenario and its data alone: not on the number of threads, on the wall clock, on the
//!   order of a hash map, or on whether the run was killed and resumed.
//! - **Paired worlds.** All methods of a seed meet the same clients, data, delays and absences, because every random number comes from
//!   a stream keyed by what it is for, never from a shared generator.
//! - **Pure jobs.** A client's computation sees nothing but what it was given, and may run on any thread at any moment between the
//!   instant at which it starts and the instant at which its result is needed.
//! - **The world never changes** during a run.
//! - **Ordered sums.** Loss values accumulate in `f64`, and no floating-point sum depends on the number of threads.
//! - **Refusals come first.** What can be known to be wrong is refused before anything runs, at the key that the user wrote.
//! - **Divergence is an outcome** that is recorded, not an error.
//! - **Nothing written is lost.** Results are replaced whole or not at all, and only files that fedfleet wrote are ever removed.
//!
//! # Glossary
//!
//! | term | meaning |
//! | --- | --- |
//! | client, node | who holds data and computes; *node* where there is no server |
//! | round | one server step in synchronous schedules; among peers, an iteration that all nodes have finished |
//! | version | the number of server steps that a model has behind it |
//! | local update | the local steps of one visit of a client, from download to upload |
//! | update | what a client sends: received minus reached parameters, a descent direction (*pseudo-gradient*); the server subtracts it |
//! | staleness | server steps between a client's download and the step that applies its update |
//! | cohort | the clients whose answers a round waits for |
//! | concurrency | how many clients are at work at a time |
//! | schedule | when the server calls clients and applies what they send |
//! | cell | one combination of the values of all swept keys |
//! | arm | one combination of the tuned keys of a method |
//! | pull | a run of an arm for the choice among arms, on a tuning seed |
//! | part | something that methods carry and that is no method: a compressor, an optimiser transform, a weighting |
//!
//! # Conventions
//!
//! - `n` clients, `d` dimension, `x` server iterate, `y` local iterate, `lr` step size. Shapes stand in backticks, `[d]`;
//!   units in brackets: `[s]`, `[bit]`, `[1]`.
//! - Virtual time is `f64` seconds. Code is generic over [`num::Real`]; the scenario chooses `f32` or `f64` at run time.
//! - A value that cannot be used is an [`invalid::Invalid`] with a key relative to the part that checked it; callers put their
//!   own key in front, and the scenario layer turns the path into a line and a column.
//!
//! # Use as a library
//!
//! The command line does little more than this: read a scenario, plan it, run it into a folder.
//!
//! ```
//! use std::path::Path;
//!
//! use fedfleet::{
//!     record::curves::Curves,
//!     registry::Registry,
//!     run::{Options, Plan, Results, Silent, execute},
//!     scenario::Scenario,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let text = r#"
//! title = "FedAvg on four quadratics"
//! stop  = { rounds = 50 }
//!
//! [problem.objective.quadratic]
//! curvature = [1.0, 2.0, 0.5, 4.0]
//! centre    = [-1.0, 0.0, 1.0, 2.0]
//!
//! [record]
//! metrics = ["gap"]
//!
//! [federated]
//! local = { steps = 1, batch = "full", lr = 0.2 }
//!
//! [[method]]
//! name = "fedavg"
//! "#;
//! let scenario = Scenario::read(Path::new("quadratics.toml"), text, &[], &Registry::builtin())?;
//! let plan = Plan::resolve(scenario, &[])?;
//! let folder = tempfile::tempdir()?;
//! let summary = execute(&plan, &Results::at(folder.path()), &Options::default(), &Silent)?;
//! assert_eq!((summary.runs, summary.diverged.len()), (1, 0));
//!
//! let curves = Curves::read(&folder.path().join("curves.csv"))?;
//! let gap = curves.metric("gap").expect("the scenario records it");
//! assert!(curves.runs[0].last(gap).expect("the run has samples") < 1e-12);
//! # Ok(())
//! # }
//! ```

pub mod analysis;
#[cfg(feature = "cli")]
pub mod cli;
pub mod engine;
pub mod figure;
pub mod file;
pub mod fleet;
pub mod interrupt;
pub mod invalid;
mod memory;
pub mod message;
pub mod method;
pub mod named;
pub mod network;
pub mod num;
pub mod part;
pub mod prelude;
pub mod problem;
pub mod protocol;
pub mod random;
pub mod rank;
pub mod record;
pub mod registry;
pub mod rounding;
pub mod run;
pub mod scenario;
pub mod search;
pub mod statistics;
pub mod table;
pub mod toml;
pub mod world;
