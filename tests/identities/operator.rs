//! Who repairs the group: proposes changes at whoever says that it leads, and knows which store each node has now.

use quorate::NodeId;
use quorate::membership::{ConfChangeKind, ConfChangeSingle, ConfChangeV2, Membership, Transition};
use quorate::types::Identity;

use crate::dice::Dice;

/// What the operator goes by.
#[derive(Debug)]
pub(crate) struct Sight<'a> {
    /// Of the leader.
    pub(crate) membership: &'a Membership,
    /// All nodes, with the stores that they have.
    pub(crate) stores: Vec<(NodeId, Identity)>,
    /// Members still get their names, and nothing else happens.
    pub(crate) naming: bool,
}

/// A change, if one comes to mind.
pub(crate) fn change(sight: &Sight<'_>, dice: &mut Dice) -> Option<ConfChangeV2> {
    let membership = sight.membership;
    if membership.is_joint() && dice.once_in(2) {
        return Some(ConfChangeV2::leave_joint());
    }
    if sight.naming {
        let unnamed = sight.stores.iter().copied();
        let unnamed = unnamed.filter(|(id, _)| membership.contains(*id) && membership.identity(*id).is_none());
        let unnamed: Vec<_> = unnamed.collect();
        let (id, identity) = dice.pick(&unnamed)?;
        return Some(one(ConfChangeKind::UpdateNode, id, identity));
    }
    let count = if dice.once_in(4) { 2 } else { 1 };
    let mut changes = Vec::new();
    for _ in 0..count {
        changes.extend(single(sight, dice));
    }
    let transition = dice.pick(&[
        Transition::Auto,
        Transition::Auto,
        Transition::JointImplicit,
        Transition::JointExplicit,
    ]);
    let transition = transition.unwrap_or_default();
    (!changes.is_empty()).then(|| ConfChangeV2::new(changes).with_transition(transition))
}

fn one(kind: ConfChangeKind, id: NodeId, identity: Identity) -> ConfChangeV2 {
    ConfChangeV2::new([ConfChangeSingle::new(kind, id).with_identity(identity)])
}

fn named(kind: ConfChangeKind, id: NodeId, identity: Identity) -> ConfChangeSingle {
    let mut single = ConfChangeSingle::new(kind, id);
    single.identity = identity;
    single
}

/// Mostly what repairs the group.
fn single(sight: &Sight<'_>, dice: &mut Dice) -> Option<ConfChangeSingle> {
    let membership = sight.membership;
    let mut useful = Vec::new();
    for (id, identity) in sight.stores.iter().copied() {
        match (membership.contains(id), membership.identity(id)) {
            (true, Some(known)) if known != identity => useful.push(named(ConfChangeKind::RemoveNode, id, 0)),
            (true, _) if !membership.is_voter(id) => useful.push(named(ConfChangeKind::AddNode, id, 0)),
            (true, _) => {}
            // A store without an identity is not added: it could be lost again and nobody would know.
            (false, _) if identity == 0 => {}
            (false, _) => {
                useful.push(named(ConfChangeKind::AddNode, id, identity));
                useful.push(named(ConfChangeKind::AddLearnerNode, id, identity));
            }
        }
    }
    if !useful.is_empty() && !dice.once_in(5) {
        return dice.pick(&useful);
    }
    let stores: Vec<_> = sight
        .stores
        .iter()
        .copied()
        .filter(|(_, identity)| *identity != 0)
        .collect();
    let (id, identity) = dice.pick(&stores)?;
    let kind = dice.pick(&[
        ConfChangeKind::RemoveNode,
        ConfChangeKind::AddLearnerNode,
        ConfChangeKind::AddNode,
        ConfChangeKind::UpdateNode,
    ])?;
    let identity = if kind == ConfChangeKind::RemoveNode {
        0
    } else {
        identity
    };
    Some(named(kind, id, identity))
}
