//! Migrations are embedded at compile time: a new file among them has to rebuild this crate.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations");
}
