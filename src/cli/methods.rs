//! `fedfleet methods`: the registry, and the page of one method.

mod combinations;

use std::io::{self, Write};

use crate::{
    method::Card,
    registry::{Entry, Registry, parameters},
};

use super::{Outcome, Usage};

const EXAMPLES: &str = "\
Examples:
  fedfleet methods
  fedfleet methods scaffold
  fedfleet methods --markdown         the table of the README
  fedfleet methods --combinations     the page `docs/combinations.md`";

/// List the methods, or show one: what it is, parameters with defaults, source, BibTeX
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of a method
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// List the methods as a Markdown table, with their papers
    #[arg(long, conflicts_with = "name")]
    markdown: bool,

    /// Print as Markdown which parts each method combines with, and why not with others
    #[arg(long, conflicts_with_all = ["name", "markdown"])]
    combinations: bool,
}

impl Args {
    pub fn execute(self, registry: &Registry) -> anyhow::Result<Outcome> {
        let text = match &self.name {
            None if self.markdown => table(registry),
            None if self.combinations => combinations::page(registry),
            None => list(registry),
            Some(name) => page(registry.find(name).ok_or_else(|| unknown(name, registry))?, registry),
        };
        io::stdout().lock().write_all(text.as_bytes())?;
        Ok(Outcome::Done)
    }
}

fn unknown(name: &str, registry: &Registry) -> Usage {
    let names: Vec<&str> = registry.methods().iter().map(|entry| entry.card.name).collect();
    let meant = crate::scenario::nearest(name, &names).map(|name| format!(": did you mean `{name}`?"));
    Usage(format!("there is no method `{name}`{}", meant.unwrap_or_default()))
}

fn list(registry: &Registry) -> String {
    let width = registry.methods().iter().map(|entry| entry.card.name.len()).max().unwrap_or(0);
    registry.methods().iter().map(|entry| format!("{:width$}  {}\n", entry.card.name, entry.card.summary)).collect()
}

fn table(registry: &Registry) -> String {
    let row = |entry: &Entry| {
        let Card { name, summary, paper, .. } = entry.card;
        let first = paper.authors.split(',').next().unwrap_or_default();
        format!("| `{name}` | `[{}]` | {summary} | [{first}, {}]({}) |\n", entry.section, paper.year, paper.link)
    };
    let head = "| method | section | what it is | paper |\n| --- | --- | --- | --- |\n";
    head.to_owned() + &registry.methods().iter().map(row).collect::<String>()
}

fn page(entry: &Entry, registry: &Registry) -> String {
    let card = &entry.card;
    let paper = &card.paper;
    let mut text = format!("{}\n{}\n\n", card.name, card.summary);
    text += &format!("{}. {}. {}, {}. {}.\n{}\n", paper.authors, paper.title, paper.venue, paper.year, paper.place, paper.link);
    for (heading, body) in
        [("Update", card.update), ("Weights", card.weights), ("Traffic", card.traffic), ("Differs from the paper", card.differs)]
    {
        if !body.is_empty() {
            text += &format!("\n{heading}\n{}", indented(body));
        }
    }
    let parameters = parameters(entry);
    if !parameters.is_empty() {
        text += "\nParameters\n";
    }
    for parameter in parameters {
        let default = parameter.default.map_or("no default".to_owned(), |value| format!("default {value}"));
        text += &format!("  {} ({default})\n{}", parameter.name, indented(&format!("  {}", parameter.description)));
    }
    text += &format!("\nCombines with\n{}", indented(&combinations::section(entry, registry)));
    text + &format!("\nBibTeX\n{}", indented(&paper.bibtex()))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
