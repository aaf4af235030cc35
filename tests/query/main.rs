//! Queries, indexes and aggregation.

#[path = "../common"]
#[allow(dead_code, reason = "each module uses a part of it")]
mod common {
    pub mod checksum;
    pub mod counting;
    pub mod foreign;
    pub mod like;
    pub mod naive;
    pub mod random;
    pub mod shop;
}

mod a_filter_gives_what_filtering_gives;
mod an_index_costs_time_only;
mod both_formats_answer_each_query_alike;
mod counting_allocates_nothing_per_entry;
mod counts_are_those_of_a_naive_count;
mod queries_find_what_a_naive_search_finds;
mod queries_mean_what_is_documented;
mod queries_say_what_is_wrong;

#[global_allocator]
static ALLOCATOR: common::counting::Counting = common::counting::Counting;
