//! A world of one's own: how far behind a leader may the others be, with my settings, when a leader crashes?

use quorate_model::{Group, Invariant, Kind, Limits, World, WorldError, search, trace};

fn main() -> Result<(), WorldError> {
    // Something that I rely on, beside what is always checked.
    let in_step = Invariant::new("nobody is more than two entries behind a leader", |state| {
        let ahead = state.leaders().map(|leader| leader.seen.commit).max().unwrap_or(0);
        let behind = state
            .members
            .iter()
            .find(|member| member.is_up() && member.seen.commit + 2 < ahead);
        behind.map_or(Ok(()), |member| {
            Err(format!(
                "{} is at {}, {ahead} is committed",
                member.id, member.seen.commit
            ))
        })
    });
    let world = World::new(3)
        .settings(|settings| settings.max_inflight_messages = 1)
        .led_by(1)
        .allow(Kind::Propose, 2)
        .allow_at(Kind::Crash, 1, [1])
        .allow_at(Kind::Campaign, 1, [2])
        .max_term(2)
        .max_in_flight(3)
        .invariant(in_step);
    let group = Group::new(world)?;
    let outcome = search(&group, Limits::default());
    println!(
        "{} states, {} moves deep, all of them: {}",
        outcome.states, outcome.depth, outcome.complete
    );
    // A majority is enough to commit, so that one may be far behind: this is how.
    if let Some(found) = outcome.found {
        println!("{}", trace::recording(&group, &found.trace, &found.violation));
    }
    Ok(())
}
