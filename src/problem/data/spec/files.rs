//! Files of samples. Each may be plain or gzip; which one is seen by content. Paths are relative to the scenario file.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::{Invalid, require},
    toml::decode::defaults,
};

/// LIBSVM text: `target index:value …` a line, indices from 1 and ascending. Rows stay sparse.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LibsvmSpec {
    /// The training samples.
    pub path: PathBuf,
    /// File of held-out samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_path: Option<PathBuf>,
    /// File of validation samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_path: Option<PathBuf>,
    /// Number of features; without it, the largest index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<usize>,
    /// Whether indices count from 0.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub zero_based: bool,
}

/// Comma-separated values; the first line names the columns. Columns that are not named here are features: numbers as they
/// are; text as one feature of 0 or 1 per category of the training samples, in sorted order, where a category that only
/// held-out samples have is all zeros. A column is text if no cell of it is a number, or if it is listed under `text`.
/// Missing values (empty, `NA`, `NaN`, `null`, `?`) are errors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CsvSpec {
    /// The samples.
    pub path: PathBuf,
    /// Column to be predicted; without it, the column called `label`, `target` or `y`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Column that says whose the sample is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Column that says `train`, `test` or `validation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Columns that are not features; `ignore` is the same.
    #[serde(default, alias = "ignore", skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<String>,
    /// Columns that are text, whatever their cells look like, such as post codes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<String>,
    /// File of held-out samples with the same columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_path: Option<PathBuf>,
    /// File of validation samples with the same columns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_path: Option<PathBuf>,
    /// Character between values; a comma by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
}

/// The binary format of MNIST: an array of images and one of labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct IdxSpec {
    /// Training inputs, `[rows, …]`.
    pub images: PathBuf,
    /// Training labels, `[rows]`.
    pub labels: PathBuf,
    /// Held-out inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_images: Option<PathBuf>,
    /// Held-out labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_labels: Option<PathBuf>,
}

/// Arrays of a NumPy archive.
///
/// Targets are numbers or text of shape `[rows]` or `[rows, 1]`, or classes as one-hot rows. Inputs of shape `[n, m, …]` with
/// targets of shape `[n, m]` are `n` natural clients with `m` samples each.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NpzSpec {
    /// The archive.
    pub path: PathBuf,
    /// Name of the training inputs, `[rows, …]`; `x` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<String>,
    /// Name of the training targets, `[rows]`; `y` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// Name of the held-out inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_x: Option<String>,
    /// Name of the held-out targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_y: Option<String>,
    /// Name of the client ids of the training samples, numbers or text, `[rows]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

/// NumPy arrays, one a file.
///
/// Targets are numbers or text of shape `[rows]` or `[rows, 1]`, or classes as one-hot rows. Inputs of shape `[n, m, …]` with
/// targets of shape `[n, m]` are `n` natural clients with `m` samples each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NpySpec {
    /// Training inputs, `[rows, …]`.
    pub x: PathBuf,
    /// Training targets, `[rows]`.
    pub y: PathBuf,
    /// Held-out inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_x: Option<PathBuf>,
    /// Held-out targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_y: Option<PathBuf>,
    /// Client ids of the training samples, numbers or text, `[rows]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<PathBuf>,
}

/// JSON of the LEAF benchmark: an object with `users` and `user_data`, or one object `{"user": …, "x": …, "y": …}` a
/// line. Users are natural clients.
///
/// Samples are numbers in lists of any depth; or text, as in Shakespeare, where the target is the next character; or lists
/// of strings of which the last is the text, as in Sentiment140. Features of text are sparse.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LeafSpec {
    /// The training samples: a file, or a folder of `.json` files.
    pub path: PathBuf,
    /// Held-out samples: a file, or a folder of `.json` files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_path: Option<PathBuf>,
    /// Validation samples: a file, or a folder of `.json` files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_path: Option<PathBuf>,
    /// How text becomes features; without it, text alone by its `window`, text at the end of a list by its `words`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextSpec>,
}

/// How text becomes features. Characters and words are those of the training samples, in sorted order; others count for
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TextSpec {
    /// Its last characters: a feature for every place and every character, 1 where the character is in that place.
    Window {
        /// Number of characters; places in front of a shorter text are empty.
        #[serde(default = "eighty")]
        length: usize,
    },
    /// How often each character occurs.
    Characters,
    /// How often each word occurs: a run of letters, digits, `_` and `'`, or one of the signs `.,!?;`.
    Words {
        /// Number of words: the most frequent ones.
        #[serde(default = "ten_thousand")]
        most: usize,
    },
}

defaults! {
    eighty: usize = 80;
    ten_thousand: usize = 10_000;
}

impl TextSpec {
    /// The window of LEAF's Shakespeare.
    pub fn window() -> Self {
        Self::Window { length: eighty() }
    }

    /// The words of a text of usual size.
    pub fn words() -> Self {
        Self::Words { most: ten_thousand() }
    }

    pub(super) fn check(&self) -> Result<(), Invalid> {
        match self {
            Self::Window { length } => require(*length >= 1, "window.length", length, "at least 1 character"),
            Self::Characters => Ok(()),
            Self::Words { most } => require(*most >= 1, "words.most", most, "at least 1 word"),
        }
    }
}
