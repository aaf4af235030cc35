//! Damaged, incomplete and hostile bytes: readers return the intact entries and report the rest. `.ci/run` also runs these
//! tests under AddressSanitizer.

#[path = "../common"]
#[allow(dead_code, reason = "each module uses a part of it")]
mod common {
    pub mod checksum;
    pub mod foreign;
    pub mod frames;
    pub mod like;
    pub mod random;
    pub mod segments;
    pub mod streams;
    pub mod variants;
    pub mod watchdog;
}

mod a_live_segment_reads_as_it_does_when_it_has_ended;
mod a_log_of_one_segment_is_that_segment;
mod an_append_is_waited_for_while_its_process_lives;
mod appends_of_dead_threads_are_no_loss;
mod cut_at_every_length;
mod entries_stay_valid_while_their_file_changes;
mod every_bit_flipped;
mod every_way_to_read_finds_the_same;
mod flags_and_kinds_of_later_versions;
mod frames_of_elsewhere_never_pass;
mod general_road_reads_what_others_write;
mod hostile_entries_never_panic;
mod hostile_like_entries_are_bounded;
mod hostile_segments_are_bounded;
mod like_entries_are_lost_with_their_base_only;
mod like_entries_without_their_base_are_damage;
mod lost_bytes_are_counted;
mod quick_verification_agrees_with_every_rule;
