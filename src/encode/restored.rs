//! What an earlier fuse did to an entry that is written again.

use crate::kind::NodeFlags;
use crate::trip::TripReport;

use super::container::{ArrayWriter, MapWriter};
use super::slot::ValueWriter;
use super::writer::EntryWriter;

impl EntryWriter<'_> {
    /// Adds what an earlier fuse reported.
    pub(crate) fn restore_report(&mut self, report: &TripReport) {
        self.tape.report.merge(report);
    }
}

impl MapWriter<'_, '_> {
    /// Adds children that an earlier fuse dropped; `None` where nobody knows how many. It is no trip of this one.
    pub(crate) fn restore_dropped(&mut self, children: Option<u64>) {
        if let Some((_, counts)) = self.ledger() {
            counts.drop(children);
        }
    }
}

impl ArrayWriter<'_, '_> {
    /// As [`MapWriter::restore_dropped`].
    pub(crate) fn restore_dropped(&mut self, children: Option<u64>) {
        if let Some((_, counts)) = self.ledger() {
            counts.drop(children);
        }
    }
}

impl<'b> ValueWriter<'_, 'b> {
    /// Writes what `write` writes, one value, with what an earlier fuse did to it.
    #[inline]
    pub(crate) fn restored(mut self, flags: NodeFlags, write: impl FnOnce(ValueWriter<'_, 'b>)) {
        let node = self.next_node();
        write(self.reborrow());
        if flags != NodeFlags::NONE {
            self.add_flags(node, flags);
        }
    }
}
