//! Settings under which walks are made.

use quorate::{Config, NodeId};

use crate::dice::Dice;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Default,
    PreVoteOff,
    CheckQuorumOff,
    BothOff,
    PromisesOff,
    VotesTellNothing,
    StaleUnrefused,
    LikeEtcd,
    /// Each node its own of the others.
    Mixed,
}

/// Those that a single node may have.
const PLAIN: [Profile; 8] = [
    Profile::Default,
    Profile::PreVoteOff,
    Profile::CheckQuorumOff,
    Profile::BothOff,
    Profile::PromisesOff,
    Profile::VotesTellNothing,
    Profile::StaleUnrefused,
    Profile::LikeEtcd,
];

impl Profile {
    /// Half of the time the default.
    pub(crate) fn any(dice: &mut Dice) -> Self {
        if dice.once_in(2) {
            return Self::Default;
        }
        [PLAIN.as_slice(), &[Self::Mixed]].concat()[dice.roll(PLAIN.len() + 1)]
    }

    pub(crate) fn config(self, id: NodeId, dice: &mut Dice) -> Config {
        let mut config = Config::new(id, id);
        match self {
            Self::Default => {}
            Self::PreVoteOff => config.settings_mut().pre_vote = false,
            Self::CheckQuorumOff => {
                config.settings_mut().check_quorum = false;
                config
                    .settings_mut()
                    .allow_pre_vote_without_check_quorum_which_never_heals_from_some_partitions = true;
            }
            Self::BothOff => (config.settings_mut().pre_vote, config.settings_mut().check_quorum) = (false, false),
            Self::PromisesOff => {
                config.settings_mut().lease_promises = false;
                config.settings_mut().restart_silence_ticks = Some(0);
            }
            Self::VotesTellNothing => config.settings_mut().votes_tell_commit = false,
            Self::StaleUnrefused => config.settings_mut().refuse_stale_candidates = false,
            Self::LikeEtcd => config = Config::like_etcd(id, id),
            Self::Mixed => config = PLAIN[dice.roll(PLAIN.len())].config(id, dice),
        }
        config.settings_mut().async_storage_writes = dice.once_in(3);
        if dice.once_in(3) {
            config.settings_mut().max_message_bytes = 0; // one entry a message
        }
        if dice.once_in(2) {
            config.settings_mut().restart_silence_ticks = Some(0);
        }
        config
    }

    /// Whether a majority of which one knows its configuration gets a leader (see docs/liveness.md).
    pub(crate) fn is_live(self) -> bool {
        matches!(
            self,
            Self::Default | Self::PreVoteOff | Self::PromisesOff | Self::StaleUnrefused
        )
    }
}
