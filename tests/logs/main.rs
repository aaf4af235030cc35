//! Appends to a log: threads, rotation, retention, the directory and the options.

#[path = "../common"]
#[allow(dead_code, reason = "each module uses a part of it")]
mod common {
    pub mod counting;
    pub mod frames;
    pub mod logs;
    pub mod random;
    pub mod streams;
    pub mod variants;
    pub mod watchdog;
}

mod appending_allocates_nothing;
mod each_base_precedes_its_dependants;
mod hidden_files_are_nobody_s_segments;
mod logs_of_like_entries_contain_the_appended_entries;
mod nested_appends_are_refused_and_counted;
mod no_append_waits_for_ever;
mod only_regular_files_are_opened;
mod options_are_checked_at_open;
mod readers_cannot_stop_retention;
mod readers_disturb_no_writer;
mod segments_of_zeros_are_removed_at_open;
mod threads_append_to_one_log;

#[global_allocator]
static ALLOCATOR: common::counting::Counting = common::counting::Counting;
