//! The parts of an entry that the text output omits.

/// The parts of an entry that are not printed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hidden {
    pub(crate) time: bool,
    pub(crate) level: bool,
    pub(crate) target: bool,
    pub(crate) message: bool,
    pub(crate) thread: bool,
    pub(crate) trace: bool,
    pub(crate) span: bool,
    /// The keys of attributes. The path of a nested attribute contains dots.
    keys: Vec<String>,
    /// The path of the current value, and the length of the path of each container around it.
    path: String,
    ends: Vec<usize>,
    /// The depth of the hidden container that contains the current value.
    below: Option<usize>,
}

impl Hidden {
    /// Returns the parts with the names of `--hide`.
    pub(crate) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hidden = Self::default();
        for name in names.into_iter().map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "time" => hidden.time = true,
                "level" => hidden.level = true,
                "target" => hidden.target = true,
                "message" => hidden.message = true,
                "thread" => hidden.thread = true,
                "trace_id" => hidden.trace = true,
                "span_id" => hidden.span = true,
                _ => {}
            }
            hidden.keys.push(name.to_owned());
        }
        hidden
    }

    /// Begins with the attributes of another entry.
    pub(crate) fn restart(&mut self) {
        self.below = None;
        self.path.clear();
        self.ends.clear();
    }

    /// Returns whether the attribute `key` at `depth`, the next one in the order of the entry, is hidden.
    pub(crate) fn contains(&mut self, key: &[u8], depth: usize) -> bool {
        if self.keys.is_empty() {
            return false;
        }
        if self.below.is_some_and(|above| depth > above) {
            return true;
        }
        self.ends.truncate(depth);
        self.path.truncate(self.ends.last().copied().unwrap_or(0));
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(&String::from_utf8_lossy(key));
        self.ends.push(self.path.len());
        let is_hidden = self.keys.contains(&self.path);
        self.below = is_hidden.then_some(depth);
        is_hidden
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_hidden_with_its_children() {
        let mut hidden = Hidden::of(["level", "request.headers", "a.b", ""]);
        assert!(hidden.level && !hidden.time);
        let entry: [(&str, usize, bool); 9] = [
            ("request", 0, false),
            ("path", 1, false),
            ("headers", 1, true),
            ("host", 2, true),
            ("status", 1, false),
            ("headers", 0, false),
            ("a.b", 0, true),
            ("a", 0, false),
            ("b", 1, true),
        ];
        for _ in 0..2 {
            hidden.restart();
            for (key, depth, expected) in entry {
                assert_eq!(hidden.contains(key.as_bytes(), depth), expected, "{key}");
            }
        }
    }
}
