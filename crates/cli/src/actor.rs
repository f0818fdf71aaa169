//! Who acts by the command line, as the audit log names them: whom the operating system takes them for.

/// `bellwether cli (ada)`; where the system has no name for them, `bellwether cli (uid 1000)`.
pub(crate) fn actor() -> String {
    // Not from the environment, which says what whoever calls wants it to.
    let uid = rustix::process::getuid().as_raw();
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = name_of(&known, uid).unwrap_or_else(|| format!("uid {uid}"));
    format!("bellwether cli ({name})")
}

fn name_of(passwd: &str, uid: u32) -> Option<String> {
    let mut entries = passwd.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let entry = entries.find(|entry| entry.get(2).and_then(|id| id.parse().ok()) == Some(uid))?;
    entry.first().filter(|name| !name.is_empty()).map(|name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_named_as_the_system_names_them() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nbroken\nada:x:1000:1000::/home/ada:/bin/sh\n";
        assert_eq!(name_of(passwd, 1000).as_deref(), Some("ada"));
        assert_eq!(name_of(passwd, 7), None);
        assert!(actor().starts_with("bellwether cli ("), "{}", actor());
    }
}
