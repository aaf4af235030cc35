//! Events, as a macro and as a builder.

mod builder;

pub use builder::EventBuilder;

use crate::context::Context;
use crate::encode::{EntryWriter, thread_name};

/// Makes the gap of an event with `attributes` attributes exact, so that the text is not moved. Spans of `tracing` and the
/// [`Context`] of the thread add an unknown number of values; the gap then keeps its size.
#[doc(hidden)]
#[inline]
pub fn __expect(entry: &mut EntryWriter<'_>, attributes: usize) {
    #[cfg(feature = "tracing")]
    if tracing_core::dispatcher::has_been_set() {
        return;
    }
    if Context::is_current_root() {
        entry.expect_nodes(attributes);
    }
}

/// Writes the name of the thread into the entry of an event.
#[doc(hidden)]
#[inline]
pub fn __write_thread(entry: &mut EntryWriter<'_>) {
    thread_name::write(entry);
}

/// Writes the spans of `tracing` and the [`Context`] of the thread into the entry of an event.
#[doc(hidden)]
#[inline]
pub fn __write_surroundings(entry: &mut EntryWriter<'_>) {
    #[cfg(feature = "tracing")]
    if tracing_core::dispatcher::has_been_set() {
        crate::bridge::tracing::write_surroundings(entry);
        return;
    }
    Context::write_current(entry);
}

/// Logs an event with a severity, a message and attributes.
///
/// If the severity is not logged ([`Log::levels`](crate::log::Log::levels)), no argument is evaluated, and
/// the result is `None`. Otherwise the message and the attributes are encoded directly into the entry, and
/// the result is `Some` with the [`Outcome`](crate::log::Outcome).
///
/// The entry also contains the name of the thread, and the attributes and ids of the
/// [`Context`](crate::Context) of the thread. With the feature `tracing` and a
/// [`Layer`](crate::bridge::tracing::Layer) in the subscriber, the entry contains the current spans and their
/// ids, like an event of `tracing`.
///
/// # Arguments
/// - The log: a [`Log`](crate::log::Log) or another [`Appender`](crate::log::Appender).
/// - The severity.
/// - Optionally `target:` and a target. The default is the path of the module.
/// - The message: a literal with the syntax of `format!`, including captured variables.
/// - Attributes of the form `name = value`. The name is a literal, or identifiers that dots separate. The
///   value is a [`LogValue`](crate::encode::LogValue). `%value` logs its `Display` text and `?value` its
///   `Debug` text, up to the limit for formatted text. A variable `name` is short for `name = name`.
///   [`map!`](crate::map) creates a nested value.
///
/// # Examples
/// ```
/// use fusewire::{Severity, event, map};
/// # use fusewire::log::Log;
/// # let directory = std::env::temp_dir().join(format!("fusewire-doc-event-{}", std::process::id()));
/// # let log = Log::options(&directory).open()?;
/// # fn expensive() -> u8 { unreachable!() }
///
/// let (user, amount, error) = (7, 129.95, "timed out");
/// event!(log, Severity::INFO, "user {user} paid", user, amount, currency = "EUR");
/// event!(log, Severity::WARN, target: "shop::payment", "retrying", attempt = 3, cause = %error,
///        request = map! { path = "/checkout", tags = ["eu", "canary"] });
///
/// log.levels().set_default(Severity::WARN);
/// assert_eq!(event!(log, Severity::DEBUG, "never evaluated", value = expensive()), None);
/// # assert_eq!(log.stats().entries, 2);
/// # drop(log);
/// # std::fs::remove_dir_all(&directory)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[macro_export]
macro_rules! event {
    ($log:expr, $severity:expr, target: $target:expr, $body:literal $($rest:tt)*) => {
        $crate::__event!($log, $severity, $target, $body $($rest)*)
    };
    ($log:expr, $severity:expr, $body:literal $($rest:tt)*) => {
        $crate::__event!($log, $severity, ::core::module_path!(), $body $($rest)*)
    };
}

/// Creates a value that contains attributes, for [`event!`](crate::event) and every other function that
/// accepts a [`LogValue`](crate::encode::LogValue).
///
/// Attributes have the same syntax as in [`event!`](crate::event). The value borrows the variables in the
/// attributes.
///
/// ```
/// use fusewire::decode::EntryRef;
/// use fusewire::encode::encode;
/// use fusewire::{Limits, map};
///
/// let id = 7;
/// let mut buffer = [0; 256];
/// let encoded = encode(&mut buffer, &Limits::default(), |entry| {
///     entry.attr("request", &map! { path = "/pay", status = 200, user.id = %id });
/// })?;
/// let entry = EntryRef::new(encoded.bytes())?;
/// assert_eq!(entry.get("request.status").and_then(|status| status.as_i128()), Some(200));
/// assert_eq!(entry.get("request.user.id").and_then(|id| id.as_str()), Some("7"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[macro_export]
macro_rules! map {
    ($($attributes:tt)*) => {
        $crate::encode::from_fn(|out: $crate::encode::ValueWriter<'_, '_>| {
            #[allow(unused_mut)]
            let mut map = out.map();
            $crate::__attributes!((__map_entries map); []; $($attributes)*);
        })
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __event {
    ($log:expr, $severity:expr, $target:expr, $body:literal $(, $($attributes:tt)*)?) => {{
        static SITE: $crate::log::Site = $crate::log::Site::new($target);
        let log = &$log;
        let severity: $crate::Severity = $severity;
        if $crate::log::Appender::levels(log).__enable(&SITE, severity) {
            ::core::option::Option::Some($crate::log::Appender::__append_at(log, SITE.__address(), |entry| {
                $crate::__attributes!((__event_body entry severity ($target) $body); []; $($($attributes)*)?);
            }))
        } else {
            ::core::option::Option::None
        }
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __event_body {
    (($entry:ident $severity:ident $target:tt $body:literal); $([$key:expr, $value:expr])*) => {
        $crate::__expect($entry, const { $crate::encode::known::Keys::of(&[$($key),*]).count() });
        $entry.set_severity($severity);
        {
            #[allow(unused_imports)]
            use $crate::encode::known::{Known as _, Other as _};
            let mut attributes = {
                let (body, target) = (::core::format_args!($body), const { $target });
                let keys = const { $crate::encode::known::Keys::of(&[$($key),*]) };
                let mut event = $crate::encode::known::KnownWriter::new($entry, SITE.__address(), target, body.as_str(), keys);
                event.header(target, body);
                event
            };
            // Autoref: the method of the trait `Known` applies first, if the type of the value has it.
            $((&&$crate::encode::known::Probe(&$value)).write(&mut attributes, $key);)*
            attributes.end();
        }
        $crate::__write_surroundings($entry);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __map_entries {
    (($map:ident); $([$key:expr, $value:expr])*) => {
        $($map.entry($key, &$value);)*
    };
}

/// Parses attributes into a list of keys and values, and passes the list to the macro in `$to`.
#[doc(hidden)]
#[macro_export]
macro_rules! __attributes {
    (($to:ident $($with:tt)*); [$($done:tt)*];) => {
        $crate::$to!(($($with)*); $($done)*);
    };
    ($to:tt; [$($done:tt)*]; $key:literal = % $value:expr $(, $($rest:tt)*)?) => {
        $crate::__attributes!($to; [$($done)* [$key, $crate::encode::AsDisplay(&$value)]]; $($($rest)*)?);
    };
    ($to:tt; [$($done:tt)*]; $key:literal = ? $value:expr $(, $($rest:tt)*)?) => {
        $crate::__attributes!($to; [$($done)* [$key, $crate::encode::AsDebug(&$value)]]; $($($rest)*)?);
    };
    ($to:tt; [$($done:tt)*]; $key:literal = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__attributes!($to; [$($done)* [$key, $value]]; $($($rest)*)?);
    };
    ($to:tt; $done:tt; $first:ident $(. $more:ident)* = $($rest:tt)*) => {
        $crate::__named!($to; $done; ::core::concat!(::core::stringify!($first) $(, ".", ::core::stringify!($more))*); $($rest)*);
    };
    ($to:tt; [$($done:tt)*]; % $name:ident $(, $($rest:tt)*)?) => {
        $crate::__attributes!($to; [$($done)* [::core::stringify!($name), $crate::encode::AsDisplay(&$name)]]; $($($rest)*)?);
    };
    ($to:tt; [$($done:tt)*]; ? $name:ident $(, $($rest:tt)*)?) => {
        $crate::__attributes!($to; [$($done)* [::core::stringify!($name), $crate::encode::AsDebug(&$name)]]; $($($rest)*)?);
    };
    ($to:tt; [$($done:tt)*]; $name:ident $(, $($rest:tt)*)?) => {
        $crate::__attributes!($to; [$($done)* [::core::stringify!($name), $name]]; $($($rest)*)?);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __named {
    ($to:tt; [$($done:tt)*]; $key:expr; % $value:expr $(, $($rest:tt)*)?) => {
        $crate::__attributes!($to; [$($done)* [$key, $crate::encode::AsDisplay(&$value)]]; $($($rest)*)?);
    };
    ($to:tt; [$($done:tt)*]; $key:expr; ? $value:expr $(, $($rest:tt)*)?) => {
        $crate::__attributes!($to; [$($done)* [$key, $crate::encode::AsDebug(&$value)]]; $($($rest)*)?);
    };
    ($to:tt; [$($done:tt)*]; $key:expr; $value:expr $(, $($rest:tt)*)?) => {
        $crate::__attributes!($to; [$($done)* [$key, $value]]; $($($rest)*)?);
    };
}
