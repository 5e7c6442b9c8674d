//! What runs are after, and their names.

use std::fmt;
use std::str::FromStr;

/// What a run is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// A bit of everything.
    Swarm,
    /// A steady group: failures of the network only.
    Network,
    /// Crashes, torn writes, failing and slow disks.
    Disk,
    /// Changes of the configuration all the time, lost disks.
    Membership,
    /// Reads by lease, under clocks that drift as far as the margin allows.
    Lease,
    /// Leaders that fail as soon as they have appended something, so that logs differ: the paper's Figure 8.
    Elections,
    /// Lost disks whose nodes come back under their old id: a store is named by its identity too.
    ReplacedDisks,
    /// Reads by lease under clocks that drift further: a stale read is to be expected.
    LeaseBeyondDrift,
    /// Nodes that lost their disk come back under their old id, and no store has a name: a violation is to be expected.
    OldIdEmptyDisk,
}

impl Profile {
    /// All in which nothing may break.
    pub const SOUND: [Self; 7] = [
        Self::Swarm,
        Self::Network,
        Self::Disk,
        Self::Membership,
        Self::Lease,
        Self::Elections,
        Self::ReplacedDisks,
    ];

    const NAMES: [(Self, &'static str); 9] = [
        (Self::Swarm, "swarm"),
        (Self::Network, "network"),
        (Self::Disk, "disk"),
        (Self::Membership, "membership"),
        (Self::Lease, "lease"),
        (Self::Elections, "elections"),
        (Self::ReplacedDisks, "replaced-disks"),
        (Self::LeaseBeyondDrift, "lease-beyond-drift"),
        (Self::OldIdEmptyDisk, "old-id-empty-disk"),
    ];

    /// Whether something breaks here that the library does not promise to hold.
    pub fn is_unsound(self) -> bool {
        !Self::SOUND.contains(&self)
    }

    /// Whether a node whose store has no name comes back under its old id.
    pub(crate) fn keeps_old_id(self) -> bool {
        self == Self::OldIdEmptyDisk
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(profile, _)| profile == self);
        f.write_str(name.map_or("", |(_, name)| name))
    }
}

/// No profile has this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownProfile;

impl fmt::Display for UnknownProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Profile::NAMES.iter().map(|(_, name)| *name).collect();
        write!(f, "the profiles are {}", names.join(", "))
    }
}

impl std::error::Error for UnknownProfile {}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(name: &str) -> Result<Self, UnknownProfile> {
        let found = Self::NAMES.iter().find(|(_, known)| *known == name);
        found.map(|(profile, _)| *profile).ok_or(UnknownProfile)
    }
}
