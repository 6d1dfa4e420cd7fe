//! Printing: lines, tables, JSON, and the fields of what the API answers.

use desk::time::Timestamp;
use serde_json::Value;
use std::io::Write;

/// Prints a line.
pub(super) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    // A closed pipe is the reader's wish.
    let _ = writeln!(out, "{line}");
}

/// A field's text, whatever its type.
pub(super) fn text(value: &Value, field: &str) -> String {
    match value.get(field) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "-".to_owned(),
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_))) => other.to_string(),
    }
}

/// A field that is an instant.
pub(super) fn instant(value: &Value, field: &str) -> String {
    value.get(field).and_then(Value::as_i64).map_or_else(|| "-".to_owned(), |ms| Timestamp::from_ms(ms).to_string())
}

/// A field that is a list.
pub(super) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value.get(field).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Prints rows under their heads, each column as wide as its widest text.
pub(super) fn table(heads: &[&str], rows: &[Vec<String>]) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(heads.get(column).map(|head| head.len())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    say(&line(heads.to_vec()));
    for row in rows {
        say(&line(row.iter().map(String::as_str).collect()));
    }
}

/// Prints one JSON object.
pub(super) fn print_json(value: &Value) -> anyhow::Result<()> {
    say(&serde_json::to_string(value)?);
    Ok(())
}
