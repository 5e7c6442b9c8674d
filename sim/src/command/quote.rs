//! Bytes in double quotes, as Go's `%q` prints them.

use std::fmt::Write;

use bytes::Bytes;

/// Bytes that have a letter.
const LETTERS: [(u8, char); 7] = [
    (0x07, 'a'),
    (0x08, 'b'),
    (0x0c, 'f'),
    (b'\n', 'n'),
    (b'\r', 'r'),
    (b'\t', 't'),
    (0x0b, 'v'),
];

/// The bytes in double quotes.
pub fn quote(bytes: &[u8]) -> String {
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
    let letter = LETTERS.iter().find(|(byte, _)| char::from(*byte) == c);
    let escaped = match c {
        '"' | '\\' => c,
        _ if letter.is_some() => letter.map_or(c, |(_, letter)| *letter),
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

/// The bytes as a word of a command: as they are, or in quotes where they would be taken for something else.
///
/// ```
/// use quorate_sim::command::{bytes_of, word_of};
/// assert_eq!((word_of(b"x7").as_str(), word_of(b"\xffx").as_str()), ("x7", r#""\xffx""#));
/// assert_eq!(bytes_of(r#""\xffx""#).as_deref(), Some(&b"\xffx"[..]));
/// ```
pub fn word_of(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.:/+*@%".contains(byte);
    match std::str::from_utf8(bytes) {
        Ok(word) if !word.is_empty() && bytes.iter().all(plain) => word.to_owned(),
        _ => quote(bytes),
    }
}

/// What a word of a command stands for; `None` if its quotes are not closed, or an escape is none of Go's.
pub fn bytes_of(word: &str) -> Option<Bytes> {
    let Some(quoted) = word.strip_prefix('"') else {
        return Some(Bytes::copy_from_slice(word.as_bytes()));
    };
    let mut rest = quoted.strip_suffix('"')?.chars();
    let mut bytes = Vec::new();
    while let Some(c) = rest.next() {
        match c {
            '\\' => push_escaped(&mut bytes, &mut rest)?,
            '"' => return None,
            c => push_utf8(&mut bytes, c),
        }
    }
    Some(bytes.into())
}

fn push_utf8(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

/// What follows a backslash: itself, a letter, or the code of a byte or a character.
fn push_escaped(bytes: &mut Vec<u8>, rest: &mut std::str::Chars<'_>) -> Option<()> {
    let digits = match rest.next()? {
        c @ ('"' | '\\') => {
            push_utf8(bytes, c);
            return Some(());
        }
        'x' => 2,
        'u' => 4,
        'U' => 8,
        letter => {
            bytes.push(LETTERS.iter().find(|(_, known)| *known == letter)?.0);
            return Some(());
        }
    };
    let mut code: u32 = 0;
    for _ in 0..digits {
        code = (code << 4) | rest.next()?.to_digit(16)?;
    }
    if digits == 2 {
        bytes.push(u8::try_from(code).ok()?);
    } else {
        push_utf8(bytes, char::from_u32(code)?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::{bytes_of, quote};

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
            assert_eq!(bytes_of(quoted).as_deref(), Some(bytes));
        }
        for mistaken in [
            r#"""#,
            r#""a"#,
            r#""\"#,
            r#""\q""#,
            r#""\xf""#,
            r#""\ud800""#,
            r#""a"b""#,
        ] {
            assert_eq!(bytes_of(mistaken), None, "{mistaken}");
        }
    }
}
