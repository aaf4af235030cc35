//! Where the fields of an entry are.

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

/// The size of each field in the table.
pub(super) const SIZES: [usize; layout::FIELD_COUNT] = [8, 1, 1, 2, 24, 4, 4, 4, 4, 4, 4, 4];

/// The position of each field in the buffer; 0, where no field can be, for an absent one.
#[derive(Clone, Copy)]
pub(crate) struct Fields([u32; layout::FIELD_COUNT]);

impl Fields {
    pub(super) const CLEAN: Self = Self::canonical(0);
    pub(super) const TRIPPED: Self = Self::canonical(layout::TRIPS);

    #[expect(clippy::cast_possible_truncation, reason = "constants under 256")]
    const fn canonical(trips: usize) -> Self {
        Self([
            layout::TIME as u32,
            layout::SEVERITY as u32,
            layout::TRACE_FLAGS as u32,
            layout::UTC_OFFSET as u32,
            layout::TRACE as u32,
            layout::TARGET as u32,
            layout::BODY as u32,
            layout::THREAD as u32,
            layout::ATTRIBUTES as u32,
            layout::TEXT as u32,
            trips as u32,
            layout::DROPPED_ATTRIBUTES as u32,
        ])
    }

    /// Where `field` is, or `None` where it is absent.
    #[inline(always)]
    pub(super) fn position(&self, field: Field) -> Option<usize> {
        let position = self.0[field as usize] as usize;
        (position != 0).then_some(position)
    }

    /// The fields of a buffer that is not canonical, by its vtable. Every field is inside the buffer.
    #[cold]
    pub(super) fn by_vtable(buffer: &[u8]) -> Result<Self, DecodeError> {
        let len = buffer.len();
        let short = |at: usize, field, bytes: usize| out_of_bounds(at, field, (at + bytes) as u64, len);
        let table = u32_at(buffer, 0).ok_or(short(0, "root offset", 4))? as usize;
        let back = i32_at(buffer, table).ok_or(short(table, "root table", 4))?;
        let vtable = usize::try_from(table as i64 - i64::from(back)).ok().filter(|at| at + 4 <= len);
        let Some(vtable) = vtable else {
            return Err(out_of_bounds(table, "offset to the vtable", table.abs_diff(0) as u64, len));
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
        let mut fields = [0; layout::FIELD_COUNT];
        for (i, position) in fields.iter_mut().enumerate().take((vtable_len - 4) / 2) {
            let offset = usize::from(u16_at(buffer, vtable + 4 + 2 * i).unwrap_or(0));
            if offset == 0 {
                continue;
            }
            if offset < 4 || offset + SIZES[i] > table_len {
                return Err(out_of_bounds(
                    table,
                    "field of the root table",
                    (offset + SIZES[i]) as u64,
                    table_len,
                ));
            }
            *position = u32::try_from(table + offset)
                .map_err(|_| out_of_bounds(table, "root table", u64::from(u32::MAX), len))?;
        }
        Ok(Self(fields))
    }
}
