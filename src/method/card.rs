//! Cards: the page that `fedfleet methods NAME` prints.

/// A method's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// Name in a scenario.
    pub name: &'static str,
    /// The method in one line.
    pub summary: &'static str,
    /// Its publication.
    pub paper: Paper,
    /// The update, in the paper's lines.
    pub update: &'static str,
    /// How the update follows the weights `p_i` of the clients in the objective, and why it then converges to their optimum.
    pub weights: &'static str,
    /// The vectors that go down, go up and stay, with shapes.
    pub traffic: &'static str,
    /// How this implementation differs from the paper; empty if it does not.
    pub differs: &'static str,
}

/// Methods whose server sums updates by `weighting`.
pub const BY_WEIGHTING: &str = "with weights p_i: w_i = N p_i/|S| (`sampling`) unless `weighting` is set: cohorts drawn \
    uniformly have E Σ w_i Δ_i = Σ p_i Δ_i, rounds of everyone w_i = p_i";

/// Methods with control variates whose server knows their mean.
pub(super) const CONTROLLED: &str = "with weights p_i: c ← c + Σ_{i∈S} p_i (c_i⁺ − c_i), so that c = Σ p_i c_i, and x moves by \
    N p_i/|S| of each (`sampling`), on average along Σ p_i (∇f_i − c_i) + c = ∇f for any c_i; at x* all c_i = ∇f_i(x*), c = 0, \
    and nobody moves, under any `weighting`";

/// Methods whose nodes come to agree on the plain mean.
pub(super) const SCALED: &str = "with weights p_i: node i works on n p_i f_i, of which the plain mean is Σ p_i f_i; its steps are \
    n p_i times as long";

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
