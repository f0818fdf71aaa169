//! A password from whoever sits at the terminal, or from standard input.

use std::io::{BufRead as _, IsTerminal as _};

use anyhow::{Context as _, anyhow, ensure};
use bellwether_people::check_password;

/// Asks for a new password: at a terminal twice and without showing it, else one line of standard input.
///
/// # Errors
/// Where it cannot be read, is not long enough, or the two differ.
pub(crate) fn new_password() -> anyhow::Result<String> {
    let stdin = std::io::stdin();
    let password = if stdin.is_terminal() {
        let password = rpassword::prompt_password("Password: ").context(UNREADABLE)?;
        let again = rpassword::prompt_password("Once more: ").context(UNREADABLE)?;
        ensure!(password == again, "the two passwords differ");
        password
    } else {
        let mut line = String::new();
        stdin.lock().read_line(&mut line).context(UNREADABLE)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    check_password(&password).map_err(|expected| anyhow!("the password: {expected}"))?;
    Ok(password)
}

const UNREADABLE: &str = "the password cannot be read";
