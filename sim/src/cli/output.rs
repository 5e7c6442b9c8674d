//! The standard output, which whoever reads it may close at any time: `quorate-sim | head`.

use std::fmt;
use std::io::{self, Write};

/// A line of it. One that nobody reads is no reason to stop: the code at the end says whether something broke.
pub(super) fn say(line: fmt::Arguments<'_>) {
    if let Err(error) = writeln!(io::stdout(), "{line}")
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        eprintln!("the standard output: {error}");
    }
}
