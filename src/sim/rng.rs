//! Repeatable chance for robots: each stream belongs to a seed and a name, so that what one robot draws never
//! depends on what another one did before.

use sha2::{Digest, Sha256};

/// A stream of numbers: block `n` is SHA-256(key, n). Not for secrets.
#[derive(Debug, Clone)]
pub struct Rng {
    key: [u8; 32],
    drawn: u64,
}

impl Rng {
    /// The stream of this seed and name, from its start.
    #[must_use]
    pub fn of(seed: u64, name: &str) -> Rng {
        let digest = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(name).finalize();
        Rng { key: digest.into(), drawn: 0 }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        let block = Sha256::new().chain_update(self.key).chain_update(self.drawn.to_be_bytes()).finalize();
        self.drawn += 1;
        block.iter().take(8).fold(0, |value, byte| (value << 8) | u64::from(*byte))
    }

    /// A number from 0 up to, but not, 1.
    pub fn unit(&mut self) -> f64 {
        let high = u32::try_from(self.bits() >> 32).unwrap_or(0);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }

    /// True with this probability (0 and below: never; 1 and above: always).
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A whole number from `low` to `high`, both included; `low` where the range is empty.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high.saturating_sub(low)).unwrap_or(0).saturating_add(1);
        low.saturating_add(i64::try_from(self.bits() % width.max(1)).unwrap_or(0))
    }

    /// One of these; `None` only of none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(from.len()).ok().filter(|count| *count > 0)?;
        from.get(usize::try_from(self.bits() % count).ok()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_seed_and_name_give_one_stream_whatever_others_draw() {
        let mut first = Rng::of(7, "courier c1");
        let mut other = Rng::of(7, "courier c2");
        let drawn: Vec<u64> = (0..5).map(|_| first.bits()).collect();
        other.bits();
        let mut again = Rng::of(7, "courier c1");
        assert_eq!(drawn, (0..5).map(|_| again.bits()).collect::<Vec<_>>());
        assert_ne!(drawn.first().copied().unwrap(), Rng::of(7, "courier c2").bits());
        assert_ne!(drawn.first().copied().unwrap(), Rng::of(8, "courier c1").bits());
    }

    #[test]
    fn numbers_stay_in_their_range_and_reach_both_ends() {
        let mut rng = Rng::of(1, "range");
        let drawn: Vec<i64> = (0..500).map(|_| rng.between(-2, 3)).collect();
        assert!(drawn.iter().all(|number| (-2..=3).contains(number)));
        assert!(drawn.contains(&-2) && drawn.contains(&3));
        assert_eq!(rng.between(5, 1), 5);
        assert!((0..500).all(|_| (0.0..1.0).contains(&rng.unit())));
        assert_eq!(rng.pick::<u8>(&[]), None);
    }

    #[test]
    fn a_chance_comes_about_as_often_as_it_says() {
        let mut rng = Rng::of(3, "chance");
        let hits = (0..10_000).filter(|_| rng.chance(0.1)).count();
        assert!((850..1150).contains(&hits), "{hits}");
        assert!(!rng.chance(0.0) && rng.chance(1.0));
    }
}
