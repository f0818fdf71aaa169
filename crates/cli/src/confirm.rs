//! Asking before what cannot be taken back.

use std::io::{BufRead as _, Write as _};

use anyhow::Context as _;

/// Asks on standard error, and answers whether standard input says yes; `yes` is the answer given on the
/// command line. No answer is a no.
///
/// # Errors
/// Where standard input cannot be read.
pub(crate) fn confirmed(question: &str, yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("the answer cannot be read")?;
    let agreed = matches!(answer.trim().to_lowercase().as_str(), "y" | "yes");
    if !agreed {
        eprintln!("Nothing was done.");
    }
    Ok(agreed)
}
