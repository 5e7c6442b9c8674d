//! What became of reads, in plain words.

use core::fmt;

use super::ReadRefusal;

impl fmt::Display for ReadRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeaderChanged => "leadership changed",
            Self::Timeout => "the leader did not answer within an election timeout",
            Self::Diverged => "a leader contradicts what is committed here",
        })
    }
}
