//! Random orders of the inputs, the same for the same seed on every machine and in every version: a
//! generator that belongs to a library could change with it.

/// `SplitMix64` (Steele, Lea and Flood 2014): 64 bits of state, good enough to shuffle.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    state: u64,
}

impl Orders {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// Shuffles by Fisher and Yates: every order is as likely as any other, to one in 2⁶⁴ / N.
    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// A number below `end`, as the upper half of a product (Lemire 2019).
    #[expect(clippy::cast_possible_truncation, reason = "the product's upper half is below `end`")]
    fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}
