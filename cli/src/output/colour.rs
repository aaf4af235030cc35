//! The color escape sequences, which are rendered once.

use anstyle::{AnsiColor, Style};
use fusewire::Severity;

/// A style as the bytes that switch it on and off; both empty where there is no colour.
#[derive(Clone, Debug, Default)]
pub(crate) struct Paint {
    /// Switches the style on.
    pub(crate) on: String,
    /// Switches it off.
    pub(crate) off: &'static str,
}

impl Paint {
    fn new(style: Style) -> Self {
        Self { on: style.render().to_string(), off: "\x1b[0m" }
    }

    /// `text` in this style.
    pub(crate) fn of<T: std::fmt::Display>(&self, text: T) -> String {
        format!("{}{text}{}", self.on, self.off)
    }
}

/// Every style that the output has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Palette {
    /// Times, keys, punctuation, ids: there when looked for.
    pub(crate) dim: Paint,
    /// Where an entry comes from.
    pub(crate) target: Paint,
    /// What the fuse did.
    pub(crate) fuse: Paint,
    /// A character that was escaped.
    pub(crate) escape: Paint,
    /// Headings and numbers that matter.
    pub(crate) strong: Paint,
    /// All is well.
    pub(crate) good: Paint,
    /// Something is lost.
    pub(crate) bad: Paint,
    severities: [Paint; 7],
}

impl Palette {
    /// With colour, or without.
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

    /// The style of a severity: one for each of OpenTelemetry's six ranges, dim outside them.
    pub(crate) fn severity(&self, severity: Severity) -> &Paint {
        let range = match severity.number() {
            number @ 1..=24 => usize::from(number).div_ceil(4),
            _ => 0,
        };
        &self.severities[range]
    }
}
