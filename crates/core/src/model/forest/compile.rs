//! From the arrays of a tree ensemble to a [`Forest`]. Everything that walking relies on is proven
//! here: a file that lies about its trees is refused, whatever it holds.

use super::node::{Leaves, Nodes, Vote};
use super::plant::Planter;
use super::{Forest, NanSide};

/// A tree ensemble as arrays, in the layout of tract's `TreeEnsembleData`.
#[derive(Debug, Clone, Copy)]
pub struct EnsembleArrays<'a> {
    /// For each tree, the position of its root in `nodes`.
    pub roots: &'a [u32],
    /// A branch is `[feature, true child, false child, threshold bits, comparator | NaN flag]`, a leaf
    /// `[first vote, end of votes, 0, 0, 0]`. Comparators: 1 `=`, 2 `≠`, 3 `<`, 4 `>`, 5 `≤`, 6 `≥`; the
    /// flag is `0x100` where NaN goes to the true child.
    pub nodes: &'a [[u32; 5]],
    /// `[class, weight bits]`.
    pub votes: &'a [[u32; 2]],
    /// K, the number of classes.
    pub classes: usize,
    /// F, the columns of a row.
    pub features: usize,
}

/// Why an ensemble cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("tree ensemble: {place}: expected {expected}, found {found}")]
pub struct ForestError {
    /// Which tree or node.
    pub place: String,
    /// What it should hold.
    pub expected: String,
    /// What it holds.
    pub found: String,
}

pub(super) fn refuse<T>(
    place: impl Into<String>,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Result<T, ForestError> {
    Err(ForestError { place: place.into(), expected: expected.into(), found: found.into() })
}

impl Forest {
    /// Compiles an ensemble, checking all that walking relies on.
    ///
    /// # Errors
    /// [`ForestError`] where a position lies outside its array, a node is reached twice (a cycle, or two
    /// parents), a tree is deeper than 4096, a threshold or weight is no number, or a comparator is `=`,
    /// `≠` or unknown.
    pub fn compile(arrays: &EnsembleArrays<'_>) -> Result<Self, ForestError> {
        let EnsembleArrays { features, classes, .. } = *arrays;
        if features == 0 || classes == 0 || u32::try_from(features).is_err() {
            return refuse("shape", "at least one column and one class", format!("{features}, {classes}"));
        }
        let mut planter = Planter::new(arrays);
        for (tree, &root) in arrays.roots.iter().enumerate() {
            planter.plant(tree, root)?;
        }
        planter.finish()
    }
}

impl Planter<'_> {
    fn finish(mut self) -> Result<Forest, ForestError> {
        let votes = self.votes()?;
        let leaves = match self.class_of_tree(&votes) {
            Some(class_of_tree) => {
                self.inline_weights(&votes);
                Leaves::Weights { class_of_tree }
            }
            None => Leaves::Votes { ranges: self.ranges, votes },
        };
        Ok(Forest {
            features: self.arrays.features,
            classes: self.arrays.classes,
            nodes: Nodes::pack(self.nodes),
            trees: self.trees,
            leaves,
            nan: self.nan.unwrap_or(NanSide::Right),
        })
    }

    fn votes(&self) -> Result<Vec<Vote>, ForestError> {
        let check = |(at, &[class, weight]): (usize, &[u32; 2])| {
            if class as usize >= self.arrays.classes {
                return refuse(
                    format!("vote {at}"),
                    format!("a class below {}", self.arrays.classes),
                    class.to_string(),
                );
            }
            if !f32::from_bits(weight).is_finite() {
                return refuse(format!("vote {at}"), "a finite weight", f32::from_bits(weight).to_string());
            }
            Ok(Vote { class, weight })
        };
        self.arrays.votes.iter().enumerate().map(check).collect()
    }

    /// Each tree's class, where no leaf has more than one vote and all of a tree's are for one class.
    fn class_of_tree(&self, votes: &[Vote]) -> Option<Vec<u32>> {
        let ends = self.first_range.iter().skip(1).copied().chain([self.ranges.len()]);
        let mut classes = Vec::with_capacity(self.trees.len());
        for (first, end) in self.first_range.iter().copied().zip(ends) {
            let mut class = None;
            for &(vote, end) in &self.ranges[first..end] {
                match end - vote {
                    0 => continue,
                    1 => (),
                    _ => return None,
                }
                let other = votes[vote as usize].class;
                if *class.get_or_insert(other) != other {
                    return None;
                }
            }
            classes.push(class.unwrap_or(0));
        }
        Some(classes)
    }

    /// Replaces each leaf's payload, a range of at most one vote, by the bits of its weight.
    fn inline_weights(&mut self, votes: &[Vote]) {
        let zero_column = self.zero_column();
        for node in &mut self.nodes {
            // Fillers too: nothing leads to them.
            if node.feature == zero_column {
                let (first, end) = self.ranges.get(node.payload as usize).copied().unwrap_or_default();
                node.payload = if first < end { votes[first as usize].weight } else { 0 };
            }
        }
    }
}
