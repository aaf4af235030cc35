//! The baseline: known findings.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::input::settings;

/// Known findings, by fingerprint.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Baseline {
    version: u32,
    /// A description of each finding, for readers of the file.
    pub(super) known: BTreeMap<String, String>,
    /// Whether a baseline is given. Without a baseline, a finding is neither new nor known.
    #[serde(skip)]
    pub(super) is_given: bool,
}

const VERSION: u32 = 1;

impl Baseline {
    /// Reads a baseline that [`write`](Self::write) created.
    ///
    /// # Errors
    /// Returns an error if the file is not a baseline.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let about = || path.display().to_string();
        let text = settings::read(path, settings::BASELINE)?;
        let mut baseline: Self = serde_json::from_str(&text).with_context(about)?;
        if baseline.version != VERSION {
            bail!("{}: version: expected {VERSION}, found {}", path.display(), baseline.version);
        }
        baseline.is_given = true;
        Ok(baseline)
    }

    /// Writes findings as known.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub(crate) fn write(path: &Path, known: BTreeMap<String, String>) -> Result<()> {
        let baseline = Self { version: VERSION, known, is_given: true };
        let text = serde_json::to_string_pretty(&baseline)? + "\n";
        std::fs::write(path, text).with_context(|| path.display().to_string())
    }
}
