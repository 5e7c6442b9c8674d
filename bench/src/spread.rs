//! Several samples of one thing.

/// Sorted samples.
pub(crate) struct Spread(Vec<f64>);

impl Spread {
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    pub(crate) fn least(&self) -> f64 {
        self.0[0]
    }

    #[cfg(feature = "logger")]
    pub(crate) fn lower_quartile(&self) -> f64 {
        self.0[(self.0.len() - 1) / 4]
    }

    pub(crate) fn median(&self) -> f64 {
        self.0[(self.0.len() - 1) / 2]
    }

    #[cfg(feature = "logger")]
    pub(crate) fn upper_quartile(&self) -> f64 {
        let last = self.0.len() - 1;
        self.0[last - last / 4]
    }

    pub(crate) fn most(&self) -> f64 {
        self.0[self.0.len() - 1]
    }
}
