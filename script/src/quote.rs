//! Bytes in the quotes of the recordings, which are Go's.

use std::fmt::Write;

/// The bytes in double quotes, as Go's `%q` prints them.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let mut quoted = String::with_capacity(bytes.len() + 2);
    quoted.push('"');
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_char(&mut quoted, c));
        for byte in chunk.invalid() {
            push_code(&mut quoted, 'x', 2, u32::from(*byte));
        }
    }
    quoted.push('"');
    quoted
}

fn push_char(quoted: &mut String, c: char) {
    let escaped = match c {
        '"' | '\\' => c,
        '\x07' => 'a',
        '\x08' => 'b',
        '\x0c' => 'f',
        '\n' => 'n',
        '\r' => 'r',
        '\t' => 't',
        '\x0b' => 'v',
        '\0'..' ' | '\x7f' => return push_code(quoted, 'x', 2, c.into()),
        _ if is_printable(c) => return quoted.push(c),
        _ if u32::from(c) < 0x1_0000 => return push_code(quoted, 'u', 4, c.into()),
        _ => return push_code(quoted, 'U', 8, c.into()),
    };
    quoted.push('\\');
    quoted.push(escaped);
}

fn push_code(quoted: &mut String, letter: char, digits: usize, code: u32) {
    // Writing to a string cannot fail.
    let _ = write!(quoted, "\\{letter}{code:0digits$x}");
}

/// Whether the standard library would print it as it is. (The letter before it keeps combining
/// marks from being escaped for standing first.)
fn is_printable(c: char) -> bool {
    let text = format!("a{c}");
    text.escape_debug().eq(text.chars()) || c == '\''
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn quotes_like_go() {
        for (bytes, quoted) in [
            (&b""[..], r#""""#),
            (b"a'b", r#""a'b""#),
            (b"\"\\", r#""\"\\""#),
            (b"\x00\x07\x08\t\n\x0b\x0c\r\x1f\x7f", r#""\x00\a\b\t\n\v\f\r\x1f\x7f""#),
            (b"\xff\xc3(", r#""\xff\xc3(""#),
            ("ü∞\u{301}".as_bytes(), "\"ü∞\u{301}\""),
            ("\u{a0}\u{200b}\u{e0001}".as_bytes(), r#""\u00a0\u200b\U000e0001""#),
        ] {
            assert_eq!(quote(bytes), quoted);
        }
    }
}
