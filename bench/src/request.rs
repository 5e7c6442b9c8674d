//! What the command line asks for.

use std::path::PathBuf;

pub(crate) enum Request {
    /// Tables of the workloads whose names begin so.
    Measure {
        only: String,
        samples: Option<usize>,
        length: Option<u64>,
    },
    /// One sample of `WORKLOAD/ENGINE`, for tools that count instructions.
    Once { path: String, length: Option<u64> },
    /// Curves whose names begin so, drawn in this directory.
    Curves { only: String, directory: PathBuf },
    /// What `Once` takes.
    List,
}

pub(crate) const USAGE: &str = "usage: quorate-bench [--only NAME] [--samples N] [--length N]
       quorate-bench --once WORKLOAD/VARIANT [--length N]
       quorate-bench --curves DIRECTORY [--only NAME]
       quorate-bench --list";

pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Request, String> {
    let (mut only, mut once, mut curves, mut samples, mut length) = (String::new(), None, None, None, None);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value\n{USAGE}"));
        match arg.as_str() {
            "--list" => return Ok(Request::List),
            "--once" => once = Some(value()?),
            "--curves" => curves = Some(PathBuf::from(value()?)),
            "--only" => only = value()?,
            "--samples" => samples = Some(number(&arg, &value()?)?),
            "--length" => length = Some(number(&arg, &value()?)?),
            _ => return Err(format!("unknown argument {arg}\n{USAGE}")),
        }
    }
    Ok(match (once, curves) {
        (Some(path), _) => Request::Once { path, length },
        (None, Some(directory)) => Request::Curves { only, directory },
        (None, None) => Request::Measure { only, samples, length },
    })
}

fn number<N: std::str::FromStr + Default + PartialEq>(arg: &str, value: &str) -> Result<N, String> {
    let number = value.parse().ok().filter(|number| *number != N::default());
    number.ok_or(format!("{arg} needs a number from 1\n{USAGE}"))
}
