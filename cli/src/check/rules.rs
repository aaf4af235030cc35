//! The built-in rules.

use serde::{Deserialize, Serialize};

/// The severity of a finding, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    Note,
    Warning,
    Error,
}

impl Level {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A built-in rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    /// The problem, in one line.
    pub(crate) what: &'static str,
    /// The consequence of the problem.
    pub(crate) why: &'static str,
    /// The solution.
    pub(crate) fix: &'static str,
}

macro_rules! rules {
    ($($constant:ident $id:literal $name:literal $level:ident: $what:literal; $why:literal; $fix:literal;)*) => {
        /// All built-in rules, in the order of their ids.
        pub(crate) const RULES: &[Rule] =
            &[$(Rule { id: $id, name: $name, level: Level::$level, what: $what, why: $why, fix: $fix }),*];

        // The position of each rule.
        rules!(@ 0; $($constant)*);
    };
    (@ $at:expr; $constant:ident $($rest:ident)*) => {
        pub(super) const $constant: usize = $at;
        rules!(@ $at + 1; $($rest)*);
    };
    (@ $at:expr;) => {};
}

rules! {
    MISSING_TIME "FW001" "missing-time" Error:
        "an entry has no time";
        "An entry without a time has no place in the order of entries. It is in no time range, and retention by age does not apply to it.";
        "Write a time with an offset from UTC in each entry. The library does this by default.";
    MISSING_LEVEL "FW002" "missing-level" Warning:
        "an entry has no severity";
        "Counts by level do not include the entry, and no alert on a level finds it.";
        "Write one of trace, debug, info, warn, error or fatal under `level`.";
    MISSING_TRACE "FW003" "missing-trace-id" Warning:
        "an entry has no trace id";
        "The entries of one request cannot be found together, for example by `fusewire trace`.";
        "Log inside a context or a span that has a trace id. Allow the entries that belong to no request: see [[allow]].";
    MALFORMED_TRACE "FW004" "malformed-trace-id" Error:
        "a trace id or span id is malformed";
        "The id is stored as text, and a search by id does not find it. W3C Trace Context requires 32 hexadecimal digits for a trace id and 16 for a span id, not all of them zero.";
        "Write all digits of the id, without a prefix.";
    NOT_TRACEABLE "FW005" "not-traceable" Warning:
        "an entry has a trace id without a span id, or a span id without a trace id";
        "One id is not enough to place the entry in a trace.";
        "Write both ids, as in the log record of OpenTelemetry.";
    UNSTRUCTURED "FW006" "unstructured" Warning:
        "a line is not JSON, or a message contains `key=value` pairs instead of attributes";
        "Values in a text can be searched, but they cannot be counted, compared or indexed.";
        "Log the values as attributes, with a constant message.";
    TIME_NOT_SANE "FW007" "time-not-sane" Error:
        "a time is before the year 2000 or in the future";
        "The clock is wrong, or the unit is wrong, for example if milliseconds are read as seconds. Time ranges miss the entry, and retention keeps or deletes it at the wrong time.";
        "Correct the clock, or the unit of the time.";
    TIME_GOES_BACK "FW008" "time-goes-back" Warning:
        "an entry is earlier than the previous entry of its file";
        "Differences of some milliseconds between threads are normal. A difference of seconds means that a clock was set, or that entries were delayed. The order by time is then not the order of events.";
        "Take the time of an entry when the event happens, from one clock.";
    LONG_KEY "FW009" "long-key" Warning:
        "the key of an attribute is longer than the threshold";
        "Each entry stores its keys. A long key often contains data that belongs in the value.";
        "Move the variable part of the key to the value.";
    NEAR_DEPTH "FW010" "near-depth-limit" Note:
        "values are nested almost to the depth limit";
        "The circuit breaker cuts the levels beyond the limit, and their data is lost.";
        "Log only the values that are needed, in a flat structure.";
    NEAR_WIDTH "FW011" "near-width-limit" Note:
        "a map or array has almost as many children as the width limit";
        "A collection that grows with the data exceeds the limit later. The circuit breaker then cuts the rest.";
        "Log the number of elements and the first few elements.";
    FUSE_TRIPPED "FW012" "fuse-tripped" Warning:
        "the circuit breaker tripped in an entry, or trips in the import of a line";
        "A call site logs a value that is too deep, too wide or too large. Without the circuit breaker, such a value can exhaust the memory of a service.";
        "Log a smaller part of the value. `fusewire stats` and `fusewire postmortem` list the call sites.";
    DUPLICATE_KEY "FW013" "duplicate-key" Warning:
        "a map contains the same key twice";
        "Readers handle duplicate keys differently. Most of them drop one value silently.";
        "Rename one key. A common cause is a span and an event with a field of the same name.";
    SECRET "FW014" "secret" Error:
        "a value resembles a credential or a card number";
        "Logs are read by more people, and kept for a longer time, than is safe for secrets.";
        "Stop logging the value, replace the exposed secret, and delete the files. Allow a value that is not a secret: see [[allow]].";
    LARGE_ENTRY "FW015" "large-entry" Warning:
        "an entry is larger than the threshold";
        "A few call sites often produce most of the log volume.";
        "Log a digest of the value, or its first part.";
    EMPTY_MESSAGE "FW016" "empty-message" Note:
        "an entry has no message";
        "Readers need the message to understand the entry, and call sites are counted by message.";
        "Describe the event in a few words.";
    MANY_ERRORS "FW017" "many-errors" Warning:
        "the error rate of a target is above the threshold";
        "Real errors are overlooked if a large share of the entries are errors.";
        "Log expected conditions as warnings or below. Repair the causes of the other errors.";
    MUCH_DEBUG "FW018" "much-debug" Note:
        "the share of debug and trace entries is above the threshold";
        "Debug and trace entries of a service in production add volume and hide other entries.";
        "Set the level by target. The level can be changed while the program runs.";
    UNSEALED "FW019" "unsealed-segment" Note:
        "a process died before it sealed a segment";
        "No entry of the segment is lost, but the segment has no index. The process did not exit cleanly.";
        "Run `fusewire postmortem` to find the cause. Run `fusewire recover` to copy the entries into a sealed segment.";
    DAMAGED "FW020" "damaged" Error:
        "a file is damaged or unreadable";
        "The entries in the damaged bytes are lost.";
        "Run `fusewire verify` to list the damaged byte ranges. Run `fusewire recover` to copy the intact entries. Check the disk.";
    DROPPED "FW021" "dropped-entries" Warning:
        "a log dropped entries";
        "A common cause is a full disk or a full byte budget. The log contains the number of dropped entries, but not their contents.";
        "Increase the byte budget, or let the log delete its oldest segments: see `OnFull`.";
    TOO_OLD "FW022" "kept-too-long" Warning:
        "a local directory contains entries older than the threshold";
        "A local directory stores logs until they are shipped. An entry older than 15 minutes was not shipped, or its file was not deleted. --role local enables this rule.";
        "Check the program that ships the logs, and set `max_age`.";
    TOO_SHORT "FW023" "kept-too-short" Warning:
        "the oldest entry of an archive is newer than the threshold";
        "An archive must contain the entries of the last 90 days. --role archive enables this rule.";
        "Increase the retention by age and by size.";
    EXPIRED "FW024" "expired-allowance" Warning:
        "an [[allow]] table has expired";
        "The findings were allowed only until the time in this table.";
        "Repair the causes of the findings, or set a new time and reason.";
}

/// Returns the position of the rule with this id or name.
pub(crate) fn find(name: &str) -> Option<usize> {
    RULES.iter().position(|rule| rule.id.eq_ignore_ascii_case(name) || rule.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_where_their_names_say() {
        for (at, rule) in RULES.iter().enumerate() {
            assert_eq!(rule.id, format!("FW{:03}", at + 1));
            assert_eq!((find(rule.id), find(rule.name)), (Some(at), Some(at)));
        }
        assert_eq!((RULES[SECRET].name, RULES[EXPIRED].name), ("secret", "expired-allowance"));
    }
}
