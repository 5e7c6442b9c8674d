//! The rules that safety rests on, one file each: pure, on plain values, the paper's section at the
//! top. A rule answers with a proof that nobody else can make, or with the reason why not.

pub(crate) mod campaign;
pub(crate) mod change;
pub(crate) mod commit;
pub(crate) mod election;
pub(crate) mod history;
pub(crate) mod identity;
pub(crate) mod lease;
pub(crate) mod read;
pub(crate) mod term;
pub(crate) mod vote;
