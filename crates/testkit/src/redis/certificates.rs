//! An authority that nobody knows but the test, and a certificate of its for this machine.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// PEM files of a server at 127.0.0.1.
#[derive(Debug, Clone)]
pub(super) struct Certificates {
    pub(super) authority: PathBuf,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Certificates {
    pub(super) fn write(folder: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names are fine names");
        // Where both bear the same name, OpenSSL takes the server's for one that signed itself.
        params.distinguished_name.push(DnType::CommonName, "an authority for tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key can be made");
        let authority = params.self_signed(&key).expect("an authority can sign itself");
        let issuer = Issuer::new(params, key);
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let mut params = CertificateParams::new(names).expect("the names are fine");
        params.distinguished_name.push(DnType::CommonName, "a server for tests");
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.signed_by(&key, &issuer).expect("an authority can sign");
        let write = |name: &str, text: String| {
            let path = folder.join(name);
            std::fs::write(&path, text).expect("the folder can be written to");
            path
        };
        Self {
            authority: write("ca.pem", authority.pem()),
            certificate: write("certificate.pem", certificate.pem()),
            key: write("key.pem", key.serialize_pem()),
        }
    }
}
