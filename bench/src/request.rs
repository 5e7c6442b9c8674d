//! What the command line asks for.

pub(crate) enum Request {
    /// Tables of the workloads whose names begin so.
    Measure {
        only: String,
        samples: Option<usize>,
        length: Option<u64>,
    },
    /// One sample of `WORKLOAD/ENGINE`, for tools that count instructions.
    Once { path: String, length: Option<u64> },
    /// What `Once` takes.
    List,
}

pub(crate) const USAGE: &str = "usage: quorate-bench [--only NAME] [--samples N] [--length N]
       quorate-bench --once WORKLOAD/VARIANT [--length N]
       quorate-bench --list";

pub(crate) fn parse(mut args: impl Iterator<Item = String>) -> Result<Request, String> {
    let (mut only, mut once, mut samples, mut length) = (String::new(), None, None, None);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value\n{USAGE}"));
        match arg.as_str() {
            "--list" => return Ok(Request::List),
            "--once" => once = Some(value()?),
            "--only" => only = value()?,
            "--samples" => samples = Some(number(&arg, &value()?)?),
            "--length" => length = Some(number(&arg, &value()?)?),
            _ => return Err(format!("unknown argument {arg}\n{USAGE}")),
        }
    }
    Ok(match once {
        Some(path) => Request::Once { path, length },
        None => Request::Measure { only, samples, length },
    })
}

fn number<N: std::str::FromStr + Default + PartialEq>(arg: &str, value: &str) -> Result<N, String> {
    let number = value.parse().ok().filter(|number| *number != N::default());
    number.ok_or(format!("{arg} needs a number from 1\n{USAGE}"))
}
