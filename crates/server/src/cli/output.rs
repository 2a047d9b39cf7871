//! Owns: printing for people or for scripts. Must not know: any command.

use std::io::Write;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

/// Whether a script reads.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct JsonArg {
    /// Print JSON for a script
    #[arg(long)]
    pub json: bool,
}

impl JsonArg {
    /// Prints a value as JSON, or what `human` makes of it.
    pub fn print<T: Serialize>(self, value: &T, human: impl FnOnce(&T) -> String) {
        let text = match self.json {
            true => serde_json::to_string_pretty(value).unwrap_or_default(),
            false => human(value),
        };
        say(&text);
    }
}

/// Prints a line or several. A reader that stops reading is no failure.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end_matches('\n'));
}

/// Columns of the width they need.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|text| text.width()).collect();
    for row in rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.width());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(text, width)| format!("{text}{}", " ".repeat(width.saturating_sub(text.width()))));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(head.to_vec())];
    lines.extend(rows.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["Ana".to_owned(), "1".to_owned()], vec!["日本".to_owned(), "22".to_owned()]];
        assert_eq!(table(&["name", "n"], &rows), "name  n\nAna   1\n日本  22");
    }
}
