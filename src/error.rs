//! Errors, one enum for each decision a caller has to make: whose fault, and who can act.
//!
//! [`StepError`]: a peer's message. [`ProposeError`], [`ReadError`], [`TransferError`], [`SnapshotError`],
//! [`SnapshotRequestError`]: the caller's request. [`ConfigError`]: the settings or the store they meet.
//! [`ReadyError`], [`ApplyError`], [`AcknowledgeError`]: the order of calls. In each of them, and by itself where
//! nothing else can go wrong, [`NodeError`]: this node, or its storage, is broken.

mod bytes;
mod config;
mod node;
mod order;
mod request;
mod step;

pub use self::bytes::{DecodeError, EncodeError};
pub use self::config::ConfigError;
pub use self::node::{Fault, NodeError};
pub use self::order::{AcknowledgeError, ApplyError, ReadyError, SnapshotError};
pub use self::request::{
    CampaignError, CampaignRefusal, ChangeRefusal, ProposeError, ReadError, SnapshotRequestError, TransferError,
    TransferRefusal,
};
pub use self::step::StepError;
