//! One file of frames: append, seal, index, recovery and verification.

#[path = "../common"]
#[allow(dead_code, reason = "each module uses a part of it")]
mod common {
    pub mod checksum;
    pub mod counting;
    pub mod random;
    pub mod segments;
    pub mod streams;
    pub mod variants;
}

mod entries_outlive_their_reader;
mod every_kind_of_segment_in_one_pass;
mod frame_checksum_is_zlibs;
mod like_entries_allocate_nothing;
mod like_entries_have_one_base;
mod like_entries_mean_what_full_entries_mean;
mod old_segments_stay_readable;
mod recovery_keeps_what_is_intact;
mod segments_survive_their_writer;
mod verification_in_parts_is_that_of_the_whole;
mod verify_compares_trailer_and_index_with_the_entries;

#[global_allocator]
static ALLOCATOR: common::counting::Counting = common::counting::Counting;
