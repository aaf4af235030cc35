//! Who wrote a segment, in a few words.

use fusewire::decode::{EntryRef, Value};
use fusewire::segment::Segment;

use super::colour::Palette;
use super::value::push_scalar;

/// `shop on web1, pid 4711`: what of it the resource says.
pub(crate) fn describe(segment: Option<&Segment>, palette: &Palette) -> String {
    let Some(resource) = segment.and_then(Segment::resource) else {
        return "unknown producer".to_owned();
    };
    let mut text = String::new();
    push(&resource, "service.name", "", palette, &mut text);
    if text.is_empty() {
        text.push_str("a process");
    }
    push(&resource, "host.name", " on ", palette, &mut text);
    push(&resource, "process.pid", ", pid ", palette, &mut text);
    text
}

fn push(resource: &EntryRef<'_>, key: &str, before: &str, palette: &Palette, out: &mut String) {
    let found = resource.attributes().filter_map(Result::ok).find(|attribute| attribute.key == key);
    let Some(value) = found.map(|attribute| attribute.value) else { return };
    if !matches!(value, Value::Null) {
        out.push_str(before);
        push_scalar(value, palette, out);
    }
}
