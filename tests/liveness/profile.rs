//! Settings under which worlds are tried.

use quorate::{Config, NodeId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Default,
    PreVoteOff,
    CheckQuorumOff,
    BothOff,
    /// And promises.
    AllOff,
    PromisesOff,
    VotesTellNothing,
    StaleUnrefused,
    LikeEtcd,
    /// Node 1 without pre-vote, the others with it.
    Mixed,
    /// Node 1 before node 2 before the others, and they hand over to it.
    Ranked,
}

impl Profile {
    pub(crate) const ALL: [Self; 11] = [
        Self::Default,
        Self::PreVoteOff,
        Self::CheckQuorumOff,
        Self::BothOff,
        Self::AllOff,
        Self::PromisesOff,
        Self::VotesTellNothing,
        Self::StaleUnrefused,
        Self::LikeEtcd,
        Self::Mixed,
        Self::Ranked,
    ];

    pub(crate) fn config(self, id: NodeId) -> Config {
        let mut config = Config::new(id, 7 * id);
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
            Self::AllOff => {
                let settings = config.settings_mut();
                (settings.pre_vote, settings.check_quorum, settings.lease_promises) = (false, false, false);
                settings.restart_silence_ticks = Some(0);
            }
            Self::PromisesOff => {
                config.settings_mut().lease_promises = false;
                config.settings_mut().restart_silence_ticks = Some(0);
            }
            Self::VotesTellNothing => config.settings_mut().votes_tell_commit = false,
            Self::StaleUnrefused => config.settings_mut().refuse_stale_candidates = false,
            Self::LikeEtcd => config = Config::like_etcd(id, 7 * id),
            Self::Mixed => config.settings_mut().pre_vote = id != 1,
            Self::Ranked => {
                config.settings_mut().election_rank = u8::try_from(id.min(3)).unwrap_or(3) - 1;
                config.settings_mut().transfer_to_preferred_ticks = Some(30);
            }
        }
        config
    }

    /// Whether nodes tell each other what is committed when they elect.
    pub(crate) fn tells(self) -> bool {
        self.config(1).settings().votes_tell_commit
    }
}
