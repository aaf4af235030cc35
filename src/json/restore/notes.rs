//! The list of the values with trips in a line. A path identifies each value.

use crate::json::fuse::CUTS;
use crate::json::write::LEVELS;
use crate::kind::NodeFlags;

use super::exact::Exact;

/// The original trips of one value.
#[derive(Clone, Copy, Default)]
pub(super) struct Note {
    pub(super) flags: NodeFlags,
    /// The number of dropped children; `u64::MAX` means unknown.
    pub(super) dropped: u64,
}

/// The step from a container to a child.
#[derive(Clone, Copy)]
pub(super) enum Step<'j> {
    /// The key in its written form.
    Key(&'j str),
    Index(u32),
}

/// The list of the values with trips, in the order of the entry. It is read in parallel with the values, which have
/// the same order. Each element of the list must match a value.
#[derive(Clone)]
pub(super) struct Notes<'j> {
    text: Exact<'j>,
    /// The path of the next element of the list in its written form. It is empty after the last element.
    path: &'j str,
    /// The number of values with the same path that precede the value.
    passed: u32,
    note: Note,
    /// The steps to the current value.
    steps: [Step<'j>; LEVELS],
    /// For each step, the length of the part of `path` that matches all steps up to it, or `None` if they do not
    /// match.
    matched: [Option<usize>; LEVELS],
    is_sound: bool,
}

impl<'j> Notes<'j> {
    /// Returns the list whose first element is at `text`.
    pub(super) fn new(text: Exact<'j>) -> Self {
        let mut notes = Self {
            text,
            path: "",
            passed: 0,
            note: Note::default(),
            steps: [Step::Index(0); LEVELS],
            matched: [None; LEVELS],
            is_sound: true,
        };
        if !text.starts_with("]") {
            notes.is_sound = notes.read().is_some();
        }
        notes
    }

    /// Returns the position after the list if all its elements were found.
    pub(super) fn end(&self) -> Option<Exact<'j>> {
        (self.is_sound && self.path.is_empty()).then_some(self.text)
    }

    /// Returns the original trips of the value at `depth` that `step` leads to. The method must be called for each
    /// value, in order.
    pub(super) fn of(&mut self, depth: usize, step: Step<'j>) -> Note {
        if self.path.is_empty() {
            return Note::default();
        }
        self.steps[depth] = step;
        self.follow(depth);
        if self.matched[depth] != Some(self.path.len()) {
            return Note::default();
        }
        if self.passed > 0 {
            self.passed -= 1;
            return Note::default();
        }
        let note = core::mem::take(&mut self.note);
        self.path = "";
        if self.text.eat(",") {
            self.is_sound &= self.read().is_some();
            for level in 0..=depth {
                self.follow(level);
            }
        }
        note
    }

    /// Compares the step at `level` with the path.
    fn follow(&mut self, level: usize) {
        let start = if level == 0 { Some(0) } else { self.matched[level - 1] };
        self.matched[level] = start.and_then(|at| {
            let rest = self.path.get(at..)?.strip_prefix('/')?;
            let rest = match self.steps[level] {
                Step::Index(index) => {
                    let mut rest = Exact::new(rest);
                    (rest.integer() == Some(index)).then_some(rest.rest())?
                }
                Step::Key(key) => behind_key(rest, key)?,
            };
            (rest.is_empty() || rest.starts_with('/')).then_some(self.path.len() - rest.len())
        });
    }

    /// Reads the next element of the list.
    fn read(&mut self) -> Option<()> {
        let text = &mut self.text;
        text.expect("{\"path\":")?;
        let path = text.string()?.raw();
        let passed = if text.eat(",\"passed\":") { text.integer().filter(|passed| *passed > 0)? } else { 0 };
        text.expect(",\"cut\":[")?;
        let mut flags = NodeFlags::NONE;
        let mut last = None;
        while !text.eat("]") {
            text.expect(if last.is_some() { ",\"" } else { "\"" })?;
            let flag: NodeFlags = text.name_of(&CUTS.map(|(flag, name)| (flag, name)))?;
            if last.is_some_and(|last: NodeFlags| last.bits() >= flag.bits()) {
                return None;
            }
            last = Some(flag);
            flags = flags.with(flag);
        }
        let dropped = if !text.eat(",\"dropped\":") {
            0
        } else if text.eat("null") {
            u64::MAX
        } else {
            text.integer().filter(|dropped| (1..u64::MAX).contains(dropped))?
        };
        text.expect("}")?;
        self.path = path;
        self.passed = passed;
        self.note = Note { flags, dropped };
        let is_told = last.is_some() && flags.contains(NodeFlags::CHILDREN_DROPPED) == (dropped > 0);
        (is_told && path.starts_with('/')).then_some(())
    }
}

/// Returns the part of `path` after `key`. Slashes and tildes of the key are escaped in the path.
fn behind_key<'p>(mut path: &'p str, mut key: &str) -> Option<&'p str> {
    while let Some(at) = key.find(['~', '/']) {
        let escape = if key[at..].starts_with('~') { "~0" } else { "~1" };
        path = path.strip_prefix(&key[..at])?.strip_prefix(escape)?;
        key = &key[at + 1..];
    }
    path.strip_prefix(key)
}
