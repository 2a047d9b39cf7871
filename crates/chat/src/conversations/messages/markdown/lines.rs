//! Lines and their indentation. A tab counts for four columns.

pub(super) fn is_blank(line: &str) -> bool {
    line.bytes().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// Columns in front of the first sign.
pub(super) fn indent(line: &str) -> usize {
    let blanks = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t'));
    blanks.map(|byte| if byte == b'\t' { 4 } else { 1 }).sum()
}

/// A line without so many columns of indentation, as far as it has them.
pub(super) fn dedented(line: &str, columns: usize) -> &str {
    let mut taken = 0;
    let mut rest = line;
    while taken < columns {
        let width = match rest.as_bytes().first() {
            Some(b' ') => 1,
            Some(b'\t') => 4,
            _ => break,
        };
        taken += width;
        rest = &rest[1..];
    }
    rest
}
