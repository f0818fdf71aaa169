//! What every store of golden payloads does.

use bellwether_store::console::{GoldenPayload, GoldenPayloads, Ledger, Step};
use serde_json::json;

use crate::builders::{line, morning};

pub(crate) fn payload(name: &str) -> GoldenPayload {
    GoldenPayload {
        name: name.to_owned(),
        payload: json!({"tenure": 3, "plan": "größer"}).as_object().unwrap().clone(),
        expected_high_risk: Some(true),
        author: "ann".to_owned(),
        updated_at: morning(),
    }
}

async fn save(store: &impl Ledger, payload: GoldenPayload) {
    store.commit(line(), vec![Step::SavePayload(payload)]).await.unwrap();
}

pub(crate) async fn payloads_are_read_back_by_name(store: &(impl GoldenPayloads + Ledger)) {
    assert_eq!(store.payloads().await.unwrap(), []);
    let bare = GoldenPayload { expected_high_risk: None, payload: serde_json::Map::new(), ..payload("bare") };
    let low = GoldenPayload { expected_high_risk: Some(false), ..payload("low") };
    for payload in [payload("high"), low.clone(), bare.clone()] {
        save(store, payload).await;
    }
    assert_eq!(store.payloads().await.unwrap(), [bare, payload("high"), low]);
}

pub(crate) async fn a_payload_is_written_over(store: &(impl GoldenPayloads + Ledger)) {
    save(store, payload("a")).await;
    save(store, payload("A")).await;
    let other = json!({"tenure": 4}).as_object().unwrap().clone();
    let new =
        GoldenPayload { payload: other, expected_high_risk: None, author: "bob".to_owned(), ..payload("a") };
    save(store, new.clone()).await;
    assert_eq!(store.payloads().await.unwrap(), [payload("A"), new]);
}

pub(crate) async fn a_payload_is_deleted_alone(store: &(impl GoldenPayloads + Ledger)) {
    save(store, payload("a")).await;
    save(store, payload("b")).await;
    store.commit(line(), vec![Step::DeletePayload { name: "a".to_owned() }]).await.unwrap();
    assert_eq!(store.payloads().await.unwrap(), [payload("b")]);
}
