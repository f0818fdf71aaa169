//! An even sample of a stream, of bounded size and the same for the same stream (Vitter's algorithm R).

/// How many values are kept: a day with no more is judged by all of them.
const CAPACITY: usize = 50_000;

/// Values drawn evenly from all that were added.
#[derive(Debug, Clone, Default)]
pub(super) struct Reservoir {
    kept: Vec<f64>,
    added: u64,
    state: u64,
}

impl Reservoir {
    pub(super) fn add(&mut self, value: f64) {
        self.added += 1;
        if self.kept.len() < CAPACITY {
            self.kept.push(value);
            return;
        }
        let place = self.next() % self.added;
        if let Some(slot) = usize::try_from(place).ok().and_then(|place| self.kept.get_mut(place)) {
            *slot = value;
        }
    }

    /// The values, ascending.
    pub(super) fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.kept.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_is_too_long_is_drawn_from_evenly() {
        let mut reservoir = Reservoir::default();
        for value in 0..400_000_u32 {
            reservoir.add(f64::from(value));
        }
        let sorted = reservoir.sorted();
        assert_eq!(sorted.len(), CAPACITY);
        let mean = sorted.iter().sum::<f64>() / CAPACITY as f64;
        // Two standard errors of the mean of 50,000 of 400,000 are some 1,000.
        assert!((mean - 200_000.0).abs() < 1_000.0, "{mean}");
        assert!(sorted.windows(2).all(|pair| pair[0] < pair[1]), "none is drawn twice");
    }
}
