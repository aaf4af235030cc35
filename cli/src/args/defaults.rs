//! The configuration file: default values of options.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Arg, Command, ValueEnum};
use toml::{Spanned, Value};

use super::{ColorChoice, Part, WrapMode};
use crate::input::settings::Toml;
use crate::output::time::Zone;

/// A key of the configuration file. It has the name of an option.
struct Key {
    name: &'static str,
    /// The name of the option in the definition of the command line.
    id: &'static str,
    is_list: bool,
    expected: &'static str,
    accepts: fn(&str) -> bool,
}

const KEYS: [Key; 6] = [
    Key {
        name: "color",
        id: "color",
        is_list: false,
        expected: "\"auto\", \"always\" or \"never\"",
        accepts: |text| ColorChoice::from_str(text, false).is_ok(),
    },
    Key {
        name: "hide",
        id: "hide",
        is_list: true,
        expected: "a list of fields",
        accepts: |text| !text.is_empty(),
    },
    Key { name: "log-tz", id: "log_tz", is_list: false, expected: "a time zone", accepts: is_zone },
    Key {
        name: "show",
        id: "show",
        is_list: true,
        expected: "a list of \"thread\" and \"spans\"",
        accepts: |text| Part::from_str(text, false).is_ok(),
    },
    Key { name: "tz", id: "tz", is_list: false, expected: "a time zone", accepts: is_zone },
    Key {
        name: "wrap",
        id: "wrap",
        is_list: false,
        expected: "\"auto\", \"always\", \"cut\" or \"never\"",
        accepts: |text| WrapMode::from_str(text, false).is_ok(),
    },
];

fn is_zone(text: &str) -> bool {
    Zone::parse(text).is_ok()
}

/// The values of the configuration file: the name of an option in the definition, and its default values.
#[derive(Default)]
pub(super) struct Defaults(Vec<(&'static str, Vec<String>)>);

impl Defaults {
    /// Reads the configuration file of the user. If there is no file, there are no values.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read, or if it has an unknown key or an invalid value. The error contains the file,
    /// the line, the key, the expected and the found value.
    pub(super) fn read() -> Result<Self> {
        let Some(path) = path() else { return Ok(Self::default()) };
        if let Err(error) = fs::metadata(&path)
            && let ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::PermissionDenied = error.kind()
        {
            return Ok(Self::default());
        }
        let file = Toml::read(&path)?;
        let mut defaults = Self::default();
        for (name, value) in file.parse::<BTreeMap<Spanned<String>, Spanned<Value>>>()? {
            let Some(key) = KEYS.iter().find(|key| key.name == name.as_ref()) else {
                let names = KEYS.map(|key| key.name).join(", ");
                let found = name.as_ref();
                let message = format!("expected one of the keys {names}, found {found}");
                return Err(file.error(name.span().start, &message));
            };
            let values = key.values(value.as_ref()).map_err(|found| {
                let message = format!("{}: expected {}, found {found}", key.name, key.expected);
                file.error(value.span().start, &message)
            })?;
            defaults.0.push((key.id, values));
        }
        Ok(defaults)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns `command` with the values as the default values of its options, and of the options of its commands.
    pub(super) fn apply(self, command: Command) -> Command {
        let set = |argument: Arg| match self.0.iter().find(|(id, _)| argument.get_id() == *id) {
            // The definition of the command line exists until the end of the process.
            Some((_, values)) => argument.default_values(values.iter().map(|text| &*text.clone().leak())),
            None => argument,
        };
        command.mut_args(set).mut_subcommands(|command| command.mut_args(set))
    }
}

impl Key {
    /// Returns the texts of a value, or the description of a value that is not expected.
    fn values(&self, value: &Value) -> Result<Vec<String>, String> {
        let text = |value: &Value| match value {
            Value::String(text) if (self.accepts)(text) => Ok(text.clone()),
            value => Err(describe(value)),
        };
        match value {
            Value::Array(values) if self.is_list => values.iter().map(text).collect(),
            value if self.is_list => Err(describe(value)),
            value => Ok(vec![text(value)?]),
        }
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Datetime(_) => "a time".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Table(_) => "a table".to_owned(),
    }
}

/// Returns the path of the configuration file: `fusewire/config.toml` in `$XDG_CONFIG_HOME`, or else in `~/.config`.
fn path() -> Option<PathBuf> {
    let directory = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = directory("XDG_CONFIG_HOME").or_else(|| Some(directory("HOME")?.join(".config")))?;
    Some(base.join("fusewire").join("config.toml"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn each_key_is_an_option_of_a_command() {
        let command = Cli::command();
        for key in KEYS {
            let has = |command: &Command| {
                command
                    .get_arguments()
                    .any(|argument| argument.get_id() == key.id && argument.get_long() == Some(key.name))
            };
            assert!(has(&command) || command.get_subcommands().any(has), "{}", key.name);
        }
    }
}
