//! The macro `event!`, the event builder and the context.

#[path = "../common"]
#[allow(dead_code, reason = "each module uses a part of it")]
mod common {
    pub mod counting;
    pub mod frames;
    pub mod kept;
    pub mod logs;
    pub mod random;
    pub mod watchdog;
}

mod contexts_are_snapshots;
mod events_have_the_bytes_of_the_encoder;
mod events_have_their_surroundings;
mod events_say_what_they_are_told;
mod like_entries_of_call_sites_have_the_bytes_of_the_conversion;

#[global_allocator]
static ALLOCATOR: common::counting::Counting = common::counting::Counting;
