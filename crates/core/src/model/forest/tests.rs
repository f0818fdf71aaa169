//! The compiled forest against a walk so plain that it cannot be wrong, and files that lie.

use proptest::prelude::*;

use super::*;

/// A tree as one would draw it.
#[derive(Debug, Clone)]
enum Drawn {
    Leaf(Vec<(u32, f32)>),
    Branch { feature: u32, threshold: f32, comparator: u32, left: Box<Drawn>, right: Box<Drawn> },
}

#[derive(Debug, Default)]
struct Arrays {
    roots: Vec<u32>,
    nodes: Vec<[u32; 5]>,
    votes: Vec<[u32; 2]>,
}

impl Arrays {
    fn of(trees: &[Drawn]) -> Self {
        let mut arrays = Self::default();
        for tree in trees {
            let root = arrays.add(tree);
            arrays.roots.push(root);
        }
        arrays
    }

    fn add(&mut self, tree: &Drawn) -> u32 {
        let at = self.nodes.len();
        self.nodes.push([0; 5]);
        self.nodes[at] = match tree {
            Drawn::Leaf(votes) => {
                let first = u32::try_from(self.votes.len()).unwrap();
                self.votes.extend(votes.iter().map(|(class, weight)| [*class, weight.to_bits()]));
                [first, u32::try_from(self.votes.len()).unwrap(), 0, 0, 0]
            }
            Drawn::Branch { feature, threshold, comparator, left, right } => {
                let (left, right) = (self.add(left), self.add(right));
                [*feature, left, right, threshold.to_bits(), *comparator]
            }
        };
        u32::try_from(at).unwrap()
    }

    fn compile(&self, features: usize, classes: usize) -> Result<Forest, ForestError> {
        let Self { roots, nodes, votes } = self;
        Forest::compile(&EnsembleArrays { roots, nodes, votes, classes, features })
    }
}

/// What ONNX says a row scores.
fn naive(trees: &[Drawn], row: &[f32], classes: usize) -> Vec<f32> {
    let mut sums = vec![0.0; classes];
    for mut tree in trees {
        while let Drawn::Branch { feature, threshold, comparator, left, right } = tree {
            let x = row[*feature as usize];
            let holds = match comparator & 0xFF {
                _ if x.is_nan() => comparator & 0x100 != 0,
                3 => x < *threshold,
                4 => x > *threshold,
                5 => x <= *threshold,
                _ => x >= *threshold,
            };
            tree = if holds { left } else { right };
        }
        if let Drawn::Leaf(votes) = tree {
            for (class, weight) in votes {
                sums[*class as usize] += f64::from(*weight);
            }
        }
    }
    #[allow(clippy::cast_possible_truncation)]
    sums.into_iter().map(|sum| sum as f32).collect()
}

/// Few values, so that rows often equal thresholds, and the awkward ones among them.
fn number() -> impl Strategy<Value = f32> {
    let awkward = vec![0.0, -0.0, 1.0, -1.0, f32::MIN_POSITIVE, 1e-45, -1e-45, f32::MAX, f32::MIN];
    prop_oneof![
        4 => proptest::sample::select(awkward),
        1 => Just(f32::INFINITY),
        1 => Just(f32::NEG_INFINITY),
        4 => -2.0_f32..2.0,
    ]
}

fn tree(features: u32, classes: u32, most_votes: usize) -> impl Strategy<Value = Drawn> {
    let votes = proptest::collection::vec((0..classes, -1.0_f32..1.0), 0..=most_votes);
    votes.prop_map(Drawn::Leaf).prop_recursive(24, 96, 2, move |inner| {
        (0..features, number(), 3_u32..=6, inner.clone(), inner).prop_map(
            |(feature, threshold, comparator, left, right)| {
                let (left, right) = (Box::new(left), Box::new(right));
                Drawn::Branch { feature, threshold, comparator, left, right }
            },
        )
    })
}

#[derive(Debug, Clone)]
struct Case {
    features: usize,
    classes: usize,
    trees: Vec<Drawn>,
    rows: Vec<f32>,
}

fn case() -> impl Strategy<Value = Case> {
    let features = proptest::sample::select(vec![1_usize, 4, 255, 256, 300]);
    (features, 1_usize..4, 1_usize..3).prop_flat_map(|(features, classes, most_votes)| {
        let (columns, outputs) = (u32::try_from(features).unwrap(), u32::try_from(classes).unwrap());
        let trees = proptest::collection::vec(tree(columns, outputs, most_votes.min(classes)), 0..20);
        let rows = (0_usize..90, proptest::collection::vec(number(), 64))
            .prop_map(move |(rows, numbers)| numbers.into_iter().cycle().take(rows * features).collect());
        (trees, rows).prop_map(move |(trees, rows)| Case { features, classes, trees, rows })
    })
}

fn score(forest: &Forest, rows: &[f32]) -> Vec<f32> {
    let mut scores = vec![f32::NAN; rows.len() / forest.features() * forest.classes()];
    forest.score(rows, &mut scores).unwrap();
    scores
}

fn bits(scores: &[f32]) -> Vec<u32> {
    scores.iter().map(|score| score.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_compiled_forest_scores_as_a_naive_walk_does(case in case()) {
        let forest = Arrays::of(&case.trees).compile(case.features, case.classes).unwrap();
        let expected: Vec<f32> = case.rows.chunks_exact(case.features)
            .flat_map(|row| naive(&case.trees, row, case.classes)).collect();
        prop_assert_eq!(bits(&score(&forest, &case.rows)), bits(&expected));
    }

    #[test]
    fn a_row_scores_the_same_bit_for_bit_alone_and_among_others(case in case()) {
        let forest = Arrays::of(&case.trees).compile(case.features, case.classes).unwrap();
        let alone: Vec<f32> = case.rows.chunks_exact(case.features)
            .flat_map(|row| score(&forest, row)).collect();
        prop_assert_eq!(bits(&score(&forest, &case.rows)), bits(&alone));
    }

    #[test]
    fn keys_keep_the_order_of_numbers(a in number(), b in number()) {
        prop_assert_eq!(key(a).cmp(&key(b)), a.partial_cmp(&b).unwrap());
        prop_assert!(key(a) > 0 && key(a) < u32::MAX);
    }

    #[test]
    fn any_arrays_are_refused_or_walked_within_bounds(
        roots in proptest::collection::vec(0_u32..12, 0..4),
        nodes in proptest::collection::vec(proptest::array::uniform5(0_u32..12), 0..12),
        votes in proptest::collection::vec(proptest::array::uniform2(0_u32..3), 0..8),
    ) {
        let arrays = Arrays { roots, nodes, votes };
        if let Ok(forest) = arrays.compile(5, 2) {
            score(&forest, &[0.5; 5 * 20]);
        }
    }
}

fn leaf(weight: f32) -> Drawn {
    Drawn::Leaf(vec![(0, weight)])
}

fn branch(comparator: u32, left: Drawn, right: Drawn) -> Drawn {
    Drawn::Branch { feature: 0, threshold: 0.5, comparator, left: left.into(), right: right.into() }
}

#[test]
fn a_tree_of_one_leaf_scores_its_weight_and_no_tree_scores_nothing() {
    let forest = Arrays::of(&[leaf(0.25)]).compile(1, 2).unwrap();
    assert_eq!(score(&forest, &[9.0]), [0.25, 0.0]);
    assert_eq!(score(&Arrays::default().compile(1, 1).unwrap(), &[9.0]), [0.0]);
    assert_eq!(score(&forest, &[]), [0.0; 0]);
}

#[test]
fn a_nan_goes_where_every_branch_sends_it() {
    for (comparator, expected) in [(5, 2.0), (5 | 0x100, 1.0), (3 | 0x100, 1.0), (4, 2.0), (6 | 0x100, 1.0)] {
        let forest = Arrays::of(&[branch(comparator, leaf(1.0), leaf(2.0))]).compile(1, 1).unwrap();
        assert_eq!(score(&forest, &[f32::NAN]), [expected], "comparator {comparator:#x}");
        assert_eq!(score(&forest, &[f32::NAN; 9]), [expected; 9], "comparator {comparator:#x}");
    }
}

#[test]
fn a_nan_is_refused_with_its_row_where_branches_disagree() {
    let trees = [branch(5, leaf(1.0), leaf(2.0)), branch(5 | 0x100, leaf(1.0), leaf(2.0))];
    let forest = Arrays::of(&trees).compile(1, 1).unwrap();
    for rows in [1, 9, 70, 130] {
        let mut numbers = vec![0.0; rows];
        numbers[rows - 1] = f32::NAN;
        let refused = forest.score(&numbers, &mut vec![0.0; rows]);
        assert_eq!(refused, Err(RowError::NotANumber(rows - 1)));
    }
}

#[test]
fn rows_of_another_width_are_refused() {
    let forest = Arrays::of(&[leaf(1.0)]).compile(3, 1).unwrap();
    assert!(matches!(forest.score(&[0.0; 4], &mut [0.0]), Err(RowError::Shape { .. })));
    assert!(matches!(forest.score(&[0.0; 3], &mut [0.0; 2]), Err(RowError::Shape { .. })));
}

/// A chain of `depth` branches.
fn chain(depth: u32) -> Arrays {
    let mut arrays = Arrays { roots: vec![0], votes: vec![[0, 1.0_f32.to_bits()]], ..Arrays::default() };
    for level in 0..depth {
        arrays.nodes.push([0, 2 * level + 1, 2 * level + 2, 0, 4]);
        arrays.nodes.push([0, 0, 0, 0, 0]);
    }
    // Every other leaf is a true child; chains go on at the false one.
    arrays.nodes.push([0, 1, 0, 0, 0]);
    arrays
}

#[test]
fn a_chain_is_walked_to_its_end_and_refused_past_the_greatest_depth() {
    let forest = chain(4096).compile(1, 1).unwrap();
    assert_eq!(score(&forest, &[-1.0]), [1.0]);
    assert_eq!(score(&forest, &[1.0]), [0.0]);
    let refused = chain(4097).compile(1, 1).unwrap_err().to_string();
    assert!(refused.contains("a depth of at most 4096"), "{refused}");
}

fn refused(change: impl FnOnce(&mut Arrays)) -> String {
    let trees = [branch(5, leaf(1.0), leaf(2.0)), branch(5, leaf(3.0), leaf(4.0))];
    let mut arrays = Arrays::of(&trees);
    change(&mut arrays);
    arrays.compile(1, 1).unwrap_err().to_string()
}

#[test]
fn arrays_that_are_no_trees_are_refused_by_name() {
    assert!(refused(|arrays| arrays.roots[1] = 99).contains("tree 1, node 99: expected a node below 6"));
    assert!(refused(|arrays| arrays.nodes[0][1] = 99).contains("expected a node below 6"));
    assert!(refused(|arrays| arrays.nodes[0][1] = 0).contains("a second way to it"));
    assert!(refused(|arrays| arrays.nodes[3][2] = 1).contains("a second way to it"));
    assert!(refused(|arrays| arrays.roots[1] = 0).contains("a second way to it"));
    assert!(refused(|arrays| arrays.nodes[0][0] = 1).contains("expected a column below 1, found 1"));
    assert!(
        refused(|arrays| arrays.nodes[0][3] = f32::NAN.to_bits()).contains("a threshold that is a number")
    );
    assert!(refused(|arrays| arrays.nodes[1][1] = 99).contains("expected a span"));
    assert!(refused(|arrays| arrays.nodes[1] = [3, 1, 0, 0, 0]).contains("found 3..1"));
    assert!(refused(|arrays| arrays.nodes[1] = [0, 2, 0, 0, 0]).contains("at most one vote a class"));
    assert!(refused(|arrays| arrays.votes[2][0] = 1).contains("expected a class below 1, found 1"));
    assert!(refused(|arrays| arrays.votes[2][1] = f32::INFINITY.to_bits()).contains("a finite weight"));
    for comparator in [1, 2, 7, 255] {
        let text = refused(|arrays| arrays.nodes[0][4] = comparator);
        assert!(text.contains(&format!("found comparator {comparator}")), "{text}");
    }
}
