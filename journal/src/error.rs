//! Why a journal cannot be opened.

use std::io;
use std::path::{Path, PathBuf};

use quorate::StorageError;
use quorate::error::{ConfigError, DecodeError};

/// Why a journal cannot be opened. The file is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// There is a file already: what is in it may be what a node has promised.
    #[error("{} exists", .0.display())]
    Exists(PathBuf),
    /// The node cannot found that group.
    #[error(transparent)]
    Founder(#[from] ConfigError),
    /// It is open already, in this process or another: a node must not run twice.
    #[error("{} is in use", .0.display())]
    Locked(PathBuf),
    /// The file cannot be read, or not be made; or it is not there.
    #[error("the file: {0}")]
    File(#[from] io::Error),
    /// The file does not begin as a journal of this version does.
    #[error("the file is no journal of version 1: it begins with {0:02x?}")]
    Header(Vec<u8>),
    /// A record is whole, and is none that this version knows.
    #[error("the record at byte {at} is none: {error}")]
    Record {
        /// Where it begins.
        at: usize,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// A record is whole, and does not fit what is there: the file was put together by hand, or by another program.
    #[error("the record at byte {at} does not fit: {error}")]
    Misfit {
        /// Where it begins.
        at: usize,
        /// What is wrong with it.
        error: StorageError,
    },
}

impl JournalError {
    pub(crate) fn of(path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AlreadyExists => Self::Exists(path.to_path_buf()),
            io::ErrorKind::WouldBlock => Self::Locked(path.to_path_buf()),
            _ => Self::File(error),
        }
    }
}
