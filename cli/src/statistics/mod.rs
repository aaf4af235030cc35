//! The statistical tests of the verdicts. The documentation of each test contains its rule and its error rates.

mod correlation;
mod leak;
mod parting;
mod series;
mod trend;

pub(crate) use correlation::correlation;
pub(crate) use leak::{RISES, SAMPLES, SIGNIFICANCE, leak};
pub(crate) use parting::{SAMPLES as PARTING_SAMPLES, parting};
pub(crate) use series::Series;

/// The probability that a standard normal variable is greater than `z`.
fn normal_tail(z: f64) -> f64 {
    0.5 * libm::erfc(z / std::f64::consts::SQRT_2)
}

/// The value that a standard normal variable exceeds with a probability of 2.5 %.
const Z_975: f64 = 1.959_964;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod random;
#[cfg(test)]
mod rates;
