//! The Raft paper (Ongaro and Ousterhout, extended version) and what quorate takes from Ongaro's
//! thesis, sentence by sentence: a test for each sentence that says what a server does or must not
//! do. Files are named after the section, doc comments paraphrase the sentence. Where quorate does
//! it differently on purpose, the test checks what quorate does and its comment says so.
//!
//! The other servers are played by the test ([`bench::Bench`]), or all of them are real
//! ([`support::Cluster`]). Unless a section is about them, pre-vote, check-quorum and the promises
//! of leases are off ([`support::plain`]).

#[path = "../support/mod.rs"]
mod support;

mod bench;

mod figure_2_append_entries;
mod figure_2_request_vote;
mod figure_2_rules;
mod figure_2_state;
mod figure_3;
mod section_5_1;
mod section_5_2;
mod section_5_3;
mod section_5_4;
mod section_5_5;
mod section_6;
mod section_7;
mod section_8;
mod thesis_10_2;
mod thesis_3_10;
mod thesis_4;
mod thesis_6_2;
mod thesis_6_4;
mod thesis_6_4_1;
mod thesis_9_6;
