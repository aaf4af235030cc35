//! The bridges from `tracing` and `log`.

#[path = "../common"]
#[allow(dead_code, reason = "each module uses a part of it")]
mod common {
    pub mod counting;
    pub mod kept;
    pub mod logs;
    pub mod random;
    pub mod routes;
}

mod bridges_allocate_nothing;
mod bridges_stand_before_a_router;
mod events_of_tracing_have_the_bytes_of_the_encoder;
mod hostile_producers_harm_no_bridge;
mod hostile_tracing_producers_are_bounded;
mod log_records_keep_their_types;
mod trace_ids_come_from_opentelemetry;
mod tracing_says_what_its_json_says;

#[global_allocator]
static ALLOCATOR: common::counting::Counting = common::counting::Counting;
