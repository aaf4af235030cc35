//! Lines of JSON and of text, and mixed streams.

#[path = "../common"]
#[allow(dead_code, reason = "each module uses a part of it")]
mod common {
    pub mod check;
    pub mod checksum;
    pub mod counting;
    pub mod model;
    pub mod random;
    pub mod streams;
    pub mod trees;
    pub mod watchdog;
}

mod a_file_and_its_import_answer_alike;
mod an_entry_without_a_time_has_that_of_the_entry_before_it;
mod each_word_of_a_line_is_in_its_entry;
mod every_line_of_json_is_valid;
mod json_both_ways_allocates_nothing;
mod json_comes_back_as_the_entry_it_was;
mod json_lines_lose_nothing;
mod json_that_others_read_is_read;
mod like_entries_take_a_third_of_the_bytes;
mod lines_are_read_completely;
mod lines_of_common_loggers_are_understood;
mod lines_of_text_have_times_and_levels;
mod lines_without_json_are_told;
mod names_in_lines_are_names_in_queries;
mod parts_of_entries_are_json_as_in_their_line;
mod records_of_several_lines_are_one_entry;
mod streams_of_all_encodings_come_back_in_order;

#[global_allocator]
static ALLOCATOR: common::counting::Counting = common::counting::Counting;
