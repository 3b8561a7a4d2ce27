//! fedfleet: a discrete-event simulator for federated optimisation on fleets of unlike clients.
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
//!     Plan ── cells × seeds × methods ── each a run                    [run]
//!       │
//!       ├────────────► World: problem + fleet + network + streams      [world] [problem] [fleet] [network] [random]
//!       │                 │   immutable; the same for all methods
//!       │                 ▼
//!       │   ┌──────────────────────────┐  events   ┌───────────────────────────────┐
//!       │   │ Engine                   │ ────────► │ Protocol: Served or Peers     │
//!       │   │ virtual clock, queue,    │           │  a method's halves or rule    │
//!       │   │ messages, jobs in flight │ ◄──────── │  a schedule, parts            │
//!       │   └──────────────────────────┘  orders   └───────────────────────────────┘
//!       │       [engine]  │                           [role] [method] [part]
//!       │                 ▼  looks on, samples
//!       │              Recorder ──► curves.csv, summary.csv            [record]
//!       │                              │
//!       └── claims, figures ──────────►┴──► claims.csv, figures/*      [record::claim] [figure]
//! ```
//!
//! 1. The **engine** knows time, order, messages and jobs in flight. It knows nothing of learning.
//! 2. A **protocol** is a deterministic state machine: events in, orders out. [`role::served`] runs clients around a server,
//!    whose [schedule](role::schedule) says when it acts; in [`role::peers`] all nodes are equal.
//! 3. A **method** is what a paper prints: a client half and a server half, or the rule of one peer. See [`method`].
//! 4. **Parts** are orthogonal to methods: optimiser chains, links that compress, weightings, discounts by
//!    staleness, step sizes. See [`part`].
//! 5. A client's computation is a **pure job**: data in, data out, its own random stream. It may run on any thread, at any
//!    moment between the instant it starts and the instant its result is needed. See [`engine::jobs`].
//! 6. The **world** never changes during a run, and all methods of a seed meet the same one. See [`world`].
//!
//! # Where things are
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`scenario`] | TOML to checked values, messages that point into the file, sweep cells, manifest, JSON Schema |
//! | [`random`] | streams keyed by (seed, purpose, node, count); quantities that may be distributions |
//! | [`num`] | real numbers, vector and matrix kernels, ordered sums, simulated low precision |
//! | [`problem`] | objectives, their gradients and exact optima; [`problem::data`]: readers, bundled sets, partitions |
//! | [`fleet`] | who the clients are: speed, availability, bit-width, dropouts |
//! | [`network`] | delays, bandwidth, loss, topology, mixing weights |
//! | [`world`] | the above, immutable |
//! | [`engine`] | the run loop, time, the queue, jobs in flight, checkpoints |
//! | [`role`] | protocols (served, peers), schedules, and the traits of methods' halves |
//! | [`part`] | transforms, links, weightings, discounts, step sizes |
//! | [`method`] | one file a method |
//! | [`registry`] | what a scenario may name, a value to which a crate of one's own can add methods and compressors; [`named`]: how such a name is read |
//! | [`run`] | plans, their execution in parallel, resumption, verification |
//! | [`record`] | samples, CSV, summaries, claims, comparison tables, the gallery |
//! | [`figure`] | SVG, PDF and PNG from recorded CSV only; drawn under the feature `figure` |
//! | `cli` | the command line, under the feature `cli` |
//! | [`invalid`], [`file`], [`table`] | a value that cannot be used; data files; tables given inline or in a file |
//! | `memory` | what the machine has left, held against what a scenario needs |
//! | [`interrupt`] | a request to leave a run, which long computations look at |
//! | [`rounding`] | the one tolerance by which instants, and quotients, are compared |
//!
//! # Conventions
//!
//! - `n` clients, `d` dimension, `x` server iterate, `y` local iterate, `lr` step size. Shapes stand in backticks, `[d]`;
//!   units in brackets: `[s]`, `[bit]`, `[1]`.
//! - An update is a descent direction: a client returns what it received minus what it reached, and the server subtracts.
//! - Virtual time is `f64` seconds. Code is generic over [`num::Real`]; the scenario chooses `f32` or `f64` at run time.
//! - Loss values accumulate in `f64`, and no floating-point sum depends on the number of threads.
//! - A value that cannot be used is an [`invalid::Invalid`] with a key relative to the part that checked it; callers put their
//!   own key in front, and the scenario layer turns the path into a line and a column.
//! - Divergence is an outcome that is recorded, not an error.
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
//! [served]
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
pub mod problem;
pub mod random;
pub mod record;
pub mod registry;
pub mod role;
pub mod rounding;
pub mod run;
pub mod scenario;
pub mod table;
pub mod toml;
pub mod world;
