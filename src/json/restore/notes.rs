//! What the fuse had done to values, found again by their paths.

use crate::json::fuse::CUTS;
use crate::json::write::LEVELS;
use crate::kind::NodeFlags;

use super::exact::Exact;

/// What the fuse had done to one value.
#[derive(Clone, Copy, Default)]
pub(super) struct Note {
    pub(super) flags: NodeFlags,
    /// Children that it had dropped; `u64::MAX` where nobody knows.
    pub(super) dropped: u64,
}

/// How a value is reached from the one that holds it.
#[derive(Clone, Copy)]
pub(super) enum Step<'j> {
    /// As it is written.
    Key(&'j str),
    Index(u32),
}

/// The list of values that the fuse had tripped on, in the order of the entry. It is read while the values are: both
/// have the same order, and each of the list is looked for once.
#[derive(Clone)]
pub(super) struct Notes<'j> {
    text: Exact<'j>,
    /// The next value of the list, still escaped as it is written; empty behind the last.
    path: &'j str,
    /// Values of this very path that come before it.
    passed: u32,
    note: Note,
    /// The values that lead to the one at hand.
    steps: [Step<'j>; LEVELS],
    /// How much of `path` leads to each of those; `None` where it leads elsewhere.
    matched: [Option<usize>; LEVELS],
    is_sound: bool,
}

impl<'j> Notes<'j> {
    /// The list whose first element is at `text`.
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

    /// The place behind the list, where each of it has been found.
    pub(super) fn end(&self) -> Option<Exact<'j>> {
        (self.is_sound && self.path.is_empty()).then_some(self.text)
    }

    /// What the fuse had done to the value at `depth` that `step` leads to. To be asked for each value, in order.
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

    /// Reads the next of the list.
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

/// What of a path is behind `key`, whose slashes and tildes are written in another way there.
fn behind_key<'p>(mut path: &'p str, mut key: &str) -> Option<&'p str> {
    while let Some(at) = key.find(['~', '/']) {
        let escape = if key[at..].starts_with('~') { "~0" } else { "~1" };
        path = path.strip_prefix(&key[..at])?.strip_prefix(escape)?;
        key = &key[at + 1..];
    }
    path.strip_prefix(key)
}
