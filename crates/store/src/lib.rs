//! What is remembered: storage traits and their engines, the journal and its relay, the archive.
