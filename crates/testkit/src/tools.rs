//! Where the tests' Python tools are: in virtual environments that `scripts/install-test-tools` makes.

use std::path::{Path, PathBuf};

/// A program of the environment `.venv/tools`, or of the folder that `BELLWETHER_TOOLS` names.
///
/// # Panics
/// If it is not there: a test that cannot run must not pass.
pub fn tool(name: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder =
        std::env::var_os("BELLWETHER_TOOLS").map_or_else(|| workspace.join(".venv/tools/bin"), PathBuf::from);
    let program = folder.join(name);
    assert!(program.is_file(), "{} is missing: run scripts/install-test-tools", program.display());
    program
}
