//! Drift: what production's inputs and scores look like beside those that a model was trained on, day by day.
