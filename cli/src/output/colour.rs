//! The escape sequences of colours. Each sequence is rendered once.

use anstyle::{AnsiColor, Style};
use fusewire::Severity;

/// The bytes that switch a style on and off. Both are empty if colour is off.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paint {
    /// Escape sequence that switches the style on.
    pub(crate) on: String,
    /// Escape sequence that switches the style off.
    pub(crate) off: &'static str,
}

impl Paint {
    fn new(style: Style) -> Self {
        Self { on: style.render().to_string(), off: "\x1b[0m" }
    }

    /// Returns `text` in this style.
    pub(crate) fn of<T: std::fmt::Display>(&self, text: T) -> String {
        format!("{}{text}{}", self.on, self.off)
    }
}

/// The styles of the output.
#[derive(Clone, Debug, Default)]
pub(crate) struct Palette {
    /// Times, keys, punctuation and ids.
    pub(crate) dim: Paint,
    /// Targets.
    pub(crate) target: Paint,
    /// Trips.
    pub(crate) fuse: Paint,
    /// Escaped characters.
    pub(crate) escape: Paint,
    /// Headings and important numbers.
    pub(crate) strong: Paint,
    /// Success.
    pub(crate) good: Paint,
    /// Losses and errors.
    pub(crate) bad: Paint,
    severities: [Paint; 7],
}

impl Palette {
    /// Returns the styles with or without colour.
    pub(crate) fn new(colour: bool) -> Self {
        if !colour {
            return Self::default();
        }
        let plain = Style::new();
        let fore = |colour: AnsiColor| Style::new().fg_color(Some(colour.into()));
        Self {
            dim: Paint::new(plain.dimmed()),
            target: Paint::new(fore(AnsiColor::Cyan)),
            fuse: Paint::new(fore(AnsiColor::Yellow).bold()),
            escape: Paint::new(fore(AnsiColor::Magenta)),
            strong: Paint::new(plain.bold()),
            good: Paint::new(fore(AnsiColor::Green)),
            bad: Paint::new(fore(AnsiColor::Red).bold()),
            severities: [
                Paint::new(plain.dimmed()),
                Paint::new(fore(AnsiColor::Magenta)),
                Paint::new(fore(AnsiColor::Blue)),
                Paint::new(fore(AnsiColor::Green)),
                Paint::new(fore(AnsiColor::Yellow)),
                Paint::new(fore(AnsiColor::Red)),
                Paint::new(fore(AnsiColor::White).bg_color(Some(AnsiColor::Red.into())).bold()),
            ],
        }
    }

    /// Returns the style of a severity: one for each of the six ranges of OpenTelemetry, dim outside them.
    pub(crate) fn severity(&self, severity: Severity) -> &Paint {
        let range = match severity.number() {
            number @ 1..=24 => usize::from(number).div_ceil(4),
            _ => 0,
        };
        &self.severities[range]
    }
}
