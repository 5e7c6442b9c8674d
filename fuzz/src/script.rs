//! Texts from anywhere into the parsers of scripts and recordings: what can be read is what its own text reads as.

use quorate_script::{Kind, run as run_script};
use quorate_sim::replay::Recording;

/// The target `script`: the languages that only count, and recordings. (A script of nodes may ask for a million of
/// them, and for ticks without end.)
pub fn run(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    for kind in [Kind::Confchange, Kind::Quorum] {
        if let Ok(ran) = run_script(kind, text) {
            let rendered = ran.render();
            let again = run_script(kind, &rendered).expect("its own text");
            assert_eq!(again.differences(), [], "{text}\n{rendered}");
        }
    }
    let read: Result<Recording, _> = text.parse();
    match read {
        Ok(recording) => {
            let again = recording.to_string();
            assert_eq!(again.parse().as_ref(), Ok(&recording), "{again}");
        }
        Err(error) => drop(error.to_string()),
    }
}
