//! Routing rules in TOML.

use core::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::severity::Severity;

use super::config::{Arm, Bounds, Percent, RouteConfig, Rule};

/// An error in the TOML text of routing rules. The message contains the line, the column, the expected value and
/// the found value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.trim_end())
    }
}

impl std::error::Error for ConfigError {}

impl RouteConfig {
    /// Parses routing rules in TOML.
    ///
    /// ```
    /// use fusewire::route::RouteConfig;
    ///
    /// let config = RouteConfig::from_toml(r#"
    ///     default = "json"       # arm for entries that match no rule: "binary" or "json"
    ///     shadow_percent = 0.1   # share of traces whose entries are encoded in both forms and compared
    ///
    ///     [[rule]]               # the first rule whose conditions all hold determines the arm
    ///     arm = "binary"
    ///     severity = "warn"      # minimum severity
    ///
    ///     [[rule]]
    ///     arm = "binary"
    ///     tag = "canary"         # name of a tag of the context
    ///     value = "yes"          # value of the tag; optional, default: any value
    ///     percent = 10           # share of traces
    ///
    ///     [bounds]               # bounds of an arm
    ///     window = 1000          # minimum number of entries in a check
    ///     max_error_rate = 0.01  # maximum share of failed entries, from 0 to 1
    ///     max_p99_ratio = 3.0    # maximum ratio to the p99 latency of the other arm
    /// "#)?;
    /// assert_eq!(config.rules.len(), 2);
    /// # Ok::<(), fusewire::route::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// Returns an error if the text is not TOML, contains an unknown key, or contains a number outside its
    /// range.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
        let rules = file.rule.into_iter().map(|rule| {
            let mut made = Rule::to(rule.arm.into()).percent(rule.percent.unwrap_or(Percent::ALL));
            if let Some(severity) = rule.severity {
                made = made.severity(severity);
            }
            match (rule.tag, rule.value) {
                (Some(name), Some(value)) => Ok(made.tag(&name, &value)),
                (Some(name), None) => Ok(made.tagged(&name)),
                (None, None) => Ok(made),
                (None, Some(value)) => Err(ConfigError(format!(
                    "bad rule: expected `tag` with `value = {value:?}`, found no `tag`"
                ))),
            }
        });
        let mut config = Self { rules: rules.collect::<Result<_, _>>()?, ..Self::default() };
        if let Some(default) = file.default {
            config.default = default.into();
        }
        config.shadow = file.shadow_percent.unwrap_or_default();
        let Bounds { window, max_error_rate, .. } = config.bounds;
        config.bounds = Bounds {
            window: file.bounds.window.unwrap_or(window),
            max_error_rate: file.bounds.max_error_rate.unwrap_or(max_error_rate),
            max_p99_ratio: file.bounds.max_p99_ratio,
        };
        Ok(config)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    default: Option<ArmName>,
    #[serde(default, deserialize_with = "percent")]
    shadow_percent: Option<Percent>,
    #[serde(default)]
    rule: Vec<RuleFile>,
    #[serde(default)]
    bounds: BoundsFile,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    arm: ArmName,
    #[serde(default, deserialize_with = "severity")]
    severity: Option<Severity>,
    tag: Option<String>,
    value: Option<String>,
    #[serde(default, deserialize_with = "percent")]
    percent: Option<Percent>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct BoundsFile {
    window: Option<u64>,
    #[serde(default, deserialize_with = "rate")]
    max_error_rate: Option<f64>,
    #[serde(default, deserialize_with = "ratio")]
    max_p99_ratio: Option<f64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ArmName {
    Binary,
    Json,
}

impl From<ArmName> for Arm {
    fn from(name: ArmName) -> Self {
        match name {
            ArmName::Binary => Self::Binary,
            ArmName::Json => Self::Json,
        }
    }
}

fn severity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Severity>, D::Error> {
    let name = String::deserialize(deserializer)?;
    let severity = Severity::from_name(&name);
    severity
        .map(Some)
        .ok_or_else(|| D::Error::custom(format!("expected a severity such as \"warn\", found {name:?}")))
}

fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Percent>, D::Error> {
    number(deserializer, 0.0..=100.0).map(|found| Some(Percent::new(found)))
}

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    number(deserializer, 0.0..=1.0).map(Some)
}

fn ratio<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    number(deserializer, 0.0..=f64::MAX).map(Some)
}

fn number<'de, D: Deserializer<'de>>(
    deserializer: D,
    range: core::ops::RangeInclusive<f64>,
) -> Result<f64, D::Error> {
    let found = f64::deserialize(deserializer)?;
    if range.contains(&found) {
        return Ok(found);
    }
    let (least, most) = range.into_inner();
    let bound =
        if most == f64::MAX { format!("of at least {least}") } else { format!("from {least} to {most}") };
    Err(D::Error::custom(format!("expected a number {bound}, found {found}")))
}
