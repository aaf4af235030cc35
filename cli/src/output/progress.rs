//! The progress bar: on a terminal, and there only.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Terminal;

/// Something that moves while a log is looked through, and nothing where nobody watches or it takes no time.
pub(crate) fn looking() -> ProgressBar {
    let bar = ProgressBar::hidden();
    if Terminal::has_watcher() {
        bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
        if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} looking through the log, {elapsed}")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(300));
    }
    bar
}

/// A bar over `len` bytes, or a counter where the length is not known. Nothing at all where nobody watches.
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
    // A template with a mistake in it would show the default bar.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
