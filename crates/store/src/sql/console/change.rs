//! A change, whatever the engine: its steps in their order, what stands against each, and the line in the audit log.

use async_trait::async_trait;
use bellwether_core::change::Proposal;
use bellwether_core::config::ConfigVersion;
use chrono::{DateTime, Utc};

use super::{AuditHeadRow, StoredProposal, payload_text};
use crate::console::{AuditEntry, Committed, ConsoleToken, GoldenPayload, NewAuditEntry, Step};
use crate::sql::{Successor, overtaken};
use crate::{NewConfigVersion, Role, StoreError, User};

/// Why a change was not made.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The driver's own error: the engine may have ended the change for another's sake.
    Driver(sqlx::Error),
    /// The change does not fit, or nobody knows whether it was made.
    Final(StoreError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Driver(error) => error.into(),
            Failure::Final(error) => error,
        }
    }
}

/// An open transaction, with each engine's own statements. Those that answer `bool` say whether they found what they
/// change, or room for what they add.
#[async_trait]
pub(crate) trait Change: Send {
    /// The end of the audit log. Nobody else gets it until this change is made, or is not.
    async fn head(&mut self) -> Result<Option<AuditHeadRow>, Failure>;
    /// Writes a line, and that it is the end.
    async fn add_line(&mut self, line: &AuditEntry) -> Result<bool, Failure>;

    async fn last_proposal(&mut self) -> Result<Option<u64>, Failure>;
    async fn proposal_revision(&mut self, id: u64) -> Result<Option<u64>, Failure>;
    async fn add_proposal(&mut self, new: &StoredProposal) -> Result<bool, Failure>;
    /// Writes it over what is stored at `revision`.
    async fn update_proposal(&mut self, new: &StoredProposal, revision: u64) -> Result<bool, Failure>;

    async fn append(&mut self, new: &Successor) -> Result<bool, Failure>;

    async fn add_user(&mut self, user: &User) -> Result<bool, Failure>;
    async fn set_password_hash(&mut self, name: &str, hash: &str) -> Result<bool, Failure>;
    async fn set_role(&mut self, name: &str, role: Role) -> Result<bool, Failure>;
    async fn set_email(&mut self, name: &str, email: Option<&str>) -> Result<bool, Failure>;
    async fn set_disabled(&mut self, name: &str, disabled: bool) -> Result<bool, Failure>;
    async fn close_sessions(&mut self, user: &str, except: Option<&str>) -> Result<(), Failure>;

    async fn add_token(&mut self, token: &ConsoleToken) -> Result<bool, Failure>;
    /// Ends a token, unless it was ended before.
    async fn revoke_token(&mut self, id: &str, at: DateTime<Utc>) -> Result<bool, Failure>;

    async fn save_payload(&mut self, payload: &GoldenPayload, text: &str) -> Result<(), Failure>;
    async fn delete_payload(&mut self, name: &str) -> Result<bool, Failure>;
}

/// Takes every step and writes the line; the transaction is then to be committed, and undone after a failure.
pub(crate) async fn make(
    change: &mut impl Change,
    mut line: NewAuditEntry,
    steps: Vec<Step>,
) -> Result<Committed, Failure> {
    // First, so that of those who change anything one goes on and the others wait.
    let head = AuditHeadRow::head(change.head().await?)?;
    let mut made = Made { at: line.at, ..Made::default() };
    for step in steps {
        take(change, step, &mut made).await?;
    }
    if let (true, Some(id)) = (line.subject.is_empty(), made.added) {
        line.subject = format!("proposal {id}");
    }
    let audit = AuditEntry::after(head.as_ref(), line);
    if !change.add_line(&audit).await? {
        let reason = format!("line {} is there already, beyond the end that is kept apart", audit.seq);
        return Err(StoreError::corrupt("audit_log", reason).into());
    }
    Ok(Committed { audit, proposal: made.proposal, version: made.version })
}

/// What the steps so far have made.
#[derive(Default)]
struct Made {
    at: DateTime<Utc>,
    added: Option<u64>,
    proposal: Option<Proposal>,
    version: Option<ConfigVersion>,
}

async fn add_proposal(change: &mut impl Change, new: Proposal) -> Result<Proposal, Failure> {
    let id = change.last_proposal().await?.unwrap_or(0) + 1;
    let new = StoredProposal::of(Proposal { id, revision: 1, ..new })?;
    fits(change.add_proposal(&new).await?, || format!("a proposal {id} exists"))?;
    Ok(new.proposal)
}

async fn update_proposal(change: &mut impl Change, new: Proposal) -> Result<Proposal, Failure> {
    let (id, revision) = (new.id, new.revision);
    let new = StoredProposal::of(Proposal { revision: revision.saturating_add(1), ..new })?;
    if change.update_proposal(&new, revision).await? {
        return Ok(new.proposal);
    }
    let what = match change.proposal_revision(id).await? {
        Some(stored) => format!(
            "something happened to proposal {id} meanwhile: it is at revision {stored}, not {revision} any more"
        ),
        None => format!("there is no proposal {id}"),
    };
    Err(StoreError::Conflict { what }.into())
}

async fn append(change: &mut impl Change, new: NewConfigVersion) -> Result<ConfigVersion, Failure> {
    let new = Successor::of(new)?;
    if !change.append(&new).await? {
        return Err(overtaken(&new.version).into());
    }
    Ok(new.version)
}

async fn take(change: &mut impl Change, step: Step, made: &mut Made) -> Result<(), Failure> {
    match step {
        Step::AddProposal(new) => {
            let added = add_proposal(change, new).await?;
            made.added = Some(added.id);
            made.proposal = Some(added);
            Ok(())
        }
        Step::UpdateProposal(new) => {
            made.proposal = Some(update_proposal(change, new).await?);
            Ok(())
        }
        Step::AppendVersion(new) => {
            made.version = Some(append(change, new).await?);
            Ok(())
        }
        Step::AddUser(user) => {
            fits(change.add_user(&user).await?, || format!("a user `{}` exists", user.name))
        }
        Step::SetPasswordHash { name, hash } => {
            fits(change.set_password_hash(&name, &hash).await?, || no_user(&name))
        }
        Step::SetRole { name, role } => fits(change.set_role(&name, role).await?, || no_user(&name)),
        Step::SetEmail { name, email } => {
            fits(change.set_email(&name, email.as_deref()).await?, || no_user(&name))
        }
        Step::SetDisabled { name, disabled } => {
            fits(change.set_disabled(&name, disabled).await?, || no_user(&name))
        }
        Step::CloseSessions { user, except } => change.close_sessions(&user, except.as_deref()).await,
        Step::AddToken(token) => {
            fits(change.add_token(&token).await?, || format!("a token `{}` exists", token.id))
        }
        Step::RevokeToken { id } => {
            fits(change.revoke_token(&id, made.at).await?, || format!("there is no token `{id}`"))
        }
        Step::SavePayload(payload) => change.save_payload(&payload, &payload_text(&payload)?).await,
        Step::DeletePayload { name } => {
            fits(change.delete_payload(&name).await?, || format!("there is no payload `{name}`"))
        }
    }
}

/// A conflict, where a step does not fit.
fn fits(it_does: bool, what: impl FnOnce() -> String) -> Result<(), Failure> {
    if it_does { Ok(()) } else { Err(StoreError::Conflict { what: what() }.into()) }
}

fn no_user(name: &str) -> String {
    format!("there is no user `{name}`")
}
