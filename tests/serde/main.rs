//! Values and entries of `serde`.

#[path = "../common"]
#[allow(dead_code, reason = "each module uses a part of it")]
mod common {
    pub mod check;
    pub mod counting;
    pub mod limited;
    pub mod random;
}

mod hostile_serialize_code_is_bounded;
mod private_tokens_of_serde_json_are_values;
mod serde_formats_take_entries;
mod serde_values_keep_their_meaning;

#[global_allocator]
static ALLOCATOR: common::counting::Counting = common::counting::Counting;
