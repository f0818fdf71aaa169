//! Forgetting a replica that is gone.

use bellwether_store::Role;
use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::world::{Made, World};

#[actix_web::test]
async fn a_silent_replica_is_forgotten_and_one_that_reports_is_not() {
    let world = World::start().await;
    let approver = world.token(Made::of("ann", Role::Approver)).await;
    let mut gone = world.database.replicas("prod").await.unwrap().remove(0);
    gone.replica = "prod/9 ü".to_owned();
    gone.at = Utc::now() - TimeDelta::minutes(5);
    world.database.report(&gone).await.unwrap();
    let path = "/api/environments/prod/replicas/forget";
    for (name, status) in [("prod-0", 409), ("nobody", 404), ("prod/9 ü", 200), ("prod/9 ü", 404)] {
        let (answered, told) = world.post(&approver, path, &json!({ "name": name })).await;
        assert_eq!(answered, status, "{name}: {told}");
    }
    let left = world.database.replicas("prod").await.unwrap();
    assert_eq!(left.iter().map(|report| report.replica.as_str()).collect::<Vec<_>>(), ["prod-0"]);
}
