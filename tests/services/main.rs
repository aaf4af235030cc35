//! The router, the memory recorder and the metrics.

#[path = "../common"]
#[allow(dead_code, reason = "each module uses a part of it")]
mod common {
    pub mod counting;
    pub mod logs;
    pub mod random;
    #[cfg(feature = "json")]
    pub mod routes;
}

mod json_files_keep_to_their_bounds;
mod metrics_go_through_the_facade;
mod metrics_say_what_the_log_says;
mod routes_are_kept_to;
mod rules_in_a_file_are_watched;
mod sampling_memory_allocates_nothing;

#[global_allocator]
static ALLOCATOR: common::counting::Counting = common::counting::Counting;
