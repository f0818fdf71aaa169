//! Proposals over the API: written down, waited for, edited, and refused where the world is another than it was.

use std::time::{Duration, Instant};

use bellwether_store::Role;
use bellwether_store::console::Step;
use reqwest::Method;
use serde_json::json;

use crate::world::{Made, World, fields};

#[actix_web::test]
async fn a_draft_becomes_a_proposal_that_says_what_it_changes() {
    let world = World::start().await;
    let editor = world.token(Made::of("ed", Role::Editor)).await;
    let draft = world.draft(&editor, 0.7, "fewer false alarms").await;
    let answer = world.request(Method::POST, "/api/proposals").bearer_auth(&editor).json(&draft);
    let answer = answer.send().await.unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["location"], "/api/proposals/1");
    let told: serde_json::Value = answer.json().await.unwrap();
    let proposal = &told["proposal"];
    assert_eq!(proposal["state"], "proposed");
    assert_eq!((&proposal["base"], &proposal["revision"]), (&json!(1), &json!(1)));
    assert_eq!(proposal["author"], "ed");
    let change = json!([{ "field": "proba_cutoff", "before": 0.65, "after": 0.7 }]);
    assert_eq!(told["differences"], change);
    assert_eq!(told["reassignment"]["moved"], 0.0);
    let (_, list) = world.get(&editor, "/api/proposals").await;
    assert_eq!(list["proposals"], json!([proposal]));
    let (_, audit) = world.get(&editor, "/api/audit?limit=200").await;
    let last = audit["lines"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["actor"], &last["subject"]), (&json!("token pipeline of ed"), &json!("proposal 1")));
}

#[actix_web::test]
async fn whoever_waits_is_answered_when_something_happens_or_the_time_is_over() {
    let world = World::start().await;
    let editor = world.token(Made::of("ed", Role::Editor)).await;
    let draft = world.draft(&editor, 0.7, "to be waited for").await;
    world.post(&editor, "/api/proposals", &draft).await;

    let begun = Instant::now();
    let (_, told) = world.get(&editor, "/api/proposals/1?revision=1&wait_seconds=1").await;
    assert_eq!(told["proposal"]["revision"], 1);
    assert!(begun.elapsed() >= Duration::from_secs(1), "it did not wait");

    let begun = Instant::now();
    let waits = world.get(&editor, "/api/proposals/1?revision=1&wait_seconds=60");
    let withdraw = json!({ "revision": 1 });
    let withdraws = world.post(&editor, "/api/proposals/1/withdraw", &withdraw);
    let ((_, told), (status, withdrawn)) = tokio::join!(waits, withdraws);
    assert_eq!(status, 200, "{withdrawn}");
    assert_eq!(told["proposal"]["state"], "withdrawn");
    assert!(begun.elapsed() < Duration::from_secs(20), "it waited for the time, not for the news");
}

#[actix_web::test]
async fn a_step_that_was_done_is_not_answered_as_one_that_failed() {
    let world = World::start().await;
    let editor = world.token(Made::of("ed", Role::Editor)).await;
    let draft = world.draft(&editor, 0.7, "made from what is not there").await;
    world.post(&editor, "/api/proposals", &draft).await;
    // What would be told beside it cannot be read: the version that it was made from is not there.
    let mut proposal = world.database.proposal(1).await.unwrap().unwrap();
    proposal.base = 99;
    world.commit(vec![Step::UpdateProposal(proposal)]).await;
    let (status, _) = world.get(&editor, "/api/proposals/1").await;
    assert_eq!(status, 404, "whoever asks for it is told that it cannot be read");
    let (status, told) = world.post(&editor, "/api/proposals/1/try", &json!({ "revision": 2 })).await;
    assert_eq!((status, &told["proposal"]["revision"]), (200, &json!(3)), "{told}");
    assert_eq!((&told["differences"], &told["reassignment"]), (&json!(null), &json!(null)), "{told}");
}

#[actix_web::test]
async fn of_two_who_act_on_the_same_revision_one_wins() {
    let world = World::start().await;
    let (ed, eve) =
        (world.token(Made::of("ed", Role::Editor)).await, world.token(Made::of("eve", Role::Editor)).await);
    let draft = world.draft(&ed, 0.7, "to be edited").await;
    world.post(&ed, "/api/proposals", &draft).await;
    let edit = async |token: &str, cutoff: f64| {
        let mut edit = world.draft(token, cutoff, "another cutoff").await;
        edit["revision"] = json!(1);
        world.call(token, Method::PUT, "/api/proposals/1", Some(&edit)).await
    };
    let (one, other) = tokio::join!(edit(&ed, 0.71), edit(&eve, 0.72));
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{one:?} {other:?}");
    let winner = if one.0 == 200 { &one.1 } else { &other.1 };
    let (_, now) = world.get(&ed, "/api/proposals/1").await;
    assert_eq!(now["proposal"], winner["proposal"]);
    assert_eq!(now["proposal"]["revision"], 2);
}

#[actix_web::test]
async fn a_running_experiment_is_not_drawn_anew_without_a_word() {
    let world = World::start().await;
    let editor = world.token(Made::of("ed", Role::Editor)).await;
    world.change_production(|document| document.heuristic_percentage = 50.0.try_into().unwrap()).await;
    let mut draft = world.draft(&editor, 0.65, "a new draw").await;
    draft["document"]["experiment_salt"] = json!("2027");
    let (status, refused) = world.post(&editor, "/api/proposals", &draft).await;
    assert_eq!((status, fields(&refused)), (409, vec!["confirmed"]), "{refused}");
    let (_, list) = world.get(&editor, "/api/proposals").await;
    assert_eq!(list["proposals"], json!([]));
    draft["confirmed"] = json!(true);
    let (status, told) = world.post(&editor, "/api/proposals", &draft).await;
    assert_eq!(status, 201, "{told}");
    assert_eq!(told["reassignment"]["salt_changed"], true);
}

#[actix_web::test]
async fn what_was_made_from_an_older_version_is_told_field_by_field() {
    let world = World::start().await;
    let editor = world.token(Made::of("ed", Role::Editor)).await;
    let mut draft = world.draft(&editor, 0.7, "made from version 1").await;
    draft["base"] = json!(1);
    world.change_production(|document| document.proba_cutoff = 0.8).await;
    let (status, refused) = world.post(&editor, "/api/proposals", &draft).await;
    assert_eq!((status, fields(&refused)), (409, vec!["proba_cutoff"]), "{refused}");
    let message = refused["errors"][0]["message"].as_str().unwrap();
    for value in ["0.65", "0.8", "0.7"] {
        assert!(message.contains(value), "{message}");
    }
}

#[actix_web::test]
async fn history_is_told_in_pages_and_compared_by_number() {
    let world = World::start().await;
    let viewer = world.token(Made::of("vera", Role::Viewer)).await;
    world.change_production(|document| document.proba_cutoff = 0.7).await;
    world.change_production(|document| document.proba_cutoff = 0.8).await;
    let versions = |page: &serde_json::Value| -> Vec<u64> {
        page["versions"].as_array().unwrap().iter().map(|v| v["version"].as_u64().unwrap()).collect()
    };
    let (_, first) = world.get(&viewer, "/api/environments/prod/history?limit=2").await;
    assert_eq!((versions(&first), &first["next_before"]), (vec![3, 2], &json!(2)));
    let (_, second) = world.get(&viewer, "/api/environments/prod/history?limit=2&before=2").await;
    assert_eq!((versions(&second), &second["next_before"]), (vec![1], &json!(null)));
    let (_, diff) = world.get(&viewer, "/api/environments/prod/versions/3/diff").await;
    let step = json!([{ "field": "proba_cutoff", "before": 0.7, "after": 0.8 }]);
    assert_eq!((&diff["to"], &diff["differences"]), (&json!(2), &step));
    let (_, diff) = world.get(&viewer, "/api/environments/prod/versions/3/diff?to=1").await;
    assert_eq!(diff["differences"][0]["before"], 0.65);
    let (status, refused) = world.get(&viewer, "/api/environments/prod/versions/1/diff").await;
    assert_eq!((status, fields(&refused)), (422, vec!["to"]), "{refused}");
}

#[actix_web::test]
async fn an_admin_goes_past_staging_with_a_reason_and_it_is_marked() {
    let world = World::start().await;
    let editor = world.token(Made::of("ed", Role::Editor)).await;
    let admin = world.token(Made::of("adam", Role::Admin)).await;
    let draft = world.draft(&editor, 0.7, "at once").await;
    world.post(&editor, "/api/proposals", &draft).await;
    let past = "/api/proposals/1/promote-past-staging";
    let (status, refused) = world.post(&admin, past, &json!({ "revision": 1, "why": "" })).await;
    assert_eq!((status, fields(&refused)), (422, vec!["why"]), "{refused}");
    let order = json!({ "revision": 1, "why": "staging burns", "bake": { "seconds": null } });
    let (status, told) = world.post(&admin, past, &order).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["proposal"]["emergency"]["reason"], "staging burns");
    assert_eq!(told["proposal"]["rollout"]["bake_seconds"], json!(null));
    assert_eq!(told["rollout_progress"]["expected"], 1);
    let (_, version) = world.get(&editor, "/api/environments/prod/versions/2").await;
    assert_eq!(version["version"]["provenance"]["emergency"], "staging burns");
    let (status, told) = world.post(&admin, past, &order).await;
    assert_eq!(status, 409, "the same revision twice: {told}");
}
