//! `fedfleet methods`: the list of methods, or the page of one.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use fedfleet::method::registry::{self, Entry};

use super::{Outcome, Usage};

const EXAMPLES: &str = "\
Examples:
  fedfleet methods                list all methods
  fedfleet methods scaffold       what it is, its parameters, source and BibTeX
  fedfleet methods --markdown     the list as a Markdown table";

/// List the methods, or show the page of one
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A method's name
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Print the list as a Markdown table
    #[arg(long, conflicts_with = "name")]
    markdown: bool,
}

impl Args {
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let text = match &self.name {
            Some(name) => page(registry::find(name).ok_or_else(|| unknown(name))?),
            None if self.markdown => markdown(),
            None => list(),
        };
        io::stdout().lock().write_all(text.as_bytes())?;
        Ok(Outcome::Done)
    }
}

fn unknown(name: &str) -> Usage {
    let names: Vec<&str> = registry::METHODS.iter().map(|entry| entry.card.name).collect();
    let nearest = fedfleet::scenario::nearest(name, &names).map(|near| format!(" Did you mean `{near}`?")).unwrap_or_default();
    Usage(format!("there is no method `{name}`.{nearest} `fedfleet methods` lists all of them."))
}

fn list() -> String {
    let width = registry::METHODS.iter().map(|entry| entry.card.name.len()).max().unwrap_or(0);
    registry::METHODS.iter().map(|entry| format!("{:width$}  {}\n", entry.card.name, entry.card.summary)).collect()
}

fn markdown() -> String {
    let mut text = "| method | what it is | source |\n|---|---|---|\n".to_owned();
    for entry in registry::METHODS {
        let card = entry.card;
        let paper = card.paper;
        let _ = writeln!(
            text,
            "| `{}` | {} | [{} {}]({}), {} |",
            card.name,
            card.summary,
            first_author(paper.authors),
            paper.year,
            paper.link,
            paper.place
        );
    }
    text
}

/// The family name of the first author, with "et al." where there are more.
fn first_author(authors: &str) -> String {
    let first = authors.split(" and ").next().unwrap_or(authors);
    let family = first.split(',').next().unwrap_or(first);
    if authors.contains(" and ") { format!("{family} et al.") } else { family.to_owned() }
}

fn page(entry: &Entry) -> String {
    let card = entry.card;
    let paper = card.paper;
    let mut text = format!("{}: {}\n\n{}\n\n", card.name, card.summary, indented(card.update));
    let _ = writeln!(text, "Traffic and state\n  {}\n", card.traffic);
    text += "Parameters\n";
    text += &parameters(entry);
    let _ = writeln!(
        text,
        "\nKeys shared with [{}], and [[method]] may override each\n  {}\n",
        entry.section,
        entry.shared.join(", ")
    );
    let differs = if card.differs.is_empty() { "nothing" } else { card.differs };
    let _ = writeln!(text, "Differs from the paper\n  {differs}\n");
    let _ = writeln!(
        text,
        "Source\n  {}, \"{}\", {} {}, {}\n  {}\n",
        paper.authors, paper.title, paper.venue, paper.year, paper.place, paper.link
    );
    text + &paper.bibtex() + "\n"
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// The method's own parameters with their defaults, from its JSON Schema.
fn parameters(entry: &Entry) -> String {
    let schema = schemars::SchemaGenerator::default();
    let schema = (entry.schema)(&mut schema.clone()).to_value();
    let Some(properties) = schema.get("properties").and_then(|properties| properties.as_object()) else {
        return "  none of its own\n".to_owned();
    };
    if properties.is_empty() {
        return "  none of its own\n".to_owned();
    }
    let mut text = String::new();
    for (name, property) in properties {
        let about = property.get("description").and_then(|text| text.as_str()).unwrap_or_default().replace('\n', " ");
        let default = property.get("default").map(|value| format!(" (default {value})")).unwrap_or_default();
        let _ = writeln!(text, "  {name}{default}: {about}");
    }
    text
}
