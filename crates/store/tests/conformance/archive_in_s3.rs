//! Archives in S3: where the suite gets them from, and what only S3 does.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Weak};

use bellwether_store::archive::{ArchiveStore as _, Encryption, S3Archive, S3ArchiveError, S3Options};
use bellwether_testkit::Aws;
use tokio::sync::Mutex;

/// One server for the tests that run at the same time; the last of them ends it.
static SERVER: Mutex<Weak<Aws>> = Mutex::const_new(Weak::new());
static BUCKETS: AtomicU32 = AtomicU32::new(0);

async fn bucket() -> (Arc<Aws>, String) {
    let mut shared = SERVER.lock().await;
    let server = match shared.upgrade() {
        Some(server) => server,
        None => Arc::new(Aws::start().await),
    };
    *shared = Arc::downgrade(&server);
    let bucket = format!("bucket-{}", BUCKETS.fetch_add(1, Ordering::SeqCst));
    server.create_bucket(&bucket).await;
    (server, bucket)
}

fn open(server: &Aws, options: &S3Options) -> Result<S3Archive, S3ArchiveError> {
    let variables = server.variables().into_iter().map(|(name, value)| (name.to_owned(), value));
    S3Archive::open(options, variables)
}

fn options(url: &str) -> S3Options {
    S3Options { path_style: true, ..S3Options::new(url) }
}

pub(crate) async fn empty() -> (S3Archive, Arc<Aws>) {
    let (server, bucket) = bucket().await;
    let archive = open(&server, &options(&format!("s3://{bucket}/some/prefix")));
    (archive.unwrap(), server)
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_lie_below_the_prefix_and_are_encrypted_as_the_options_say() {
    let (server, bucket) = bucket().await;
    let encrypted = async |prefix: &str, encryption: Encryption, header: &str| {
        let url = format!("s3://{bucket}{prefix}");
        let archive = open(&server, &S3Options { encryption, ..options(&url) }).unwrap();
        archive.put("stage/x", b"x".to_vec()).await.unwrap();
        server.object_header(&bucket, &format!("{}stage/x", prefix.trim_start_matches('/')), header).await
    };
    let (kind, key) = ("x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id");
    assert_eq!(encrypted("/a/", Encryption::Aes256, kind).await.unwrap(), "AES256");
    assert_eq!(encrypted("/b/", Encryption::Kms(None), kind).await.unwrap(), "aws:kms");
    let with_key = Encryption::Kms(Some("alias/ours".to_owned()));
    assert_eq!(encrypted("/c/", with_key, key).await.unwrap(), "alias/ours");
    assert_eq!(encrypted("/", Encryption::Aes256, kind).await.unwrap(), "AES256");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_at_once() {
    let opened = |options: &S3Options| S3Archive::open(options, std::iter::empty());
    for url in ["s3://", "s3:///prefix", "https://bucket/prefix", "s3://bucket/a b", "s3://bucket/../x%20"] {
        assert!(matches!(opened(&S3Options::new(url)), Err(S3ArchiveError::Url)), "{url}");
    }
    for endpoint in ["ftp://host", "host", "http://127.0.0.1:9"] {
        let options = S3Options { endpoint: Some(endpoint.to_owned()), ..S3Options::new("s3://bucket/x") };
        assert!(matches!(opened(&options), Err(S3ArchiveError::Endpoint)), "{endpoint}");
    }
    let named =
        S3Options { endpoint: Some("http://minio:9000".to_owned()), ..S3Options::new("s3://bucket/x") };
    assert!(opened(&named).is_ok());
}
