//! Names: what people log in by.

/// Who is named where nobody in particular acts.
pub const NOBODY: &str = "nobody";
/// Who is named where the system itself acts.
pub const SYSTEM: &str = "bellwether";

/// Whether a text will do as a name: 1 to 64 letters, digits, `.`, `_`, `-` or `@`, and not the name of nobody or of
/// the system in any case of letters.
///
/// # Errors
/// What is expected, in words.
pub fn check_name(name: &str) -> Result<(), String> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "._-@".contains(c));
    if [NOBODY, SYSTEM].iter().any(|reserved| name.eq_ignore_ascii_case(reserved)) {
        return Err(format!("`{name}` is nobody's name: it stands for the system in the audit log"));
    }
    if plain && (1..=64).contains(&name.len()) {
        return Ok(());
    }
    Err("expected 1 to 64 letters, digits, `.`, `_`, `-` or `@`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn a_name_is_plain() {
        assert!(check_name("ada.lovelace-1_x@example.org").is_ok());
        for none in ["", "a b", "ä", "<b>", "a\nb", "Bellwether", "nobody", &"a".repeat(65)] {
            assert!(check_name(none).is_err(), "{none:?}");
        }
    }
}
