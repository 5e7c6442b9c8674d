//! One workload, done by both libraries in turn.

use crate::engine::{Engine, Floor, Quorate, RaftRs};
use crate::spread::Spread;
use crate::table::Table;

/// Work that any engine can do.
pub(crate) trait Workload: 'static {
    /// What `--only` and `--once` call it.
    fn name(&self) -> String;

    /// What the reader of the table calls it.
    fn about(&self) -> String;

    /// What a sample gives, in this order.
    fn metrics(&self) -> &'static [Metric];

    /// How much work a sample is, unless the command line says otherwise.
    fn length(&self) -> u64;

    /// Sets up, does the work, and says what it took.
    fn sample<E: Engine>(&self, length: u64) -> Vec<f64>;
}

/// A figure that a sample gives.
pub(crate) struct Metric {
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
    /// Digits after the point.
    pub(crate) digits: usize,
    /// The same each time, so that one sample is enough.
    pub(crate) exact: bool,
}

impl Metric {
    /// Of which less is better.
    pub(crate) const fn less(unit: &'static str, digits: usize, exact: bool) -> Self {
        Self {
            unit,
            better: Better::Less,
            digits,
            exact,
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Better {
    More,
    Less,
}

/// A workload with its two variants.
pub(crate) struct Comparison {
    pub(crate) name: String,
    about: String,
    metrics: &'static [Metric],
    length: u64,
    compared: [Variant; 2],
    floor: Option<Variant>,
}

/// A workload as one engine does it.
pub(crate) struct Variant {
    engine: &'static str,
    sample: Box<dyn Fn(u64) -> Vec<f64>>,
}

impl Comparison {
    pub(crate) fn of<W: Workload + Clone>(workload: &W) -> Self {
        Self {
            name: workload.name(),
            about: workload.about(),
            metrics: workload.metrics(),
            length: workload.length(),
            compared: [Variant::of::<RaftRs, W>(workload), Variant::of::<Quorate, W>(workload)],
            floor: None,
        }
    }

    /// With what the loops themselves cost, outside of the table.
    pub(crate) fn with_floor<W: Workload + Clone>(workload: &W) -> Self {
        Self {
            floor: Some(Variant::of::<Floor, W>(workload)),
            ..Self::of(workload)
        }
    }

    /// Name and variant of all that can be done once.
    pub(crate) fn variants(&self) -> impl Iterator<Item = (String, &Variant)> {
        let variants = self.compared.iter().chain(&self.floor);
        variants.map(|variant| (format!("{}/{}", self.name, variant.engine), variant))
    }

    /// A sample of one variant.
    pub(crate) fn once(&self, variant: &Variant, length: Option<u64>) -> Vec<f64> {
        (variant.sample)(length.unwrap_or(self.length))
    }

    /// Takes samples in turn and adds a row for each metric. The ratio is that of two samples that
    /// were taken one right after the other, and is above 1 where quorate is better.
    pub(crate) fn measure(&self, samples: usize, length: Option<u64>, table: &mut Table) {
        let exact = self.metrics.iter().all(|metric| metric.exact);
        let samples = if exact { 1 } else { samples };
        let mut taken: [Vec<Vec<f64>>; 2] = [Vec::new(), Vec::new()];
        for round in 0..samples {
            for turn in 0..2 {
                let which = (round + turn) % 2;
                taken[which].push(self.once(&self.compared[which], length));
            }
        }
        for (number, metric) in self.metrics.iter().enumerate() {
            let [theirs, ours] = taken.each_ref().map(|taken| taken.iter().map(|sample| sample[number]));
            let ratio = |(theirs, ours): (f64, f64)| match metric.better {
                Better::More => ours / theirs,
                Better::Less => theirs / ours,
            };
            let ratios = Spread::of(theirs.clone().zip(ours.clone()).map(ratio));
            let spread = if metric.exact {
                "exact".to_owned()
            } else {
                format!("{:.2} to {:.2}", ratios.least(), ratios.most())
            };
            let figure = |figures| format!("{:.*}", metric.digits, figures);
            table.row([
                format!("{}, {}", self.about, metric.unit),
                figure(Spread::of(theirs).median()),
                figure(Spread::of(ours).median()),
                format!("{:.2}", ratios.median()),
                spread,
            ]);
        }
    }
}

impl Variant {
    fn of<E: Engine, W: Workload + Clone>(workload: &W) -> Self {
        let workload = workload.clone();
        Self {
            engine: E::NAME,
            sample: Box::new(move |length| workload.sample::<E>(length)),
        }
    }
}

/// A table for [`Comparison::measure`].
pub(crate) fn table(samples: usize) -> Table {
    let codec = if cfg!(feature = "prost") {
        "prost"
    } else {
        "rust-protobuf"
    };
    Table::new(
        format!(
            "raft-rs 0.7.0 with {codec} against quorate; medians of {samples}, ratios above 1 where quorate is better"
        ),
        ["workload", "raft-rs", "quorate", "ratio", "spread of the ratio"],
    )
}
