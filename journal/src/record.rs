//! Records: by their length and checksum, a whole one is told from a torn one.

use quorate::StorageError;

use crate::change::Change;

/// How a journal begins: its name, and the version of its format.
pub(crate) const HEADER: [u8; 8] = *b"qrtjrnl1";

/// Length and checksum.
const HEAD: usize = 8;

/// Adds this change as a record.
pub(crate) fn push(buffer: &mut Vec<u8>, change: &Change) -> Result<(), StorageError> {
    let content = change.encode();
    let length =
        u32::try_from(content.len()).map_err(|_| StorageError::Broken("a record of more than 4 GiB".into()))?;
    let length = length.to_le_bytes();
    buffer.extend_from_slice(&length);
    buffer.extend_from_slice(&checksum(length, &content));
    buffer.extend_from_slice(&content);
    Ok(())
}

/// The content of the record with which these bytes begin; `None` if it is not whole.
pub(crate) fn content(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (told, rest) = rest.split_first_chunk::<4>()?;
    let content = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    (*told == checksum(*length, content)).then_some(content)
}

/// Bytes of a record with this content.
pub(crate) fn length(content: &[u8]) -> usize {
    content.len() + HEAD
}

/// Of length and content, so that eight zeros, as a disk may leave them behind the end, are no record.
fn checksum(length: [u8; 4], content: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length);
    hasher.update(content);
    hasher.finalize().to_le_bytes()
}
