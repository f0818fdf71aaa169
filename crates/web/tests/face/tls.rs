//! https on our own port.

use std::path::Path;
use std::time::Duration;

use bellwether_testkit::wait::until;
use bellwether_web::tls::server_config;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Certificate, Client, Response};

use crate::world::World;

/// Writes a fresh certificate for 127.0.0.1 and its key into a folder, and answers the certificate.
fn renew(folder: &Path) -> Certificate {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(folder.join("tls.key"), signing_key.serialize_pem()).unwrap();
    std::fs::write(folder.join("tls.crt"), cert.pem()).unwrap();
    Certificate::from_pem(cert.pem().as_bytes()).unwrap()
}

/// Asks as somebody who trusts this certificate alone, and who was never there before: who resumes a session
/// is shown no certificate.
async fn get(url: &str, trusted: &Certificate) -> reqwest::Result<Response> {
    let client = Client::builder().tls_certs_only([trusted.clone()]).build().unwrap();
    client.get(url).send().await
}

#[tokio::test]
async fn a_certificate_is_shown_and_a_renewed_one_is_taken_up_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let before = renew(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (certificate, key) = (path("tls.crt"), path("tls.key"));
    let files = [("server.tls_certificate_file", certificate.as_str()), ("server.tls_key_file", &key)];
    let world = World::start(&files).await;
    let url = format!("https://{}/open", world.address);
    let response = get(&url, &before).await.unwrap();
    assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
    assert_eq!(response.text().await.unwrap(), "127.0.0.1 true");

    std::fs::write(folder.path().join("tls.crt"), "half a certif").unwrap();
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert!(get(&url, &before).await.is_ok(), "what cannot be read is not shown");

    let after = renew(folder.path());
    until("the new certificate is shown", Duration::from_secs(10), || async {
        get(&url, &after).await.is_ok()
    })
    .await;
    assert!(get(&url, &before).await.is_err(), "the old one is not shown any more");
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = tempfile::tempdir().unwrap();
    renew(folder.path());
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    assert!(server_config(&certificate, &key).is_ok());
    let told = |certificate: &Path, key: &Path| server_config(certificate, key).err().unwrap().to_string();
    assert!(told(Path::new("nowhere.crt"), &key).starts_with("server.tls_certificate_file: `nowhere.crt`"));
    assert!(told(&certificate, Path::new("nowhere.key")).starts_with("server.tls_key_file: `nowhere.key`"));
    assert!(told(&key, &key).contains("it holds no certificate"));
    let other = tempfile::tempdir().unwrap();
    renew(other.path());
    let told = told(&certificate, &other.path().join("tls.key"));
    assert!(told.starts_with("server.tls_key_file"), "they do not belong together: {told}");
}
