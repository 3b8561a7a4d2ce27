//! Claims of a kind, counted.

use crate::record::{
    axis::short,
    claim::{Answer, Kind, Row},
    spread::median,
};

/// The answers to the claims of one kind, each counted once over all of its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Claims that hold in every cell.
    pub found: usize,
    /// Claims that are refuted in some cell.
    pub refuted: usize,
    /// The others.
    pub undecided: usize,
}

impl Tally {
    /// The tally of the rows whose kind is one of `kinds`, without those that ask a claim again with changed keys.
    pub fn of(rows: &[Row], kinds: &[Kind]) -> Self {
        let mut claims: Vec<(&str, Vec<Answer>)> = Vec::new();
        for row in rows.iter().filter(|row| row.with.is_empty() && kinds.contains(&row.kind)) {
            match claims.iter_mut().find(|(text, _)| *text == row.text) {
                Some((_, answers)) => answers.push(row.verdict),
                None => claims.push((&row.text, vec![row.verdict])),
            }
        }
        let mut tally = Self::default();
        for (_, answers) in claims {
            let count = if answers.iter().all(|&answer| answer == Answer::Holds) {
                &mut tally.found
            } else if answers.contains(&Answer::Refuted) {
                &mut tally.refuted
            } else {
                &mut tally.undecided
            };
            *count += 1;
        }
        tally
    }

    /// The number of claims.
    pub fn total(self) -> usize {
        self.found + self.refuted + self.undecided
    }

    /// A filled circle for each claim that was found, a crossed one for each refuted, an open one for each undecided.
    pub fn marks(self) -> String {
        ["●".repeat(self.found), "⊗".repeat(self.refuted), "○".repeat(self.undecided)].concat()
    }

    /// In words: `4 of 5 found, 1 undecided`; with another word for `found` where nothing is to be found.
    pub fn text(self, found: &str) -> String {
        let mut text = format!("{} of {} {found}", self.found, self.total());
        for (count, word) in
            [(self.refuted, "refuted"), (self.undecided, "undecided")].into_iter().filter(|(count, _)| *count > 0)
        {
            text += &format!(", {count} {word}");
        }
        text
    }
}

/// The median of the measured effects over those of the paper, in words; `None` where no paper's number is known.
pub fn against_paper(rows: &[Row]) -> Option<String> {
    let ratio = |row: &Row| Some(row.measured? / row.paper_effect.filter(|effect| *effect != 0.0)?);
    let mut ratios: Vec<f64> =
        rows.iter().filter(|row| row.with.is_empty() && row.kind == Kind::Finding).filter_map(ratio).collect();
    let count = ratios.len();
    Some(format!("{} ({count})", short(median(&mut ratios)?)))
}

/// The numbers of seeds of the claims: `8`, or `8 to 20`.
pub fn seeds(rows: &[Row]) -> String {
    let counts = rows.iter().filter_map(|row| row.seeds);
    match (counts.clone().min(), counts.max()) {
        (Some(least), Some(most)) if least < most => format!("{least} to {most}"),
        (Some(count), _) => count.to_string(),
        _ => "–".to_owned(),
    }
}
