//! What every store of clients does.

use bellwether_store::{ClientRow, Clients};
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
