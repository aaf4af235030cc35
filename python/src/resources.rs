//! The resources of entries. The producer writes its resource to each segment.

use std::collections::HashMap;

use fusewire::decode::EntryRef;
use fusewire::log::Source;
use fusewire::segment::read_resource;

/// The id of a resource; 0 means no resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct ResourceId(usize);

/// A cache of resources.
pub(crate) struct Resources {
    by_stream: HashMap<[u8; 16], ResourceId>,
    /// Each resource as the attributes of an entry.
    payloads: Vec<Vec<u8>>,
    last: Option<([u8; 16], ResourceId)>,
}

impl Resources {
    pub(crate) fn new() -> Self {
        Self { by_stream: HashMap::new(), payloads: Vec::new(), last: None }
    }

    /// Returns the resource of `source`.
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

    /// Reads the resource from the start of the segment `path`, if it is readable.
    fn read(&mut self, path: &std::path::Path) -> ResourceId {
        let Ok(Some(resource)) = read_resource(path) else { return ResourceId(0) };
        self.payloads.push(resource);
        ResourceId(self.payloads.len())
    }

    /// Returns the resource with this id.
    pub(crate) fn get(&self, id: ResourceId) -> Option<EntryRef<'_>> {
        EntryRef::new(self.payloads.get(id.0.checked_sub(1)?)?).ok()
    }
}

impl ResourceId {
    /// Returns the index of the id, from 0, without gaps.
    pub(crate) fn index(self) -> usize {
        self.0
    }
}
