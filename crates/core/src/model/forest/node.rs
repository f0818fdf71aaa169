//! How a node lies in memory, and what a leaf's payload means.

/// One node. A branch sends a row right, to `left() + 1`, where the row's key exceeds `payload()`. A
/// leaf leads to itself, compares the column that is always 0, and bears its weight or place as payload.
pub(super) trait Node: Copy {
    fn payload(self) -> u32;
    fn feature(self) -> usize;
    fn left(self) -> u32;
}

/// 8 bytes: payload in the upper half, then 24 bits of child, then 8 of feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Narrow(u64);

/// 12 bytes, for what does not fit the narrow form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Wide {
    pub(super) payload: u32,
    pub(super) feature: u32,
    pub(super) left: u32,
}

/// All nodes of a forest. A child's place is its position in the whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Nodes {
    Narrow(Vec<Narrow>),
    Wide(Vec<Wide>),
}

/// What payloads of leaves mean.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Leaves {
    /// A leaf's payload is the bits of its one weight; each tree adds to one class.
    Weights {
        /// The class of each tree.
        class_of_tree: Vec<u32>,
    },
    /// A leaf's payload is a position in `ranges`, a span of `votes`.
    Votes { ranges: Vec<(u32, u32)>, votes: Vec<Vote> },
}

/// What a leaf adds to a class; the weight as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Vote {
    pub(super) class: u32,
    pub(super) weight: u32,
}

impl Node for Narrow {
    fn payload(self) -> u32 {
        (self.0 >> 32) as u32
    }

    #[allow(clippy::cast_possible_truncation)] // The lowest 8 bits are what is meant.
    fn feature(self) -> usize {
        usize::from(self.0 as u8)
    }

    #[allow(clippy::cast_possible_truncation)] // The lower half is what is meant.
    fn left(self) -> u32 {
        (self.0 as u32) >> 8
    }
}

impl Node for Wide {
    fn payload(self) -> u32 {
        self.payload
    }

    fn feature(self) -> usize {
        self.feature as usize
    }

    fn left(self) -> u32 {
        self.left
    }
}

impl Narrow {
    /// The same node in 8 bytes, where its feature and child fit.
    fn pack(node: Wide) -> Option<Self> {
        let feature = u8::try_from(node.feature).ok()?;
        let fits = node.left < 1 << 24;
        fits.then(|| Self(u64::from(node.payload) << 32 | u64::from(node.left) << 8 | u64::from(feature)))
    }
}

impl Nodes {
    /// The narrow form where every node fits it.
    pub(super) fn pack(nodes: Vec<Wide>) -> Self {
        let narrow: Option<Vec<Narrow>> = nodes.iter().copied().map(Narrow::pack).collect();
        narrow.map_or(Self::Wide(nodes), Self::Narrow)
    }
}
