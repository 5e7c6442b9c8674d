//! Configuration changes in the scripts' shorthand: `v1 l2 r3 u4`.

use quorate::membership::{ConfChangeKind, ConfChangeSingle};

use crate::args::number;
use crate::output::Failure;

/// Parses the input of a command.
pub(crate) fn parse(input: &[String]) -> Result<Vec<ConfChangeSingle>, Failure> {
    input
        .iter()
        .flat_map(|line| line.split_whitespace())
        .map(single)
        .collect()
}

fn single(token: &str) -> Result<ConfChangeSingle, Failure> {
    if token.len() < 2 {
        return Err(Failure::new(format!("unknown token {token}")));
    }
    let mut chars = token.chars();
    let kind = match chars.next() {
        Some('v') => ConfChangeKind::AddNode,
        Some('l') => ConfChangeKind::AddLearnerNode,
        Some('r') => ConfChangeKind::RemoveNode,
        Some('u') => ConfChangeKind::UpdateNode,
        _ => return Err(Failure::new(format!("unknown input: {token}"))),
    };
    let node_id = number(chars.as_str())?;
    Ok(ConfChangeSingle::new(kind, node_id))
}
