//! Writes what the corpora begin with, to be minimised: `cargo run --bin seeds DIRECTORY`.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let directory = env::args().nth(1).unwrap_or_else(|| "corpus".to_owned());
    for target in ["decode", "step", "calls", "cluster", "script", "log"] {
        let directory = Path::new(&directory).join(target);
        fs::create_dir_all(&directory)?;
        for (number, bytes) in quorate_fuzz::seeds::of(target).iter().enumerate() {
            fs::write(directory.join(format!("seed-{number:03}")), bytes)?;
        }
    }
    Ok(())
}
