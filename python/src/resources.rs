//! Who wrote an entry: the resource of the process's run that its segment belongs to.

use std::collections::HashMap;

use fusewire::decode::EntryRef;
use fusewire::log::Source;
use fusewire::segment::Segment;

/// A resource, by its number; 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct ResourceId(usize);

/// The resources that were met, each read once.
pub(crate) struct Resources {
    /// Whether segments are read into memory instead of being mapped.
    copy: bool,
    by_stream: HashMap<[u8; 16], ResourceId>,
    /// Each an entry whose attributes it is.
    payloads: Vec<Vec<u8>>,
    last: Option<([u8; 16], ResourceId)>,
}

impl Resources {
    pub(crate) fn new(copy: bool) -> Self {
        Self { copy, by_stream: HashMap::new(), payloads: Vec::new(), last: None }
    }

    /// That of what was read from `source`.
    pub(crate) fn of(&mut self, source: Source<'_>) -> ResourceId {
        let Some(segment) = source.segment() else { return ResourceId(0) };
        if let Some((stream, id)) = self.last
            && stream == segment.stream_id
        {
            return id;
        }
        let id = match self.by_stream.get(&segment.stream_id) {
            Some(id) => *id,
            None => {
                let id = self.read(&segment.path);
                self.by_stream.insert(segment.stream_id, id);
                id
            }
        };
        self.last = Some((segment.stream_id, id));
        id
    }

    /// The same from the beginning of the segment `path`, where it can be read.
    fn read(&mut self, path: &std::path::Path) -> ResourceId {
        let segment = if self.copy { Segment::read_copy(path) } else { Segment::open_trusted(path) };
        let Ok(segment) = segment else { return ResourceId(0) };
        let Some(resource) = segment.resource() else { return ResourceId(0) };
        self.payloads.push(resource.as_bytes().to_vec());
        ResourceId(self.payloads.len())
    }

    /// The resource with this number.
    pub(crate) fn get(&self, id: ResourceId) -> Option<EntryRef<'_>> {
        EntryRef::new(self.payloads.get(id.0.checked_sub(1)?)?).ok()
    }
}

impl ResourceId {
    /// Its number: from 0 on, without gaps.
    pub(crate) fn index(self) -> usize {
        self.0
    }
}
