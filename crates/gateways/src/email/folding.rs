//! Header fields over several lines (RFC 5322, 2.2.3).
//!
//! Must not know: what a field says.

/// Where a line is folded when it can be.
const LINE: usize = 76;

/// A field of clean words, folded between them where its lines would become long. No field when there are no words.
pub fn write_words<T: AsRef<str>>(out: &mut String, name: &str, words: impl IntoIterator<Item = T>) {
    let mut column = 0;
    for word in words {
        let word = word.as_ref();
        if column == 0 {
            out.push_str(name);
            out.push(':');
            column = name.len() + 1;
        } else if column + 1 + word.len() > LINE {
            out.push_str("\r\n");
            column = 0;
        }
        out.push(' ');
        out.push_str(word);
        column += 1 + word.len();
    }
    if column > 0 {
        out.push_str("\r\n");
    }
}
