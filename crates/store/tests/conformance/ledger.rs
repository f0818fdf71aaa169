//! What every ledger does: whole changes or none.

use bellwether_core::change::Proposal;
use bellwether_store::console::{ConsoleToken, GoldenPayload, NewAuditEntry, Session, Step, verify_audit};
use bellwether_store::{Database, NewConfigVersion, Role, StoreError, User, Users};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::builders::{HOSTILE, add_user, eventful, line, morning, proposal, report, user, version};
use crate::console_tokens::token;
use crate::golden_payloads::payload;
use crate::sessions::session;

pub(crate) async fn a_change_is_made_with_its_line(store: &impl Database) {
    store.append(version(None, 0.65)).await.unwrap();
    let steps = vec![Step::AddProposal(proposal(0.6)), Step::AppendVersion(version(Some(1), 0.6))];
    let made = store.commit(line(), steps).await.unwrap();
    assert_eq!(made.proposal, store.proposal(1).await.unwrap());
    assert_eq!(made.version.clone().map(Into::into), store.live("stage").await.unwrap());
    assert_eq!(made.version.unwrap().version, 2);
    assert_eq!((made.audit.seq, made.audit.at), (1, morning()));
    let detail: Value = serde_json::from_str(&made.audit.detail).unwrap();
    assert_eq!(detail, json!({"why": "to see", "share": 0.1 + 0.2}));
    assert_eq!(store.lines(0, 10).await.unwrap(), [made.audit]);
}

pub(crate) async fn a_line_without_a_subject_names_the_proposal_that_is_added(store: &impl Database) {
    let bare = || NewAuditEntry { subject: String::new(), ..line() };
    let subject = async |line, step| store.commit(line, vec![step]).await.unwrap().audit.subject;
    assert_eq!(subject(bare(), Step::AddProposal(proposal(0.6))).await, "proposal 1");
    assert_eq!(subject(bare(), Step::AddProposal(proposal(0.7))).await, "proposal 2");
    assert_eq!(subject(line(), Step::AddProposal(proposal(0.8))).await, "the store");
    assert_eq!(subject(bare(), add_user("ann")).await, "");
}

pub(crate) async fn of_many_who_append_one_wins_and_the_others_leave_nothing(store: &impl Database) {
    store.append(version(None, 0.65)).await.unwrap();
    let all = (0..20).map(|n| {
        let cutoff = 0.1 + f64::from(n) / 100.0;
        let steps = vec![Step::AddProposal(proposal(cutoff)), Step::AppendVersion(version(Some(1), cutoff))];
        store.commit(line(), steps)
    });
    let outcomes = join_all(all).await;
    let won: Vec<_> = outcomes.iter().flatten().collect();
    assert_eq!(won.len(), 1);
    for lost in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(
            matches!(lost, StoreError::Conflict { what } if what == "version 1 is not the live one of stage any more"),
            "{lost:?}"
        );
    }
    assert_eq!(store.history("stage", 10).await.unwrap().len(), 2);
    assert_eq!(store.live("stage").await.unwrap(), won[0].version.clone().map(Into::into));
    assert_eq!(store.proposals(None, 10).await.unwrap(), [won[0].proposal.clone().unwrap()]);
    assert_eq!(store.lines(0, 10).await.unwrap(), [won[0].audit.clone()]);
}

pub(crate) async fn a_change_and_a_bare_append_do_not_both_win(store: &impl Database) {
    store.append(version(None, 0.65)).await.unwrap();
    for live in 1..=10 {
        let bare = store.append(version(Some(live), 0.1));
        let change = store.commit(line(), vec![Step::AppendVersion(version(Some(live), 0.2))]);
        let (bare, change) = tokio::join!(bare, change);
        assert!(bare.is_ok() != change.is_ok(), "{bare:?} {change:?}");
    }
    assert_eq!(store.live("stage").await.unwrap().unwrap().version, 11);
}

/// Everything that a change can reach.
async fn everything(store: &dyn Database) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        (store.proposals(None, 100).await.unwrap(), store.history("stage", 100).await.unwrap()),
        (Users::list(store).await.unwrap(), store.sessions_of("ann").await.unwrap()),
        (store.tokens().await.unwrap(), store.payloads().await.unwrap()),
        (store.lines(0, 100).await.unwrap(), store.audit_head().await.unwrap()),
    )
}

pub(crate) async fn a_step_that_does_not_fit_undoes_all_the_others(store: &impl Database) {
    let there = vec![
        Step::AddProposal(proposal(0.6)),
        Step::AppendVersion(version(None, 0.65)),
        add_user("ann"),
        Step::AddToken(token("t1")),
        Step::SavePayload(payload("p1")),
    ];
    let first = store.commit(line(), there).await.unwrap().proposal.unwrap();
    store.open_session(&session("s1", "ann")).await.unwrap();
    let before = everything(store).await;

    let fit = || {
        let ann = || "ann".to_owned();
        vec![
            Step::AddProposal(proposal(0.7)),
            Step::UpdateProposal(Proposal { reason: "other".to_owned(), ..first.clone() }),
            Step::AppendVersion(version(Some(1), 0.66)),
            add_user("bob"),
            Step::SetPasswordHash { name: ann(), hash: "$other".to_owned() },
            Step::SetRole { name: ann(), role: Role::Admin },
            Step::SetEmail { name: ann(), email: Some("ann@example.org".to_owned()) },
            Step::SetDisabled { name: ann(), disabled: true },
            Step::CloseSessions { user: ann(), except: None },
            Step::AddToken(token("t2")),
            Step::RevokeToken { id: "t1".to_owned() },
            Step::SavePayload(GoldenPayload { author: "bob".to_owned(), ..payload("p1") }),
            Step::SavePayload(payload("p2")),
            Step::DeletePayload { name: "p1".to_owned() },
        ]
    };
    let nobody = || "nobody".to_owned();
    let prod = NewConfigVersion { environment: "prod".to_owned(), ..version(Some(3), 0.6) };
    for (misfit, told) in [
        (Step::UpdateProposal(Proposal { revision: 9, ..first.clone() }), "meanwhile"),
        (Step::UpdateProposal(Proposal { id: 9, ..first.clone() }), "there is no proposal 9"),
        (Step::AppendVersion(prod), "version 3 is not the live one of prod any more"),
        (Step::AppendVersion(version(None, 0.6)), "stage has a version already"),
        (add_user("ann"), "a user `ann` exists"),
        (Step::SetPasswordHash { name: nobody(), hash: "$".to_owned() }, "there is no user `nobody`"),
        (Step::SetRole { name: nobody(), role: Role::Admin }, "there is no user `nobody`"),
        (Step::SetEmail { name: nobody(), email: None }, "there is no user `nobody`"),
        (Step::SetDisabled { name: nobody(), disabled: true }, "there is no user `nobody`"),
        (Step::AddToken(token("t1")), "a token `t1` exists"),
        (Step::RevokeToken { id: "t9".to_owned() }, "there is no token `t9`"),
        (Step::DeletePayload { name: "p9".to_owned() }, "there is no payload `p9`"),
    ] {
        let steps = fit().into_iter().chain([misfit]).collect();
        match store.commit(line(), steps).await.unwrap_err() {
            StoreError::Conflict { what } => assert!(what.contains(told), "{what}"),
            other => panic!("{told}: {other:?}"),
        }
        assert_eq!(everything(store).await, before, "{told}");
    }
    // Each of those that fit does so for itself, and is seen.
    let all = store.commit(line(), fit()).await.unwrap();
    assert_ne!(everything(store).await, before);
    assert_eq!((all.audit.seq, all.version.unwrap().version), (2, 2));
    verify_audit(store).await.unwrap();
}

pub(crate) async fn every_field_of_hostile_text_comes_back_exactly(store: &impl Database) {
    let hostile = || HOSTILE.to_owned();
    let new = NewConfigVersion {
        author: hostile(),
        reason: hostile(),
        stage_report: Some(report("ab", true)),
        ..version(None, 0.1 + 0.2)
    };
    let person = User { password_hash: hostile(), email: Some(hostile()), ..user(HOSTILE) };
    let input = json!({HOSTILE: [HOSTILE, 0.1 + 0.2, 1e300, u64::MAX, i64::MIN, null, true, {}]});
    let payload =
        GoldenPayload { payload: input.as_object().unwrap().clone(), author: hostile(), ..payload(HOSTILE) };
    let pass = ConsoleToken { hash: "ab".repeat(32), name: hostile(), owner: hostile(), ..token("t\u{0}'") };
    let seen =
        Session { csrf: hostile(), address: hostile(), agent: hostile(), ..session("s\u{0}'", HOSTILE) };
    let told = NewAuditEntry {
        at: morning(),
        actor: hostile(),
        action: hostile(),
        subject: hostile(),
        detail: json!({HOSTILE: HOSTILE}),
    };
    store.open_session(&seen).await.unwrap();
    let steps = vec![
        Step::AddProposal(eventful()),
        Step::AppendVersion(new.clone()),
        Step::AddUser(person.clone()),
        Step::AddToken(pass.clone()),
        Step::SavePayload(payload.clone()),
    ];
    let made = store.commit(told.clone(), steps).await.unwrap();

    assert_eq!(store.proposal(1).await.unwrap(), Some(Proposal { id: 1, revision: 1, ..eventful() }));
    let live = store.live("stage").await.unwrap().unwrap().readable().unwrap();
    assert_eq!((&live.author, &live.reason, &live.document), (&new.author, &new.reason, &new.document));
    assert_eq!(store.stage_report("stage", 1).await.unwrap(), new.stage_report);
    assert_eq!(Users::find(store, HOSTILE).await.unwrap(), Some(person));
    assert_eq!(store.token("t\u{0}'").await.unwrap(), Some(pass));
    assert_eq!(store.payloads().await.unwrap(), [payload]);
    assert_eq!(store.session("s\u{0}'").await.unwrap(), Some(seen.clone()));
    assert_eq!(store.sessions_of(HOSTILE).await.unwrap(), [seen]);
    let line = store.lines(0, 10).await.unwrap().remove(0);
    assert_eq!(line, made.audit);
    assert_eq!((&line.actor, &line.action, &line.subject), (&told.actor, &told.action, &told.subject));
    assert_eq!(serde_json::from_str::<Value>(&line.detail).unwrap(), told.detail);
    verify_audit(store).await.unwrap();
}

pub(crate) async fn many_steps_are_one_change(store: &impl Database) {
    let steps = (0..100).map(|n| add_user(&format!("user {n:03}"))).collect();
    store.commit(line(), steps).await.unwrap();
    assert_eq!(Users::list(store).await.unwrap().len(), 100);
    store.commit(line(), Vec::new()).await.unwrap();
    assert_eq!(store.audit_head().await.unwrap().unwrap().seq, 2);
}
