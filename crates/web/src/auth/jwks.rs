//! A key set as RFC 7517 writes it: of its keys, those that signatures can be checked with here.

use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::Deserialize;

/// 2,048 bits: shorter RSA keys are no protection.
const MIN_RSA_BYTES: usize = 256;

/// A key, and the one algorithm it is for.
#[derive(Debug)]
pub(super) struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    pub(super) public: DecodingKey,
}

/// The keys of one set.
#[derive(Debug)]
pub(super) struct KeySet(Vec<Arc<Key>>);

/// What a set has for a token.
#[derive(Debug)]
pub(super) enum Found {
    Key(Arc<Key>),
    /// There is a key of that name, for another algorithm; or no name, and not exactly one key to guess.
    Unfit,
    Unknown,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// Reads a set. Keys for other purposes, or of kinds that are not taken here, are passed over.
    ///
    /// # Errors
    /// Where it is no key set, or none of its keys is of use.
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        let Document { keys } =
            serde_json::from_slice(json).map_err(|error| format!("is no JSON Web Key Set: {error}"))?;
        let keys: Vec<_> = keys
            .into_iter()
            .filter_map(|key| serde_json::from_value::<Jwk>(key).ok())
            .filter_map(|jwk| Key::of(&jwk))
            .map(Arc::new)
            .collect();
        if keys.is_empty() {
            return Err("holds no key for RS256 (of 2,048 bits at least) or EdDSA (Ed25519)".to_owned());
        }
        Ok(Self(keys))
    }

    /// The key that a token names. A token that names none is taken where only one key can be meant.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Found {
        let fits = |key: &&Arc<Key>| key.algorithm == algorithm;
        let Some(id) = id else {
            let mut fit = self.0.iter().filter(fits);
            return match (fit.next(), fit.next()) {
                (Some(only), None) => Found::Key(Arc::clone(only)),
                _ => Found::Unfit,
            };
        };
        let mut named = self.0.iter().filter(|key| key.id.as_deref() == Some(id)).peekable();
        if named.peek().is_none() {
            return Found::Unknown;
        }
        named.find(fits).map_or(Found::Unfit, |key| Found::Key(Arc::clone(key)))
    }
}

impl Key {
    /// The kind of a key says what it is for; what the key says of itself must agree. A secret is never
    /// taken from a key set: sets are public.
    fn of(jwk: &Jwk) -> Option<Self> {
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
                Algorithm::EdDSA
            }
            _ => return None,
        };
        let common = &jwk.common;
        let for_signatures = common.public_key_use.as_ref().is_none_or(|u| *u == PublicKeyUse::Signature);
        let may_verify =
            common.key_operations.as_ref().is_none_or(|list| list.contains(&KeyOperations::Verify));
        let agrees = common.key_algorithm.is_none_or(|named| named == algorithm.into());
        let public = DecodingKey::from_jwk(jwk).ok()?;
        let usable = for_signatures && may_verify && agrees && is_strong(public.kind());
        usable.then(|| Self { id: common.key_id.clone(), algorithm, public })
    }
}

fn is_strong(key: &DecodingKeyKind) -> bool {
    match key {
        DecodingKeyKind::RsaModulusExponent { n, .. } => {
            n.iter().skip_while(|byte| **byte == 0).count() >= MIN_RSA_BYTES
        }
        DecodingKeyKind::SecretOrDer(point) => point.len() == 32,
    }
}
