//! Progress bars on standard error.

use std::fs::File;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for reading through a file.
///
/// # Errors
/// Never, unless the template is wrong.
pub(crate) fn through(file: &File, what: &'static str) -> anyhow::Result<ProgressBar> {
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    let style = "{msg} {bar:40} {percent:>3}%  {bytes}/{total_bytes}  {eta} left";
    Ok(ProgressBar::new(size).with_style(ProgressStyle::with_template(style)?).with_message(what))
}
