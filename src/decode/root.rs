//! The offsets of the fields of an entry.

use crate::error::{DecodeError, DecodeFault};
use crate::format::bytes::{i32_at, u16_at, u32_at};
use crate::format::entry as layout;

use super::{fault, out_of_bounds};

/// The fields of `LogEntry`, in the order of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Time = 0,
    Severity,
    TraceFlags,
    UtcOffset,
    Trace,
    Target,
    Body,
    Thread,
    Attributes,
    Text,
    Trips,
    DroppedAttributes,
}

/// The length of each field in the table in bytes.
pub(super) const SIZES: [usize; layout::FIELD_COUNT] = [8, 1, 1, 2, 24, 4, 4, 4, 4, 4, 4, 4];

/// The offsets of the root table and of its fields. An absent field has the offset 0, which no field can have.
#[derive(Clone, Copy)]
pub(crate) struct Fields {
    table: u32,
    offsets: [u16; layout::FIELD_COUNT],
}

impl Fields {
    pub(super) const CLEAN: Self = Self::canonical(0);
    pub(super) const TRIPPED: Self = Self::canonical(layout::TRIPS);
    /// The fields of a base that also belong to the like entries that depend on it. The other fields are absent.
    pub(super) const SHARED: Self = {
        let Self { table, offsets: all } = Self::CLEAN;
        let mut offsets = [0; layout::FIELD_COUNT];
        let shared = [Field::Severity as usize, Field::UtcOffset as usize, Field::Target as usize];
        let mut i = 0;
        while i < shared.len() {
            offsets[shared[i]] = all[shared[i]];
            i += 1;
        }
        Self { table, offsets }
    };

    #[expect(clippy::cast_possible_truncation, reason = "constants under 256")]
    const fn canonical(trips: usize) -> Self {
        let fields = [
            layout::TIME,
            layout::SEVERITY,
            layout::TRACE_FLAGS,
            layout::UTC_OFFSET,
            layout::TRACE,
            layout::TARGET,
            layout::BODY,
            layout::THREAD,
            layout::ATTRIBUTES,
            layout::TEXT,
            trips,
            layout::DROPPED_ATTRIBUTES,
        ];
        let mut offsets = [0; layout::FIELD_COUNT];
        let mut i = 0;
        while i < layout::FIELD_COUNT {
            offsets[i] = fields[i].saturating_sub(layout::TABLE) as u16;
            i += 1;
        }
        Self { table: layout::TABLE as u32, offsets }
    }

    /// Returns the offset of `field` in the buffer, or `None` if the field is absent.
    #[inline(always)]
    pub(super) fn position(&self, field: Field) -> Option<usize> {
        let offset = usize::from(self.offsets[field as usize]);
        (offset != 0).then(|| self.table as usize + offset)
    }

    /// Returns the fields of a buffer that is not canonical, from its vtable. Every field is inside the buffer.
    #[cold]
    pub(super) fn by_vtable(buffer: &[u8]) -> Result<Self, DecodeError> {
        let len = buffer.len();
        let short = |at: usize, field, bytes: usize| out_of_bounds(at, field, (at + bytes) as u64, len);
        let table = u32_at(buffer, 0).ok_or(short(0, "root offset", 4))? as usize;
        let back = i32_at(buffer, table).ok_or(short(table, "root table", 4))?;
        let vtable = usize::try_from(table as i64 - i64::from(back)).ok().filter(|at| at + 4 <= len);
        let Some(vtable) = vtable else {
            return Err(out_of_bounds(table, "vtable offset", table.abs_diff(0) as u64, len));
        };
        let vtable_len = usize::from(u16_at(buffer, vtable).unwrap_or(0));
        let table_len = usize::from(u16_at(buffer, vtable + 2).unwrap_or(0));
        if vtable_len < 4 || vtable_len % 2 != 0 {
            let expected = "an even number, 4 or more";
            let found = vtable_len as u64;
            return Err(fault(vtable, "vtable length", DecodeFault::Invalid { found, expected }));
        }
        if vtable + vtable_len > len {
            return Err(short(vtable, "vtable", vtable_len));
        }
        if table + table_len > len {
            return Err(short(table, "root table", table_len));
        }
        let mut offsets = [0; layout::FIELD_COUNT];
        for (i, offset) in offsets.iter_mut().enumerate().take((vtable_len - 4) / 2) {
            *offset = u16_at(buffer, vtable + 4 + 2 * i).unwrap_or(0);
            let end = usize::from(*offset) + SIZES[i];
            if *offset != 0 && (*offset < 4 || end > table_len) {
                return Err(out_of_bounds(table, "root table field", end as u64, table_len));
            }
        }
        let table = u32::try_from(table).map_err(|_| short(table, "root table", table_len))?;
        Ok(Self { table, offsets })
    }
}
