//! A run as a script is the same run: for the simulator, and for the runner of scripts.

use quorate::status::RoleKind;
use quorate_script::{Kind, run};
use quorate_sim::cluster::Cluster;
use quorate_sim::disk::MemoryDisk;
use quorate_sim::replay::{Recording, World};
use quorate_sim::{Parameters, Profile, StandardMachine, standard};

/// Every node's role, term and leader.
fn simulated(cluster: &Cluster<StandardMachine, MemoryDisk>) -> String {
    let lines = cluster.ids().into_iter().map(|id| {
        let Some(node) = cluster.node(id) else {
            return format!("{id}: down\n");
        };
        let status = node.status();
        let role = match status.soft_state.role {
            RoleKind::Follower => "Follower",
            RoleKind::PreCandidate => "PreCandidate",
            RoleKind::Candidate => "Candidate",
            RoleKind::Leader => "Leader",
        };
        let voter = if node.membership().is_voter(id) {
            "Voter"
        } else {
            "Non-Voter"
        };
        let (term, lead) = (status.hard_state.term, status.soft_state.leader.unwrap_or(0));
        format!("{id}: State{role} ({voter}) Term:{term} Lead:{lead}\n")
    });
    lines.collect()
}

/// The stored entries of every node, without their data.
fn logs(cluster: &Cluster<StandardMachine, MemoryDisk>, id: u64) -> Vec<String> {
    let Some(disk) = cluster.disk(id) else {
        return Vec::new();
    };
    disk.storage()
        .log()
        .iter()
        .map(|entry| entry.id().to_string())
        .collect()
}

#[test]
fn the_runner_ends_where_the_simulation_does() {
    for seed in 0..70 {
        let profile = Profile::SOUND[usize::try_from(seed).unwrap() % Profile::SOUND.len()];
        let parameters = Parameters::draw(seed, profile);
        let report = standard(&parameters).unwrap().recorded().run(1_000);
        assert_eq!(report.violation, None, "seed {seed}");
        let recording = Recording {
            about: parameters.to_string(),
            world: World::of(&parameters, &report.steps),
            steps: report.steps,
        };
        let text = recording.to_string();
        assert_eq!(text.parse().as_ref(), Ok(&recording), "seed {seed}");

        let mut cluster = recording
            .world
            .cluster::<StandardMachine, _>(MemoryDisk::default)
            .unwrap();
        for step in &recording.steps {
            cluster.step(step.clone()).unwrap();
        }
        let looks = cluster.ids().into_iter().filter(|id| cluster.disk(*id).is_some());
        let looks: Vec<u64> = looks.collect();
        let looks = looks.iter().map(|id| (*id, format!("\nraft-log {id}\n----\n")));
        let (looks, commands): (Vec<u64>, Vec<String>) = looks.unzip();
        let script = text + "\nraft-state\n----\n" + &commands.concat();
        let run = run(Kind::Interaction, &script).unwrap();
        let outputs = run.outputs();
        let (ran, looked) = outputs.split_at(outputs.len() - looks.len() - 1);
        assert!(ran.iter().all(|output| output == "ok\n"), "seed {seed}: {ran:?}");
        assert_eq!(looked[0], simulated(&cluster), "seed {seed}");
        for (id, shown) in looks.iter().zip(&looked[1..]) {
            let shown = shown.lines().filter_map(|line| line.split(' ').next());
            let shown: Vec<&str> = shown.filter(|word| word.contains('/')).collect();
            assert_eq!(shown, logs(&cluster, *id), "seed {seed}, node {id}");
        }
    }
}

/// What a user's clients and state machine say to each other survives, byte for byte.
#[test]
fn commands_survive() {
    let parameters = Parameters::draw(3, Profile::Network);
    let steps = standard(&parameters).unwrap().recorded().run(2_000).steps;
    let recording = Recording {
        about: String::new(),
        world: World::of(&parameters, &steps),
        steps,
    };
    let again: Recording = recording.to_string().parse().unwrap();
    assert_eq!(again.steps, recording.steps);
    let clients = || quorate_sim::standard_clients(parameters.seed);
    assert_eq!(again.replay_clients(clients(), MemoryDisk::default), None);
}

#[test]
fn what_is_no_recording_is_told_with_its_line() {
    let world = "world seed=1\n----\nok\n\nadd-nodes 1 voters=(1) index=1 safe-defaults=true\n----\n\n";
    for (text, line) in [
        ("", 0),
        ("campaign 1\n", 1),
        ("world seed=1 names=no\n", 1),
        ("world seed=1\n----\n\nadd-nodes 1 voters=(1) index=1\n", 4),
        (&format!("{world}stabilize\n"), 8),
        (&format!("{world}steps\ncampaign 1\ntick\n----\n"), 10),
        ("world seed=1 group=9223372036854775808\n", 1),
        (&world.replace("nodes 1", "nodes 2"), 5),
        (&world.replace("index=1", "index=2"), 5),
        (&world.replace("index=1", "index=1 speed=3"), 5),
        (&world.replace("index=1", "index=1 election=0"), 5),
        (&world.replace("ok\n\n", "ok\n"), 4),
        (&format!("{}check\n----\nok\n", world.replace("(1)", "(1,2)")), 0),
        (&format!("{world}steps\ncampaign 1\n----\nok\n"), 0),
        (&format!("{world}check 7\n"), 8),
        (&format!("{world}steps fast=1\n"), 8),
        (&format!("{world}check\n----\nok\n\ncampaign 1\n"), 12),
        (&format!("{world}ticks 1 1000001\n"), 8),
        (&format!("{world}recover 1 tick=(0)\n"), 8),
    ] {
        let read = text.parse::<Recording>().map_err(|error| error.line);
        assert_eq!(read, Err(line), "{text}");
    }
    let absent = format!(
        "{world}steps\nticks 99 1\ncampaign 0\njoin 99\nconfigure 1 election=0 lease-promises=true\n----\nok\n\ncheck\n"
    );
    let recording: Recording = absent.parse().unwrap();
    let left_out = recording.replay::<StandardMachine, MemoryDisk>(MemoryDisk::default);
    assert_eq!(left_out, None, "what cannot be done is left out");
    let alone = format!("{world}# why\ncampaign 1\n----\nok\n\ncheck\n----\nok\n");
    assert_eq!(alone.parse::<Recording>().map(|read| read.steps.len()), Ok(1));
}
