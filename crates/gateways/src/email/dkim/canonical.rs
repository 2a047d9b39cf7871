//! The relaxed canonical form of header and body (RFC 6376, 3.4.2 and 3.4.4).
//!
//! Must not know: keys and signatures.

/// Header and body of a message, without the empty line between them.
pub fn split(message: &[u8]) -> Option<(&str, &[u8])> {
    let end = message.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    Some((std::str::from_utf8(&message[..end + 2]).ok()?, &message[end + 4..]))
}

/// Names in lower case with their unfolded values, in their order.
pub fn fields(head: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        if line.starts_with([' ', '\t'])
            && let Some((_, value)) = fields.last_mut()
        {
            value.push_str(line);
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim_end_matches([' ', '\t']).to_ascii_lowercase(), value.to_owned()));
        }
    }
    for (_, value) in &mut fields {
        *value = single_spaces(value.as_bytes()).trim_matches(' ').to_owned();
    }
    fields
}

/// Lines without spaces at their ends, single spaces within them, no empty lines at the end.
pub fn body(body: &[u8]) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(body.len());
    for line in body.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut space = false;
        for byte in line {
            if b" \t".contains(byte) {
                space = true;
            } else {
                if std::mem::take(&mut space) {
                    canonical.push(b' ');
                }
                canonical.push(*byte);
            }
        }
        canonical.extend_from_slice(b"\r\n");
    }
    while canonical.ends_with(b"\r\n\r\n") {
        canonical.truncate(canonical.len() - 2);
    }
    if canonical == b"\r\n" { Vec::new() } else { canonical }
}

fn single_spaces(text: &[u8]) -> String {
    let words = text.split(|byte| b" \t".contains(byte)).filter(|word| !word.is_empty());
    let words: Vec<_> = words.map(String::from_utf8_lossy).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 6376, 3.4.5.
    #[test]
    fn is_the_form_of_the_standard() {
        let message = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";
        let (head, rest) = split(message).unwrap();
        assert_eq!(fields(head), [("a".to_owned(), "X".to_owned()), ("b".to_owned(), "Y Z".to_owned())]);
        assert_eq!(body(rest), b" C\r\nD E\r\n");
        assert_eq!(body(b""), b"");
        assert_eq!(body(b"\r\n\r\n"), b"");
        assert_eq!(body(b"no end"), b"no end\r\n");
        assert_eq!(body(b"a\r\n\r\nb \r\n"), b"a\r\n\r\nb\r\n");
    }
}
