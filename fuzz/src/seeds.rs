//! What a corpus begins with: made by our own encoders and runs.

use quorate::Entry;
use quorate::membership::{ConfChangeKind, ConfChangeV2};
use quorate_sim::dice::Dice;
use quorate_sim::parameters::{Parameters, Profile};
use quorate_sim::replay::{Recording, World};
use quorate_sim::standard;

use crate::recipe::{KINDS, Recipe, SHAPES};
use crate::subjects::subjects;

/// Inputs for a target, by its name.
pub fn of(target: &str) -> Vec<Vec<u8>> {
    match target {
        "decode" => messages().chain(parts()).collect(),
        "script" => recordings().chain(counts()).collect(),
        _ => choices().collect(),
    }
}

/// Each kind of message in each shape, as a leader and a follower could be told them.
fn messages() -> impl Iterator<Item = Vec<u8>> {
    let subjects = subjects();
    let shapes = KINDS
        .into_iter()
        .flat_map(|kind| (0..SHAPES).map(move |shape| (kind, shape)));
    let recipes = shapes.map(move |(kind, shape)| {
        let subject = &subjects[shape % subjects.len()];
        let recipe = Recipe::plausible(kind, 3, subject.cluster.raw(subject.id));
        Recipe { shape, ..recipe }
    });
    recipes
        .map(|recipe| recipe.message().encode())
        .filter(|bytes| bytes.len() < 512)
}

fn parts() -> impl Iterator<Item = Vec<u8>> {
    let change = ConfChangeV2::new([(ConfChangeKind::AddNode, 4), (ConfChangeKind::RemoveNode, 1)]);
    [Entry::new(3, 7, "data").encode(), change.encode()].into_iter()
}

/// The beginning of a run under each sound profile.
fn recordings() -> impl Iterator<Item = Vec<u8>> {
    (0..).zip(Profile::SOUND).filter_map(|(seed, profile)| {
        let parameters = Parameters::draw(seed, profile);
        let mut steps = standard(&parameters).ok()?.recorded().run(300).steps;
        steps.truncate(60);
        let recording = Recording {
            about: format!("the beginning of a run under {profile}"),
            world: World::of(&parameters, &steps),
            steps,
        };
        Some(recording.to_string().into_bytes())
    })
}

fn counts() -> impl Iterator<Item = Vec<u8>> {
    let scripts = [
        "# votes\nvote cfg=(1,2,3) cfgj=(3,4) votes=(y,y,_,n)\n----\nVotePending\n",
        "committed cfg=(1,2,3) idx=(5,_,7)\n----\n5\n",
        "simple\nv1 l2\n----\nvoters=(1)\n\nenter-joint autoleave=true\nv1 v2\n----\n----\nx\n\ny\n----\n----\n\nleave-joint\n----\nok\n",
    ];
    scripts.into_iter().map(|script| script.as_bytes().to_vec())
}

/// Bytes that mean choices: quiet ones, and any.
fn choices() -> impl Iterator<Item = Vec<u8>> {
    let lengths = [16_usize, 64, 256, 1024];
    (0..32).map(move |seed| {
        let mut dice = Dice::new(seed);
        let quiet = 1 + seed % 4;
        let length = lengths[usize::try_from(seed % 4).unwrap_or(0)];
        (0..length)
            .map(|_| dice.number().to_le_bytes()[0] / u8::try_from(quiet).unwrap_or(1))
            .collect()
    })
}
