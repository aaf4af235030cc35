//! A like entry that is written value by value, from the same calls as a full entry.
//!
//! A prediction selects the base. While the header and the values have the keys and kinds of the base, the tape is empty,
//! and each value becomes a cell. The first call for which this does not hold ends the attempt: [`Tape::leave`] writes the
//! previous values to the tape, and the entry continues as a full entry. Each value is evaluated once in both cases.
//!
//! During the attempt, the buffer of the tape has no free bytes, so each fast path fails, and the slow paths call this
//! module. A full entry therefore pays nothing. The bytes are taken from the budget as for a full entry, so the limits apply
//! to the same values.

use core::fmt;

use crate::format::entry as layout;
use crate::format::frame;
use crate::format::like::{self, Base, Cell, Node};
use crate::kind::{Kind, NodeFlags};
use crate::map::buffer::STRING_OVERHEAD;
use crate::trip::{Places, TripCause};

use super::formatted::{self, Slice};
use super::like::{Data, Head, is_equal, scalars};
use super::row::{ROW, Row};
use super::scope::Counts;
use super::tape::{Tape, node, span};
use super::writer::to_u32;

/// A like entry that is being written.
pub(crate) struct LikeWriter<'b> {
    pub(super) base: Base<'b>,
    /// The slot of the base.
    slot: u32,
    pub(super) data: Data<'b>,
    /// The number of nodes of the base that have been written.
    pub(super) next: usize,
    /// The call site whose entries probably have the keys of the base.
    site: usize,
    /// Whether the base has the target of the call site and exactly its keys, in the same order.
    pub(crate) is_of_site: bool,
    /// Whether the target has been set. It is that of the base.
    pub(super) has_target: bool,
    pub(super) body: Text,
    pub(super) thread: Text,
    /// Whether the cells of the body and of the thread name have been written. They precede those of the nodes.
    pub(super) is_closed: bool,
    /// The space for the values of a call site.
    pub(super) row: Option<&'b mut Row>,
}

/// A string of the header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    Unset,
    /// The string of the base.
    Same,
    /// Another string of this length in the texts.
    Other(usize),
}

/// A complete like entry in the space for its frame.
#[derive(Clone, Copy)]
pub(crate) struct Written {
    /// The offset of the frame.
    pub(crate) start: usize,
    /// The length of the like entry in bytes.
    pub(crate) len: usize,
}

impl<'b> LikeWriter<'b> {
    /// Begins a like entry with the base `base`, which is in the frame at `slot`. `frame` has space for the frame: a
    /// header of `header` bytes, the like entry and padding.
    #[inline(always)]
    pub(crate) fn new(
        base: Base<'b>,
        slot: u32,
        frame: &'b mut [u8],
        header: usize,
        row: &'b mut Row,
        (site, is_of_site): (usize, bool),
    ) -> Self {
        // If there is no trace, the entry begins later. The classes have the same offset in both cases.
        let data = Data::new(frame, header + like::TRACE_END, base.leaves());
        let (body, thread) = (Text::Unset, Text::Unset);
        Self {
            base,
            slot,
            data,
            next: 0,
            site,
            is_of_site,
            has_target: false,
            body,
            thread,
            is_closed: false,
            row: Some(row),
        }
    }

    /// Returns the space for the frame.
    pub(crate) fn frame(&mut self) -> &mut [u8] {
        self.data.out
    }

    /// Returns the next node of the base, if it has this key, kind and flags.
    #[inline(always)]
    fn expect(&mut self, key: &str, kind: Kind, flags: NodeFlags) -> Option<Node> {
        let node = Node::new(self.base.parts.nodes.get(self.next)?);
        let shape = key.len() as u64 | u64::from(kind as u8) << 16 | u64::from(flags.bits()) << 24;
        if u64::from(node.shape()) != shape || !is_equal(node.key(self.base.parts.text)?, key.as_bytes()) {
            return None;
        }
        if !self.is_closed {
            self.close_header()?;
        }
        Some(node)
    }

    /// Writes the cells of the body and of the thread name.
    #[inline(never)]
    pub(super) fn close_header(&mut self) -> Option<()> {
        self.is_closed = true;
        for text in [self.body, self.thread] {
            match text {
                Text::Other(len) => self.data.push_cell(len as u64)?,
                Text::Unset | Text::Same => self.data.push_class(0)?,
            }
        }
        Some(())
    }

    /// Writes a value that fits its node. `old` is the next node of the base.
    #[inline(always)]
    fn scalar(&mut self, old: Node, value: u64) -> Option<()> {
        match old.cell() {
            Cell::Difference => self.data.number(like::difference(value, old.value))?,
            Cell::ChangedBits => self.data.number(like::changed_bits(value, old.value))?,
            Cell::None if value == old.value => {}
            Cell::None | Cell::Length => return None,
        }
        self.next += 1;
        Some(())
    }

    /// Writes a value that is a span of `bytes`. `old` is the next node of the base.
    #[inline(always)]
    fn span(&mut self, old: Node, bytes: &[u8]) -> Option<()> {
        self.data.text(bytes, old.span(self.base.parts.text)?)?;
        self.next += 1;
        Some(())
    }

    /// Writes the text that was formatted into the space after the texts.
    fn formatted(&mut self, len: usize) -> Option<()> {
        let old = Node::new(self.base.parts.nodes.get(self.next)?);
        if self.data.room().get(..len)? == old.span(self.base.parts.text)? {
            self.data.push_class(0)?;
        } else {
            self.data.add(len);
            self.data.push_cell(len as u64)?;
        }
        self.next += 1;
        Some(())
    }

    /// Begins a container.
    fn open(&mut self, key: &str, kind: Kind) -> Option<()> {
        self.expect(key, kind, NodeFlags::NONE)?;
        self.next += 1;
        Some(())
    }

    /// Returns whether the value of the node at `index` of the base is `value`.
    fn has_value(&self, index: usize, value: u64) -> bool {
        self.base.parts.nodes.get(index).is_some_and(|node| Node::new(node).value == value)
    }

    /// Writes a string of the header.
    #[inline]
    fn header(&mut self, place: Places, text: &[u8]) -> Option<()> {
        if place == Places::TARGET {
            if self.has_target || !is_equal(text, self.base.parts.string(layout::TARGET)?) {
                return None;
            }
            self.has_target = true;
            return Some(());
        }
        if is_equal(text, self.header_of_base(place)?) {
            self.set(place, Text::Same);
        } else if self.is_closed {
            return None;
        } else {
            self.data.push_text(text)?;
            self.set(place, Text::Other(text.len()));
        }
        Some(())
    }

    /// Returns the string of the base, if the entry has not set it.
    #[inline(always)]
    fn header_of_base(&self, place: Places) -> Option<&'b [u8]> {
        let (field, text) =
            if place == Places::BODY { (layout::BODY, self.body) } else { (layout::THREAD, self.thread) };
        if text == Text::Unset { self.base.parts.string(field) } else { None }
    }

    /// Sets the state of a string of the header. The body precedes the thread name in the texts.
    #[inline(always)]
    fn set(&mut self, place: Places, text: Text) {
        if place != Places::BODY {
            self.thread = text;
            return;
        }
        self.body = text;
        if let (Text::Other(thread), Text::Other(body)) = (self.thread, self.body) {
            self.data.move_last(thread, body);
        }
    }

    /// Writes the body that was formatted into the space after the texts.
    fn formatted_body(&mut self, len: usize) -> Option<()> {
        let old = self.header_of_base(Places::BODY)?;
        if self.data.room().get(..len)? == old {
            self.set(Places::BODY, Text::Same);
        } else if self.is_closed {
            return None;
        } else {
            self.data.add(len);
            self.set(Places::BODY, Text::Other(len));
        }
        Some(())
    }

    /// Completes the like entry. Returns `None` if the entry is not a dependant of the base.
    #[inline]
    fn finish(&mut self, head: &Head) -> Option<Written> {
        let parts = &self.base.parts;
        let is_set =
            |text: Text, field| text != Text::Unset || parts.string(field).is_some_and(<[u8]>::is_empty);
        let is_dependant = self.next == parts.nodes.len()
            && head.scalars == scalars(parts)?
            && (self.has_target || parts.string(layout::TARGET)?.is_empty())
            && is_set(self.body, layout::BODY)
            && is_set(self.thread, layout::THREAD);
        if !is_dependant {
            return None;
        }
        if !self.is_closed {
            self.close_header()?;
        }
        let end = self.data.finish()?;
        if self.data.out.len() < end + frame::ALIGN {
            return None;
        }
        let start = if head.has_trace() { 0 } else { like::TRACE_LEN };
        let entry = self.data.start - like::TRACE_END + start;
        // A like entry is at least 24 bytes shorter than the full entry, so its frame is shorter too: a value needs at most 8
        // bytes for its cell and 2 bits for its class, in place of a node of 16 bytes.
        head.write(self.data.out.get_mut(entry..end)?, &self.base, self.slot)?;
        Some(Written { start, len: end - entry })
    }
}

impl<'b> Tape<'b> {
    /// Begins the attempt to write a like entry. Nothing has been written.
    #[inline]
    pub(crate) fn follow(&mut self, like: LikeWriter<'b>) {
        self.out.withhold();
        self.like = Some(like);
    }

    /// Returns whether the attempt goes on.
    #[inline(always)]
    pub(crate) fn follows(&self) -> bool {
        self.like.is_some()
    }

    /// Returns whether no limit applies to the kind and the key, takes their bytes from the budget, and writes the value
    /// with `write`. If one of these fails, ends the attempt and returns `false`.
    #[inline(always)]
    fn follow_node(
        &mut self,
        kind: Kind,
        key: &str,
        more: usize,
        write: impl FnOnce(&mut LikeWriter<'b>) -> Option<()>,
    ) -> bool {
        let is_plain = self.is_plain(kind, key);
        let Some(like) = &mut self.like else { return false };
        let cost = layout::NODE_LEN + key.len() + more;
        if is_plain && self.out.take_withheld(cost) {
            if write(like).is_some() {
                return true;
            }
            self.out.give_back(cost);
        }
        self.leave();
        false
    }

    /// Returns the space for the values of the call site `site`, which has `count` attributes. Returns `None` if the base does
    /// not have its target or its keys.
    #[inline(always)]
    pub(super) fn row_of_site(&mut self, site: usize, count: usize) -> Option<&'b mut Row> {
        match &mut self.like {
            Some(like) if like.is_of_site && like.site == site && count <= ROW => like.row.take(),
            _ => None,
        }
    }

    /// Records that the values of the call site `site`, which has `count` attributes, have been written, and that the key of
    /// each of them has been compared with that of the base.
    #[cold]
    #[inline(never)]
    pub(super) fn set_of_site(&mut self, site: usize, count: usize) {
        // An appender that forwards entries can append those of several call sites as its own.
        if let Some(like) = &mut self.like
            && like.site == site
            && [like.next, like.base.parts.nodes.len()] == [count; 2]
        {
            like.is_of_site = true;
        }
    }

    /// Writes a value that fits its node to the like entry. Otherwise ends the attempt and returns `false`.
    #[inline(always)]
    pub(super) fn follow_scalar(&mut self, kind: Kind, key: &str, value: u64) -> bool {
        self.follow_node(kind, key, 0, |like| {
            let old = like.expect(key, kind, NodeFlags::NONE)?;
            like.scalar(old, value)
        })
    }

    /// Writes a value that is a span of `bytes` to the like entry. Otherwise ends the attempt and returns `false`.
    #[inline(always)]
    pub(super) fn follow_span(&mut self, kind: Kind, flags: NodeFlags, key: &str, bytes: &[u8]) -> bool {
        if !self.follows() {
            return false;
        }
        if bytes.len() > self.limits.max_string_bytes as usize {
            self.leave();
            return false;
        }
        self.follow_node(kind, key, bytes.len(), |like| {
            let old = like.expect(key, kind, flags)?;
            like.span(old, bytes)
        })
    }

    /// Writes a wide value to the like entry. Otherwise ends the attempt and returns `false`.
    pub(super) fn follow_wide(&mut self, kind: Kind, key: &str, bytes: &[u8; layout::WIDE_LEN]) -> bool {
        // A wide value is not a string, so the limit for strings does not apply.
        self.follow_node(kind, key, bytes.len(), |like| {
            let old = like.expect(key, kind, NodeFlags::WIDE)?;
            like.span(old, bytes)
        })
    }

    /// Writes the node of a container to the like entry. Otherwise ends the attempt and returns `false`.
    pub(super) fn follow_open(&mut self, kind: Kind, key: &str) -> bool {
        self.follow_node(kind, key, layout::NODE_LEN, |like| like.open(key, kind))
    }

    /// Completes the node of a container, as its node in the base. Otherwise ends the attempt and returns `false`.
    #[cold]
    #[inline(never)]
    pub(super) fn follow_close(&mut self, index: usize, value: u64) -> bool {
        if self.like.as_ref().is_some_and(|like| like.has_value(index, value)) {
            return true;
        }
        self.leave();
        false
    }

    /// Writes a string of the header to the like entry. Otherwise ends the attempt and returns `false`.
    #[inline(always)]
    pub(super) fn follow_header(&mut self, place: Places, text: &[u8], max: usize) -> bool {
        let Some(like) = &mut self.like else { return false };
        let cost = STRING_OVERHEAD + text.len();
        if text.len() <= max && self.out.take_withheld(cost) {
            if like.header(place, text).is_some() {
                return true;
            }
            self.give_back(cost);
        }
        self.leave();
        false
    }

    /// Writes formatted text to the like entry. Returns `false` if the text must be formatted for a full entry. The attempt
    /// has then ended.
    #[inline(never)]
    pub(super) fn follow_format(&mut self, key: &str, args: fmt::Arguments<'_>, counts: &mut Counts) -> bool {
        let max = self.limits.max_formatted_bytes as usize;
        let cost = layout::NODE_LEN + key.len();
        let has_room = self.is_plain(formatted::KIND, key) && self.out.left() >= cost + max;
        let Some(mut like) = self.like.take() else { return false };
        if !has_room
            || like.expect(key, formatted::KIND, NodeFlags::FORMATTED).is_none()
            || like.data.room().len() < max
        {
            self.replay(&mut like);
            return false;
        }
        let mut out = Slice::new(like.data.room(), max);
        let (len, trip) = out.format(args);
        if trip.is_none() && like.formatted(len).is_some() {
            self.out.take_withheld(cost + len);
            self.like = Some(like);
            counts.kept += 1;
            return true;
        }
        self.replay(&mut like);
        let Some((key_at, key_len, key_flags)) = self.begin_node(key, counts) else { return true };
        let (at, flags) = self.push_formatted(like.data.room(), len, trip, Places::ATTRIBUTES);
        let node = node(key_at, key_len, formatted::KIND as u8, flags.with(key_flags), span(at, len));
        self.out.push_head(node);
        counts.kept += 1;
        true
    }

    /// Writes a formatted body to the like entry. Returns `false` if the body must be formatted for a full entry. The
    /// attempt has then ended.
    #[inline(never)]
    pub(super) fn follow_body(&mut self, args: fmt::Arguments<'_>) -> bool {
        let max = self.limits.max_string_bytes as usize;
        let has_room = self.out.left() >= STRING_OVERHEAD + max;
        let Some(mut like) = self.like.take() else { return false };
        if !has_room || like.body != Text::Unset || like.data.room().len() < max {
            self.replay(&mut like);
            return false;
        }
        let mut out = Slice::new(like.data.room(), max);
        let (len, trip) = out.format(args);
        if trip.is_none() && like.formatted_body(len).is_some() {
            self.out.take_withheld(STRING_OVERHEAD + len);
            self.like = Some(like);
            self.body = 0;
            return true;
        }
        self.replay(&mut like);
        let Some(at) = self.open_string() else { return true };
        self.push_formatted(like.data.room(), len, trip, Places::BODY);
        self.close_string(at, len);
        self.body = to_u32(at);
        true
    }

    /// Appends the first `len` bytes of `text`, which were formatted, to the text. Returns their offset and the flags.
    fn push_formatted(
        &mut self,
        text: &[u8],
        len: usize,
        trip: Option<TripCause>,
        place: Places,
    ) -> (usize, NodeFlags) {
        let at = self.out.tail_len();
        self.take(len);
        self.out.push_tail(text.get(..len).unwrap_or_default());
        match trip {
            None => (at, NodeFlags::FORMATTED),
            Some(cause) => {
                self.report.record(cause, place, None);
                (at, NodeFlags::FORMATTED.with(NodeFlags::VALUE_CUT))
            }
        }
    }

    /// Completes the like entry. If the entry must be written in full, ends the attempt and returns `None`. `is_whole` means
    /// that no attribute was dropped.
    #[inline]
    pub(super) fn follow_to_end(&mut self, head: &Head, is_whole: bool) -> Option<Written> {
        let like = self.like.as_mut()?;
        if is_whole
            && self.error.is_none()
            && self.report.is_clean()
            && let Some(written) = like.finish(head)
        {
            return Some(written);
        }
        self.leave();
        None
    }

    /// Ends the attempt, if there is one: writes the values of the like entry to the tape.
    #[cold]
    #[inline(never)]
    pub(crate) fn leave(&mut self) {
        if let Some(mut like) = self.like.take() {
            self.replay(&mut like);
        }
    }

    /// Writes the values of `like` to the tape. Their bytes have been taken from the budget.
    pub(super) fn replay(&mut self, like: &mut LikeWriter<'b>) {
        if self.error.is_some() {
            return;
        }
        let LikeWriter { base, data, next, has_target, body, thread, is_closed, .. } = like;
        let parts = base.parts;
        self.out.release();
        self.out.set_gap(parts.nodes.len() * layout::NODE_LEN + 4);
        let mut leaves = data.leaves();
        let mut string = |text: Text, field| match text {
            Text::Unset => None,
            Text::Same => parts.string(field),
            Text::Other(len) => Some(leaves.text(len)),
        };
        let (body, thread) = (string(*body, layout::BODY), string(*thread, layout::THREAD));
        let target = if *has_target { parts.string(layout::TARGET) } else { None };
        for (text, field) in [(thread, &mut self.thread), (target, &mut self.target), (body, &mut self.body)]
        {
            if let Some(text) = text {
                *field = to_u32(self.out.push_string(text, to_u32(text.len())));
            }
        }
        if *is_closed {
            let _ = (leaves.number(), leaves.number());
        }
        for old in &parts.nodes[..(*next).min(parts.nodes.len())] {
            let old = Node::new(old);
            let key = old.key(parts.text).unwrap_or_default();
            let at = self.out.tail_len();
            let (kind, flags) = (old.kind(), old.flags());
            match old.cell() {
                Cell::Length => {
                    let text = match leaves.number() {
                        Some(len) => leaves.text(usize::try_from(len).unwrap_or(usize::MAX)),
                        None => old.span(parts.text).unwrap_or_default(),
                    };
                    let value = span(at + key.len(), text.len());
                    self.out.push(node(at, key.len(), kind, flags, value), key, text);
                }
                Cell::None => self.out.push(node(at, key.len(), kind, flags, old.value), key, &[]),
                cell => {
                    let value = leaves.number().map_or(old.value, |number| cell.value(number, old.value));
                    self.out.push(node(at, key.len(), kind, flags, value), key, &[]);
                }
            }
        }
    }
}
