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
    /// Held as long as this is.
    _lock: File,
}

impl DiskFile {
    /// Opens a file that is there, and locks it: [`WouldBlock`](io::ErrorKind::WouldBlock) if it is open already, in
    /// this process or another.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_path_buf();
        fs::metadata(&path)?;
        let lock = lock(&path)?;
        let file = append_to(&path)?;
        Ok(Self {
            path,
            file,
            _lock: lock,
        })
    }

    /// A file that is to be there once something has [replaced](JournalFile::replace) its contents, which are none yet:
    /// a power failure leaves no file, or a whole one. [`AlreadyExists`](io::ErrorKind::AlreadyExists) if there is one.
    pub fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_path_buf();
        let lock = lock(&path)?;
        if path.try_exists()? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let file = File::create(beside(&path, ".new"))?;
        Ok(Self {
            path,
            file,
            _lock: lock,
        })
    }
}

/// Keeps others off until it is dropped, or the process ends. The lock is on a file of its own, for the other one is
/// [replaced](JournalFile::replace) now and then.
fn lock(path: &Path) -> io::Result<File> {
    let lock = File::create(beside(path, ".lock"))?;
    fs4::FileExt::try_lock(&lock)?;
    Ok(lock)
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).open(path)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
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
        let aside = beside(&self.path, ".new");
        let mut file = File::create(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&aside, &self.path)?;
        sync_directory(&self.path)?;
        self.file = append_to(&self.path)?;
        Ok(())
    }
}
