//! Where each node goes: checks every node of the source on the way and lays trees out so that a walk
//! touches few cache lines.

use std::collections::VecDeque;

use super::compile::{EnsembleArrays, ForestError, refuse};
use super::node::Wide;
use super::{NanSide, Tree, key};

/// The deepest tree that is taken; each row walks to the depth of the deepest leaf.
const MAX_DEPTH: u32 = 4096;
/// Nodes to a cache line of 64 bytes, in the narrow form.
const LINE: usize = 8;
/// The comparator of a node that is a leaf.
const LEAF: u8 = 0;
const NAN_IS_TRUE: u32 = 0x100;

/// A branch that is placed, and whose children are not yet.
struct Branch {
    /// Where it stands in the forest.
    at: usize,
    left: u32,
    right: u32,
    depth: u32,
}

pub(super) struct Planter<'a> {
    pub(super) arrays: &'a EnsembleArrays<'a>,
    pub(super) seen: Vec<bool>,
    pub(super) nodes: Vec<Wide>,
    pub(super) trees: Vec<Tree>,
    /// Spans of votes, by the payload of their leaf.
    pub(super) ranges: Vec<(u32, u32)>,
    /// Where each tree's ranges start.
    pub(super) first_range: Vec<usize>,
    pub(super) nan: Option<NanSide>,
}

impl<'a> Planter<'a> {
    pub(super) fn new(arrays: &'a EnsembleArrays<'a>) -> Self {
        Self {
            arrays,
            seen: vec![false; arrays.nodes.len()],
            nodes: Vec::with_capacity(arrays.nodes.len() + arrays.roots.len() * LINE),
            trees: Vec::with_capacity(arrays.roots.len()),
            ranges: Vec::new(),
            first_range: Vec::with_capacity(arrays.roots.len()),
            nan: None,
        }
    }

    /// Places a tree. Siblings stand together, and as many generations as fit share a cache line, so
    /// that a walk touches half as many lines as it has steps.
    pub(super) fn plant(&mut self, tree: usize, root: u32) -> Result<(), ForestError> {
        let rest = self.nodes.len().next_multiple_of(LINE) - self.nodes.len();
        self.nodes.extend(std::iter::repeat_n(self.filler(), rest));
        let at = self.nodes.len();
        self.first_range.push(self.ranges.len());
        let mut depth = 0;
        let mut starts = VecDeque::from_iter(self.place(tree, root, 0)?);
        // The root's neighbour stays empty, so that siblings never straddle a line.
        self.nodes.push(self.filler());
        while let Some(start) = starts.pop_front() {
            let mut line = VecDeque::from([start]);
            while let Some(branch) = line.pop_front() {
                depth = depth.max(branch.depth + 1);
                self.set_left(branch.at)?;
                line.extend(self.place(tree, branch.left, branch.depth + 1)?);
                line.extend(self.place(tree, branch.right, branch.depth + 1)?);
                if self.nodes.len().is_multiple_of(LINE) {
                    starts.append(&mut line);
                }
            }
        }
        let root =
            u32::try_from(at).or_else(|_| refuse(format!("tree {tree}"), "fewer nodes", at.to_string()))?;
        self.trees.push(Tree { root, depth });
        Ok(())
    }

    fn filler(&self) -> Wide {
        Wide { payload: 0, feature: self.zero_column(), left: 0 }
    }

    /// The column behind the last one, whose key is always 0.
    pub(super) fn zero_column(&self) -> u32 {
        u32::try_from(self.arrays.features).unwrap_or(u32::MAX)
    }

    /// Makes the next place the left child of the branch at `at`.
    fn set_left(&mut self, at: usize) -> Result<(), ForestError> {
        let next = self.nodes.len();
        match (u32::try_from(next), self.nodes.get_mut(at)) {
            (Ok(next), Some(node)) => node.left = next,
            _ => return refuse("nodes", "fewer of them", next.to_string()),
        }
        Ok(())
    }

    /// Places one node of the source; a branch is handed back, for its children.
    fn place(&mut self, tree: usize, source: u32, depth: u32) -> Result<Option<Branch>, ForestError> {
        let place = || format!("tree {tree}, node {source}");
        let index = source as usize;
        let Some((&node, seen)) = self.arrays.nodes.get(index).zip(self.seen.get_mut(index)) else {
            return refuse(place(), format!("a node below {}", self.arrays.nodes.len()), source.to_string());
        };
        if std::mem::replace(seen, true) {
            return refuse(place(), "a node with one parent", "a second way to it");
        }
        if depth > MAX_DEPTH {
            return refuse(place(), format!("a depth of at most {MAX_DEPTH}"), "a deeper node");
        }
        if node[4].to_le_bytes()[0] == LEAF {
            self.place_leaf(&place(), node)?;
            return Ok(None);
        }
        self.place_branch(&place(), node, depth).map(Some)
    }

    fn place_leaf(&mut self, place: &str, [first, end, ..]: [u32; 5]) -> Result<(), ForestError> {
        let votes = self.arrays.votes.len();
        if first > end || end as usize > votes || (end - first) as usize > self.arrays.classes {
            let expected = format!("a span of at most one vote a class, of {votes}");
            return refuse(place, expected, format!("{first}..{end}"));
        }
        let (Ok(payload), Ok(left)) = (u32::try_from(self.ranges.len()), u32::try_from(self.nodes.len()))
        else {
            return refuse(place, "fewer leaves", "too many");
        };
        self.ranges.push((first, end));
        self.nodes.push(Wide { payload, feature: self.zero_column(), left });
        Ok(())
    }

    fn place_branch(&mut self, place: &str, node: [u32; 5], depth: u32) -> Result<Branch, ForestError> {
        let [feature, when_true, when_false, bits, flags] = node;
        let threshold = f32::from_bits(bits);
        if feature >= self.zero_column() {
            return refuse(place, format!("a column below {}", self.zero_column()), feature.to_string());
        }
        if threshold.is_nan() {
            return refuse(place, "a threshold that is a number", "NaN");
        }
        let nan_is_true = flags & NAN_IS_TRUE != 0;
        // A branch is "greater goes right"; keys are whole numbers, so ≥ t is > t − 1.
        let (payload, true_is_right) = match flags.to_le_bytes()[0] {
            3 => (key(threshold) - 1, false),
            4 => (key(threshold), true),
            5 => (key(threshold), false),
            6 => (key(threshold) - 1, true),
            other => {
                return refuse(place, "a comparison by <, ≤, > or ≥", format!("comparator {other}"));
            }
        };
        let (left, right) = if true_is_right { (when_false, when_true) } else { (when_true, when_false) };
        self.note_nan(if nan_is_true == true_is_right { NanSide::Right } else { NanSide::Left });
        let at = self.nodes.len();
        self.nodes.push(Wide { payload, feature, left: 0 });
        Ok(Branch { at, left, right, depth })
    }

    fn note_nan(&mut self, side: NanSide) {
        self.nan = match self.nan {
            Some(before) if before != side => Some(NanSide::Mixed),
            _ => Some(side),
        };
    }
}
