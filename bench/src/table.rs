//! A Markdown table.

use std::fmt;

/// A title, a header and rows.
pub(crate) struct Table {
    title: String,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(title: String, header: [&str; N]) -> Self {
        Self::with_header(title, header.map(str::to_owned))
    }

    pub(crate) fn with_header(title: String, header: impl IntoIterator<Item = String>) -> Self {
        let header: Vec<_> = header.into_iter().collect();
        let rule = vec!["---".to_owned(); header.len()];
        Self {
            title,
            rows: vec![header, rule],
        }
    }

    /// A row, of as many cells as the header has.
    pub(crate) fn cells(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.title)?;
        self.rows
            .iter()
            .try_for_each(|row| writeln!(f, "| {} |", row.join(" | ")))
    }
}
