//! Orderings of methods by what they reached on several tasks: means, votes, games and tests.
//!
//! Everything here works on numbers of which larger ones are better. [`Scores`] has one for each method, task and seed; a [`Board`] has
//! one for each method and task. A procedure gives every method a value and a place; methods that it cannot tell apart share the best
//! place among them, and nothing depends on the order in which methods, tasks or seeds are given.

mod aggregate;
mod board;
mod duels;
mod entropy;
mod friedman;
mod kemeny;
mod levels;
mod majority;
mod measured;
mod nash;
mod places;
mod positional;
mod report;
mod rule;
mod scores;
mod simplex;

pub use aggregate::{improvement, improvement_interval, interquartile_mean, optimality_gap};
pub use board::{Board, Complete};
pub use duels::Duels;
pub use friedman::Friedman;
pub use kemeny::{Consensus, kemeny};
pub use levels::{two_level, two_stage};
pub use majority::{Copeland, Minimax, black, condorcet, copeland, minimax, prospective};
pub use measured::{Measured, Quantity, Source};
pub use nash::{AgentAgent, AgentTask, Hodge};
pub use places::{places, ties};
pub use positional::{baldwin, borda, dowdall, mean_rank, plurality, threshold};
pub use report::Report;
pub use rule::{Ranking, Reading, Rule};
pub use scores::{Pool, Scores, Task};
