//! `[paper]`: the paper that a scenario is about, what was changed against it, and how much of it the claims cover.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::invalid::{Invalid, one_line};

/// The `[paper]` section of a scenario.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PaperSpec {
    /// The paper in short, such as `Huang et al., ICLR 2024`.
    pub cite: String,
    /// What was changed against the experiments of the paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub simplified: Option<String>,
    /// The empirical claims of the paper that are here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covers: Option<Coverage>,
    /// The name of the file of the figure that shows the result, without its extension.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figure: Option<String>,
    /// The caption of that figure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
}

/// How many of a paper's empirical claims a scenario asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Coverage {
    /// Number of empirical claims of the paper.
    pub claims: u32,
    /// Number of those that are here.
    pub here: u32,
    /// The claims that are missing, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl PaperSpec {
    /// Checks the section.
    ///
    /// # Errors
    /// [`Invalid`] at the key at fault, relative to `paper`.
    pub fn check(&self) -> Result<(), Invalid> {
        one_line("cite", &self.cite)?;
        for (key, text) in [("simplified", &self.simplified), ("figure", &self.figure), ("caption", &self.caption)] {
            one_line(key, text.as_deref().unwrap_or_default())?;
        }
        if self.caption.is_some() && self.figure.is_none() {
            return Err(Invalid::at("caption", "there is no figure to caption").help("name one by `figure`"));
        }
        self.covers.as_ref().map_or(Ok(()), |covers| covers.check().map_err(|fault| fault.under("covers")))
    }
}

impl Coverage {
    fn check(&self) -> Result<(), Invalid> {
        one_line("missing", self.missing.as_deref().unwrap_or_default())?;
        if self.here > self.claims {
            let message = format!("{} claims are here, of {} in the paper", self.here, self.claims);
            return Err(Invalid::at("here", message).help("count a claim of the paper once, in how many cells it is asked"));
        }
        if self.here < self.claims && self.missing.is_none() {
            let message = format!("{} of the paper's claims are missing", self.claims - self.here);
            return Err(Invalid::at("", message).help("say which, and why, by `missing = \"…\"`"));
        }
        Ok(())
    }

    /// In words: `7 of the paper's 11 empirical claims; missing: …`.
    pub fn text(&self) -> String {
        let missing = self.missing.as_ref().map_or_else(String::new, |missing| format!("; missing: {missing}"));
        format!("{} of the paper's {} empirical claims{missing}", self.here, self.claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> Option<String> {
        let spec: PaperSpec = toml::from_str(&format!("cite = \"A 2024\"\n{text}")).unwrap();
        spec.check().err().map(|invalid| invalid.path.join("."))
    }

    #[test]
    fn coverage_adds_up_and_says_what_is_missing() {
        for (text, path) in [
            ("covers = { claims = 3, here = 4 }", "covers.here"),
            ("covers = { claims = 3, here = 2 }", "covers"),
            ("caption = \"c\"", "caption"),
            ("simplified = \"two\\nlines\"", "simplified"),
        ] {
            assert_eq!(fault(text).as_deref(), Some(path), "{text}");
        }
        assert_eq!(fault("figure = \"f\"\ncaption = \"c\"\ncovers = { claims = 3, here = 3 }"), None);
        let covers = Coverage { claims: 11, here: 7, missing: Some("four need a CNN".to_owned()) };
        assert_eq!(covers.text(), "7 of the paper's 11 empirical claims; missing: four need a CNN");
    }
}
