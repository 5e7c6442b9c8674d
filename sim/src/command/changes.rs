//! Configuration changes in the scripts' shorthand: `v1 l2 r3 u4`, and `v1:ff` where the store has an identity.

use quorate::membership::{ConfChangeKind, ConfChangeSingle};

use super::{Misuse, number};

/// Letters for what is done with a node.
const KINDS: [(char, ConfChangeKind); 4] = [
    ('v', ConfChangeKind::AddNode),
    ('l', ConfChangeKind::AddLearnerNode),
    ('r', ConfChangeKind::RemoveNode),
    ('u', ConfChangeKind::UpdateNode),
];

/// The shorthand for a change of one node.
pub fn word_of(single: &ConfChangeSingle) -> String {
    let known = KINDS.iter().find(|(_, kind)| *kind == single.kind);
    let letter = known.map_or('u', |(letter, _)| *letter);
    match single.identity {
        0 => format!("{letter}{}", single.node_id),
        identity => format!("{letter}{}:{identity:x}", single.node_id),
    }
}

/// Reads several, with blanks between them.
pub fn parse(words: &str) -> Result<Vec<ConfChangeSingle>, Misuse> {
    words.split_whitespace().map(single).collect()
}

/// Reads one.
pub fn single(token: &str) -> Result<ConfChangeSingle, Misuse> {
    if token.len() < 2 {
        return Err(Misuse::new(format!("unknown token {token}")));
    }
    let mut chars = token.chars();
    let letter = chars.next();
    let Some((_, kind)) = KINDS.into_iter().find(|(known, _)| Some(*known) == letter) else {
        return Err(Misuse::new(format!("unknown input: {token}")));
    };
    let (id, identity) = chars.as_str().split_once(':').unwrap_or((chars.as_str(), "0"));
    let identity = u64::from_str_radix(identity, 16);
    let identity = identity.map_err(|_| Misuse::new(format!("unknown identity in {token}")))?;
    Ok(ConfChangeSingle::new(kind, number(id)?).with_identity(identity))
}
