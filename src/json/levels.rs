//! The severities of common loggers: names, and numbers whose meaning the name of the member determines.

use crate::severity::Severity;

use super::cursor::Cursor;

/// Returns the severity that a text names, and whether the text can be restored from the severity.
pub(super) fn of_text(text: &str) -> Option<(Severity, bool)> {
    let word = text.trim();
    if let Some(severity) = Severity::from_name(word) {
        let same = severity.name().is_some_and(|name| name.eq_ignore_ascii_case(text));
        return Some((severity, same));
    }
    // `DEBUG5`, in the numbering of PostgreSQL and others: the range is known, but the number has another meaning
    // here.
    let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
    Severity::from_name(stem)
        .filter(|_| stem.len() < word.len() && stem.len() > 1)
        .map(|severity| (severity, false))
}

/// Returns the severity of a number in the member `key` of `object`, and whether the number can be restored from the
/// severity. The numbers are 1 to 24 for the members of OpenTelemetry, 0 to 7 for those of syslog and GELF, and 10 to 50 for
/// those of Python, and 0 to 4 for those of Azure. In other members, the numbers 10, 20, ... 60 are those of bunyan and pino. Any other number is data,
/// unless the object has the process id and the host name that bunyan and pino write.
pub(super) fn of_number(key: &str, number: i64, object: Option<Cursor<'_>>) -> Option<(Severity, bool)> {
    let has = |key| object.is_some_and(|object| object.member(key).is_some());
    match key {
        "severity_number" | "severityNumber" | "SeverityNumber" => {
            let number = u8::try_from(number).ok().filter(|number| (1..=24).contains(number))?;
            Some((Severity::from_number(number), true))
        }
        "PRIORITY" => Severity::from_syslog(number).map(|severity| (severity, true)),
        // Application Insights of Azure.
        "severityLevel" | "SeverityLevel" => {
            let is_azure =
                ["TimeGenerated", "itemType", "iKey", "operation_Id", "OperationId"].into_iter().any(has);
            let name =
                ["Verbose", "Information", "Warning", "Error", "Critical"].get(usize::try_from(number).ok()?);
            name.filter(|_| is_azure)
                .and_then(|name| Severity::from_name(name))
                .map(|severity| (severity, false))
        }
        "levelno" => Severity::from_python(number).map(|severity| (severity, false)),
        "level" if has("short_message") => Severity::from_syslog(number).map(|severity| (severity, true)),
        _ => {
            let severity = Severity::from_bunyan(number)?;
            let is_named = number % 10 == 0;
            (is_named || has("pid") && has("hostname")).then_some((severity, is_named))
        }
    }
}
