//! Tables as files that a spreadsheet opens.

use actix_web::HttpResponse;
use bellwether_web::Problem;

/// A file of these rows, to be saved under this name.
///
/// # Errors
/// Where a row cannot be written.
pub(super) fn file<const N: usize>(
    name: &str,
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<HttpResponse, Problem> {
    let text = text(head, rows).map_err(|error| Problem::internal(&error))?;
    Ok(HttpResponse::Ok()
        .insert_header(("content-type", "text/csv; charset=utf-8"))
        .insert_header(("content-disposition", format!("attachment; filename=\"{name}\"")))
        .body(text))
}

fn text<const N: usize>(
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    // Every field in quotes: some spreadsheets part fields at semicolons, and what follows one could be a formula.
    let mut writer =
        ::csv::WriterBuilder::new().quote_style(::csv::QuoteStyle::Always).from_writer(Vec::new());
    writer.write_record(head)?;
    for row in rows {
        writer.write_record(row)?;
    }
    Ok(writer.into_inner()?)
}

/// A text that a spreadsheet will not take for a formula: what others chose, as an id, goes through here.
pub(super) fn harmless(text: &str) -> String {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '|']);
    if formula || text.starts_with(['\t', '\r', '\n']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_take_for_a_formula_is_quoted() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1"] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        assert_eq!(harmless("100001"), "100001");
        let rows = [[harmless("=1,2"), "0.5".to_owned()], [harmless("x;=1"), String::new()]];
        assert_eq!(
            text(["client_id", "score"], rows.into_iter()).unwrap(),
            b"\"client_id\",\"score\"\n\"'=1,2\",\"0.5\"\n\"x;=1\",\"\"\n"
        );
    }
}
