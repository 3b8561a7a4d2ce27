//! Figures: the `[[figure]]` sections of a scenario.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    invalid::{Invalid, one_line, require},
    record::{
        axis::Axis,
        cell::{self, Filter},
        curves::staleness::{KEY, SHARE},
    },
};

pub use crate::record::metric::ScaleKind;

/// Longest name of a figure's files, without extension [bytes]: file systems take 255, and a cell's values may follow it.
const LONGEST: usize = 120;

/// One `[[figure]]` of a scenario.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct FigureSpec {
    /// An axis (`rounds`, `seconds`, `updates`, `gradients`, `uplink-bits`, `downlink-bits`), or a sweep key: then every
    /// method is one line through its final values. Or `staleness`, for the `share` of a method's updates. Figures over clients (see
    /// `kind`) have a score, `samples`, `held-out`, `methods` or `confidence` here.
    pub x: String,
    /// The metric; the `share` of updates where `x` is their `staleness`. Figures over clients have a score, or `clients`, for the share
    /// of them.
    pub y: String,
    /// The form of the curves; `bars` need the values of a sweep key, and `cdf`, `box`, `scatter` and `reliability` the tables of
    /// `record.clients`.
    #[serde(default)]
    pub kind: Kind,
    /// The band over seeds around each curve, or the whisker on each bar. From where a seed diverged on it counts as worse than any
    /// other, whichever metric is drawn.
    #[serde(default)]
    pub band: Band,
    /// A sweep key: one panel for each of its values, with common axes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facet: Option<String>,
    /// The models whose scores figures over clients show, each with its own dashes or boxes; that of the run by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<Model>,
    /// The labels of the methods to show, in this order; all by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Scale of the horizontal axis; logarithmic by default for bits, linear otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_x: Option<ScaleKind>,
    /// Scale of the vertical axis; logarithmic by default where losses, gaps and norms span more than a decade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_y: Option<ScaleKind>,
    /// Words along the horizontal axis, with the unit where they need one; made of `x` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_x: Option<String>,
    /// Words along the vertical axis; made of `y` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_y: Option<String>,
    /// Width in a journal's page; `wide` by default with several panels, otherwise `column`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<Width>,
    /// Words above the figure; none by default, since papers have captions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Name of the files, without extension; made of `y` and `x` by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Ends of the horizontal axis, in seconds, bits or ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits_x: Option<[f64; 2]>,
    /// Ends of the vertical axis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits_y: Option<[f64; 2]>,
    /// Reference lines, such as a rate from theory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub line: Vec<ReferenceLine>,
    /// Whether a thin dashed line of each method's colour shows the stationary point that theory predicts, as `record.stationary-point`
    /// keeps it; the median over seeds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stationary_point: bool,
    /// Only the cells with these values of sweep keys: `{ alpha = 0.1 }`.
    #[serde(rename = "where", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cells: Filter,
}

/// The form of curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Lines from sample to sample.
    #[default]
    Lines,
    /// A sample holds until the next one, as a model does between two updates.
    Steps,
    /// A bar for each method at each value of a sweep key.
    Bars,
    /// The share of the clients (`y = "clients"`) whose score `x` is at most so much.
    Cdf,
    /// Quartiles of the clients' score `y`, whiskers to the last client within one and a half box lengths, and the clients beyond, for each
    /// method (`x = "methods"`).
    Box,
    /// A mark for each client: its score `y` against its number of `samples`, of `held-out` samples, or another score.
    Scatter,
    /// How often predictions are right (`y = "accuracy"`) that are so sure (`x = "confidence"`), over the held-out samples of all clients.
    Reliability,
}

impl Kind {
    /// Whether it shows clients as they are at an instant, and not curves.
    pub fn is_of_clients(self) -> bool {
        matches!(self, Self::Cdf | Self::Box | Self::Scatter | Self::Reliability)
    }
}

/// A model that predicts for a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// The model of the run.
    Run,
    /// The personalised model of `record.personalised`.
    Personalised,
    /// The mixture of `record.mix`.
    Mixed,
}

impl Model {
    /// The name in `reliability.csv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Personalised => "personalised",
            Self::Mixed => "mixed",
        }
    }

    /// Words for legends.
    pub fn words(self) -> &'static str {
        if self == Self::Run { "global" } else { self.name() }
    }

    /// The beginning of the names of its scores.
    pub fn prefix(self) -> String {
        if self == Self::Run { String::new() } else { format!("{}-", self.name()) }
    }
}

/// The band over seeds around a curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Band {
    /// First to third quartile, around the median.
    #[default]
    Quartiles,
    /// 95 % interval of the mean under Student's t, around the mean.
    Interval,
    /// Least to greatest, around the median.
    Range,
    /// No band; the median alone.
    None,
}

/// Width of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Width {
    /// One column of a two-column page: 85 mm.
    Column,
    /// The whole page: 180 mm.
    Wide,
    /// Any other width, from 40 to 400 `[mm]`.
    Millimetres(f64),
}

impl Width {
    /// The width `[mm]`.
    pub fn millimetres(self) -> f64 {
        match self {
            Self::Column => 85.0,
            Self::Wide => 180.0,
            Self::Millimetres(width) => width,
        }
    }
}

/// A line across every panel: straight, at one `x` or one `y`, or a curve through `points`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReferenceLine {
    /// A vertical line here, in seconds, bits or ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub x: Option<f64>,
    /// A horizontal line here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub y: Option<f64>,
    /// A curve through these places `[x, y]`, in seconds, bits or ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<[f64; 2]>,
    /// Words beside it; in the legend, and there once, for curves and where several lines have the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

impl FigureSpec {
    /// A figure of `y` against `x`, all else as by default.
    pub fn new(x: impl Into<String>, y: impl Into<String>) -> Self {
        Self { x: x.into(), y: y.into(), ..Self::default() }
    }

    /// The recorded axis, or `None` if `x` is a sweep key.
    pub fn axis(&self) -> Option<Axis> {
        Axis::from_name(&self.x)
    }

    /// Whether it shows the shares of updates by their staleness, which a scenario records if asked to.
    pub fn counts_staleness(&self) -> bool {
        self.x == KEY && self.y == SHARE
    }

    /// The models whose scores are shown.
    pub fn shown_models(&self) -> &[Model] {
        if self.models.is_empty() { &[Model::Run] } else { &self.models }
    }

    /// Checks a figure over clients: `scores` are those of the table of clients, `labels` and `keys` as in [`validate`](Self::validate).
    ///
    /// # Errors
    /// [`Invalid`] at the key at fault.
    pub fn validate_clients(&self, labels: &[String], scores: &[String], keys: &[String]) -> Result<(), Invalid> {
        let plain: Vec<String> = scores
            .iter()
            .filter(|name| !["personalised-", "mixed-"].iter().any(|model| name.starts_with(model)))
            .cloned()
            .collect();
        let one = |key: &str, found: &str, expected: &str| {
            let fault = || Invalid::at(key, format!("`{found}` is not shown by figures of this kind: expected `{expected}`"));
            if found == expected { Ok(()) } else { Err(fault()) }
        };
        match self.kind {
            Kind::Cdf => one("y", &self.y, "clients").and_then(|()| cell::known("x", "recorded score", &self.x, &plain))?,
            Kind::Reliability => one("x", &self.x, "confidence").and_then(|()| one("y", &self.y, "accuracy"))?,
            Kind::Box => one("x", &self.x, "methods").and_then(|()| cell::known("y", "recorded score", &self.y, &plain))?,
            _ => {
                let across: Vec<String> =
                    ["samples", "held-out"].map(str::to_owned).into_iter().chain(plain.iter().cloned()).collect();
                cell::known("x", "number or recorded score", &self.x, &across)?;
                cell::known("y", "recorded score", &self.y, &plain)?;
            }
        }
        for (i, model) in self.models.iter().enumerate() {
            let recorded = *model == Model::Run || scores.iter().any(|score| score.starts_with(&model.prefix()));
            if !recorded {
                let key = if *model == Model::Mixed { "mix" } else { "personalised" };
                let fault = Invalid::at(&format!("models.{i}"), format!("no {} models are recorded", model.name()));
                return Err(fault.help(format!("set `record.{key}`")));
            }
            require(!self.models[..i].contains(model), &format!("models.{i}"), model.name(), "every model once")?;
        }
        let of_curves = [("line", !self.line.is_empty()), ("stationary-point", self.stationary_point)];
        if let Some((key, _)) = of_curves.iter().find(|(_, given)| *given) {
            return Err(Invalid::at(key, "figures over clients show no curves").help("remove it"));
        }
        self.validate_common(labels, keys)
    }

    /// Name of the files, without extension.
    pub fn file_stem(&self) -> String {
        slug(&self.name.clone().unwrap_or_else(|| format!("{}-{}", self.y, self.x)))
    }

    /// Checks, before anything runs, that the figure can be drawn.
    ///
    /// `labels` are the methods of the scenario, `metrics` those it records (kebab-case), `keys` what it sweeps.
    ///
    /// # Errors
    /// [`Invalid`] at the key at fault.
    pub fn validate(&self, labels: &[String], metrics: &[String], keys: &[String]) -> Result<(), Invalid> {
        self.validate_common(labels, keys)?;
        self.validate_names(metrics, keys)?;
        if self.kind == Kind::Bars && self.axis().is_some() {
            return Err(Invalid::at("kind", format!("`bars` need the values of a sweep key, and `{}` is not one", self.x))
                .help("draw `lines` or `steps`, or let `x` be a key that is swept"));
        }
        if self.stationary_point && self.axis().is_none() {
            let message = format!("predictions are lines along a recorded axis, and `{}` is not one", self.x);
            return Err(
                Invalid::at("stationary-point", message).help("draw against `rounds`, `seconds` or another axis, or remove it")
            );
        }
        if !self.models.is_empty() {
            return Err(Invalid::at("models", "curves are of the model of the run")
                .help("name a metric such as `personalised-loss-mean` as `y`"));
        }
        for (i, line) in self.line.iter().enumerate() {
            let sound = match (line.x, line.y, &line.points[..]) {
                (Some(at), None, []) | (None, Some(at), []) => at.is_finite(),
                (None, None, points) => points.len() >= 2 && points.iter().flatten().all(|value| value.is_finite()),
                _ => false,
            };
            if !sound {
                let expected = "a reference line needs one finite `x` or `y`, or two or more finite `points`";
                return Err(Invalid::at(&format!("line.{i}"), expected));
            }
        }
        Ok(())
    }

    /// The words that it shows, with their keys.
    pub(crate) fn words(&self) -> impl Iterator<Item = (String, &str)> {
        let words = [("title", &self.title), ("label-x", &self.label_x), ("label-y", &self.label_y)];
        let words = words.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.as_deref()?)));
        let lines = self.line.iter().enumerate();
        words.chain(lines.filter_map(|(i, line)| Some((format!("line.{i}.label"), line.label.as_deref()?))))
    }

    /// Checks that words fit on a line, and that the names of files suit every file system.
    fn validate_words(&self) -> Result<(), Invalid> {
        self.words().try_for_each(|(key, text)| one_line(&key, text))?;
        one_line("name", self.name.as_deref().unwrap_or_default())?;
        let length = self.file_stem().len();
        let key = if self.name.is_some() { "name" } else { "" };
        let message = || format!("the figure's files have a name of {length} bytes: expected at most {LONGEST}");
        if length > LONGEST { Err(Invalid::at(key, message()).help("give it a short `name`")) } else { Ok(()) }
    }

    /// Checks what all figures have.
    fn validate_common(&self, labels: &[String], keys: &[String]) -> Result<(), Invalid> {
        for (i, label) in self.methods.iter().enumerate() {
            cell::known(&format!("methods.{i}"), "method labelled", label, labels)?;
        }
        if let Some(facet) = &self.facet {
            cell::known_key("facet", facet, keys)?;
        }
        cell::validate(&self.cells, keys)?;
        self.validate_words()?;
        if let Some(Width::Millimetres(width)) = self.width {
            require((40.0..=400.0).contains(&width), "width.millimetres", width, "40 to 400 mm")?;
        }
        self.validate_limits("limits-x", self.limits_x, self.scale_x == Some(ScaleKind::Log))?;
        self.validate_limits("limits-y", self.limits_y, self.scale_y == Some(ScaleKind::Log))
    }

    fn validate_names(&self, metrics: &[String], keys: &[String]) -> Result<(), Invalid> {
        if self.axis().is_none() {
            let names = Axis::ALL.iter().map(|axis| axis.name().to_owned()).chain(keys.iter().cloned()).collect::<Vec<_>>();
            let known = keys.iter().any(|key| cell::same_key(key, &self.x));
            if !known {
                return cell::known("x", "axis or sweep key", &self.x, &names);
            }
        }
        cell::known("y", "recorded metric", &self.y, metrics)?;
        if let Some(facet) = &self.facet {
            // An axis such as `seconds` is no key, even where the last step of a key's path, `window.seconds`, is called like it.
            let both = |key: &String| cell::same_key(key, facet) && cell::same_key(key, &self.x);
            if self.axis().is_none() && keys.iter().any(both) {
                return Err(Invalid::at("facet", "the panels and the horizontal axis cannot be the same sweep key"));
            }
        }
        Ok(())
    }

    fn validate_limits(&self, key: &str, limits: Option<[f64; 2]>, log: bool) -> Result<(), Invalid> {
        let Some([lo, hi]) = limits else { return Ok(()) };
        require(lo.is_finite() && hi.is_finite() && lo < hi, key, format!("[{lo}, {hi}]"), "two finite ends, the lower first")?;
        require(!log || lo > 0.0, key, lo, "a positive end for a logarithmic axis")
    }
}

/// Checks that no two figures have the same files.
///
/// # Errors
/// [`Invalid`] at the second of two whose files are called alike.
pub fn distinct(figures: &[FigureSpec]) -> Result<(), Invalid> {
    let stems: Vec<String> = figures.iter().map(|figure| figure.file_stem().to_lowercase()).collect();
    let again = |&i: &usize| stems[..i].contains(&stems[i]);
    let Some(i) = (0..figures.len()).find(again) else { return Ok(()) };
    let at = if figures[i].name.is_some() { format!("{i}.name") } else { i.to_string() };
    let message = format!("two figures are written to `{}.svg`", figures[i].file_stem());
    Err(Invalid::at(&at, message).help("give it another `name`").under("figure"))
}

/// A name that is safe in any file system: letters, digits, dots and dashes.
pub(super) fn slug(name: &str) -> String {
    let safe: String = name.chars().map(|c| if c.is_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let parts: Vec<&str> = safe.split('-').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "figure".into() } else { parts.join("-") }
}
