//! The bounds of error rates in tests.

/// The number of series of each kind.
pub(super) const RUNS: u64 = 2_000;

/// Prints the number of positive results of each kind and checks a bound. The documentation of each test contains its numbers.
pub(super) fn hold(kinds: Vec<(&str, u64)>, is_held: impl Fn(u64) -> bool) {
    println!("{kinds:?} of {RUNS}");
    for (kind, called) in kinds {
        assert!(is_held(called), "{kind}: {called} of {RUNS}");
    }
}
