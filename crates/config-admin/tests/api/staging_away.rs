//! A staging that is away keeps nobody from looking after production.

use bellwether_store::Role;
use serde_json::{Value, json};

use crate::world::{Made, World};

#[actix_web::test]
async fn a_console_starts_while_staging_s_servers_are_away_and_production_can_be_changed() {
    let world = World::without_staging("mysql://127.0.0.1:1/bellwether").await.unwrap();
    let admin = world.token(Made::of("adam", Role::Admin)).await;
    let (status, overview) = world.get(&admin, "/api/overview").await;
    assert_eq!(status, 200, "{overview}");
    assert!(overview["stage"]["unavailable"].is_string(), "{overview}");
    assert_eq!((&overview["prod"]["unavailable"], &overview["prod"]["synced"]), (&Value::Null, &json!(1)));

    let draft = world.draft(&admin, 0.7, "it cannot wait for staging").await;
    let (status, told) = world.post(&admin, "/api/proposals", &draft).await;
    assert_eq!(status, 201, "{told}");
    let order = json!({ "revision": 1, "why": "staging is away", "bake": { "seconds": null } });
    let (status, told) = world.post(&admin, "/api/proposals/1/promote-past-staging", &order).await;
    assert_eq!((status, &told["proposal"]["state"]), (200, &json!("rolling_out")), "{told}");
}

#[actix_web::test]
async fn a_staging_in_a_file_that_is_not_there_is_a_mistake_in_the_settings() {
    let error = World::without_staging("sqlite:///nowhere/at/all.sqlite").await.err().unwrap();
    assert!(format!("{error:#}").contains("environments.stage"), "{error:#}");
}
