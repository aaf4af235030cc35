//! The files of the driver `json-file` of Docker: each line is an object with the members `log`, `stream` and `time`. Docker
//! divides a long line: only the last part ends with a line feed.

use crate::rfc8259::cursor::{Cursor, Shape};
use crate::rfc8259::validate::Validator;

use super::join::is_stack;

const BEGIN: &[u8] = b"{\"log\":\"";

/// The content of the lines of one message.
#[derive(Default)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) stream: String,
    pub(super) time: String,
    /// The number of lines.
    pub(super) lines: usize,
}

/// Returns whether a line can be a line of Docker.
#[inline]
pub(super) fn is_line(line: &[u8]) -> bool {
    line.starts_with(BEGIN)
}

/// Returns whether a line is a part of a message, and not its last part.
fn is_part(line: &str) -> bool {
    line.split_once("\",\"stream\":\"").is_some_and(|(text, _)| !text.ends_with("\\n"))
}

/// Returns the stream of a line and the text after it, without the time.
fn stream(line: &str) -> Option<&str> {
    line.rsplit_once("\",\"stream\":\"")?.1.split('"').next()
}

/// Returns whether `line` continues the message whose last line is `last`: the message is not complete, or the line is a part of
/// a stack trace.
pub(super) fn continues(last: &str, line: &str) -> bool {
    let message = line.as_bytes().strip_prefix(BEGIN).unwrap_or(&[]);
    let is_trace = is_stack(message);
    is_line(line.as_bytes())
        && (is_part(last) || is_trace)
        && stream(last).is_some()
        && stream(last) == stream(line)
}

/// Reads the lines of one message. Returns `None` if a line has another form.
pub(super) fn read(lines: &str, validator: &mut Validator) -> Option<Message> {
    let mut message = Message::default();
    let mut scratch = String::new();
    for line in lines.lines() {
        if !is_line(line.as_bytes()) || !validator.is_object(line) {
            return None;
        }
        let mut members = Cursor::new(line);
        members.enter();
        let mut count = 0;
        while members.next_child() {
            let key = members.key().decode(&mut scratch).to_owned();
            if members.shape() != Shape::String {
                return None;
            }
            let value = members.string().decode(&mut scratch);
            match &*key {
                "log" => message.text.push_str(value),
                "stream" if message.lines == 0 => value.clone_into(&mut message.stream),
                "time" if message.lines == 0 => value.clone_into(&mut message.time),
                "stream" | "time" => {}
                _ => return None,
            }
            count += 1;
        }
        if count != 3 {
            return None;
        }
        message.lines += 1;
    }
    let len = message.text.trim_end_matches(['\n', '\r']).len();
    message.text.truncate(len);
    Some(message)
}
