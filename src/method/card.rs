//! What a method is and where it comes from: the page of `fedfleet methods NAME`.

/// A method's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// Name in a scenario.
    pub name: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// Where it was published.
    pub paper: Paper,
    /// The update, in the paper's lines.
    pub update: &'static str,
    /// What goes down, goes up and stays, with shapes.
    pub traffic: &'static str,
    /// How this implementation differs from the paper; empty if it does not.
    pub differs: &'static str,
}

/// A publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paper {
    /// Citation key.
    pub key: &'static str,
    /// Authors, separated by " and ".
    pub authors: &'static str,
    /// Title.
    pub title: &'static str,
    /// Journal or conference.
    pub venue: &'static str,
    /// Year of publication.
    pub year: u16,
    /// Algorithm, section or equation.
    pub place: &'static str,
    /// Address of the text.
    pub link: &'static str,
}

impl Paper {
    /// The BibTeX entry.
    pub fn bibtex(&self) -> String {
        let Self { key, authors, title, venue, year, link, .. } = self;
        format!(
            "@inproceedings{{{key},\n  author    = {{{authors}}},\n  title     = {{{{{title}}}}},\n  booktitle = {{{venue}}},\n  \
             year      = {{{year}}},\n  url       = {{{link}}}\n}}"
        )
    }
}
