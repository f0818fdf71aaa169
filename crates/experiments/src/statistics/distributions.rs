//! Tails and quantiles of the few distributions that tests refer to.

use std::f64::consts::{PI, SQRT_2};

use statrs::function::erf::{erfc, erfc_inv};
use statrs::function::gamma::checked_gamma_ur;

/// The standard normal distribution's quantile of `p`, which lies between 0 and 1 (both excluded; ±∞ there).
pub fn normal_quantile(p: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * p)
}

/// How probable a standard normal value at least as far from 0 as `z` is.
pub fn normal_two_sided(z: f64) -> f64 {
    erfc(z.abs() / SQRT_2)
}

/// How probable a χ² value of at least `x` is with `degrees` of freedom; 1 where there are none.
pub fn chi_squared_tail(x: f64, degrees: u32) -> f64 {
    if degrees == 0 || x <= 0.0 {
        return 1.0;
    }
    if x.is_infinite() {
        return 0.0;
    }
    checked_gamma_ur(f64::from(degrees) / 2.0, x / 2.0).map_or(f64::NAN, |tail| tail.clamp(0.0, 1.0))
}

/// How probable a value of at least `x` is under Kolmogorov's limiting distribution: `x` is √n · D.
pub fn kolmogorov_tail(x: f64) -> f64 {
    if x < 0.2 {
        // Further than 1e-12 from 1 nowhere below.
        return 1.0;
    }
    if x < 1.18 {
        // The theta function's other form converges at once where this one does not.
        let step = (-PI * PI / (8.0 * x * x)).exp();
        let sum = step + step.powi(9) + step.powi(25) + step.powi(49);
        return (1.0 - (2.0 * PI).sqrt() / x * sum).clamp(0.0, 1.0);
    }
    let term = |k: i32| {
        let sign = if k % 2 == 0 { -1.0 } else { 1.0 };
        sign * (-2.0 * f64::from(k * k) * x * x).exp()
    };
    (2.0 * (1..=8).map(term).sum::<f64>()).clamp(0.0, 1.0)
}
