//! The text after the options of each command: examples and exit codes.

/// The meaning of each exit code, in order.
const EXIT_CODES: [&str; 4] = [
    "success",
    "no match, or a check found a problem",
    "usage error or failure",
    "finished, but some data was lost or not read",
];

/// Returns the text with `examples`, whose first line is not indented, and with the exit codes `codes` of a command.
pub(super) fn after(codes: &[usize], examples: &str) -> String {
    let mut text = format!("Examples:\n  {examples}\n\nExit codes:");
    for (code, meaning) in EXIT_CODES.iter().enumerate().filter(|(code, _)| codes.contains(code)) {
        text.push_str(&format!("\n  {code}  {meaning}"));
    }
    text
}
