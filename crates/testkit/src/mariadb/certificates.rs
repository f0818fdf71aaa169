//! A certificate for `localhost`, and the authority behind it.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// The authority's certificate.
pub(super) const CA: &str = "ca.pem";
/// The server's certificate.
pub(super) const CERTIFICATE: &str = "server.pem";
/// The server's key.
pub(super) const KEY: &str = "server.key";

/// Makes them and writes them into a folder.
pub(super) fn write(folder: &Path) {
    let mut authority = CertificateParams::new(Vec::new()).expect("an authority needs no name");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().expect("a key");
    let ca = authority.self_signed(&authority_key).expect("the authority certifies itself");
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().expect("a key");
    let server = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name that can be certified");
    let certificate = server.signed_by(&key, &issuer).expect("the authority certifies the server");
    for (file, pem) in [(CA, ca.pem()), (CERTIFICATE, certificate.pem()), (KEY, key.serialize_pem())] {
        std::fs::write(folder.join(file), pem).expect("a certificate is written");
    }
}
