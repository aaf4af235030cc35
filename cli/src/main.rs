//! The command line of Fusewire.

fn main() {}
