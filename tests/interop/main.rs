//! Readers and writers in other languages.

#[path = "../common"]
#[allow(dead_code, reason = "each module uses a part of it")]
mod common {
    pub mod random;
    pub mod variants;
}

mod a_reader_in_cpp_reads_segments;
mod python_reads_ours_and_we_read_python_s;
