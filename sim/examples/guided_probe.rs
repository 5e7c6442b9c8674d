//! Probe.
use quorate_sim::guided::Explorer;
use quorate_sim::{Profile, parameters::Parameters, standard};
fn main() {
    let seed: u64 = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(1);
    let steps: u64 = std::env::args()
        .nth(2)
        .and_then(|a| a.parse().ok())
        .unwrap_or(5_000_000);
    let began = std::time::Instant::now();
    let mut explorer = Explorer::new(seed, &Profile::SOUND, |p: &Parameters| standard(p));
    let mut left = steps;
    while left > 0 {
        let part = left.min(1_000_000);
        left -= part;
        let found = explorer.explore(part);
        println!(
            "{:.1} s {explorer:?} features {} steps {}",
            began.elapsed().as_secs_f64(),
            explorer.features(),
            explorer.coverage().steps
        );
        if let Some(find) = found {
            println!("{} {}", find.path, find.violation);
            println!("again: {:?}", find.path.go(|p| standard(p)).violation);
            return;
        }
    }
}
