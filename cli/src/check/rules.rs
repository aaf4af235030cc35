//! The rules that are built in.

use serde::{Deserialize, Serialize};

/// How much a finding matters. Ordered.
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

/// A rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) level: Level,
    /// What it finds, in a line.
    pub(crate) what: &'static str,
    /// Why that matters.
    pub(crate) why: &'static str,
    /// What to do.
    pub(crate) fix: &'static str,
}

macro_rules! rules {
    ($($constant:ident $id:literal $name:literal $level:ident: $what:literal; $why:literal; $fix:literal;)*) => {
        /// All of them, by id.
        pub(crate) const RULES: &[Rule] =
            &[$(Rule { id: $id, name: $name, level: Level::$level, what: $what, why: $why, fix: $fix }),*];

        // The place of each.
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
        "an entry that does not say when";
        "It cannot be put in order, is in no range of time, and no retention by age applies to it.";
        "Write a time with each entry, with an offset from UTC: the library does so by itself.";
    MISSING_LEVEL "FW002" "missing-level" Warning:
        "an entry without a severity";
        "It is in no count by level, and no alert sees it.";
        "Write one of trace, debug, info, warn, error, fatal under `level`.";
    MISSING_TRACE "FW003" "missing-trace-id" Warning:
        "an entry without a trace id";
        "What belongs to one request cannot be found together: `fusewire trace` has nothing to go by.";
        "Log within a context or a span that has one. What belongs to no request may be allowed: see [[allow]].";
    MALFORMED_TRACE "FW004" "malformed-trace-id" Error:
        "a trace or span id that is none";
        "It is kept as text, and is not found by its id. W3C Trace Context wants 32 and 16 hexadecimal digits, not all zero.";
        "Write the id as digits, without a prefix and not cut.";
    NOT_TRACEABLE "FW005" "not-traceable" Warning:
        "an entry with a trace id and no span id, or the other way round";
        "The request is known, and the step of it is not: its place in the trace cannot be told.";
        "Write both, as OpenTelemetry's log record has them.";
    UNSTRUCTURED "FW006" "unstructured" Warning:
        "a line that is text and not JSON, or a message with `key=value` in it and no attributes";
        "What is in the text can be searched, and not counted, compared or indexed.";
        "Log the values as attributes, and a message that is the same each time.";
    TIME_NOT_SANE "FW007" "time-not-sane" Error:
        "a time before the year 2000, or after now";
        "A clock that is wrong, or a unit that is: milliseconds taken for seconds. Ranges of time miss the entry, and retention keeps or deletes it wrongly.";
        "Set the clock, or say the unit.";
    TIME_GOES_BACK "FW008" "time-goes-back" Warning:
        "an entry earlier than the one before it in its file";
        "Threads are some milliseconds apart; seconds are a clock that was set, or entries that waited somewhere. Order by time is then not the order of events.";
        "Stamp entries when they happen, with one clock.";
    LONG_KEY "FW009" "long-key" Warning:
        "an attribute with a long key";
        "Keys are in each entry. One that is long is often data that was taken for a name.";
        "Put what differs from entry to entry into the value.";
    NEAR_DEPTH "FW010" "near-depth-limit" Note:
        "values nested nearly as deep as is kept";
        "One level more is cut by the fuse, and is not there when it is needed.";
        "Log the part that matters, flat.";
    NEAR_WIDTH "FW011" "near-width-limit" Note:
        "a map or list with nearly as many children as are kept";
        "What grows with data grows on: the fuse cuts the rest.";
        "Log how many there are, and the first few.";
    FUSE_TRIPPED "FW012" "fuse-tripped" Warning:
        "an entry that the fuse cut";
        "Something too deep, too wide or too large is logged: without the fuse it is what takes a service's memory.";
        "Log less of it: `fusewire stats` and `postmortem` name the call sites.";
    DUPLICATE_KEY "FW013" "duplicate-key" Warning:
        "the same key twice in one map";
        "Readers differ in which they take; most drop one silently.";
        "Rename one: often a span and an event use the same name.";
    SECRET "FW014" "secret" Error:
        "a value that looks like a credential or a card number";
        "Logs are read by more people and kept longer than secrets may be.";
        "Do not log it; change it, since it has been; delete the files. A value that is none may be allowed: see [[allow]].";
    LARGE_ENTRY "FW015" "large-entry" Warning:
        "an entry that is large";
        "A few call sites make most of the volume, and hide the rest.";
        "Log a digest, or the first part.";
    EMPTY_MESSAGE "FW016" "empty-message" Note:
        "an entry without a message";
        "People read messages first, and counts by call site go by them.";
        "Say in a few words what happened.";
    MANY_ERRORS "FW017" "many-errors" Warning:
        "a target with more errors than are errors";
        "Where a large share of the entries is an error, nobody looks at errors any more.";
        "Log what is expected as a warning or less, and repair the rest.";
    MUCH_DEBUG "FW018" "much-debug" Note:
        "more debug and trace than anything else";
        "It costs volume in a service that runs, and hides what matters.";
        "Set the level by target: it can be changed while the program runs.";
    UNSEALED "FW019" "unsealed-segment" Note:
        "a segment whose process died before it sealed it";
        "Nothing of it is lost, and it has no index. The process did not end by itself.";
        "`fusewire postmortem` tells what became of it; `fusewire recover` copies it into a sealed one.";
    DAMAGED "FW020" "damaged" Error:
        "bytes that should be entries and are not";
        "Entries are lost.";
        "`fusewire verify` names the ranges; `fusewire recover` saves the rest. Look at the disk.";
    DROPPED "FW021" "dropped-entries" Warning:
        "entries that were not written, as the log says";
        "The disk or the budget was full. What is missing is not known, only how much.";
        "Give the log more room, or let it overwrite the oldest: see `OnFull`.";
    TOO_OLD "FW022" "kept-too-long" Warning:
        "entries older than a local directory may keep";
        "Local logs are for shipping: what is older than 15 minutes was not shipped, or not deleted. On by --role local.";
        "Look at what ships them, and set `max_age`.";
    TOO_SHORT "FW023" "kept-too-short" Warning:
        "an archive that does not reach back far enough";
        "An archive has to answer for 90 days. On by --role archive.";
        "Raise its retention by age and by size.";
    EXPIRED "FW024" "expired-allowance" Warning:
        "an [[allow]] whose time is over";
        "It was allowed for a time.";
        "Repair what it allowed, or give it a new time and reason.";
}

/// The rule of this id or name.
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
