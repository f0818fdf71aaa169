//! Who is told by mail that a rollout was rolled back, or could not be: its author and those who may approve.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bellwether_core::change::{Outcome, Proposal, ProposalState};
use bellwether_mail::{Draft, Outcome as Sent, PostError, SendError};
use bellwether_store::{Role, StoreError, Users};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::ConsoleError;
use crate::console::{Console, SYSTEM, Turn, particulars};

/// Between two tries of a mail that was not taken, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// So far back untold rollbacks are looked for at the start.
const BACK: u32 = 200;

/// Mails to be sent.
pub(super) struct Notices {
    console: Console,
    waiting: Mutex<BTreeMap<u64, Notice>>,
    /// Proposals and subjects of which nobody can be told: not to be tried again by this process.
    given_up: Mutex<BTreeSet<(u64, String)>>,
    bell: Notify,
}

#[derive(Clone)]
struct Notice {
    proposal: u64,
    subject: String,
    text: String,
    /// Who has it already, as far as one mail reached some.
    told: BTreeSet<String>,
    /// Whether all have it, and only the note of that is missing.
    sent: bool,
}

impl Notices {
    pub(super) fn new(console: Console) -> Self {
        Self { console, waiting: Mutex::default(), given_up: Mutex::default(), bell: Notify::new() }
    }

    /// Has those concerned told of a rollback.
    pub(super) fn rolled_back(&self, proposal: &Proposal) {
        if let Some(notice) = self.of_rollback(proposal) {
            self.add(notice);
        }
    }

    /// Has those concerned told of a rollout that exceeds its limits, and cannot be rolled back: once.
    pub(super) fn stuck(&self, proposal: &Proposal, reasons: &[String], why: &str) {
        let Some(rollout) = proposal.rollout.as_ref().filter(|rollout| rollout.told_at.is_none()) else {
            return;
        };
        let (version, previous) = (rollout.version, rollout.previous);
        let text = format!(
            "Version {version} of production's config exceeds its limits:\n\n{}\nIt cannot be rolled back by itself, \
             since version {previous}, to which that would return, is no config that could be live: {why}. Version \
             {version} stays live until somebody reverts it or an admin promotes another past staging.\n\n{}\n",
            listed(reasons),
            self.link(proposal.id)
        );
        let subject = format!("Bellwether: version {version} exceeds its limits and cannot be rolled back");
        self.add(Notice { proposal: proposal.id, subject, text, told: BTreeSet::new(), sent: false });
    }

    /// Sends what waits, again and again until it is sent. Never ends.
    pub(super) async fn keep_sending(&self) {
        self.take_up().await;
        let mut pause = PAUSES.0;
        loop {
            let mut left = false;
            let waiting: Vec<_> = self.lock().values().cloned().collect();
            for notice in waiting {
                left |= !self.see_to(notice).await;
            }
            if left {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSES.1);
            } else {
                pause = PAUSES.0;
                self.bell.notified().await;
            }
        }
    }

    /// Rollbacks that another process left untold.
    async fn take_up(&self) {
        let proposals = loop {
            match self.console.database().proposals(None, BACK).await {
                Ok(proposals) => break proposals,
                Err(_) => tokio::time::sleep(PAUSES.0).await,
            }
        };
        for proposal in proposals {
            self.rolled_back(&proposal);
        }
    }

    /// Sends one, and notes it; answers whether it is over.
    async fn see_to(&self, mut notice: Notice) -> bool {
        let Some(post) = &self.console.parts().post else {
            tracing::error!(proposal = notice.proposal, "nobody is told: no mail server is set");
            return self.give_up(&notice);
        };
        if notice.sent {
            return self.note(notice.proposal).await;
        }
        let to = match self.recipients(notice.proposal).await {
            Ok(to) => to.difference(&notice.told).cloned().collect::<Vec<_>>(),
            Err(_) => return false,
        };
        // Without anybody it goes to the operator's recipients, unless all had it but for the note.
        if to.is_empty() && !notice.told.is_empty() {
            return self.note(notice.proposal).await;
        }
        let draft = Draft {
            uid: uid(&notice),
            environment: self.console.prod().name().to_owned(),
            to: to.clone(),
            subject: notice.subject.clone(),
            text: notice.text.clone(),
            html: None,
        };
        match post.send(draft, self.console.now()).await {
            Ok(sent) => {
                let all = self.sent(&mut notice, &to, &sent);
                all && self.note(notice.proposal).await
            }
            Err(PostError::Message(error)) => {
                tracing::error!(%error, proposal = notice.proposal, "nobody can be told of a rollback");
                self.give_up(&notice)
            }
            Err(PostError::Send(SendError::Permanent(error))) => {
                tracing::error!(
                    error,
                    proposal = notice.proposal,
                    "the mail server refuses to tell of a rollback"
                );
                self.give_up(&notice)
            }
            Err(error) => {
                tracing::warn!(%error, proposal = notice.proposal, "those concerned by a rollback are told later");
                false
            }
        }
    }

    /// Whether nobody is to be tried again.
    fn sent(&self, notice: &mut Notice, to: &[String], sent: &Sent) -> bool {
        for (address, words) in &sent.refused {
            tracing::error!(%address, words, "the mail server refuses a recipient of a notice");
        }
        let later: BTreeSet<_> = sent.deferred.iter().map(|(address, _)| address.to_string()).collect();
        notice.told.extend(to.iter().filter(|address| !later.contains(*address)).cloned());
        notice.sent = later.is_empty();
        // Kept, so that whoever has it is not sent it again while the note of it cannot be written.
        self.lock().insert(notice.proposal, notice.clone());
        notice.sent
    }

    /// Notes in the proposal that they are told.
    async fn note(&self, id: u64) -> bool {
        let before = match self.console.proposal(id).await {
            Ok(before) => before,
            Err(ConsoleError::NotFound(_)) => return self.over(id),
            Err(_) => return false,
        };
        let now = self.console.now();
        let mut after = Proposal { updated_at: now, ..before.clone() };
        match &mut after.rollout {
            Some(rollout) if rollout.told_at.is_none() => rollout.told_at = Some(now),
            _ => return self.over(id),
        }
        let detail = particulars(&after, json!({}));
        let (action, actor) = ("proposal.told", SYSTEM.to_owned());
        let noted = self.console.turn(Turn { before, after, action, actor, detail, more: Vec::new() }).await;
        noted.is_ok() && self.over(id)
    }

    /// The addresses of the author, whoever edited, approved and promoted it, and all who may approve.
    async fn recipients(&self, id: u64) -> Result<BTreeSet<String>, StoreError> {
        let proposal = self.console.database().proposal(id).await?;
        let named = |name: &str| {
            proposal.as_ref().is_some_and(|proposal| {
                let approved = proposal.approval.as_ref().is_some_and(|approval| approval.by == name);
                let promoted = proposal.rollout.as_ref().is_some_and(|rollout| rollout.by == name);
                proposal.is_by(name) || approved || promoted
            })
        };
        let users = Users::list(self.console.database()).await?;
        let concerned = users.into_iter().filter(|user| !user.disabled);
        let concerned = concerned.filter(|user| user.role >= Role::Approver || named(&user.name));
        Ok(concerned.filter_map(|user| user.email).collect())
    }

    fn of_rollback(&self, proposal: &Proposal) -> Option<Notice> {
        let rollout = proposal.rollout.as_ref().filter(|rollout| rollout.told_at.is_none())?;
        let Some(Outcome::RolledBack { version, reasons, .. }) = &rollout.outcome else { return None };
        if proposal.state != ProposalState::RolledBack {
            return None;
        }
        let (promoted, previous) = (rollout.version, rollout.previous);
        let text = format!(
            "Version {promoted} of production's config, proposed by {} and promoted by {}, exceeded its limits:\n\n{}\n\
             It was rolled back by itself: version {version} has the document of version {previous} again.\n\n{}\n",
            proposal.author,
            rollout.by,
            listed(reasons),
            self.link(proposal.id)
        );
        let subject = format!("Bellwether: version {promoted} of production's config was rolled back");
        Some(Notice { proposal: proposal.id, subject, text, told: BTreeSet::new(), sent: false })
    }

    /// Where the proposal is looked at.
    fn link(&self, id: u64) -> String {
        let settings = self.console.settings();
        let url = if settings.public_url.is_empty() {
            format!("http://{}", settings.bind)
        } else {
            settings.public_url.trim_end_matches('/').to_owned()
        };
        format!("{url}/proposals/{id}")
    }

    fn add(&self, notice: Notice) {
        let key = (notice.proposal, notice.subject.clone());
        if self.given_up.lock().unwrap_or_else(PoisonError::into_inner).contains(&key) {
            return;
        }
        self.lock().entry(notice.proposal).or_insert(notice);
        self.bell.notify_one();
    }

    /// Nobody can be told, and nobody is tried again: what goes on a second later would try at once.
    fn give_up(&self, notice: &Notice) -> bool {
        let mut given_up = self.given_up.lock().unwrap_or_else(PoisonError::into_inner);
        given_up.insert((notice.proposal, notice.subject.clone()));
        drop(given_up);
        self.over(notice.proposal)
    }

    fn over(&self, id: u64) -> bool {
        self.lock().remove(&id);
        true
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Notice>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reasons as a list.
fn listed(reasons: &[String]) -> String {
    reasons.iter().fold(String::new(), |list, reason| list + "- " + reason + "\n")
}

/// The same notice has the same uid, in whichever process.
fn uid(notice: &Notice) -> Uuid {
    let digest = Sha256::digest(format!("{}\n{}\n{}", notice.proposal, notice.subject, notice.text));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes)
}
