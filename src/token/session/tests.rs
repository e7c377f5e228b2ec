//! Tokens that open, and every way in which one must not.

use super::*;
use crate::token::{Link, LinkKind, SessionKind};
use crate::types::testing::Counter;
use crate::types::{AccountId, UniqueId};
use proptest::prelude::*;

const STORE: &str = "store-1";

fn ring(keys: &[(&str, &str, u8)]) -> KeyRing {
    let text: String =
        keys.iter().map(|(id, state, byte)| format!("{id}:{state}:{}\n", hex::encode([*byte; 32]))).collect();
    KeyRing::parse(&text).unwrap()
}

fn key() -> AccessKeyId {
    AccessKeyId::parse("ASIAIOSFODNN7EXAMPLE").unwrap()
}

fn link(kind: LinkKind, name: &str, id: &str) -> Link {
    Link {
        kind,
        account: AccountId::empty(),
        name: name.into(),
        id: UniqueId::parse(id).unwrap(),
        epoch: 3,
        minted: None,
    }
}

fn claims() -> SessionClaims {
    SessionClaims {
        access_key: key(),
        subject: link(LinkKind::Role, "S3Access", "AROAJQABLZS4A3QDU576Q"),
        kind: SessionKind::Role,
        session_name: "Bob".into(),
        issued: Timestamp::from_seconds(1_000),
        expires: Timestamp::from_seconds(4_600),
        policies: vec!["{\"Version\":\"2012-10-17\",\"Statement\":[]}".into()],
        policy_arns: Vec::new(),
        chain: vec![link(LinkKind::User, "TESTER2", "AIDAJQABLZS4A3QDU576Q")],
        parent_key: Some(AccessKeyId::parse("TESTER2").unwrap()),
        web: None,
        source_identity: None,
        tags: vec![("team".into(), vec!["a".into(), "b".into()])],
        transitive: vec!["team".into()],
    }
}

fn seal(ring: &KeyRing) -> (String, Secret) {
    ring.seal(&claims(), STORE, &Counter::default()).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_seconds(2_000)
}

fn open(ring: &KeyRing, token: &str) -> Result<OpenedSession, Error> {
    ring.open(token, STORE, &key(), now())
}

#[test]
fn what_was_sealed_is_what_opens_with_the_same_secret() {
    let ring = ring(&[("a", "minting", 1)]);
    let (token, secret) = seal(&ring);
    let opened = open(&ring, &token).unwrap();
    assert_eq!(opened.claims, claims());
    assert!(opened.secret.same_as(secret.expose()));
    let secret = secret.expose_str().unwrap().to_owned();
    let decoded = URL_SAFE_NO_PAD.decode(&token).unwrap();
    assert!(!token.contains(&secret) && !format!("{opened:?}").contains(&secret));
    assert!(!String::from_utf8_lossy(&decoded).contains("S3Access"), "claims are encrypted");
    assert_eq!(sealed_length(&token), decoded.len());
}

#[test]
fn rule_19_every_changed_byte_is_refused() {
    let ring = ring(&[("a", "minting", 1)]);
    let (token, _) = seal(&ring);
    let sealed = URL_SAFE_NO_PAD.decode(&token).unwrap();
    for index in 0..sealed.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = sealed.clone();
            bytes[index] ^= flip;
            let error = open(&ring, &URL_SAFE_NO_PAD.encode(&bytes)).unwrap_err();
            let wanted = match index {
                0 => error == Error::UnknownVersion(1 ^ flip),
                1 | 2 => matches!(error, Error::UnknownKeyId | Error::Truncated),
                _ => error == Error::Forged,
            };
            assert!(wanted, "byte {index}: {error:?}");
        }
    }
}

#[test]
fn rule_19_every_truncation_and_every_addition_is_refused() {
    let ring = ring(&[("a", "minting", 1)]);
    let (token, _) = seal(&ring);
    let sealed = URL_SAFE_NO_PAD.decode(&token).unwrap();
    let head = 3 + NONCE_LENGTH + TAG_LENGTH;
    for length in 0..sealed.len() {
        let error = open(&ring, &URL_SAFE_NO_PAD.encode(&sealed[..length])).unwrap_err();
        assert_eq!(error, if length < head { Error::Truncated } else { Error::Forged }, "{length}");
    }
    for length in 0..token.len() {
        assert!(open(&ring, token.get(..length).unwrap()).is_err(), "{length}");
    }
    let longer = [sealed.as_slice(), b"x"].concat();
    assert_eq!(open(&ring, &URL_SAFE_NO_PAD.encode(longer)).unwrap_err(), Error::Forged);
}

#[test]
fn rule_19_base64url_is_strict_and_bounded() {
    let ring = ring(&[("a", "minting", 1)]);
    let (token, _) = seal(&ring);
    for bad in [format!("{token}="), format!(" {token}"), format!("{token}\n"), "a+b/".into(), "ä".into(), "A".into()]
    {
        assert_eq!(open(&ring, &bad).unwrap_err(), Error::NotBase64Url, "{bad}");
    }
    // A last character with bits that belong to no byte would be a second spelling of the same token.
    assert_eq!(open(&ring, "AR").unwrap_err(), Error::NotBase64Url);
    assert_eq!(open(&ring, &"A".repeat(8193)).unwrap_err(), Error::TooLong(8192));
    assert_eq!(open(&ring, &"A".repeat(8192)).unwrap_err(), Error::UnknownVersion(0));
    assert_eq!(open(&ring, "").unwrap_err(), Error::Truncated);
    let mut large = claims();
    large.policies = vec!["x".repeat(7000)];
    let refused = ring.seal(&large, STORE, &Counter::default());
    assert_eq!(refused.unwrap_err(), Error::TooLong(8192));
}

#[test]
fn rule_19_a_token_is_bound_to_key_id_store_label_and_access_key() {
    let ring_a = ring(&[("a", "minting", 1)]);
    let (token, _) = seal(&ring_a);
    // The same id with another key, another id with the same key, no such id.
    assert_eq!(open(&ring(&[("a", "minting", 2)]), &token).unwrap_err(), Error::Forged);
    assert_eq!(open(&ring(&[("b", "minting", 1)]), &token).unwrap_err(), Error::UnknownKeyId);
    let renamed = {
        let mut bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        bytes[2] = b'b';
        URL_SAFE_NO_PAD.encode(bytes)
    };
    assert_eq!(open(&ring(&[("b", "minting", 1)]), &renamed).unwrap_err(), Error::Forged);
    assert_eq!(ring_a.open(&token, "store-2", &key(), now()).unwrap_err(), Error::Forged);
    let other = AccessKeyId::parse("ASIAOTHER").unwrap();
    assert_eq!(ring_a.open(&token, STORE, &other, now()).unwrap_err(), Error::OtherAccessKey);
    // Another label: other associated data, and another key.
    let data = |label| associated_data(VERSION, b"a", label, STORE);
    assert_ne!(data(Label::Token), data(Label::Secret));
    let forged = {
        let plain = claims().encode().unwrap();
        let cipher = XChaCha20Poly1305::new_from_slice(ring_a.keys().minting().token_key().expose()).unwrap();
        let aad = data(Label::Secret);
        let sealed = cipher.encrypt(&XNonce::from([0; 24]), Payload { msg: &plain, aad: &aad }).unwrap();
        URL_SAFE_NO_PAD.encode([&[VERSION, 1, b'a'][..], &[0; 24], &sealed].concat())
    };
    assert_eq!(open(&ring_a, &forged).unwrap_err(), Error::Forged);
}

#[test]
fn rule_19_associated_data_is_injective() {
    assert_ne!(associated_data(1, b"ab", Label::Token, "c"), associated_data(1, b"a", Label::Token, "bc"));
    assert_ne!(associated_data(1, b"a", Label::Token, "c"), associated_data(2, b"a", Label::Token, "c"));
}

#[test]
fn rule_20_expiry_has_no_skew() {
    let ring = ring(&[("a", "minting", 1)]);
    let (token, _) = seal(&ring);
    let at = |millis| ring.open(&token, STORE, &key(), Timestamp::from_millis(millis)).map(|_| ());
    assert_eq!(at(4_599_999), Ok(()));
    let expired_at = Timestamp::from_seconds(4_600);
    assert_eq!(at(4_600_000), Err(Error::Expired { expired_at }));
    assert_eq!(at(9_999_999), Err(Error::Expired { expired_at }));
}

#[test]
fn rule_20_rotation_keeps_tokens_until_their_key_is_retired() {
    let (token, secret) = seal(&ring(&[("a", "minting", 1), ("b", "opening", 2)]));
    let rotated = ring(&[("a", "opening", 1), ("b", "minting", 2)]);
    let opened = open(&rotated, &token).unwrap();
    assert!(opened.secret.same_as(secret.expose()), "the secret follows the token's key, not the minting one");
    let retired = ring(&[("a", "retired", 1), ("b", "minting", 2)]);
    assert_eq!(open(&retired, &token).unwrap_err(), Error::UnknownKeyId);
}

#[test]
fn rule_21_a_chain_has_eight_links_at_most_and_claims_are_checked() {
    let ring = ring(&[("a", "minting", 1)]);
    let entropy = Counter::default();
    let with = |change: &dyn Fn(&mut SessionClaims)| {
        let mut claims = claims();
        change(&mut claims);
        ring.seal(&claims, STORE, &entropy).map(|_| ())
    };
    let earlier = link(LinkKind::Role, "R", "AROAJQABLZS4A3QDU576R");
    assert_eq!(with(&|c| c.chain = vec![earlier.clone(); 7]), Ok(()));
    assert_eq!(with(&|c| c.chain = vec![earlier.clone(); 8]), Err(Error::MalformedClaims));
    assert_eq!(with(&|c| c.access_key = AccessKeyId::parse("AKIAX").unwrap()), Err(Error::MalformedClaims));
    assert_eq!(with(&|c| c.expires = c.issued), Err(Error::MalformedClaims));
}

#[test]
fn rule_16_sessions_of_users_come_from_a_long_term_key_and_from_no_session() {
    let ring = ring(&[("a", "minting", 1)]);
    let entropy = Counter::default();
    for kind in [SessionKind::User, SessionKind::Federated] {
        let with = |change: &dyn Fn(&mut SessionClaims)| {
            let mut claims = claims();
            (claims.kind, claims.chain) = (kind, Vec::new());
            claims.subject = link(LinkKind::User, "TESTER2", "AIDAJQABLZS4A3QDU576Q");
            change(&mut claims);
            ring.seal(&claims, STORE, &entropy).map(|_| ())
        };
        assert_eq!(with(&|_| {}), Ok(()));
        assert_eq!(with(&|c| c.parent_key = None), Err(Error::MalformedClaims));
        assert_eq!(with(&|c| c.chain = vec![c.subject.clone()]), Err(Error::MalformedClaims));
        assert_eq!(with(&|c| c.subject.kind = LinkKind::Role), Err(Error::MalformedClaims));
        assert_eq!(with(&|c| c.kind = SessionKind::Role), Err(Error::MalformedClaims));
    }
}

#[test]
fn claims_of_before_there_were_kinds_of_sessions_are_those_of_a_role() {
    let text = r#"{"k":"ASIAIOSFODNN7EXAMPLE","s":{"k":"r","a":"","n":"S3Access","i":"AROAJQABLZS4A3QDU576Q","e":3},"n":"Bob","i":1000,"x":4600,"c":[{"k":"u","a":"","n":"TESTER2","i":"AIDAJQABLZS4A3QDU576Q","e":3}],"l":"TESTER2"}"#;
    let old = SessionClaims::decode(text.as_bytes()).unwrap();
    assert_eq!((old.kind, old.policy_arns.len(), &old.chain[0].minted), (SessionKind::Role, 0, &None));
    // Nor is anything written that gates of before cannot read.
    assert_eq!(String::from_utf8(old.encode().unwrap()).unwrap(), text);
}

#[test]
fn authentic_but_unknown_claims_are_refused() {
    for text in ["{}", "", "[]", "null"] {
        assert_eq!(SessionClaims::decode(text.as_bytes()), Err(Error::MalformedClaims));
    }
    let mut value: serde_json::Value = serde_json::from_slice(&claims().encode().unwrap()).unwrap();
    assert!(SessionClaims::decode(value.to_string().as_bytes()).is_ok());
    value["zz"] = 1.into();
    assert_eq!(SessionClaims::decode(value.to_string().as_bytes()), Err(Error::MalformedClaims));
}

#[test]
fn two_tokens_of_the_same_claims_differ() {
    let ring = ring(&[("a", "minting", 1)]);
    let entropy = Counter::default();
    let seal = || ring.seal(&claims(), STORE, &entropy).unwrap().0;
    assert_ne!(seal(), seal());
}

proptest! {
    #[test]
    fn opening_never_panics(token in "[A-Za-z0-9_-]{0,200}", raw in ".{0,64}") {
        let ring = ring(&[("a", "minting", 1)]);
        prop_assert!(open(&ring, &token).is_err());
        prop_assert!(open(&ring, &raw).is_err());
    }

    #[test]
    fn splitting_never_panics_whatever_follows_the_version(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let ring = ring(&[("a", "minting", 1)]);
        let token = URL_SAFE_NO_PAD.encode([&[VERSION][..], &bytes].concat());
        prop_assert!(open(&ring, &token).is_err());
    }
}
