//! One entry: the encoder, the circuit breaker and the decoder.

#[path = "../common"]
#[allow(dead_code, reason = "each module uses a part of it")]
mod common {
    pub mod check;
    pub mod counting;
    pub mod limited;
    pub mod model;
    pub mod trees;
}

mod a_panicking_value_leaves_the_rest_whole;
mod append_iterate_read_allocate_nothing;
mod byte_budgets_at_their_boundary;
mod encoded_len_is_exact;
mod encoding_allocates_nothing;
mod format_worked_example;
mod fragments_are_copied_as_they_are;
mod fragments_go_into_maps;
mod fuse_keeps_what_the_oracle_keeps;
mod fuse_limits_at_their_boundary;
mod hostile_values_are_bounded;
mod key_filter_skips_unvisited;
mod reads_what_it_writes;
mod serializers_keep_one_contract;
mod values_keep_their_meaning;

#[global_allocator]
static ALLOCATOR: common::counting::Counting = common::counting::Counting;
