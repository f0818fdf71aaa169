//! Scoring: the graph that tract runs, and our own tree-ensemble op inside it.
