//! The file under a journal: a trait, so that one that fails can take its place, and the real one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// What a journal asks of its file.
pub trait JournalFile {
    /// All of it.
    fn read_all(&mut self) -> io::Result<Vec<u8>>;

    /// Adds bytes at the end. Where it fails, some of them may be there.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file.
    fn truncate(&mut self, length: usize) -> io::Result<()>;

    /// Makes everything so far survive a power failure.
    fn sync(&mut self) -> io::Result<()>;

    /// Puts other contents in the place of all this: after a power failure either the old or the new is there, and
    /// once this has returned, the new.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()>;
}

/// A file in a directory.
#[derive(Debug)]
pub struct DiskFile {
    path: PathBuf,
    file: File,
}

impl DiskFile {
    /// Opens the file, or makes it.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_path_buf();
        let is_new = !path.try_exists()?;
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path)?;
        if is_new {
            sync_directory(&path)?;
        }
        Ok(Self { path, file })
    }
}

/// A name in a directory is durable when the directory is.
fn sync_directory(path: &Path) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if cfg!(unix) {
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

impl JournalFile for DiskFile {
    fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    fn truncate(&mut self, length: usize) -> io::Result<()> {
        self.file.set_len(u64::try_from(length).map_err(io::Error::other)?)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let mut file = File::create(&name)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&name, &self.path)?;
        sync_directory(&self.path)?;
        self.file = OpenOptions::new().read(true).append(true).open(&self.path)?;
        Ok(())
    }
}
