//! Variants of one piece of work, measured in alternation and compared with the first of them.

use std::hint::black_box;
use std::time::Instant;

use crate::allocations;
use crate::spread::Spread;
use crate::table::Table;

/// Work that is done in several ways.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// What one sample does, for the reader of the table.
    pub(crate) about: &'static str,
    /// The first is what the others are compared with.
    pub(crate) variants: &'static [Variant],
}

/// One way of doing it.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    /// Sets up, untimed, and gives what is timed.
    pub(crate) prepare: fn() -> Sample,
}

/// Does the work and says how much it was: the same in every variant, or they cannot be compared.
pub(crate) type Sample = Box<dyn FnOnce() -> u64>;

/// What one sample took.
struct Taken {
    seconds: f64,
    allocations: u64,
    units: u64,
}

fn take(variant: &Variant) -> Taken {
    let sample = (variant.prepare)();
    let (allocations, begin) = (allocations::so_far(), Instant::now());
    let units = black_box(sample());
    Taken {
        seconds: begin.elapsed().as_secs_f64(),
        allocations: allocations::so_far() - allocations,
        units,
    }
}

/// Takes the samples and makes a table of them.
///
/// One round takes each variant once, and each round begins with another one, so that what
/// disturbs the machine disturbs all alike; ratios are between samples of one round.
pub(crate) fn compare(workload: &Workload, samples: usize) -> Table {
    let count = workload.variants.len();
    // The first of each only warms up.
    workload.variants.iter().map(take).for_each(|_| ());
    let mut taken: Vec<Vec<Taken>> = workload.variants.iter().map(|_| Vec::new()).collect();
    for round in 0..samples {
        for position in 0..count {
            let which = (round + position) % count;
            taken[which].push(take(&workload.variants[which]));
        }
    }
    let base = &taken[0];
    let mut table = Table::new(
        format!("{}: {} ({samples} samples of each)", workload.name, workload.about),
        [
            "variant",
            "milliseconds",
            "ratio",
            "middle half of the ratios",
            "allocations",
        ],
    );
    for (variant, taken) in workload.variants.iter().zip(&taken) {
        let same = taken
            .iter()
            .all(|one| (one.units, one.allocations) == (base[0].units, taken[0].allocations));
        assert!(same, "{}: the work is not the same each time", variant.name);
        let times = Spread::of(taken.iter().map(|one| one.seconds * 1e3));
        let ratios = Spread::of(taken.iter().zip(base).map(|(one, base)| one.seconds / base.seconds));
        table.row([
            variant.name.to_owned(),
            format!("{:.2}", times.median()),
            format!("{:.3}", ratios.median()),
            format!("{:.3} to {:.3}", ratios.lower_quartile(), ratios.upper_quartile()),
            taken[0].allocations.to_string(),
        ]);
    }
    table
}
