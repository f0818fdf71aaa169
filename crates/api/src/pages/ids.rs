//! Client ids as people give them: pasted, or as a file.

use std::collections::HashSet;

/// As many clients are looked up at once.
pub(crate) const MOST: usize = 1_000;

/// Why ids cannot be taken; in words that say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnusableIds {
    #[error("Type or paste at least one client id.")]
    None,
    #[error("The file names no client: put one id on each line, or have a column called client_id.")]
    EmptyFile,
    #[error(
        "These are {given} client ids; at most {MOST} are looked up at once. Split them into several lists."
    )]
    TooMany { given: usize },
    #[error("The file is not text in UTF-8. Save it as \"CSV UTF-8\" and choose it again.")]
    NotText,
    #[error("Line {line} of the file cannot be read as CSV: check its quotes.")]
    NotCsv { line: u64 },
}

/// The ids of a text, each once, in order: between commas, semicolons, spaces and line ends.
///
/// # Errors
/// Where there are none, or too many.
pub(crate) fn pasted(text: &str) -> Result<Vec<String>, UnusableIds> {
    let between = |c: char| c == ',' || c == ';' || c.is_whitespace();
    bounded(text.split(between), UnusableIds::None)
}

/// The ids of a CSV file: of its column `client_id`, or else of its first column. An id in a file may hold spaces and
/// commas.
///
/// # Errors
/// Where it is none, names nobody, or too many.
pub(crate) fn of_file(file: &[u8]) -> Result<Vec<String>, UnusableIds> {
    let text = std::str::from_utf8(file).map_err(|_| UnusableIds::NotText)?;
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().next().unwrap_or_default();
    let semicolons = first.contains(';') && !first.contains(',');
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(if semicolons { b';' } else { b',' })
        .from_reader(text.as_bytes());
    let mut column = 0;
    let mut ids = Vec::new();
    for (at, record) in reader.records().enumerate() {
        let record = record.map_err(|error| UnusableIds::NotCsv {
            line: error.position().map_or(at as u64 + 1, ::csv::Position::line),
        })?;
        if at == 0
            && let Some(named) = record.iter().position(is_heading)
        {
            column = named;
            continue;
        }
        ids.push(record.get(column).unwrap_or_default().to_owned());
    }
    bounded(ids.iter().map(String::as_str), UnusableIds::EmptyFile)
}

fn is_heading(cell: &str) -> bool {
    let cell = cell.trim().to_lowercase().replace([' ', '-'], "_");
    ["client_id", "clientid", "client"].contains(&cell.as_str())
}

fn bounded<'a>(ids: impl Iterator<Item = &'a str>, none: UnusableIds) -> Result<Vec<String>, UnusableIds> {
    let mut seen = HashSet::new();
    let ids = ids.map(str::trim).filter(|id| !id.is_empty() && seen.insert(*id));
    let ids: Vec<_> = ids.map(str::to_owned).collect();
    match ids.len() {
        0 => Err(none),
        given if given > MOST => Err(UnusableIds::TooMany { given }),
        _ => Ok(ids),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stand_between_commas_spaces_and_lines_and_are_asked_for_once() {
        assert_eq!(pasted(" a,b;c\r\n\r\nd\te a,, b ").unwrap(), ["a", "b", "c", "d", "e"]);
        assert_eq!(pasted(" ,\n"), Err(UnusableIds::None));
    }

    #[test]
    fn a_thousand_ids_are_taken_and_one_more_is_not() {
        let list = |count: usize| (0..count).map(|id| id.to_string()).collect::<Vec<_>>().join(" ");
        assert_eq!(pasted(&list(MOST)).unwrap().len(), MOST);
        assert_eq!(pasted(&list(MOST + 1)), Err(UnusableIds::TooMany { given: MOST + 1 }));
    }

    #[test]
    fn a_file_names_clients_in_its_column_or_in_its_first() {
        let named = "\u{feff}name,Client ID\nAda,\"a, 1\"\nEve,=b\n";
        assert_eq!(of_file(named.as_bytes()).unwrap(), ["a, 1", "=b"]);
        assert_eq!(of_file(b"x;1\ny;2\nx;3\n").unwrap(), ["x", "y"]);
        assert_eq!(of_file(b"100001\r\n100002").unwrap(), ["100001", "100002"]);
    }

    #[test]
    fn a_file_that_will_not_do_is_told_why() {
        assert_eq!(of_file(b"\xff\xfe1\0"), Err(UnusableIds::NotText));
        assert_eq!(of_file(b"client_id\n\n"), Err(UnusableIds::EmptyFile));
        assert_eq!(of_file(b""), Err(UnusableIds::EmptyFile));
    }
}
