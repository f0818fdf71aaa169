//! What every store of clients does.

use bellwether_store::{ClientRow, Clients};
use futures_util::future::join_all;
use serde_json::{Map, json};

fn row(client_id: &str, ltv: Option<f64>) -> ClientRow {
    let features = [("tenure".to_owned(), json!(1.0 / 3.0)), ("plan".to_owned(), json!("größer"))];
    ClientRow { client_id: client_id.to_owned(), ltv, features: Map::from_iter(features) }
}

pub(crate) async fn an_unknown_client_has_nothing(clients: &impl Clients) {
    assert_eq!(clients.ltv("c1").await.unwrap(), None);
    assert_eq!(clients.features("c1").await.unwrap(), None);
    assert_eq!(clients.count().await.unwrap(), 0);
    assert_eq!(clients.upsert(&[]).await.unwrap(), 0);
}

pub(crate) async fn a_client_is_read_back(clients: &impl Clients) {
    assert_eq!(clients.upsert(&[row("c1", Some(12.34)), row("c2", None)]).await.unwrap(), 2);
    assert_eq!(clients.ltv("c1").await.unwrap(), Some(12.34));
    assert_eq!(clients.ltv("c2").await.unwrap(), None);
    assert_eq!(clients.features("c2").await.unwrap(), Some(row("c2", None).features));
    assert_eq!(clients.count().await.unwrap(), 2);
}

pub(crate) async fn an_upsert_replaces_the_whole_row(clients: &impl Clients) {
    clients.upsert(&[row("c1", Some(1.0)), row("c2", Some(2.0))]).await.unwrap();
    let bare = ClientRow { features: Map::new(), ..row("c1", None) };
    assert_eq!(clients.upsert(&[bare, row("c2", Some(3.0))]).await.unwrap(), 2);
    assert_eq!(clients.ltv("c1").await.unwrap(), None);
    assert_eq!(clients.features("c1").await.unwrap(), Some(Map::new()));
    assert_eq!(clients.ltv("c2").await.unwrap(), Some(3.0));
}

pub(crate) async fn lists_are_ordered_and_bounded(clients: &impl Clients) {
    let rows = [row("c3", Some(3.0)), row("c1", Some(1.0)), row("c2", None)];
    clients.upsert(&rows).await.unwrap();
    let known = [("c1".to_owned(), 1.0), ("c3".to_owned(), 3.0)];
    assert_eq!(clients.all_ltv(10).await.unwrap(), known);
    assert_eq!(clients.all_ltv(1).await.unwrap(), known[..1]);
    assert_eq!(clients.sample_ids(2).await.unwrap(), ["c1", "c2"]);
}

pub(crate) async fn an_erased_client_is_unknown(clients: &impl Clients) {
    clients.upsert(&[row("c1", Some(1.0)), row("c2", None)]).await.unwrap();
    assert!(clients.erase_features("c1").await.unwrap());
    assert!(clients.erase_features("c2").await.unwrap());
    assert!(!clients.erase_features("c1").await.unwrap());
    assert_eq!(clients.ltv("c1").await.unwrap(), None);
    assert_eq!(clients.features("c1").await.unwrap(), None);
    assert_eq!(clients.count().await.unwrap(), 0);
}

pub(crate) async fn ids_are_compared_exactly(clients: &impl Clients) {
    let ids = ["zoë", "zoe", "Zoe", "zoe ", "zoe\u{308}"];
    let rows: Vec<_> = (0_u8..).zip(ids).map(|(n, id)| row(id, Some(f64::from(n)))).collect();
    clients.upsert(&rows).await.unwrap();
    assert_eq!(clients.count().await.unwrap(), 5);
    for client in &rows {
        assert_eq!(clients.ltv(&client.client_id).await.unwrap(), client.ltv, "{:?}", client.client_id);
    }
    assert_eq!(clients.sample_ids(9).await.unwrap(), ["Zoe", "zoe", "zoe ", "zoe\u{308}", "zoë"]);
    assert!(clients.erase_features("zoe").await.unwrap());
    assert_eq!(clients.count().await.unwrap(), 4);
}

pub(crate) async fn of_a_client_given_twice_the_last_row_counts(clients: &impl Clients) {
    let many: Vec<_> = (0..350).map(|n| row(&format!("c{:03}", n % 300), Some(f64::from(n)))).collect();
    assert_eq!(clients.upsert(&many).await.unwrap(), 350);
    assert_eq!(clients.count().await.unwrap(), 300);
    assert_eq!(clients.ltv("c007").await.unwrap(), Some(307.0));
    clients.upsert(&[row("c007", Some(1.0)), row("c007", None)]).await.unwrap();
    assert_eq!(clients.ltv("c007").await.unwrap(), None);
}

pub(crate) async fn importers_of_the_same_clients_do_not_collide(clients: &impl Clients) {
    let rows = |reversed: bool| {
        let mut rows: Vec<_> = (0..200).map(|n| row(&format!("c{n}"), (n % 3 > 0).then_some(1.5))).collect();
        if reversed {
            rows.reverse();
        }
        rows
    };
    let all = [rows(false), rows(true), rows(false), rows(true)];
    for outcome in join_all(all.iter().map(|rows| clients.upsert(rows))).await {
        assert_eq!(outcome.unwrap(), 200);
    }
    assert_eq!(clients.all_ltv(500).await.unwrap().len(), 133);
}
