//! What is known already: findings that are not new.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// Findings that are known, by their fingerprints.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Baseline {
    version: u32,
    /// What each is, so that people can read the file.
    pub(super) known: BTreeMap<String, String>,
    /// Whether there is one: without, nothing is new or known.
    #[serde(skip)]
    pub(super) is_given: bool,
}

const VERSION: u32 = 1;

impl Baseline {
    /// Reads a file that [`write`](Self::write) has written.
    ///
    /// # Errors
    /// Where it is none.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let about = || path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(about)?;
        let mut baseline: Self = serde_json::from_str(&text).with_context(about)?;
        if baseline.version != VERSION {
            bail!("{}: version {}, expected {VERSION}", path.display(), baseline.version);
        }
        baseline.is_given = true;
        Ok(baseline)
    }

    /// Writes what is found as known.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn write(path: &Path, known: BTreeMap<String, String>) -> Result<()> {
        let baseline = Self { version: VERSION, known, is_given: true };
        let text = serde_json::to_string_pretty(&baseline)? + "\n";
        std::fs::write(path, text).with_context(|| path.display().to_string())
    }
}
