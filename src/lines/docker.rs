//! The files of the driver `json-file` of Docker: each line is an object with the members `log`, `stream` and `time`, and
//! `attrs` if the daemon adds labels. Docker divides a long line: only the last part ends with a line feed.

use crate::rfc8259::cursor::{Cursor, Shape};
use crate::rfc8259::validate::Validator;

use super::join::is_stack;

/// The maximum number of labels. A line with more labels is an ordinary object.
const MOST_LABELS: usize = 8;

const BEGIN: &[u8] = b"{\"log\":";

/// The content of the lines of one message.
#[derive(Default)]
pub(super) struct Message {
    pub(super) text: String,
    pub(super) stream: String,
    pub(super) time: String,
    /// The labels: the name of each attribute, and its value.
    pub(super) labels: Vec<(String, String)>,
    /// The number of lines.
    pub(super) lines: usize,
}

/// Returns whether a line can be a line of Docker.
#[inline]
pub(super) fn is_line(line: &[u8]) -> bool {
    line.strip_prefix(BEGIN).is_some_and(|rest| matches!(rest, [b'"', ..] | [b' ', b'"', ..]))
}

/// Returns the text of a member, with its escapes.
fn member<'l>(line: &'l str, key: &str) -> Option<&'l str> {
    let mut value = Cursor::new(line).member(key)?;
    (value.shape() == Shape::String).then(|| value.string().raw())
}

/// Returns whether `line` continues the message whose last line is `last`: the message is not complete, or the line is a part of
/// a stack trace.
pub(super) fn continues(last: &str, line: &str) -> bool {
    if !is_line(line.as_bytes()) {
        return false;
    }
    let (Some(text), Some(stream)) = (member(last, "log"), member(last, "stream")) else { return false };
    let Some(message) = member(line, "log") else { return false };
    (!text.ends_with("\\n") || is_stack(message.as_bytes())) && member(line, "stream") == Some(stream)
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
            count += u32::from(key != "attrs");
            if key == "attrs" && members.shape() == Shape::Object {
                read_labels(&mut members, &mut message)?;
                continue;
            }
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

/// Reads the labels of the first line. Returns `None` if a value is not a text.
fn read_labels(members: &mut Cursor<'_>, message: &mut Message) -> Option<()> {
    let mut scratch = String::new();
    members.enter();
    while members.next_child() {
        let key = format!("attrs.{}", members.key().decode(&mut scratch));
        if members.shape() != Shape::String || message.labels.len() >= MOST_LABELS {
            return None;
        }
        let value = members.string().decode(&mut scratch).to_owned();
        if message.lines == 0 {
            message.labels.push((key, value));
        }
    }
    Some(())
}
