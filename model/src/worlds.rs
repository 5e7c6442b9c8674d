//! The worlds that the project is checked with, each with what it is for.

mod changes;
mod elections;
mod leases;
mod storage;

use crate::world::World;

/// A world with a name.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// What it is called.
    pub name: &'static str,
    /// What it looks for.
    pub about: &'static str,
    /// Whether something wrong is to be found in it: it shows what an assumption is for.
    pub breaks: bool,
    /// Whether every check of the project runs it.
    pub small: bool,
    /// Makes it.
    pub world: fn() -> World,
}

const fn row(name: &'static str, about: &'static str, world: fn() -> World) -> Named {
    Named {
        name,
        about,
        breaks: false,
        small: false,
        world,
    }
}

impl Named {
    const fn small(self) -> Self {
        Self { small: true, ..self }
    }

    const fn breaks(self) -> Self {
        Self { breaks: true, ..self }
    }
}

/// All of them.
pub fn all() -> Vec<Named> {
    [elections::WORLDS, leases::WORLDS, changes::WORLDS, storage::WORLDS].concat()
}

/// One of them.
pub fn named(name: &str) -> Option<Named> {
    all().into_iter().find(|world| world.name == name)
}
