//! The text after the options of each command: examples and exit codes.

use crate::outcome::EXIT_CODES;

/// Returns the text with `examples`, whose first line is not indented, and with the exit codes `codes` of a command.
pub(super) fn after(codes: &[usize], examples: &str) -> String {
    let mut text = format!("Examples:\n  {examples}\n\nExit codes:");
    for (code, meaning) in EXIT_CODES.iter().enumerate().filter(|(code, _)| codes.contains(code)) {
        text.push_str(&format!("\n  {code}  {meaning}"));
    }
    text
}
