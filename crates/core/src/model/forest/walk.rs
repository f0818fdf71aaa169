//! The loop that scoring spends its time in: one row walks eight trees at a time, many rows walk each
//! tree eight rows at a time. Every index was proven in range when the forest was compiled; the bounds
//! checks that remain are never taken and cost nothing that could be measured.

use super::node::{Leaves, Node, Nodes, Vote};
use super::{Forest, NanSide, RowError, Tree, key};

/// Walks in lockstep: enough to hide the latency of memory, few enough to stay in registers.
const LANES: usize = 8;
/// Rows to a block: their keys stay in the first-level cache while each tree passes by.
const BLOCK: usize = 64;
/// From this many rows a tree is cheaper walked by all lanes, some idle, than row by row.
const WORTH_A_GROUP: usize = 5;
/// Steps before it is asked for the first time whether all lanes have come to a leaf, and then again.
const FIRST_STRETCH: u32 = 10;
const NEXT_STRETCH: u32 = 2;

/// Scores rows whose number and room were checked.
pub(super) fn score(forest: &Forest, rows: &[f32], scores: &mut [f32]) -> Result<(), RowError> {
    match &forest.nodes {
        Nodes::Narrow(nodes) => Walker { forest, nodes }.score(rows, scores),
        Nodes::Wide(nodes) => Walker { forest, nodes }.score(rows, scores),
    }
}

struct Walker<'f, N> {
    forest: &'f Forest,
    nodes: &'f [N],
}

impl<N: Node> Walker<'_, N> {
    fn score(&self, rows: &[f32], scores: &mut [f32]) -> Result<(), RowError> {
        let Forest { features, classes, .. } = *self.forest;
        let blocks = rows.chunks(BLOCK * features).zip(scores.chunks_mut(BLOCK * classes));
        for (block, (rows, scores)) in blocks.enumerate() {
            let outcome = self.score_block(rows, scores);
            outcome.map_err(|error| error.behind(block * BLOCK))?;
        }
        Ok(())
    }

    /// Scores at most `BLOCK` rows.
    fn score_block(&self, rows: &[f32], scores: &mut [f32]) -> Result<(), RowError> {
        let Forest { features, classes, .. } = *self.forest;
        let count = rows.len() / features;
        let alone = if count % LANES < WORTH_A_GROUP { count % LANES } else { 0 };
        let grouped = count - alone;
        let (rows, rest) = rows.split_at(grouped * features);
        let (scores, rest_scores) = scores.split_at_mut(grouped * classes);
        if grouped > 0 {
            self.score_groups(rows, scores)?;
        }
        let mut keys = vec![0; features + 1];
        let rest = rest.chunks_exact(features).zip(rest_scores.chunks_exact_mut(classes));
        for (at, (row, scores)) in rest.enumerate() {
            self.score_alone(row, scores, &mut keys).map_err(|error| error.behind(grouped + at))?;
        }
        Ok(())
    }

    /// One row: eight trees at a time. `keys` has a column more than the row, which stays 0.
    fn score_alone(&self, row: &[f32], scores: &mut [f32], keys: &mut [u32]) -> Result<(), RowError> {
        self.forest.keys(row, |column, key| keys[column] = key)?;
        let keys = &*keys;
        let mut sums = vec![0.0; self.forest.classes];
        for (group, trees) in self.forest.trees.chunks(LANES).enumerate() {
            let mut roots = [trees[0].root; LANES];
            let mut depth = 0;
            for (root, tree) in roots.iter_mut().zip(trees) {
                *root = tree.root;
                depth = depth.max(tree.depth);
            }
            let payloads = walk(self.nodes, roots, depth, |feature, _| keys[feature]);
            for (lane, payload) in payloads.into_iter().take(trees.len()).enumerate() {
                self.forest.leaves.add(group * LANES + lane, payload, |class, weight| {
                    sums[class] += weight;
                });
            }
        }
        write(scores, sums.iter().copied());
        Ok(())
    }

    /// Many rows: each tree by eight rows at a time.
    fn score_groups(&self, rows: &[f32], scores: &mut [f32]) -> Result<(), RowError> {
        let Forest { features, classes, .. } = *self.forest;
        let groups = (rows.len() / features).div_ceil(LANES);
        let mut keys = vec![[0; LANES]; groups * (features + 1)];
        for (at, row) in rows.chunks_exact(features).enumerate() {
            let group = &mut keys[at / LANES * (features + 1)..];
            let keyed = self.forest.keys(row, |column, key| group[column][at % LANES] = key);
            keyed.map_err(|error| error.behind(at))?;
        }
        let mut sums = vec![[0.0; LANES]; groups * classes];
        for (tree, &Tree { root, depth }) in self.forest.trees.iter().enumerate() {
            let groups = keys.chunks_exact(features + 1).zip(sums.chunks_exact_mut(classes));
            for (keys, sums) in groups {
                let payloads = walk(self.nodes, [root; LANES], depth, |feature, lane| keys[feature][lane]);
                self.forest.leaves.add_lanes(tree, payloads, sums);
            }
        }
        for (at, scores) in scores.chunks_exact_mut(classes).enumerate() {
            let sums = &sums[at / LANES * classes..][..classes];
            write(scores, sums.iter().map(|sums| sums[at % LANES]));
        }
        Ok(())
    }
}

/// Walks `LANES` paths from `at` for `depth` steps; gives the payloads of the leaves they end in.
#[inline]
fn walk<N: Node>(
    nodes: &[N],
    mut at: [u32; LANES],
    depth: u32,
    key: impl Fn(usize, usize) -> u32,
) -> [u32; LANES] {
    let step = |lane: usize, at: u32| {
        let node = nodes[at as usize];
        // The right child stands behind the left one; no branch to mispredict.
        node.left() + u32::from(key(node.feature(), lane) > node.payload())
    };
    let mut steps = depth.min(FIRST_STRETCH);
    let mut rest = depth - steps;
    loop {
        for _ in 0..steps {
            for (lane, at) in at.iter_mut().enumerate() {
                *at = step(lane, *at);
            }
        }
        // Only lopsided trees come to ask whether the deepest leaf is far from where the rows went.
        let moved = |moved: u32, &at: &u32| moved | (nodes[at as usize].left() ^ at);
        if rest == 0 || at.iter().fold(0, moved) == 0 {
            return at.map(|at| nodes[at as usize].payload());
        }
        steps = rest.min(NEXT_STRETCH);
        rest -= steps;
    }
}

#[allow(clippy::cast_possible_truncation)] // Sums are f64, scores are f32.
fn write(scores: &mut [f32], sums: impl Iterator<Item = f64>) {
    for (score, sum) in scores.iter_mut().zip(sums) {
        *score = sum as f32;
    }
}

impl Forest {
    /// The keys of a row's columns.
    fn keys(&self, row: &[f32], mut set: impl FnMut(usize, u32)) -> Result<(), RowError> {
        let nan_key = if self.nan == NanSide::Left { 0 } else { u32::MAX };
        let mut found_nan = false;
        for (column, &number) in row.iter().enumerate() {
            found_nan |= number.is_nan();
            set(column, if number.is_nan() { nan_key } else { key(number) });
        }
        if found_nan && self.nan == NanSide::Mixed { Err(RowError::NotANumber(0)) } else { Ok(()) }
    }
}

impl Leaves {
    /// Adds what the leaf with `payload` of tree number `tree` votes for.
    #[inline]
    fn add(&self, tree: usize, payload: u32, mut add: impl FnMut(usize, f64)) {
        match self {
            Self::Weights { class_of_tree } => {
                add(class_of_tree[tree] as usize, f64::from(f32::from_bits(payload)));
            }
            Self::Votes { ranges, votes } => {
                let (first, end) = ranges[payload as usize];
                for &Vote { class, weight } in &votes[first as usize..end as usize] {
                    add(class as usize, f64::from(f32::from_bits(weight)));
                }
            }
        }
    }

    /// [`Self::add`] for each lane; `sums` holds the lanes of each class.
    #[inline]
    fn add_lanes(&self, tree: usize, payloads: [u32; LANES], sums: &mut [[f64; LANES]]) {
        if let Self::Weights { class_of_tree } = self {
            let sums = &mut sums[class_of_tree[tree] as usize];
            for (sum, payload) in sums.iter_mut().zip(payloads) {
                *sum += f64::from(f32::from_bits(payload));
            }
            return;
        }
        for (lane, payload) in payloads.into_iter().enumerate() {
            self.add(tree, payload, |class, weight| sums[class][lane] += weight);
        }
    }
}

impl RowError {
    /// The same error, of a row that stands behind `rows` others.
    fn behind(self, rows: usize) -> Self {
        match self {
            Self::NotANumber(row) => Self::NotANumber(row + rows),
            shape @ Self::Shape { .. } => shape,
        }
    }
}
