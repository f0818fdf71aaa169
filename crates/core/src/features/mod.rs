//! From a customer's raw inputs to the columns of one model's input.
