//! Events, as a macro and as a builder.

mod builder;

pub use builder::EventBuilder;

use crate::context::Context;
use crate::encode::EntryWriter;
use crate::thread_name;

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
    let ids = crate::bridge::tracing::write_current(entry);
    Context::write_current(entry);
    #[cfg(feature = "tracing")]
    ids.write(entry);
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
            $crate::__attributes!(map; $($attributes)*);
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
            ::core::option::Option::Some($crate::log::Appender::append(log, |entry| {
                entry.set_severity(severity);
                entry.set_target(SITE.target());
                $crate::__write_thread(entry);
                entry.set_body_fmt(::core::format_args!($body));
                $($crate::__attributes!(entry; $($attributes)*);)?
                $crate::__write_surroundings(entry);
            }))
        } else {
            ::core::option::Option::None
        }
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __attributes {
    ($to:ident;) => {};
    ($to:ident; $key:literal = % $value:expr $(, $($rest:tt)*)?) => {
        $crate::__attribute!($to, $key, &$crate::encode::AsDisplay(&$value));
        $crate::__attributes!($to; $($($rest)*)?);
    };
    ($to:ident; $key:literal = ? $value:expr $(, $($rest:tt)*)?) => {
        $crate::__attribute!($to, $key, &$crate::encode::AsDebug(&$value));
        $crate::__attributes!($to; $($($rest)*)?);
    };
    ($to:ident; $key:literal = $value:expr $(, $($rest:tt)*)?) => {
        $crate::__attribute!($to, $key, &$value);
        $crate::__attributes!($to; $($($rest)*)?);
    };
    ($to:ident; $first:ident $(. $more:ident)* = $($rest:tt)*) => {
        $crate::__named!($to; ::core::concat!(::core::stringify!($first) $(, ".", ::core::stringify!($more))*); $($rest)*);
    };
    ($to:ident; % $name:ident $(, $($rest:tt)*)?) => {
        $crate::__attribute!($to, ::core::stringify!($name), &$crate::encode::AsDisplay(&$name));
        $crate::__attributes!($to; $($($rest)*)?);
    };
    ($to:ident; ? $name:ident $(, $($rest:tt)*)?) => {
        $crate::__attribute!($to, ::core::stringify!($name), &$crate::encode::AsDebug(&$name));
        $crate::__attributes!($to; $($($rest)*)?);
    };
    ($to:ident; $name:ident $(, $($rest:tt)*)?) => {
        $crate::__attribute!($to, ::core::stringify!($name), &$name);
        $crate::__attributes!($to; $($($rest)*)?);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __named {
    ($to:ident; $key:expr; % $value:expr $(, $($rest:tt)*)?) => {
        $crate::__attribute!($to, $key, &$crate::encode::AsDisplay(&$value));
        $crate::__attributes!($to; $($($rest)*)?);
    };
    ($to:ident; $key:expr; ? $value:expr $(, $($rest:tt)*)?) => {
        $crate::__attribute!($to, $key, &$crate::encode::AsDebug(&$value));
        $crate::__attributes!($to; $($($rest)*)?);
    };
    ($to:ident; $key:expr; $value:expr $(, $($rest:tt)*)?) => {
        $crate::__attribute!($to, $key, &$value);
        $crate::__attributes!($to; $($($rest)*)?);
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __attribute {
    ($to:ident, $key:expr, $value:expr) => {
        $to.__attribute($key, $value);
    };
}
