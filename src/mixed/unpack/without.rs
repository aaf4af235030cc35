//! The placeholder of the decoders in a build without the feature `compressed`.

use crate::packing::{PackedFault, Packing};

pub(super) const ENOUGH: usize = 64;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub(super) consumed: usize,
    pub(super) produced: usize,
    pub(super) is_end: bool,
}

/// No decoder.
pub(super) enum Codec {}

impl Codec {
    pub(super) fn new(_: Packing) -> Option<Self> {
        None
    }

    pub(super) fn step(&mut self, _: &[u8], _: &mut [u8]) -> Result<Progress, PackedFault> {
        match *self {}
    }
}
