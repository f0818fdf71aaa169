//! What `bellwether up` prints: addresses, and a request that works as it stands.

use std::path::Path;

use bellwether_config_admin::ConsoleService;

use super::environment::RunningEnvironment;

pub(super) async fn tell(
    data: &Path,
    prod: &RunningEnvironment,
    stage: &RunningEnvironment,
    console: &ConsoleService,
    password: Option<&str>,
) -> anyhow::Result<()> {
    let (api, stage) = (prod.address(), stage.address());
    println!("Bellwether is up.\n");
    println!("  api (prod)   http://{api}         documentation at http://{api}/docs");
    println!("  api (stage)  http://{stage}");
    println!("  model page   http://{api}/model_interface         where clients are looked up");
    println!("  console      http://{}         where config is changed", console.address());
    println!("  data         {}        sent mail in {}", data.display(), data.join("outbox").display());
    if let Some(password) = password {
        println!(
            "  first user   admin, password {password} (shown this once; for the console and the model page)"
        );
    }
    println!("\nTry it:\n\n  {}\n", curl(prod).await?);
    Ok(())
}

/// A request for the first sample client.
async fn curl(prod: &RunningEnvironment) -> anyhow::Result<String> {
    let ids = prod.database.sample_ids(1).await?;
    let id = ids.first().map_or("100001", String::as_str);
    let known = prod.database.features(id).await?.unwrap_or_default();
    let mut body = serde_json::Map::from_iter([("client_id".to_owned(), id.into())]);
    body.extend(known.into_iter().take(6));
    let body = serde_json::Value::Object(body);
    Ok(format!("curl -s http://{}/predict -H 'content-type: application/json' -d '{body}'", prod.address()))
}
