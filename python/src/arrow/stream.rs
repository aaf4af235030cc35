//! The stream of batches. The consumer of the stream reads it without the GIL.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow_array::{RecordBatch, RecordBatchOptions, RecordBatchReader};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use fusewire::decode::{EntryRef, Value};
use fusewire::{Text, json};

use super::builder::Builder;
use super::column::{Cell, Column, ColumnKind};
use super::learn::Seen;
use crate::batch::Batch;
use crate::losses::Loss;
use crate::pass::{Pass, Stop};
use crate::resources::{ResourceId, Resources};

/// A batch has at most `ROWS` rows, and ends after the row with which its texts reach `BYTES` bytes. Arrow offsets have 31
/// bits, and the maximum size of an entry and of a resource limits each row.
const ROWS: usize = 16_384;
const BYTES: usize = 32 << 20;

/// The number of values that did not have the type of their column, by column.
pub(crate) struct Misfits(Vec<AtomicU64>);

impl Misfits {
    pub(crate) fn new(columns: usize) -> Self {
        Self((0..columns).map(|_| AtomicU64::new(0)).collect())
    }

    pub(crate) fn clear(&self) {
        self.0.iter().for_each(|count| count.store(0, Ordering::Relaxed));
    }

    pub(crate) fn counts(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().map(|count| count.load(Ordering::Relaxed))
    }
}

/// A stream of batches.
pub(crate) struct Batches {
    pass: Pass,
    resources: Resources,
    columns: Vec<Column>,
    filling: Filling,
    schema: SchemaRef,
    /// The first rows, from which the types were inferred.
    first: Option<Batch>,
    /// The loss to return after the last batch before the loss.
    lost: Option<Loss>,
    ended: bool,
}

/// The unfinished columns of the current batch.
struct Filling {
    builders: Vec<Builder>,
    rows: usize,
    bytes: usize,
    /// The buffer for the text of a cell.
    made: Vec<u8>,
    misfits: Arc<Misfits>,
}

impl Filling {
    fn push(&mut self, columns: &[Column], entry: &EntryRef<'_>, resource: Option<&EntryRef<'_>>) {
        for ((column, builder), misfits) in columns.iter().zip(&mut self.builders).zip(&self.misfits.0) {
            let mut cell = column.place.cell(entry, resource, &mut self.made);
            if let (Cell::Value(value), Some(ColumnKind::Json)) = (&cell, column.kind) {
                json::append_value(value, &mut self.made);
                cell = Cell::Made;
            }
            let value = match cell {
                Cell::Nothing => Value::Null,
                Cell::Value(value) => value,
                Cell::Made => Value::String(Text::new(&self.made)),
            };
            self.bytes += match value {
                Value::String(text) => text.len(),
                Value::Bytes(bytes) => bytes.len(),
                _ => 0,
            };
            let fits = builder.push(value);
            if !fits {
                misfits.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.rows += 1;
    }

    fn is_full(&self) -> bool {
        self.rows >= ROWS || self.bytes >= BYTES
    }
}

impl Batches {
    /// Starts the stream. Reads the first entries if types must be inferred.
    pub(crate) fn new(
        mut pass: Pass,
        mut resources: Resources,
        mut columns: Vec<Column>,
        misfits: Arc<Misfits>,
    ) -> Self {
        let (mut first, mut lost, mut ended) = (None, None, false);
        if columns.iter().any(|column| column.kind.is_none()) {
            let mut batch = Batch::default();
            match pass.run_on(|entry, source| {
                batch.push(entry, resources.of(source));
                if batch.has(ROWS, BYTES) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            }) {
                Stop::Enough | Stop::Pause => {}
                Stop::End => ended = true,
                Stop::Lost(loss) => lost = Some(loss),
            }
            learn(&mut columns, &batch, &resources);
            first = Some(batch);
        }
        let kind = |column: &Column| column.kind.unwrap_or(ColumnKind::String);
        let field = |column: &Column| Field::new(&column.name, kind(column).data_type(), true);
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let builders = columns.iter().map(|column| Builder::new(kind(column))).collect();
        let filling = Filling { builders, rows: 0, bytes: 0, made: Vec::new(), misfits };
        Self { pass, resources, columns, filling, schema, first, lost, ended }
    }

    /// Reads until the batch is full or the log ends.
    fn fill(&mut self) {
        let Self { pass, resources, columns, filling, .. } = self;
        if let Some(batch) = self.first.take() {
            for (entry, resource) in (0..batch.len()).filter_map(|index| batch.get(index)) {
                filling.push(columns, &entry, resources.get(resource).as_ref());
            }
        }
        if self.ended || self.lost.is_some() || filling.is_full() {
            return;
        }
        match pass.run_on(|entry, source| {
            let id: ResourceId = resources.of(source);
            filling.push(columns, entry, resources.get(id).as_ref());
            if filling.is_full() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }) {
            Stop::Enough | Stop::Pause => {}
            Stop::End => self.ended = true,
            Stop::Lost(loss) => self.lost = Some(loss),
        }
    }
}

/// Infers the types of columns without a type.
fn learn(columns: &mut [Column], batch: &Batch, resources: &Resources) {
    let mut made = Vec::new();
    for column in columns.iter_mut().filter(|column| column.kind.is_none()) {
        let mut seen = Seen::default();
        for (entry, resource) in (0..batch.len()).filter_map(|index| batch.get(index)) {
            seen.see(&column.place.cell(&entry, resources.get(resource).as_ref(), &mut made));
        }
        column.kind = Some(seen.kind());
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.fill();
        if self.filling.rows == 0 {
            let loss = self.lost.take()?;
            self.ended = true;
            return Some(Err(ArrowError::ExternalError(loss.__str__().into())));
        }
        let rows = Some(std::mem::take(&mut self.filling.rows));
        self.filling.bytes = 0;
        let arrays = self.filling.builders.iter_mut().map(Builder::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(rows);
        Some(RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options))
    }
}

impl RecordBatchReader for Batches {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}
