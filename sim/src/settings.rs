//! A node's settings as arguments of a command: `add-nodes` takes them, and recordings are headed by them.

use quorate::{CommitGroups, ReadMode, Settings};

use crate::command::{Command, Misuse, Switch};

/// One setting.
struct Setting {
    name: &'static str,
    get: fn(&Settings) -> String,
    /// `None` if that is no value of it.
    set: fn(&mut Settings, &str) -> Option<()>,
}

macro_rules! settings {
    ($($name:literal => $field:ident,)*) => {
        &[$(Setting {
            name: $name,
            get: |settings| settings.$field.word(),
            set: |settings, word| {
                settings.$field = Value::read(word)?;
                Some(())
            },
        }),*]
    };
}

/// All of them.
const SETTINGS: &[Setting] = settings! {
    "election" => election_timeout_ticks,
    "min-election" => min_election_timeout_ticks,
    "max-election" => max_election_timeout_ticks,
    "rank" => election_rank,
    "transfer-to-preferred" => transfer_to_preferred_ticks,
    "heartbeat" => heartbeat_interval_ticks,
    "prevote" => pre_vote,
    "checkquorum" => check_quorum,
    "prevote-without-checkquorum" =>
        allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions,
    "read-only" => read_mode,
    "lease-margin" => lease_margin_ticks,
    "lease-promises" => lease_promises,
    "restart-silence" => restart_silence_ticks,
    "max-pending-reads" => max_pending_reads,
    "max-message-bytes" => max_message_bytes,
    "max-committed-size-per-ready" => max_committed_bytes_per_ready,
    "max-uncommitted-bytes" => max_uncommitted_bytes,
    "max-entry-bytes" => max_entry_bytes,
    "inflight" => max_inflight_messages,
    "max-inflight-bytes" => max_inflight_bytes,
    "eager-appends" => eager_appends,
    "commit-notice" => commit_notice_ticks,
    "snapshot-stall" => snapshot_stall_ticks,
    "async-storage-writes" => async_storage_writes,
    "transfer-when-disk-lags" => transfer_when_disk_lags,
    "commit-groups" => commit_groups,
    "commit-without-silent-groups" => commit_without_silent_groups,
    "disable-proposal-forwarding" => disable_proposal_forwarding,
    "disable-conf-change-validation" => disable_conf_change_validation,
    "mark-checked-changes" => mark_checked_changes,
    "higher-term-resets-timer" => higher_term_resets_timer,
    "refuse-stale-candidates" => refuse_stale_candidates,
    "votes-tell-commit" => votes_tell_commit,
    "accept-without-group" => accept_without_cluster_id,
    "accept-unnamed-store" => accept_unnamed_store,
    "snapshot-tells-term" => snapshot_tells_term,
    "transfer-refusals" => transfer_refusals,
    "fence-rejoined" => fence_rejoined,
    "step-down-on-removal" => step_down_on_removal,
    "commit-notice-on-removal" => commit_notice_on_removal,
};

/// The names of all settings.
pub fn names() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.name)
}

/// Changes what the command says otherwise.
///
/// ```
/// use quorate::Settings;
/// use quorate_sim::settings::{apply, words};
/// let mut settings = Settings::default();
/// apply(&mut settings, &"add-nodes 3 election=20 read-only=lease-based".parse()?)?;
/// assert_eq!(words(&settings), "election=20 read-only=lease-based");
/// # Ok::<(), quorate_sim::command::Misuse>(())
/// ```
pub fn apply(settings: &mut Settings, command: &Command) -> Result<(), Misuse> {
    for Setting { name, set, .. } in SETTINGS {
        if let Some(value) = command.value::<String>(name)? {
            set(settings, &value).ok_or_else(|| {
                Misuse::new(match *name {
                    "read-only" => format!("invalid read-only option {value:?}"),
                    name => format!("{name}: {value:?} is not valid"),
                })
            })?;
        }
    }
    Ok(())
}

/// Those that are not as by default, with blanks between them.
pub fn words(settings: &Settings) -> String {
    let usual = Settings::default();
    let words = SETTINGS.iter().filter_map(|Setting { name, get, .. }| {
        let value = get(settings);
        (value != get(&usual)).then(|| format!("{name}={value}"))
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What a setting can be.
trait Value: Sized {
    fn word(&self) -> String;

    fn read(word: &str) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Value for $number {
            fn word(&self) -> String {
                self.to_string()
            }

            fn read(word: &str) -> Option<Self> {
                word.parse().ok()
            }
        })*
    };
}

numbers!(u8, u64, usize);

impl Value for bool {
    fn word(&self) -> String {
        self.to_string()
    }

    fn read(word: &str) -> Option<Self> {
        word.parse().ok().map(|Switch(on)| on)
    }
}

impl Value for Option<u64> {
    fn word(&self) -> String {
        self.map_or("none".to_owned(), |value| value.to_string())
    }

    fn read(word: &str) -> Option<Self> {
        match word {
            "none" => Some(None),
            word => word.parse().ok().map(Some),
        }
    }
}

impl Value for ReadMode {
    fn word(&self) -> String {
        let word = if *self == Self::Lease { "lease-based" } else { "safe" };
        word.to_owned()
    }

    fn read(word: &str) -> Option<Self> {
        match word {
            "safe" => Some(Self::ReadIndex),
            "lease-based" => Some(Self::Lease),
            _ => None,
        }
    }
}

/// The groups of nodes 1, 2 and so on, with dots between them; 0 for none.
impl Value for CommitGroups {
    fn word(&self) -> String {
        let last = self.iter().map(|(id, _)| id).max().unwrap_or(0);
        let words = (1..=last).map(|id| self.group(id).unwrap_or(0).to_string());
        words.collect::<Vec<_>>().join(".")
    }

    fn read(word: &str) -> Option<Self> {
        let groups: Vec<u64> = word.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(Self::new((1..).zip(groups).filter(|(_, group)| *group > 0)))
    }
}

#[cfg(test)]
mod tests {
    use quorate::Settings;

    use super::{SETTINGS, apply, words};

    /// The table knows each field, by another row.
    #[test]
    fn every_setting_has_a_name_and_survives() {
        let mut settings = Settings::default();
        let shown = format!("{settings:#?}");
        let fields = shown
            .lines()
            .filter(|line| line.starts_with("    ") && !line.starts_with("     "));
        let fields = fields.filter(|line| line.contains(": ")).count();
        assert_eq!(SETTINGS.len(), fields, "{shown}");
        for setting in SETTINGS {
            let before = settings.clone();
            let now = (setting.get)(&settings);
            let other = match now.as_str() {
                "true" => "false",
                "false" => "true",
                "safe" => "lease-based",
                "" => "1.0.2",
                _ => "7",
            };
            (setting.set)(&mut settings, other).unwrap_or_else(|| panic!("{}={other}", setting.name));
            assert!(
                settings != before && (setting.get)(&settings) == other,
                "{}",
                setting.name
            );
        }
        let mut again = Settings::default();
        apply(&mut again, &format!("x {}", words(&settings)).parse().unwrap()).unwrap();
        assert_eq!(again, settings);
        let silent = "x snapshot-stall=none restart-silence=0".parse().unwrap();
        apply(&mut again, &silent).unwrap();
        assert_eq!(
            (again.snapshot_stall_ticks, again.restart_silence_ticks),
            (None, Some(0))
        );
        assert!(apply(&mut again, &"x commit-groups=1.a".parse().unwrap()).is_err());
    }
}
