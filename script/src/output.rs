//! What a command prints, and how it fails.

/// What a command has printed so far.
pub(crate) struct Output<'a> {
    text: &'a mut String,
    indent: usize,
    muted: bool,
}

/// Why a command failed, in the words it prints.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    pub(crate) fn words(&self) -> &str {
        &self.0
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

impl<'a> Output<'a> {
    pub(crate) fn new(text: &'a mut String, muted: bool) -> Self {
        Self { text, indent: 0, muted }
    }

    /// Prints one line, or several.
    pub(crate) fn line(&mut self, lines: impl AsRef<str>) {
        if self.muted {
            return;
        }
        for line in lines.as_ref().lines() {
            self.text.extend(std::iter::repeat_n(' ', self.indent));
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    /// For what stands below a header.
    pub(crate) fn nested(&mut self) -> Output<'_> {
        Output {
            text: &mut *self.text,
            indent: self.indent + 2,
            muted: self.muted,
        }
    }

    /// For a command that decides itself whether it is heard.
    pub(crate) fn muted(&mut self, muted: bool) -> Output<'_> {
        Output {
            text: &mut *self.text,
            indent: self.indent,
            muted,
        }
    }
}
