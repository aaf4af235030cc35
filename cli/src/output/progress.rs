//! The progress bar. It is visible only on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;

/// Returns a spinner for a scan. The spinner is hidden if standard error is not a terminal.
pub(crate) fn looking() -> ProgressBar {
    let bar = ProgressBar::hidden();
    if Terminal::has_watcher() {
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} reading the log, {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(300));
    }
    bar
}

/// Returns a progress bar over `len` bytes, or a counter if the length is unknown. The bar is hidden if standard error is not
/// a terminal.
pub(crate) fn bar(len: Option<u64>) -> ProgressBar {
    if !Terminal::has_watcher() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(len, ProgressDrawTarget::stderr_with_hz(10));
    let template = match len {
        Some(_) => {
            "{bar:30.cyan/dim} {percent:>3}%  {binary_bytes}/{binary_total_bytes}  {binary_bytes_per_sec}  {eta} left"
        }
        None => "{spinner:.cyan} {binary_bytes}  {binary_bytes_per_sec}  {elapsed}",
    };
    // An invalid template falls back to the default bar.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
