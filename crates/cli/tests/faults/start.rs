//! What keeps a service from starting is told, by the name of its setting, and quickly.

use std::process::ExitStatus;
use std::time::{Duration, Instant};

use bellwether_core::config::EmailPolicy;
use bellwether_testkit::service::ServiceBuilder;

use crate::world::World;

/// What is promised.
const WITHIN: Duration = Duration::from_secs(10);

async fn refuses(builder: ServiceBuilder, setting: &str) {
    let begun = Instant::now();
    let mut service = builder.spawn();
    let status: Option<ExitStatus> = service.ends(WITHIN).await;
    let log = service.log();
    println!("{setting}: ended after {:?}: {}", begun.elapsed(), log.lines().last().unwrap_or_default());
    let status = status.unwrap_or_else(|| panic!("{setting}: it goes on: {log}"));
    assert!(!status.success(), "{setting}: {log}");
    assert!(log.contains(setting), "{setting} is not named: {log}");
    assert!(!log.contains("panicked"), "{log}");
    assert!(!log.contains("wrong password"), "a secret is told: {log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_unmigrated_databases_and_unwritable_journals_end_a_start_with_the_setting_s_name() {
    let world = World::new(EmailPolicy::None).await;
    for make in [World::api_of, World::worker_of] {
        refuses(
            make(&world).setting("DATABASE__PASSWORD", "wrong password").setting("DATABASE__USER", "nobody"),
            "database",
        )
        .await;
        let empty = world.mariadb.create_database().await;
        refuses(make(&world).setting("DATABASE__URL", empty), "bellwether migrate").await;
        refuses(make(&world).setting("DATABASE__URL", "mysql://root@127.0.0.1:9/bellwether"), "database.url")
            .await;
        refuses(make(&world).setting("REDIS__PASSWORD", "wrong password"), "redis").await;
        refuses(make(&world).setting("REDIS__URL", "redis://127.0.0.1:9"), "redis.url").await;
    }
    refuses(world.api("api-1").setting("JOURNAL__PATH", "/proc/nowhere/journal.sqlite"), "journal.path")
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_database_or_redis_is_waited_for_where_a_last_good_config_is_on_disk() {
    let mut world = World::new(EmailPolicy::None).await;
    let builder = world.api("api-0");
    assert!(builder.start().await.terminate().success());
    world.mariadb.kill();
    world.redis.kill();
    let begun = Instant::now();
    let api = builder.start().await;
    println!("ready {:?} after a start with neither database nor Redis", begun.elapsed());
    assert!(api.terminate().success());
}
