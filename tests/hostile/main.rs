//! Hostile input: no message and no order of calls makes a node panic, or poisons it, or changes it
//! when it is refused; and a group that was told nonsense goes on.

#[path = "../support/dice.rs"]
mod dice;
#[path = "../support/mod.rs"]
mod support;

mod exhaustive;
mod group;
mod handed_out;
mod misuse;
mod random;
mod recipe;
mod refused;
mod session;
mod subjects;
