//! Repeatable chance. A stream belongs to a seed and to what it is drawn for, so that the three ways live through the
//! very same day: what one customer draws never depends on what was done about another.

/// A stream of numbers: SplitMix64 (Steele, Lea and Flood 2014) from a mixed start.
#[derive(Debug, Clone)]
pub struct Chance {
    state: u64,
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

const fn mix(seed: u64) -> u64 {
    let z = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Chance {
    /// The stream of a seed for the `number`-th of a kind of thing.
    #[must_use]
    pub const fn of(seed: u64, kind: u64, number: u64) -> Chance {
        let state = mix(mix(mix(seed.wrapping_add(STEP)) ^ kind.wrapping_mul(STEP)) ^ number);
        Chance { state }
    }

    /// Evenly from 0 up to, not including, 1.
    pub fn unit(&mut self) -> f64 {
        self.state = self.state.wrapping_add(STEP);
        let high = u32::try_from(mix(self.state) >> 32).unwrap_or(0);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }

    /// Evenly between two numbers.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// An interval of this mean with no memory.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// From the normal distribution (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A factor of mean 1 whose logarithm spreads by `sigma`.
    pub fn factor(&mut self, sigma: f64) -> f64 {
        (sigma * self.normal() - sigma * sigma / 2.0).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_its_own_and_keeps_to_its_means() {
        let mut one = Chance::of(1, 2, 3);
        let again: Vec<f64> = (0..4).map(|_| one.unit()).collect();
        let mut same = Chance::of(1, 2, 3);
        assert_eq!(again, (0..4).map(|_| same.unit()).collect::<Vec<_>>());
        for other in [(2, 2, 3), (1, 3, 3), (1, 2, 4)] {
            assert_ne!(again.first().copied(), Some(Chance::of(other.0, other.1, other.2).unit()));
        }
        let mean = |draw: fn(&mut Chance) -> f64| {
            let mut chance = Chance::of(7, 0, 0);
            (0..20_000).map(|_| draw(&mut chance)).sum::<f64>() / 20_000.0
        };
        assert!((mean(|c| c.unit()) - 0.5).abs() < 0.01);
        assert!((mean(|c| c.exponential(3.0)) - 3.0).abs() < 0.1);
        assert!(mean(Chance::normal).abs() < 0.03);
        assert!((mean(|c| c.factor(0.3)) - 1.0).abs() < 0.02);
    }
}
