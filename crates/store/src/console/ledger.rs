//! Changes that are made whole or not at all, each with its line in the audit log.

use async_trait::async_trait;
use bellwether_core::change::Proposal;
use bellwether_core::config::ConfigVersion;

use super::{AuditEntry, ConsoleToken, GoldenPayload, NewAuditEntry};
use crate::{NewConfigVersion, Role, StoreError, User};

/// One part of a change. Not to be printed: it may hold a password's hash.
#[derive(Clone, PartialEq)]
pub enum Step {
    /// Adds a proposal; the store gives it its `id`, and revision 1.
    AddProposal(Proposal),
    /// Writes a proposal over its stored self, if that still has this `revision`; it is stored with the next.
    UpdateProposal(Proposal),
    /// Makes a config version live, as [`crate::ConfigStore::append`] does.
    AppendVersion(NewConfigVersion),
    /// Adds a person.
    AddUser(User),
    /// Replaces a person's hash.
    SetPasswordHash {
        /// Whose.
        name: String,
        /// An argon2id hash in PHC form.
        hash: String,
    },
    /// Gives a person another role.
    SetRole {
        /// Whom.
        name: String,
        /// Which.
        role: Role,
    },
    /// Sets where a person is written to.
    SetEmail {
        /// Whose.
        name: String,
        /// Where; none removes it.
        email: Option<String>,
    },
    /// Keeps a person from logging in, or no longer.
    SetDisabled {
        /// Whom.
        name: String,
        /// Whether they are kept out.
        disabled: bool,
    },
    /// Ends a person's sessions.
    CloseSessions {
        /// Whose.
        user: String,
        /// The hash of the one that stays, if one does.
        except: Option<String>,
    },
    /// Adds a token.
    AddToken(ConsoleToken),
    /// Ends a token now.
    RevokeToken {
        /// Which.
        id: String,
    },
    /// Adds a payload, or writes it over the one of its name.
    SavePayload(GoldenPayload),
    /// Removes a payload.
    DeletePayload {
        /// Which.
        name: String,
    },
}

/// A change as it was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed {
    /// Its line in the audit log.
    pub audit: AuditEntry,
    /// The proposal as it is stored now, where a step added or updated one.
    pub proposal: Option<Proposal>,
    /// The version that is live now, where a step appended one.
    pub version: Option<ConfigVersion>,
}

/// Makes changes.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Makes every step and writes the line, in one transaction. A line whose `subject` is empty is given
    /// `proposal N` of the proposal added.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where a step does not fit what is stored: another revision, another live version, a
    /// name that is taken, or a person, token or payload that is not there. Nothing is changed then.
    /// [`StoreError::Unavailable`] where it is not known whether the change was made: look before trying again.
    async fn commit(&self, line: NewAuditEntry, steps: Vec<Step>) -> Result<Committed, StoreError>;
}
