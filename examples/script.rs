//! Runs scenario scripts and prints what our engine does.
//!
//! ```text
//! cargo run --example script -- [--check] [--kind KIND] FILE...
//! ```
//!
//! Without `--check`, prints each file with our output filled in. With it, compares: exit 1 and a
//! diff on a difference. Exit 2 where the command line, a file or a script cannot be understood.
//! KIND is interaction, confchange or quorum; by default the file's folder tells.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use quorate_script::{Kind, Run};

const USAGE: &str = "usage: script [--check] [--kind interaction|confchange|quorum] FILE...";

struct Options {
    check: bool,
    kind: Option<Kind>,
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    match parse(std::env::args_os().skip(1)).and_then(|options| run_all(&options)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn parse(mut args: impl Iterator<Item = OsString>) -> Result<Options, String> {
    let mut options = Options {
        check: false,
        kind: None,
        files: Vec::new(),
    };
    let mut only_files = false;
    while let Some(arg) = args.next() {
        match &*arg.to_string_lossy() {
            _ if only_files => options.files.push(arg.into()),
            "--check" => options.check = true,
            "--kind" => {
                let name = args.next().ok_or(format!("--kind needs a name\n{USAGE}"))?;
                let kind = name.to_string_lossy().parse();
                options.kind = Some(kind.map_err(|error| format!("{error}"))?);
            }
            "--" => only_files = true,
            option if option.starts_with('-') => {
                return Err(format!("unknown option {option}\n{USAGE}"));
            }
            _ => options.files.push(arg.into()),
        }
    }
    if options.files.is_empty() {
        return Err(USAGE.to_owned());
    }
    Ok(options)
}

/// Runs the files; gives the number of differences.
fn run_all(options: &Options) -> Result<usize, String> {
    let mut differences = 0;
    for file in &options.files {
        let run = run_file(options.kind, file)?;
        if options.check {
            differences += report(file, &run);
        } else {
            print!("{}", run.render());
        }
    }
    Ok(differences)
}

fn run_file(kind: Option<Kind>, file: &Path) -> Result<Run, String> {
    let name = file.display();
    let kind = kind
        .or_else(|| Kind::of_path(&std::path::absolute(file).unwrap_or_default()))
        .ok_or_else(|| format!("{name}: its folder does not tell its kind, --kind does"))?;
    let text = std::fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
    quorate_script::run(kind, &text).map_err(|error| format!("{name}: {error}"))
}

fn report(file: &Path, run: &Run) -> usize {
    let differences = run.differences();
    if !differences.is_empty() {
        println!("--- {} (expected)\n+++ our engine", file.display());
        for difference in &differences {
            print!("{difference}");
        }
    }
    differences.len()
}
