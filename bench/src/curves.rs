//! How costs grow: tables of points, and a drawing of each.

mod catch_up;
mod divergence;
mod groups;
mod log_length;
mod members;
mod plot;

use std::path::Path;

use crate::engine::{Engine, Quorate, RaftRs};
use crate::table::Table;

/// How one cost grows.
pub(crate) trait Curve {
    /// What `--only` and the drawing's file are called.
    const NAME: &'static str;
    /// What is measured, for the reader.
    const TITLE: &'static str;
    /// What is varied.
    const X: &'static str;
    /// What is drawn. A point may have more figures, which only the table shows.
    const Y: &'static str;
    const MORE: &'static [&'static str] = &[];
    /// Where it is measured.
    const POINTS: &'static [u64];
    /// How often; the median counts.
    const SAMPLES: usize;
    const LOGARITHMIC: bool;

    /// One point: `Y`, and what is named in `MORE`.
    fn at<E: Engine>(x: u64) -> Vec<f64>;
}

/// Measures the curves whose names begin so, prints them, and draws them in `directory`.
pub(crate) fn draw(only: &str, directory: &Path) -> Result<(), String> {
    std::fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let all = [
        (members::Members::NAME, curve::<members::Members> as fn(&Path) -> _),
        (log_length::LogLength::NAME, curve::<log_length::LogLength>),
        (groups::Groups::NAME, curve::<groups::Groups>),
        (catch_up::CatchUp::NAME, curve::<catch_up::CatchUp>),
        (catch_up::Window::NAME, curve::<catch_up::Window>),
        (divergence::Terms::NAME, curve::<divergence::Terms>),
        (divergence::Entries::NAME, curve::<divergence::Entries>),
    ];
    let mut meant = all.iter().filter(|(name, _)| name.starts_with(only)).peekable();
    if meant.peek().is_none() {
        return Err(format!("no curve {only}; there are {:?}", all.map(|(name, _)| name)));
    }
    meant.try_for_each(|(_, curve)| curve(directory))
}

fn curve<C: Curve>(directory: &Path) -> Result<(), String> {
    let mut lines = [plot::Line::new(RaftRs::NAME), plot::Line::new(Quorate::NAME)];
    let columns = |engine| C::MORE.iter().map(move |more| format!("{engine}: {more}"));
    let heads = [RaftRs::NAME, Quorate::NAME].into_iter().flat_map(|engine| {
        let mut heads = vec![format!("{engine}: {}", C::Y)];
        heads.extend(columns(engine));
        heads
    });
    let mut table = Table::with_header(
        format!("{}: {}", C::NAME, C::TITLE),
        std::iter::once(C::X.to_owned()).chain(heads),
    );
    for &x in C::POINTS {
        let mut samples = [Vec::new(), Vec::new()];
        for _ in 0..C::SAMPLES {
            samples[0].push(C::at::<RaftRs>(x));
            samples[1].push(C::at::<Quorate>(x));
        }
        let medians = samples.map(|mut samples| {
            samples.sort_by(|a, b| a[0].total_cmp(&b[0]));
            samples.swap_remove((samples.len() - 1) / 2)
        });
        for (line, median) in lines.iter_mut().zip(&medians) {
            line.add(x, median[0]);
        }
        let cells = medians.iter().flatten().map(|figure| readable(*figure));
        table.cells(std::iter::once(x.to_string()).chain(cells));
    }
    println!("{table}");
    let path = directory.join(C::NAME).with_extension("svg");
    plot::draw::<C>(&lines, &path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Three digits that matter.
fn readable(figure: f64) -> String {
    let digits = if figure >= 100.0 || figure.fract().abs() < f64::EPSILON {
        0
    } else if figure >= 10.0 {
        1
    } else {
        2
    };
    format!("{figure:.digits$}")
}
