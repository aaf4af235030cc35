//! Methods that write an entry again, with the trips of its first encoding.

use crate::kind::NodeFlags;
use crate::trip::TripReport;

use super::container::{ArrayWriter, MapWriter};
use super::slot::ValueWriter;
use super::writer::EntryWriter;

impl EntryWriter<'_> {
    /// Adds the trips of an earlier report.
    pub(crate) fn restore_report(&mut self, report: &TripReport) {
        self.tape.report.merge(report);
    }
}

impl MapWriter<'_, '_> {
    /// Adds the number of children that an earlier encoding dropped; `None` means an unknown number. This does not
    /// count as a trip.
    pub(crate) fn restore_dropped(&mut self, children: Option<u64>) {
        if let Some((_, counts)) = self.ledger() {
            counts.drop(children);
        }
    }
}

impl ArrayWriter<'_, '_> {
    /// Adds the number of dropped children as [`MapWriter::restore_dropped`] does.
    pub(crate) fn restore_dropped(&mut self, children: Option<u64>) {
        if let Some((_, counts)) = self.ledger() {
            counts.drop(children);
        }
    }
}

impl<'b> ValueWriter<'_, 'b> {
    /// Writes one value with `write`, and adds the flags of an earlier encoding to its node.
    #[inline]
    pub(crate) fn restored(mut self, flags: NodeFlags, write: impl FnOnce(ValueWriter<'_, 'b>)) {
        let node = self.next_node();
        write(self.reborrow());
        if flags != NodeFlags::NONE {
            self.add_flags(node, flags);
        }
    }
}
