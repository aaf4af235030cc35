//! Logging in one line, or in steps.

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

/// Writes the surroundings of an event into its entry: the spans of `tracing`, and the [`Context`].
#[doc(hidden)]
#[inline]
pub fn __write_surroundings(entry: &mut EntryWriter<'_>) {
    #[cfg(feature = "tracing")]
    let ids = crate::bridge::tracing::write_current(entry);
    Context::write_current(entry);
    #[cfg(feature = "tracing")]
    ids.write(entry);
}

/// Logs an event: severity, message, and attributes. Nothing is evaluated where the severity is not logged
/// ([`Log::levels`](crate::log::Log::levels)); the message is formatted, and the attributes are encoded, straight into the
/// entry. The entry also has the name of the thread and the attributes and ids of the thread's [`Context`](crate::Context).
/// With feature `tracing`, it has the spans that the thread is in and their ids, as an event of `tracing` has them, if the
/// subscriber has a [`Layer`](crate::bridge::tracing::Layer).
///
/// The message is a literal with what `format!` takes between its braces. An attribute is `name = value`, where the value is
/// anything that is a [`LogValue`](crate::encode::LogValue), `%value` for its `Display` or `?value` for its `Debug`, each
/// bounded; the name is made of identifiers with dots between them, or a literal. A variable alone is its name and its value.
/// [`map!`](crate::map) makes a value with values in it. `target:` names another target than the module.
///
/// The log is a [`Log`](crate::log::Log), or what stands before one: an [`Appender`](crate::log::Appender).
///
/// It returns `Some(Outcome)`, or `None` where the severity is not logged.
///
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

/// A value with values in it, for [`event!`](crate::event) and wherever a [`LogValue`](crate::encode::LogValue) is taken:
/// `map! { path = "/pay", status = 200, request.id = %id }`. Written as the attributes of `event!` are; what it names is
/// borrowed.
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
