//! The README says what there is.

use quorate_script::{Kind, run};
use quorate_sim::replay::Recording;

const README: &str = include_str!("../README.md");

#[test]
fn its_recording_runs_here_and_there() {
    let (_, text) = README.split_once("```text\n").expect("a recording");
    let (text, _) = text.split_once("```").expect("its end");
    let run = run(Kind::Interaction, text).expect("a script");
    assert!(run.differences().is_empty(), "{}", run.render());
    let recording: Recording = text.parse().expect("a recording");
    assert_eq!((recording.world.founders.len(), recording.steps.len()), (3, 5));
}

#[test]
fn it_names_every_setting() {
    let missing = quorate_sim::settings::names().find(|name| !README.contains(&format!("`{name}")));
    assert_eq!(missing, None);
}
