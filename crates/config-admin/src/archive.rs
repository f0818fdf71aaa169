//! Every line of the audit log goes to the archive, in order.
