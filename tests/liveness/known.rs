//! Worlds that were dead once.
