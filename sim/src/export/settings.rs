//! A node's settings, as `add-nodes` takes them.

use quorate::{Config, ReadMode};

/// Those that are not as in [`Config::new`], with blanks between them; id, seed and what is applied aside.
pub(super) fn words(config: &Config) -> String {
    let usual = rows(&Config::new(config.id, config.seed));
    let rows = rows(config).into_iter().zip(usual);
    let unusual = rows.filter(|(row, usual)| row != usual);
    let words: Vec<String> = unusual.map(|((key, value), _)| format!("{key}={value}")).collect();
    words.join(" ")
}

fn rows(config: &Config) -> Vec<(&'static str, String)> {
    let without = config.allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions;
    let without = without && config.pre_vote && !config.check_quorum; // of no account elsewhere
    let optional = |value: Option<u64>| value.map_or(String::new(), |value| value.to_string());
    let reads = match config.read_mode {
        ReadMode::Lease => "lease-based",
        ReadMode::ReadIndex => "safe",
    };
    vec![
        ("election", config.election_timeout_ticks.to_string()),
        ("heartbeat", config.heartbeat_interval_ticks.to_string()),
        ("prevote", config.pre_vote.to_string()),
        ("checkquorum", config.check_quorum.to_string()),
        ("prevote-without-checkquorum", without.to_string()),
        ("read-only", reads.to_owned()),
        ("lease-margin", config.lease_margin_ticks.to_string()),
        ("lease-promises", config.lease_promises.to_string()),
        ("restart-silence", optional(config.restart_silence_ticks)),
        ("snapshot-stall", optional(config.snapshot_stall_ticks)),
        ("inflight", config.max_inflight_messages.to_string()),
        ("max-inflight-bytes", config.max_inflight_bytes.to_string()),
        ("max-message-bytes", config.max_message_bytes.to_string()),
        ("max-uncommitted-bytes", config.max_uncommitted_bytes.to_string()),
        (
            "max-committed-size-per-ready",
            config.max_committed_bytes_per_ready.to_string(),
        ),
        ("eager-appends", config.eager_appends.to_string()),
        ("async-storage-writes", config.async_storage_writes.to_string()),
        (
            "disable-proposal-forwarding",
            config.disable_proposal_forwarding.to_string(),
        ),
        (
            "disable-conf-change-validation",
            config.disable_conf_change_validation.to_string(),
        ),
        ("fence-rejoined", config.fence_rejoined.to_string()),
        ("step-down-on-removal", config.step_down_on_removal.to_string()),
        ("commit-notice-on-removal", config.commit_notice_on_removal.to_string()),
    ]
}

/// Whether it matters how long a command is.
pub(super) fn sizes_matter(config: &Config) -> bool {
    let usual = Config::new(config.id, config.seed);
    let sizes = |config: &Config| {
        [
            config.max_message_bytes,
            config.max_uncommitted_bytes,
            config.max_committed_bytes_per_ready,
            config.max_inflight_bytes,
        ]
    };
    sizes(config) != sizes(&usual)
}
