//! Readers of a log: order, times, scans, and files that change.

#[path = "../common"]
#[allow(dead_code, reason = "each module uses a part of it")]
mod common {
    pub mod checksum;
    pub mod counting;
    pub mod like;
    pub mod random;
    pub mod shop;
    pub mod streams;
}

mod directories_of_all_encodings_are_one_log;
mod follow_files_as_they_change;
mod follow_loses_nothing_silently;
mod logs_of_both_formats_give_the_same_answers;
mod merge_is_by_time_and_stable;
mod reading_a_log_allocates_nothing_per_entry;
mod scans_find_what_reading_finds;
mod since_and_until_find_everything;

#[global_allocator]
static ALLOCATOR: common::counting::Counting = common::counting::Counting;
