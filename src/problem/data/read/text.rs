//! Features of text: characters by place, or how often characters and words occur.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    invalid::{Invalid, require},
    memory::MOST_PARAMETERS,
    num::Real,
    problem::data::{SparseRows, spec::TextSpec},
};

/// The characters or words that have features, with their numbers in sorted order.
#[derive(Debug)]
pub(super) enum Alphabet {
    /// Each of the last `length` characters.
    Window { length: usize, characters: BTreeMap<char, usize> },
    /// All characters.
    Characters(BTreeMap<char, usize>),
    /// The frequent words.
    Words(BTreeMap<String, usize>),
}

impl Alphabet {
    /// The alphabet of the training samples `texts`.
    ///
    /// # Errors
    /// [`Invalid`] relative to `spec` where the features would be too many.
    pub fn learn(spec: &TextSpec, texts: &[String]) -> Result<Self, Invalid> {
        let characters = || numbered(texts.iter().flat_map(|text| text.chars()).collect());
        let alphabet = match spec {
            TextSpec::Window { length } => Self::Window { length: *length, characters: characters() },
            TextSpec::Characters => Self::Characters(characters()),
            TextSpec::Words { most } => Self::Words(numbered(frequent(texts, *most))),
        };
        let columns = alphabet.columns();
        require(columns <= MOST_PARAMETERS, "", columns, &format!("at most {MOST_PARAMETERS} features"))?;
        Ok(alphabet)
    }

    /// Number of features.
    fn columns(&self) -> usize {
        match self {
            Self::Window { length, characters } => length.saturating_mul(characters.len()),
            Self::Characters(characters) => characters.len(),
            Self::Words(words) => words.len(),
        }
    }

    /// The features of `texts`, one row each.
    pub fn rows<R: Real>(&self, texts: &[String]) -> SparseRows<R> {
        let mut rows = SparseRows { columns: self.columns(), starts: vec![0], indices: Vec::new(), values: Vec::new() };
        for text in texts {
            let entries = self.entries(text);
            rows.indices.extend(entries.keys().map(|&index| index as u32));
            rows.values.extend(entries.values().map(|&count| R::of(count)));
            rows.starts.push(rows.indices.len());
        }
        rows
    }

    /// The features of `text` that are not 0, by their numbers.
    fn entries(&self, text: &str) -> BTreeMap<usize, f64> {
        match self {
            Self::Window { length, characters } => {
                let places = text.chars().rev().zip((0..*length).rev());
                let known = places.filter_map(|(character, place)| Some((place, characters.get(&character)?)));
                known.map(|(place, number)| (place * characters.len() + number, 1.0)).collect()
            }
            Self::Characters(characters) => counted(text.chars().filter_map(|character| characters.get(&character))),
            Self::Words(words) => counted(split(text).filter_map(|word| words.get(word))),
        }
    }
}

fn numbered<T: Ord>(items: BTreeSet<T>) -> BTreeMap<T, usize> {
    items.into_iter().zip(0..).collect()
}

fn counted<'a>(numbers: impl Iterator<Item = &'a usize>) -> BTreeMap<usize, f64> {
    let mut counts = BTreeMap::new();
    for &number in numbers {
        *counts.entry(number).or_insert(0.0) += 1.0;
    }
    counts
}

/// The `most` words that occur most often; of equally frequent ones the first in sorted order.
fn frequent(texts: &[String], most: usize) -> BTreeSet<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for word in texts.iter().flat_map(|text| split(text)) {
        *counts.entry(word).or_default() += 1;
    }
    let mut ranked: Vec<(&str, usize)> = counts.into_iter().collect();
    ranked.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
    ranked.into_iter().take(most).map(|(word, _)| word.to_owned()).collect()
}

/// The words of `text`: runs of letters, digits, `_` and `'`, and single signs `.,!?;`.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let inner = |character: char| character.is_alphanumeric() || "_'".contains(character);
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = &rest[rest.find(|character: char| inner(character) || ".,!?;".contains(character))?..];
        let end = rest.find(|character: char| !inner(character)).unwrap_or(rest.len()).max(1);
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    fn rows(spec: &TextSpec, train: &[&str], of: &[&str]) -> SparseRows<f64> {
        Alphabet::learn(spec, &texts(train)).unwrap().rows(&texts(of))
    }

    #[test]
    fn a_window_has_a_feature_for_each_place_and_character() {
        // Characters `a b c`, numbered from 0; the places of the last three characters.
        let rows = rows(&TextSpec::Window { length: 3 }, &["abc"], &["abc", "xca", "b", "aaaab"]);
        assert_eq!(rows.columns, 9);
        assert_eq!(rows.row(0), (&[0, 4, 8][..], &[1.0; 3][..]));
        assert_eq!(rows.row(1), (&[5, 6][..], &[1.0; 2][..]));
        assert_eq!(rows.row(2).0, [7]);
        assert_eq!(rows.row(3).0, [0, 3, 7]);
    }

    #[test]
    fn characters_and_words_are_counted() {
        let characters = rows(&TextSpec::Characters, &["ba"], &["abba!", ""]);
        assert_eq!((characters.columns, characters.row(0)), (2, (&[0, 1][..], &[2.0, 2.0][..])));
        assert!(characters.row(1).0.is_empty());
        let train = ["it's so so good, so!", "good day?"];
        let words = rows(&TextSpec::Words { most: 3 }, &train, &["so, good so bad", "day"]);
        // The most frequent are `so` (3) and `good` (2), then `!`, the first in order of those that occur once.
        assert_eq!((words.columns, words.row(0)), (3, (&[1, 2][..], &[1.0, 2.0][..])));
        assert!(words.row(1).0.is_empty());
    }

    #[test]
    fn words_are_split_as_leaf_splits_them() {
        let words: Vec<&str> = split(" @you_2 can't—stop!!  no;#1é.").collect();
        assert_eq!(words, ["you_2", "can't", "stop", "!", "!", "no", ";", "1é", "."]);
    }

    #[test]
    fn too_many_features_are_refused() {
        assert!(Alphabet::learn(&TextSpec::Window { length: usize::MAX }, &texts(&["ab"])).is_err());
    }
}
