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
    let without = config
        .settings()
        .allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions;
    let without = without && config.settings().pre_vote && !config.settings().check_quorum; // of no account elsewhere
    let optional = |value: Option<u64>| value.map_or(String::new(), |value| value.to_string());
    let reads = match config.settings().read_mode {
        ReadMode::Lease => "lease-based",
        _ => "safe",
    };
    vec![
        ("election", config.settings().election_timeout_ticks.to_string()),
        ("min-election", optional(config.settings().min_election_timeout_ticks)),
        ("max-election", optional(config.settings().max_election_timeout_ticks)),
        ("rank", config.settings().election_rank.to_string()),
        (
            "transfer-to-preferred",
            optional(config.settings().transfer_to_preferred_ticks),
        ),
        ("heartbeat", config.settings().heartbeat_interval_ticks.to_string()),
        ("prevote", config.settings().pre_vote.to_string()),
        ("checkquorum", config.settings().check_quorum.to_string()),
        ("prevote-without-checkquorum", without.to_string()),
        ("read-only", reads.to_owned()),
        ("lease-margin", config.settings().lease_margin_ticks.to_string()),
        ("lease-promises", config.settings().lease_promises.to_string()),
        ("restart-silence", optional(config.settings().restart_silence_ticks)),
        ("snapshot-stall", optional(config.settings().snapshot_stall_ticks)),
        ("inflight", config.settings().max_inflight_messages.to_string()),
        ("max-inflight-bytes", config.settings().max_inflight_bytes.to_string()),
        ("max-message-bytes", config.settings().max_message_bytes.to_string()),
        (
            "max-uncommitted-bytes",
            config.settings().max_uncommitted_bytes.to_string(),
        ),
        (
            "max-committed-size-per-ready",
            config.settings().max_committed_bytes_per_ready.to_string(),
        ),
        ("eager-appends", config.settings().eager_appends.to_string()),
        (
            "async-storage-writes",
            config.settings().async_storage_writes.to_string(),
        ),
        ("commit-groups", commit_groups(config)),
        (
            "commit-without-silent-groups",
            config.settings().commit_without_silent_groups.to_string(),
        ),
        (
            "disable-proposal-forwarding",
            config.settings().disable_proposal_forwarding.to_string(),
        ),
        (
            "disable-conf-change-validation",
            config.settings().disable_conf_change_validation.to_string(),
        ),
        ("fence-rejoined", config.settings().fence_rejoined.to_string()),
        (
            "step-down-on-removal",
            config.settings().step_down_on_removal.to_string(),
        ),
        (
            "commit-notice-on-removal",
            config.settings().commit_notice_on_removal.to_string(),
        ),
    ]
}

/// The groups of nodes 1, 2 and so on.
fn commit_groups(config: &Config) -> String {
    let groups = &config.settings().commit_groups;
    let last = groups.iter().map(|(id, _)| id).max().unwrap_or(0);
    let words = (1..=last).map(|id| groups.group(id).unwrap_or(0).to_string());
    words.collect::<Vec<_>>().join(".")
}

/// Whether it matters how long a command is.
pub(super) fn sizes_matter(config: &Config) -> bool {
    let usual = Config::new(config.id, config.seed);
    let sizes = |config: &Config| {
        [
            config.settings().max_message_bytes,
            config.settings().max_uncommitted_bytes,
            config.settings().max_committed_bytes_per_ready,
            config.settings().max_inflight_bytes,
        ]
    };
    sizes(config) != sizes(&usual)
}
