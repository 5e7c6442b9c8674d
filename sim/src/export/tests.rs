//! Whole runs as scripts: the runner's nodes end where the simulation's do.

use quorate::status::RoleKind;
use quorate_script::{Kind, run};

use super::translate::Translator;
use crate::cluster::Cluster;
use crate::disk::MemoryDisk;
use crate::parameters::{Names, Parameters, Profile};
use crate::{StandardMachine, standard};

/// Every node's role, term, leader and last entry.
fn simulated(cluster: &Cluster<StandardMachine, MemoryDisk>) -> Vec<String> {
    let lines = cluster.members.iter().map(|member| {
        let Some(node) = member.node() else {
            return format!("{}: down", member.id);
        };
        let status = node.status();
        let role = match status.soft_state.role {
            RoleKind::Follower => "Follower",
            RoleKind::PreCandidate => "PreCandidate",
            RoleKind::Candidate => "Candidate",
            RoleKind::Leader => "Leader",
        };
        let voter = node.membership().is_voter(member.id);
        let (term, lead) = (status.hard_state.term, status.soft_state.leader.unwrap_or(0));
        let voter = if voter { "Voter" } else { "Non-Voter" };
        format!("{}: State{role} ({voter}) Term:{term} Lead:{lead}", member.id)
    });
    lines.collect()
}

#[test]
fn the_runner_ends_where_the_simulation_does() {
    for seed in 0..60 {
        let profile = Profile::SOUND[usize::try_from(seed).unwrap() % Profile::SOUND.len()];
        let drawn = Parameters::draw(seed, profile);
        // The runner's nodes keep their settings, their stores have no names, and what a lost disk held is forgotten.
        let parameters = Parameters {
            names: Names::Ids,
            other_promises: 0,
            retiming: 0,
            wipe: if drawn.extras.damage > 0 { 0 } else { drawn.wipe },
            ..drawn
        };
        let steps = standard(&parameters).unwrap().recorded().run(1_000).steps;
        let mut translator = Translator::<StandardMachine, _>::begin(&parameters, MemoryDisk::default).unwrap();
        for step in &steps {
            if translator.perform(step).is_err() {
                break;
            }
        }
        let expected = simulated(translator.cluster()).join("\n");
        let mut script = "log-level silent\n----\n\n".to_owned();
        for block in translator.end() {
            script.push_str(&block);
            script.push_str("\n----\n\n");
        }
        script.push_str("check\n----\n\nlog-level info\n----\n\nraft-state\n----\n");
        let run = run(Kind::Interaction, &script).unwrap();
        let [.., verdict, _, states] = run.outputs() else {
            panic!("no output")
        };
        assert_eq!(states.trim_end(), expected, "seed {seed}");
        assert_eq!(verdict, "ok\n", "seed {seed}");
    }
}
