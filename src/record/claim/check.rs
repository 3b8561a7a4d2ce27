//! From the keys of a `[[claim]]` to the one thing it asks, or the reason why it asks nothing.

use super::{At, ClaimSpec, Comparison, Direction, Kind};
use crate::{
    invalid::{Invalid, one_line, require},
    record::{
        axis::Axis,
        cell,
        curves::target::Target,
        metric::{Better, Measure},
        spread::Bracket,
    },
};

/// The quantity that is measured of a method.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Quantity {
    /// A metric at an instant.
    Value { metric: String, at: At },
    /// The place at which a target is first reached.
    Crossing { target: Target, axis: Axis },
}

impl Quantity {
    /// The metric that has to be recorded.
    pub(super) fn metric(&self) -> &str {
        match self {
            Self::Value { metric, .. } => metric,
            Self::Crossing { target, .. } => &target.metric,
        }
    }
}

/// The statement about the quantity.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Assertion<'a> {
    /// The ratio or difference of `worse` and `better` is as `required`.
    Beats { better: &'a str, worse: &'a str, required: Bracket, compare: Comparison },
    /// The value of one method is as `required`.
    Lies { of: &'a str, required: Bracket },
    /// The value of one method moves across the sweep of `over`.
    Moves { of: &'a str, over: &'a str, direction: Direction, within: f64 },
}

impl ClaimSpec {
    /// Refuses changes to what is asked, in place of what it is asked of.
    fn check_holds_with(&self) -> Result<(), Invalid> {
        let of_claims = |key: &&String| key.split('.').next().is_some_and(|first| ["claim", "paper", "figure"].contains(&first));
        let Some(key) = self.holds_with.keys().find(of_claims) else { return Ok(()) };
        let message = format!("`{key}` would change the question, not the setting in which it is asked");
        Err(Invalid::at("holds-with", message).help("give keys of the problem, the fleet, the methods or `stop`"))
    }

    /// Checks, before anything runs, that a run can answer the claim.
    ///
    /// `labels` are the methods of the scenario, `metrics` those it records, `keys` what it sweeps.
    ///
    /// # Errors
    /// [`Invalid`] at the key at fault.
    pub fn validate(&self, labels: &[String], metrics: &[Measure], keys: &[String]) -> Result<(), Invalid> {
        one_line("text", &self.text)?;
        one_line("source", self.source.as_deref().unwrap_or_default())?;
        one_line("reason", self.reason.as_deref().unwrap_or_default())?;
        self.check_paper()?;
        self.check_holds_with()?;
        let (quantity, assertion) = self.meaning()?;
        let at = if self.target.is_some() { "target" } else { "metric" };
        let names: Vec<String> = metrics.iter().map(|metric| metric.name.clone()).collect();
        cell::known(at, "recorded metric", quantity.metric(), &names)?;
        let ranks = self.target.is_some() || matches!(assertion, Assertion::Beats { .. });
        let ranked = metrics.iter().any(|metric| metric.name == quantity.metric() && metric.better != Better::Neither);
        if ranks && !ranked {
            return Err(Invalid::at(at, format!("no value of `{}` is better than another", quantity.metric()))
                .help("claim that the value of one method is `above`, `below` or `equals` a number, or a `trend`"));
        }
        match assertion {
            Assertion::Beats { better, worse, .. } => {
                cell::known("better", "method labelled", better, labels)?;
                cell::known("worse", "method labelled", worse, labels)?;
            }
            Assertion::Lies { of, .. } => cell::known("of", "method labelled", of, labels)?,
            Assertion::Moves { of, over, .. } => {
                cell::known("of", "method labelled", of, labels)?;
                cell::known_key("trend.over", over, keys)?;
            }
        }
        cell::validate(&self.cells, keys)
    }

    /// Checks the number of the paper.
    fn check_paper(&self) -> Result<(), Invalid> {
        let Some(paper) = &self.paper else { return Ok(()) };
        refuse(
            self.kind == Some(Kind::Own),
            "paper",
            "an `own` claim is in no paper: leave `paper` out, or give another `kind`",
        )?;
        one_line("paper.where", paper.place.as_deref().unwrap_or_default())?;
        paper.effect.map_or(Ok(()), |effect| require(effect.is_finite(), "paper.effect", effect, "a finite number"))
    }

    /// The quantity and the assertion of the claim.
    pub(super) fn meaning(&self) -> Result<(Quantity, Assertion<'_>), Invalid> {
        Ok((self.quantity()?, self.assertion()?))
    }

    fn quantity(&self) -> Result<Quantity, Invalid> {
        match (&self.metric, &self.target) {
            (Some(metric), None) => {
                refuse(self.axis.is_some(), "axis", "`axis` belongs to a `target`; for a metric give the instant by `at`")?;
                let at = self.at.unwrap_or(At::End);
                if let Some((_, x)) = at.place() {
                    require(x >= 0.0 && x.is_finite(), "at", x, "a finite instant of 0 or more")?;
                }
                if let At::Last(share) = at {
                    require(share > 0.0 && share <= 1.0, "at", share, "a share of the run above 0 and up to 1")?;
                }
                Ok(Quantity::Value { metric: metric.clone(), at })
            }
            (None, Some(target)) => {
                refuse(self.at.is_some(), "at", "`at` belongs to a `metric`; a target is looked for along `axis`")?;
                let (Some((metric, &value)), 1) = (target.iter().next(), target.len()) else {
                    return Err(
                        Invalid::at("target", "expected one metric and its value").help("such as target = { loss = 0.3 }")
                    );
                };
                require(value.is_finite(), "target", value, "a finite value")?;
                let target = Target { metric: metric.clone(), value };
                Ok(Quantity::Crossing { target, axis: self.axis.unwrap_or(Axis::Seconds) })
            }
            (Some(_), Some(_)) => Err(Invalid::at("target", "a claim has either a `metric` or a `target`, not both")),
            (None, None) => {
                Err(Invalid::at("", "the claim has no quantity").help("add metric = \"loss\", or target = { loss = 0.3 }"))
            }
        }
    }

    fn assertion(&self) -> Result<Assertion<'_>, Invalid> {
        let bounds = self.equals.is_some() || self.below.is_some() || self.above.is_some();
        match (&self.better, &self.worse, &self.of) {
            (Some(better), Some(worse), None) => {
                refuse(
                    bounds || self.within.is_some(),
                    "better",
                    "a comparison of two methods has no `equals`, `within`, `below` or `above`; use `by`",
                )?;
                refuse(self.trend.is_some(), "trend", "a trend is about one method: name it by `of`")?;
                refuse(better == worse, "worse", "a method cannot be better than itself")?;
                self.beats(better, worse)
            }
            (None, None, Some(of)) => {
                refuse(self.by.is_some(), "by", "`by` compares two methods: name them by `better` and `worse`")?;
                refuse(self.compare.is_some(), "compare", "`compare` is about two methods: name them by `better` and `worse`")?;
                let about_two = "`margin` compares two methods: name them by `better` and `worse`";
                refuse(self.margin.is_some() || self.equivalent.is_some(), "margin", about_two)?;
                match &self.trend {
                    Some(_) if bounds => Err(Invalid::at("trend", "a claim has either a trend or a value, not both")),
                    Some(trend) => {
                        let within = self.within.unwrap_or(0.1);
                        require(within >= 0.0 && within.is_finite(), "within", within, "a relative spread of 0 or more")?;
                        Ok(Assertion::Moves { of, over: &trend.over, direction: trend.direction, within })
                    }
                    None => self.lies(of),
                }
            }
            (Some(_), None, _) => {
                Err(Invalid::at("better", "a claim that names the `better` method needs the other one")
                    .help("name it by `worse`"))
            }
            (None, Some(_), _) => {
                Err(Invalid::at("worse", "a claim that names the `worse` method needs the other one").help("name it by `better`"))
            }
            (Some(_), Some(_), Some(_)) => {
                Err(Invalid::at("of", "a claim is about two methods (`better`, `worse`) or one (`of`), not both"))
            }
            (None, None, None) => {
                Err(Invalid::at("", "the claim names no method").help("name two by `better` and `worse`, or one by `of`"))
            }
        }
    }

    fn beats<'a>(&self, better: &'a str, worse: &'a str) -> Result<Assertion<'a>, Invalid> {
        let compare = self.compare.unwrap_or(Comparison::Ratio);
        let Some(margin) = self.margin else {
            refuse(self.equivalent.is_some(), "equivalent", "`equivalent` needs a `margin`, such as `margin = 0.1`")?;
            let by = self.by.unwrap_or(if compare == Comparison::Ratio { 1.0 } else { 0.0 });
            match compare {
                Comparison::Ratio => require(by > 0.0 && by.is_finite(), "by", by, "a ratio above 0")?,
                Comparison::Difference => require(by.is_finite(), "by", by, "a finite difference")?,
            }
            return Ok(Assertion::Beats { better, worse, required: Bracket { low: by, high: f64::INFINITY }, compare });
        };
        refuse(
            self.by.is_some(),
            "margin",
            "a claim has either `by`, for better by so much, or `margin`, for as good, not both",
        )?;
        require(margin > 0.0 && margin.is_finite(), "margin", margin, "a share or difference above 0")?;
        let low = if compare == Comparison::Ratio { 1.0 / (1.0 + margin) } else { -margin };
        let most = if compare == Comparison::Ratio { 1.0 + margin } else { margin };
        let high = if self.equivalent == Some(true) { most } else { f64::INFINITY };
        Ok(Assertion::Beats { better, worse, required: Bracket { low, high }, compare })
    }

    fn lies<'a>(&self, of: &'a str) -> Result<Assertion<'a>, Invalid> {
        if let Some(value) = self.equals {
            refuse(
                self.below.is_some() || self.above.is_some(),
                "equals",
                "either `equals` with `within`, or `below` and `above`",
            )?;
            let within =
                self.within.ok_or_else(|| Invalid::at("equals", "`equals` needs a tolerance").help("add `within = …`"))?;
            require(value.is_finite(), "equals", value, "a finite value")?;
            require(within >= 0.0 && within.is_finite(), "within", within, "a tolerance of 0 or more")?;
            return Ok(Assertion::Lies { of, required: Bracket { low: value - within, high: value + within } });
        }
        refuse(self.within.is_some(), "within", "`within` belongs to `equals` or to a flat trend")?;
        let (low, high) = (self.above.unwrap_or(f64::NEG_INFINITY), self.below.unwrap_or(f64::INFINITY));
        if self.above.is_none() && self.below.is_none() {
            return Err(Invalid::at("of", "the claim asserts nothing about the method")
                .help("add `equals` and `within`, `below`, `above`, or `trend`"));
        }
        require(low <= high, "above", low, "a value below that of `below`")?;
        Ok(Assertion::Lies { of, required: Bracket { low, high } })
    }
}

fn refuse(when: bool, key: &str, message: &str) -> Result<(), Invalid> {
    if when { Err(Invalid::at(key, message)) } else { Ok(()) }
}
