//! A token for each rule, signatures of another implementation, and sets of keys of every kind.

use super::testing::{encode, jwk, key_set, signed, token};
use super::*;
use crate::types::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: i64 = 1_780_000_000;
const ISSUER: &str = "https://idp.example/realms/demo";
const RULES: Rules<'static> =
    Rules { issuer: ISSUER, client_ids: &["sts", "other"], require_client_ids: true, accept_access_tokens: false };
const ACCESS: Rules<'static> = Rules { accept_access_tokens: true, ..RULES };
const HEADER: &str = r#"{"alg":"RS256","typ":"JWT","kid":"rsa"}"#;

fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": "sts", "sub": "alice", "exp": NOW + 3600, "iat": NOW, "nbf": NOW })
}

/// The claims with these changed, and those that are `null` left out.
fn with(changes: Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn verify(text: &str, keys: &KeySet, rules: &Rules<'_>) -> Result<WebClaims, Error> {
    WebToken::parse(text)?.verify(keys, rules, Timestamp::from_seconds(NOW))
}

/// Of a token of these claims, signed well.
fn verified(claims: &Value, rules: &Rules<'_>) -> Result<WebClaims, Error> {
    verify(&token(claims), &key_set(&["rsa"]), rules)
}

/// Of a token of this header, signed well.
fn headed(header: &str, rules: &Rules<'_>) -> Result<WebClaims, Error> {
    let text = signed("rsa", Algorithm::Rs256, header, &claims().to_string());
    verify(&text, &key_set(&["rsa"]), rules)
}

fn set(keys: &[Value]) -> KeySet {
    KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap()
}

fn changed(mut jwk: Value, name: &str, value: Value) -> Value {
    jwk[name] = value;
    jwk
}

const SIGNERS: [(&str, Algorithm); 9] = [
    ("rsa", Algorithm::Rs256),
    ("rsa", Algorithm::Rs384),
    ("rsa", Algorithm::Rs512),
    ("rsa", Algorithm::Ps256),
    ("rsa", Algorithm::Ps384),
    ("rsa", Algorithm::Ps512),
    ("p256", Algorithm::Es256),
    ("p384", Algorithm::Es384),
    ("ed25519", Algorithm::EdDsa),
];

const ALL_KEYS: [&str; 8] = ["rsa", "rsa-other", "rsa-3072", "p256", "p256-other", "p384", "ed25519", "ed25519-other"];

fn header_of(key: &str, algorithm: Algorithm) -> String {
    json!({ "alg": algorithm.name(), "kid": key }).to_string()
}

mod signature {
    use super::*;

    #[test]
    fn rule_25_signatures_are_judged_as_another_implementation_does() {
        let lines = include_str!("../../../tests/corpus/web-tokens/signatures.jsonl").lines();
        let mut good = 0;
        for line in lines {
            let line: Value = serde_json::from_str(line).unwrap();
            let hint = KeyHint { kid: None, algorithm: Algorithm::parse(line["alg"].as_str().unwrap()).unwrap() };
            let signature = URL_SAFE_NO_PAD.decode(line["signature"].as_str().unwrap()).unwrap();
            let keys = set(&[line["jwk"].clone()]);
            let outcome = keys.verify(&hint, line["message"].as_str().unwrap().as_bytes(), &signature);
            let wanted = if line["good"] == true { Ok(()) } else { Err(Error::Signature) };
            assert_eq!(outcome, wanted, "{}", line["name"]);
            good += usize::from(outcome.is_ok());
        }
        assert_eq!(good, 16, "11 kinds, two rewritten, three of the RFCs");
    }

    #[test]
    fn rule_25_every_algorithm_verifies_with_its_own_key_alone() {
        let keys = key_set(&ALL_KEYS);
        for (key, algorithm) in SIGNERS {
            let text = signed(key, algorithm, &header_of(key, algorithm), &claims().to_string());
            assert_eq!(verify(&text, &keys, &RULES).unwrap().subject(), "alice", "{algorithm:?}");
            for other in ALL_KEYS.iter().filter(|other| **other != key) {
                let header = header_of(other, algorithm);
                let text = signed(key, algorithm, &header, &claims().to_string());
                let error = verify(&text, &keys, &RULES).unwrap_err();
                assert!(matches!(error, Error::Signature | Error::NoKey), "{algorithm:?} by {other}: {error}");
            }
            for other in Algorithm::ALL.into_iter().filter(|other| *other != algorithm) {
                let text = signed(key, algorithm, &header_of(key, other), &claims().to_string());
                let error = verify(&text, &keys, &RULES).unwrap_err();
                assert!(matches!(error, Error::Signature | Error::NoKey), "{algorithm:?} as {other:?}: {error}");
            }
        }
    }

    #[test]
    fn rule_25_examples_of_rfc_7515_are_read_as_tokens() {
        let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let es256 = format!(
            "eyJhbGciOiJFUzI1NiJ9.{payload}.\
             DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        );
        let keys = set(&[json!({ "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" })]);
        let read = WebToken::parse(&es256).unwrap();
        assert_eq!((read.issuer(), read.hint()), ("joe", KeyHint { kid: None, algorithm: Algorithm::Es256 }));
        let rules = Rules { issuer: "joe", require_client_ids: false, client_ids: &[], ..RULES };
        assert_eq!(verify(&es256, &keys, &RULES), Err(Error::Issuer), "so the signature was right");
        assert_eq!(verify(&es256, &keys, &rules), Err(Error::MissingClaim { claim: "aud" }));
        let hs256 =
            format!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{payload}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let unsecured = format!("eyJhbGciOiJub25lIn0.{payload}.");
        for text in [hs256, unsecured] {
            assert_eq!(WebToken::parse(&text).unwrap_err(), Error::Algorithm, "A.1, A.5");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn rule_25_no_character_of_a_token_can_be_another(signer in 0..SIGNERS.len(), at: prop::sample::Index, to in "[A-Za-z0-9_.=+/ ~-]") {
            static TOKENS: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
            let tokens = TOKENS.get_or_init(|| SIGNERS.iter().map(|(key, algorithm)| {
                signed(key, *algorithm, &header_of(key, *algorithm), &claims().to_string())
            }).collect());
            let text = &tokens[signer];
            let at = at.index(text.len());
            let (before, after) = text.split_at(at);
            let (_, rest) = after.split_at(1);
            let bent = format!("{before}{to}{rest}");
            prop_assume!(bent != *text);
            prop_assert!(verify(&bent, &key_set(&ALL_KEYS), &RULES).is_err(), "{bent}");
            let without = format!("{before}{rest}");
            prop_assert!(verify(&without, &key_set(&ALL_KEYS), &RULES).is_err(), "{without}");
            let more = format!("{before}{to}{after}");
            prop_assert!(verify(&more, &key_set(&ALL_KEYS), &RULES).is_err(), "{more}");
        }
    }

    /// The bits that a last character has beyond the bytes: 16 texts would decode to the same signature.
    #[test]
    fn rule_25_base64url_has_one_text() {
        let text = token(&claims());
        let (start, _) = text.split_at(text.len() - 1);
        let same = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            .chars()
            .filter(|last| verify(&format!("{start}{last}"), &key_set(&["rsa"]), &RULES).is_ok())
            .count();
        assert_eq!(same, 1);
    }
}

mod form {
    use super::*;

    #[test]
    fn rule_25_a_token_has_three_parts_of_base64url() {
        let good = token(&claims());
        assert!(verify(&good, &key_set(&["rsa"]), &RULES).is_ok());
        let (message, signature) = good.rsplit_once('.').unwrap();
        let (_, cut) = signature.split_at(1);
        for (text, found) in [
            (message.to_owned(), 2),
            (format!("{good}."), 4),
            (format!("{good}.x"), 4),
            (format!("{good}.a.b"), 5),
            (".".repeat(19_000), 6),
            ("abcd".into(), 1),
        ] {
            assert_eq!(WebToken::parse(&text).unwrap_err(), Error::Parts { found }, "{text}");
        }
        assert!(Error::Parts { found: 5 }.to_string().ends_with("it is encrypted"));
        for (text, part) in [
            (format!("{good}="), Part::Signature),
            (format!("{good}=="), Part::Signature),
            (format!("{message}.{signature}ä"), Part::Signature),
            (format!("{message}.+{cut}"), Part::Signature),
            (format!("{message}./{cut}"), Part::Signature),
        ] {
            assert_eq!(WebToken::parse(&text).unwrap_err(), Error::Base64 { part }, "{text}");
        }
        for text in [format!(" {good}"), format!("{good}\n"), format!("{message}.\r\n{signature}"), format!("{good}\t")]
        {
            assert_eq!(WebToken::parse(&text).unwrap_err(), Error::Blank, "{text}");
        }
        let json = r#"{"payload":"e30","protected":"e30","signature":"AA"}"#;
        assert_eq!(WebToken::parse(json).unwrap_err(), Error::Parts { found: 1 }, "JSON serialization");
        assert_eq!(verify(&format!("{message}."), &key_set(&["rsa"]), &RULES), Err(Error::Signature), "no signature");
    }

    #[test]
    fn rule_25_a_token_has_4_to_20000_characters() {
        for text in ["", "a", "a.b", &"a".repeat(MAX_TOKEN_LENGTH + 1), &"..a".repeat(10_000)] {
            assert_eq!(WebToken::parse(text).unwrap_err(), Error::Length);
        }
        let of_length = |padding: usize| token(&with(json!({ "x": "x".repeat(padding) })));
        // Four characters of base64url are three of the claims; a search needs few signatures from here.
        let near = (MAX_TOKEN_LENGTH - of_length(0).len()) / 4 * 3;
        let most = (near..near + 4).rev().find(|padding| of_length(*padding).len() <= MAX_TOKEN_LENGTH).unwrap();
        assert!(verify(&of_length(most), &key_set(&["rsa"]), &RULES).is_ok());
        assert_eq!(verify(&of_length(most + 2), &key_set(&["rsa"]), &RULES), Err(Error::Length));
    }

    #[test]
    fn rule_25_header_and_claims_are_bounded_json_without_repeated_members() {
        let deep = format!("{{\"alg\":\"RS256\",\"x\":{}{}}}", "[".repeat(16), "]".repeat(16));
        for (header, fault) in [
            ("x", JsonFault::Syntax),
            ("[]", JsonFault::Syntax),
            (r#"{"alg":"RS256"} x"#, JsonFault::Syntax),
            (r#"{"alg":"none","alg":"RS256"}"#, JsonFault::RepeatedMember),
            (r#"{"alg":"RS256","al\u0067":"RS256"}"#, JsonFault::RepeatedMember),
            (deep.as_str(), JsonFault::Depth),
        ] {
            assert_eq!(headed(header, &RULES), Err(Error::Json { part: Part::Header, fault }), "{header}");
        }
        let good = claims().to_string();
        let twice = good.replacen('{', r#"{"sub":"admin","#, 1);
        for (claims, fault) in [
            ("null", JsonFault::Syntax),
            ("", JsonFault::Syntax),
            ("eyJhbGciOiJSUzI1NiJ9.e30.AA", JsonFault::Syntax),
            (twice.as_str(), JsonFault::RepeatedMember),
        ] {
            let text = signed("rsa", Algorithm::Rs256, HEADER, claims);
            let error = verify(&text, &key_set(&["rsa"]), &RULES).unwrap_err();
            assert_eq!(error, Error::Json { part: Part::Claims, fault }, "{claims}");
        }
    }

    #[test]
    fn rule_25_no_algorithm_but_those_with_a_public_key() {
        for name in
            ["none", "None", "HS256", "HS384", "HS512", "ES512", "ES256K", "RS1", "rs256", "RSA-OAEP", "", " RS256"]
        {
            assert_eq!(
                headed(&json!({ "alg": name, "kid": "rsa" }).to_string(), &RULES),
                Err(Error::Algorithm),
                "{name}"
            );
        }
        for header in ["{}", r#"{"alg":null}"#, r#"{"alg":["RS256"]}"#, r#"{"alg":256}"#, r#"{"ALG":"RS256"}"#] {
            assert_eq!(headed(header, &RULES), Err(Error::Header { member: "alg" }), "{header}");
        }
    }

    #[test]
    fn rule_25_extensions_that_must_be_understood_are_refused() {
        for crit in ["[]", "[\"exp\"]", "[\"b64\"]", "null", "\"x\""] {
            let header = format!("{{\"alg\":\"RS256\",\"kid\":\"rsa\",\"crit\":{crit},\"b64\":false}}");
            assert_eq!(headed(&header, &RULES), Err(Error::Critical), "{crit}");
        }
    }

    #[test]
    fn rule_25_a_token_is_a_jwt_or_says_nothing_of_its_type() {
        for typ in ["JWT", "jwt", "Jwt"] {
            assert!(headed(&json!({ "alg": "RS256", "kid": "rsa", "typ": typ }).to_string(), &RULES).is_ok(), "{typ}");
        }
        assert!(headed(r#"{"alg":"RS256","kid":"rsa"}"#, &RULES).is_ok());
        for typ in ["", "JWS", "JOSE", "logout+jwt", "dpop+jwt", "secevent+jwt", "JWT ", "at+jwt2"] {
            let header = json!({ "alg": "RS256", "kid": "rsa", "typ": typ }).to_string();
            assert_eq!(headed(&header, &ACCESS), Err(Error::Type), "{typ}");
        }
        assert_eq!(headed(r#"{"alg":"RS256","typ":null}"#, &RULES), Err(Error::Header { member: "typ" }));
    }

    #[test]
    fn rule_25_access_tokens_only_where_the_configuration_takes_them() {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+JWT"] {
            let header = json!({ "alg": "RS256", "kid": "rsa", "typ": typ }).to_string();
            assert_eq!(headed(&header, &RULES), Err(Error::AccessToken), "{typ}");
            assert_eq!(headed(&header, &ACCESS).unwrap().client(), Some("sts"), "{typ}");
        }
    }

    #[test]
    fn rule_25_keys_that_a_token_brings_along_are_ignored() {
        let brought = json!({ "alg": "RS256", "kid": "rsa", "typ": "JWT", "jku": "https://evil.example/keys",
            "x5u": "https://evil.example/certificate", "jwk": jwk("rsa-other"), "x5c": ["AAAA"], "x5t": "AAAA" });
        assert!(headed(&brought.to_string(), &RULES).is_ok());
        let forged = signed("rsa-other", Algorithm::Rs256, &brought.to_string(), &claims().to_string());
        assert_eq!(verify(&forged, &key_set(&["rsa"]), &RULES), Err(Error::Signature));
        let unnamed = json!({ "alg": "RS256", "jwk": jwk("rsa-other") });
        let forged = signed("rsa-other", Algorithm::Rs256, &unnamed.to_string(), &claims().to_string());
        assert_eq!(verify(&forged, &key_set(&["rsa"]), &RULES), Err(Error::Signature));
        assert_eq!(verify(&forged, &set(&[]), &RULES), Err(Error::NoKey));
    }

    #[test]
    fn the_issuer_alone_is_readable_and_nothing_is_shown() {
        let text = token(&with(json!({ "iss": "https://other.example" })));
        let read = WebToken::parse(&text).unwrap();
        assert_eq!((read.issuer(), read.hint().kid), ("https://other.example", Some("rsa")));
        assert_eq!(format!("{read:?}"), "WebToken { algorithm: Rs256, .. }");
        for issuer in [Value::Null, json!(1), json!(["https://idp.example/realms/demo"]), json!({})] {
            let text = token(&with(json!({ "iss": issuer })));
            assert_eq!(WebToken::parse(&text).unwrap_err(), Error::NoIssuer, "{issuer}");
        }
        let shown = format!("{:?}", verified(&with(json!({ "email": "a@b" })), &RULES).unwrap());
        assert_eq!(shown, "WebClaims { subject: \"alice\", .. }");
    }
}

mod keys {
    use super::*;

    fn outcome(header: &str, keys: &[Value]) -> Result<(), Error> {
        let text = signed("rsa", Algorithm::Rs256, header, &claims().to_string());
        let keys = set(keys);
        let outcome = verify(&text, &keys, &RULES).map(|_| ());
        let hint = WebToken::parse(&text).unwrap();
        let served = !matches!(outcome, Err(Error::NoKey | Error::AmbiguousKey | Error::UnusableKey { .. }));
        assert_eq!(keys.serves(&hint.hint()), served, "{header}");
        outcome
    }

    #[test]
    fn rule_25_a_key_is_found_by_its_id_and_algorithm() {
        let named = |name: &str| changed(jwk("rsa-other"), "kid", json!(name));
        assert_eq!(outcome(HEADER, &[named("a"), jwk("rsa"), named("b")]), Ok(()));
        assert_eq!(outcome(HEADER, &[named("a"), named("RSA")]), Err(Error::NoKey));
        assert_eq!(outcome(HEADER, &[named("rsa")]), Err(Error::Signature));
        let mut nameless = jwk("rsa");
        nameless.as_object_mut().unwrap().remove("kid");
        assert_eq!(outcome(HEADER, &[nameless.clone()]), Err(Error::NoKey), "a token that names a key gets no other");
        let same_name = |key: &str| changed(jwk(key), "kid", json!("rsa"));
        let several = [same_name("p256"), same_name("rsa-other"), same_name("ed25519"), jwk("rsa")];
        assert_eq!(outcome(HEADER, &several), Ok(()), "those of the algorithm are tried");
        assert_eq!(outcome(HEADER, &[same_name("p256"), same_name("ed25519")]), Err(Error::NoKey));
        assert_eq!(outcome(HEADER, &vec![named("rsa"); 4]), Err(Error::Signature));
        assert_eq!(outcome(HEADER, &vec![named("rsa"); 5]), Err(Error::AmbiguousKey), "too many to try");
    }

    #[test]
    fn rule_25_no_key_id_only_with_one_candidate() {
        let header = r#"{"alg":"RS256"}"#;
        assert_eq!(outcome(header, &[jwk("rsa")]), Ok(()));
        assert_eq!(outcome(header, &[jwk("p256"), jwk("rsa"), jwk("ed25519"), jwk("rsa-weak")]), Ok(()));
        let for_another = changed(jwk("rsa-other"), "alg", json!("PS256"));
        let encrypting = changed(jwk("rsa-other"), "use", json!("enc"));
        assert_eq!(outcome(header, &[for_another, encrypting, jwk("rsa")]), Ok(()));
        assert_eq!(outcome(header, &[jwk("rsa"), jwk("rsa-other")]), Err(Error::AmbiguousKey));
        assert_eq!(outcome(header, &[jwk("rsa"), jwk("rsa")]), Err(Error::AmbiguousKey));
        assert_eq!(outcome(header, &[jwk("p256")]), Err(Error::NoKey));
        assert_eq!(headed(r#"{"alg":"RS256","kid":7}"#, &RULES), Err(Error::Header { member: "kid" }));
    }

    #[test]
    fn rule_25_kind_algorithm_and_use_of_a_key_agree() {
        for (name, value) in [
            ("alg", json!("RS256")),
            ("use", json!("sig")),
            ("key_ops", json!(["verify"])),
            ("key_ops", json!(["sign", "verify"])),
            ("x5c", json!(["not even base64"])),
            ("x5t", json!("x")),
            ("ext", json!(true)),
        ] {
            assert_eq!(outcome(HEADER, &[changed(jwk("rsa"), name, value.clone())]), Ok(()), "{name} {value}");
        }
        let purpose = Err(Error::UnusableKey { fault: KeyFault::Purpose });
        let form = Err(Error::UnusableKey { fault: KeyFault::Form });
        for (name, value, wanted) in [
            ("alg", json!("RS512"), Err(Error::NoKey)),
            ("alg", json!("PS256"), Err(Error::NoKey)),
            ("alg", json!("ES256"), purpose.clone()),
            ("alg", json!("HS256"), purpose.clone()),
            ("alg", json!("none"), purpose.clone()),
            ("alg", json!("RSA-OAEP"), purpose.clone()),
            ("alg", json!(null), form.clone()),
            ("use", json!("enc"), purpose.clone()),
            ("use", json!("SIG"), purpose.clone()),
            ("use", json!(["sig"]), form.clone()),
            ("key_ops", json!([]), purpose.clone()),
            ("key_ops", json!(["sign", "encrypt"]), purpose.clone()),
            ("key_ops", json!("verify"), form.clone()),
            ("kty", json!("EC"), purpose.clone()),
            ("kty", json!("rsa"), purpose.clone()),
            ("kty", json!("oct"), purpose.clone()),
            ("kty", json!(1), form.clone()),
            ("n", json!(1), form.clone()),
            ("n", json!("AQAB="), form.clone()),
            ("d", json!("AQAB"), Err(Error::UnusableKey { fault: KeyFault::Private })),
        ] {
            assert_eq!(outcome(HEADER, &[changed(jwk("rsa"), name, value.clone())]), wanted, "{name} {value}");
        }
        let odd = changed(jwk("rsa"), "kid", json!(7));
        assert_eq!(outcome(HEADER, &[odd]), Err(Error::NoKey));
    }

    /// The public key as a shared one: the old confusion of RS256 and HS256.
    #[test]
    fn rule_25_a_shared_key_in_the_set_verifies_nothing() {
        let shared = json!({ "kty": "oct", "kid": "rsa", "k": jwk("rsa")["n"], "alg": "HS256" });
        let keys = set(&[shared]);
        assert!(keys.is_empty());
        for algorithm in Algorithm::ALL {
            assert!(
                !keys.serves(&KeyHint { kid: None, algorithm })
                    && !keys.serves(&KeyHint { kid: Some("rsa"), algorithm })
            );
        }
    }

    fn fault_of(key: &Value) -> Option<KeyFault> {
        let named = changed(key.clone(), "kid", json!("k"));
        let keys = set(&[named]);
        let faults =
            Algorithm::ALL.map(|algorithm| keys.verify(&KeyHint { kid: Some("k"), algorithm }, b"m", &vec![0; 64]));
        faults.into_iter().find_map(|outcome| match outcome {
            Err(Error::UnusableKey { fault }) => Some(fault),
            _ => None,
        })
    }

    #[test]
    fn rule_25_rsa_keys_are_of_2048_to_4096_bits_with_a_sane_exponent() {
        let of_bits = |bits: usize| {
            let mut modulus = vec![0xff; bits.div_ceil(8)];
            modulus[0] = 0xff >> (modulus.len() * 8 - bits);
            changed(jwk("rsa"), "n", json!(encode(modulus)))
        };
        for bits in [2048, 2049, 3072, 4095, 4096] {
            assert_eq!(fault_of(&of_bits(bits)), None, "{bits}");
        }
        for bits in [8, 512, 1024, 2040, 2047, 4097, 8192, 16384] {
            assert_eq!(fault_of(&of_bits(bits)), Some(KeyFault::Modulus { bits }), "{bits}");
        }
        assert_eq!(fault_of(&jwk("rsa-weak")), Some(KeyFault::Modulus { bits: 1024 }));
        assert_eq!(fault_of(&changed(jwk("rsa"), "n", json!(""))), Some(KeyFault::Modulus { bits: 0 }));
        let mut weak = vec![0; 256];
        weak.extend(URL_SAFE_NO_PAD.decode(jwk("rsa-weak")["n"].as_str().unwrap()).unwrap());
        let padded = changed(jwk("rsa"), "n", json!(encode(weak)));
        assert_eq!(fault_of(&padded), Some(KeyFault::Modulus { bits: 1024 }), "zeros do not make it longer");
        let exponent = |bytes: &[u8]| fault_of(&changed(jwk("rsa"), "e", json!(encode(bytes))));
        for good in [&[3][..], &[1, 0, 1], &[0, 0, 1, 0, 1], &[1, 0xff, 0xff, 0xff, 0xff]] {
            assert_eq!(exponent(good), None, "{good:?}");
        }
        for bad in [&[][..], &[0], &[1], &[2], &[1, 0, 0], &[2, 0, 0, 0, 1], &[1, 0, 0, 0, 0, 0, 0, 0, 1], &[0xff; 300]]
        {
            assert_eq!(exponent(bad), Some(KeyFault::Exponent), "{bad:?}");
        }
        let mut even = URL_SAFE_NO_PAD.decode(jwk("rsa")["n"].as_str().unwrap()).unwrap();
        *even.last_mut().unwrap() &= 0xfe;
        assert_eq!(fault_of(&changed(jwk("rsa"), "n", json!(encode(even)))), Some(KeyFault::Exponent));
    }

    #[test]
    fn rule_25_other_keys_are_points_of_the_curve_that_they_name() {
        for (key, length) in [("p256", 32), ("p384", 48)] {
            assert_eq!(fault_of(&jwk(key)), None);
            assert_eq!(fault_of(&changed(jwk(key), "y", jwk(key)["x"].clone())), Some(KeyFault::Point));
            assert_eq!(fault_of(&changed(jwk(key), "x", json!(encode(vec![0xff; length])))), Some(KeyFault::Point));
            let nothing =
                changed(changed(jwk(key), "x", json!(encode(vec![0; length]))), "y", json!(encode(vec![0; length])));
            assert_eq!(fault_of(&nothing), Some(KeyFault::Point));
            for bad in [json!(""), json!(encode(vec![1; length - 1])), json!(encode(vec![0; length + 1])), json!(null)]
            {
                assert_eq!(fault_of(&changed(jwk(key), "y", bad.clone())), Some(KeyFault::Form), "{bad}");
            }
        }
        assert_eq!(fault_of(&changed(jwk("p256"), "crv", json!("P-384"))), Some(KeyFault::Form));
        for curve in ["P-521", "secp256k1", "p-256", "Ed25519", ""] {
            assert_eq!(fault_of(&changed(jwk("p256"), "crv", json!(curve))), Some(KeyFault::Purpose), "{curve}");
        }
        for curve in ["Ed448", "X25519", "P-256"] {
            assert_eq!(fault_of(&changed(jwk("ed25519"), "crv", json!(curve))), Some(KeyFault::Purpose), "{curve}");
        }
        assert_eq!(fault_of(&changed(jwk("p256"), "alg", json!("ES384"))), Some(KeyFault::Purpose));
        for length in [0, 1, 31, 33, 64] {
            let bad = changed(jwk("ed25519"), "x", json!(encode(vec![9; length])));
            assert_eq!(fault_of(&bad), Some(KeyFault::Form), "{length}");
        }
        let no_point = changed(jwk("ed25519"), "x", json!(encode([vec![2], vec![0; 31]].concat())));
        assert_eq!(fault_of(&no_point), Some(KeyFault::Point));
    }

    #[test]
    fn keys_that_are_not_understood_are_left_out() {
        let strange = [
            json!({}),
            json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "x" }),
            json!({ "kty": "oct", "k": "AA" }),
            json!({ "kty": "RSA" }),
            json!({ "kty": "EC", "crv": "P-521", "x": "A", "y": "A" }),
            changed(jwk("rsa-other"), "use", json!("enc")),
            jwk("rsa-weak"),
        ];
        let keys = set(&[&strange[..], &[jwk("rsa"), jwk("p256")]].concat());
        assert_eq!((keys.len(), keys.is_empty()), (2, false));
        assert!(verify(&token(&claims()), &keys, &RULES).is_ok());
        assert!(set(&strange).is_empty() && set(&[]).is_empty());
        let more = json!({ "keys": [jwk("rsa")], "more": { "x": [1] } }).to_string();
        assert_eq!(KeySet::parse(more.as_bytes()).unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        let deep = format!("{{\"keys\":{}{}}}", "[".repeat(20), "]".repeat(20));
        for (text, fault) in [
            ("", KeySetFault::Json(JsonFault::Syntax)),
            ("<html>", KeySetFault::Json(JsonFault::Syntax)),
            ("[]", KeySetFault::Json(JsonFault::Syntax)),
            ("{}", KeySetFault::Keys),
            (r#"{"keys":{}}"#, KeySetFault::Keys),
            (r#"{"keys":null}"#, KeySetFault::Keys),
            (r#"{"keys":["x"]}"#, KeySetFault::Keys),
            (r#"{"keys":[],"keys":[]}"#, KeySetFault::Json(JsonFault::RepeatedMember)),
            (r#"{"keys":[{"kid":"a","kid":"b"}]}"#, KeySetFault::Json(JsonFault::RepeatedMember)),
            (deep.as_str(), KeySetFault::Json(JsonFault::Depth)),
            (&" ".repeat(MAX_KEY_SET_BYTES + 1), KeySetFault::Length),
        ] {
            let error = KeySet::parse(text.as_bytes()).unwrap_err();
            assert_eq!((&error, error.kind()), (&Error::KeySet(fault), ErrorKind::Keys), "{text}");
        }
        let of = |count: usize| json!({ "keys": vec![json!({}); count] }).to_string();
        assert!(KeySet::parse(of(128).as_bytes()).is_ok());
        assert_eq!(KeySet::parse(of(129).as_bytes()).unwrap_err(), Error::KeySet(KeySetFault::TooMany));
    }
}

mod claims_of_a_token {
    use super::*;

    #[test]
    fn rule_25_the_issuer_is_the_url_byte_for_byte() {
        for issuer in [
            "https://idp.example/realms/demo/",
            "https://IDP.example/realms/demo",
            "http://idp.example/realms/demo",
            "idp.example/realms/demo",
            "https://idp.example:443/realms/demo",
            "https://idp.example/realms/dem%6f",
            "https://idp.example/realms/demo ",
            "https://idp.example/realms/dem",
            "",
        ] {
            assert_eq!(verified(&with(json!({ "iss": issuer })), &RULES), Err(Error::Issuer), "{issuer}");
        }
    }

    fn client(changes: Value, rules: &Rules<'_>) -> Result<(Option<String>, String), Error> {
        let read = verified(&with(changes), rules)?;
        Ok((read.client().map(ToOwned::to_owned), read.audience().to_owned()))
    }

    fn is(client: &str) -> Result<(Option<String>, String), Error> {
        Ok((Some(client.to_owned()), client.to_owned()))
    }

    #[test]
    fn rule_25_the_audience_meets_the_client_list_and_so_does_the_authorized_party() {
        for (changes, wanted) in [
            (json!({ "aud": "sts" }), is("sts")),
            (json!({ "aud": ["x", "other", "sts"] }), is("other")),
            (json!({ "aud": ["x", "other"], "azp": "sts" }), is("sts")),
            (json!({ "aud": "sts", "azp": "sts" }), is("sts")),
            (json!({ "aud": "sts", "client_id": "stranger" }), is("sts")),
            (json!({ "aud": "x" }), Err(Error::Audience)),
            (json!({ "aud": "STS" }), Err(Error::Audience)),
            (json!({ "aud": "sts " }), Err(Error::Audience)),
            (json!({ "aud": "" }), Err(Error::Audience)),
            (json!({ "aud": ["x", "sts2"] }), Err(Error::Audience)),
            (json!({ "aud": "sts", "azp": "x" }), Err(Error::AuthorizedParty)),
            (json!({ "aud": ["sts"], "azp": "" }), Err(Error::AuthorizedParty)),
            (json!({ "aud": "x", "azp": "x" }), Err(Error::AuthorizedParty)),
            (json!({ "aud": "x", "azp": "sts" }), Err(Error::Audience)),
            (json!({ "aud": "x", "client_id": "sts" }), Err(Error::Audience)),
            (json!({ "aud": null }), Err(Error::MissingClaim { claim: "aud" })),
            (json!({ "aud": [] }), Err(Error::MissingClaim { claim: "aud" })),
            (json!({ "aud": null, "azp": "sts" }), Err(Error::MissingClaim { claim: "aud" })),
            (json!({ "aud": null, "client_id": "sts" }), Err(Error::MissingClaim { claim: "aud" })),
        ] {
            assert_eq!(client(changes.clone(), &RULES), wanted, "{changes}");
        }
        for (changes, claim) in [
            (json!({ "aud": 1 }), "aud"),
            (json!({ "aud": {} }), "aud"),
            (json!({ "aud": ["sts", 1] }), "aud"),
            (json!({ "aud": [["sts"]] }), "aud"),
            (json!({ "azp": 1 }), "azp"),
            (json!({ "azp": ["sts"] }), "azp"),
        ] {
            let error = verified(&with(changes.clone()), &RULES).unwrap_err();
            assert!(matches!(&error, Error::Claim { claim: known, .. } if *known == claim), "{changes}: {error}");
        }
    }

    #[test]
    fn rule_25_a_party_or_client_alone_only_of_access_tokens_that_are_taken() {
        for (changes, wanted) in [
            (json!({ "aud": "sts" }), is("sts")),
            (json!({ "aud": "account", "azp": "sts" }), is("sts")),
            (json!({ "aud": null, "azp": "sts" }), is("sts")),
            (json!({ "aud": "account", "client_id": "other" }), is("other")),
            (json!({ "aud": null, "client_id": "other" }), is("other")),
            (json!({ "aud": "sts", "client_id": "x" }), is("sts")),
            (json!({ "aud": "account", "azp": "x", "client_id": "sts" }), Err(Error::AuthorizedParty)),
            (json!({ "aud": "sts", "azp": "x" }), Err(Error::AuthorizedParty)),
            (json!({ "aud": "account" }), Err(Error::Audience)),
            (json!({ "aud": "account", "client_id": "x" }), Err(Error::Audience)),
            (json!({ "aud": null, "client_id": "x" }), Err(Error::MissingClaim { claim: "aud" })),
            (json!({ "aud": null }), Err(Error::MissingClaim { claim: "aud" })),
        ] {
            assert_eq!(client(changes.clone(), &ACCESS), wanted, "{changes}");
        }
        let error = client(json!({ "aud": "account", "client_id": 7 }), &ACCESS).unwrap_err();
        assert_eq!(error, Error::Claim { claim: "client_id", wanted: "a string" });
    }

    #[test]
    fn rule_25_an_empty_client_list_refuses_unless_the_configuration_lets_it_be() {
        let none = Rules { client_ids: &[], ..RULES };
        assert_eq!(client(json!({}), &none), Err(Error::NoClientIds));
        assert_eq!(
            client(json!({ "aud": null, "azp": "sts" }), &Rules { accept_access_tokens: true, ..none }),
            Err(Error::NoClientIds)
        );
        let open = Rules { require_client_ids: false, ..none };
        let shown = |text: &str| Ok((None, text.to_owned()));
        assert_eq!(client(json!({ "aud": "any" }), &open), shown("any"));
        assert_eq!(client(json!({ "aud": ["one", "two"] }), &open), shown("one"));
        assert_eq!(client(json!({ "aud": ["one"], "azp": "party" }), &open), shown("party"));
        assert_eq!(client(json!({ "aud": null, "client_id": "c" }), &open), Err(Error::MissingClaim { claim: "aud" }));
        assert_eq!(
            client(json!({ "aud": null, "client_id": "c" }), &Rules { accept_access_tokens: true, ..open }),
            shown("c")
        );
        for bad in [json!(""), json!("a\nb"), json!("a".repeat(256))] {
            let error = client(json!({ "aud": bad }), &open).unwrap_err();
            assert!(matches!(error, Error::Claim { claim: "aud", .. }), "{error}");
        }
        let listed = Rules { require_client_ids: false, ..RULES };
        assert_eq!(client(json!({ "aud": "any" }), &listed), Err(Error::Audience), "a list that is there counts");
    }

    #[test]
    fn rule_25_times_are_checked_at_the_time_that_is_given() {
        let text = token(&claims());
        let at = |seconds: i64| {
            WebToken::parse(&text)
                .unwrap()
                .verify(&key_set(&["rsa"]), &RULES, Timestamp::from_seconds(seconds))
                .map(|_| ())
        };
        assert_eq!((at(NOW), at(NOW + 3599), at(NOW - 60)), (Ok(()), Ok(()), Ok(())));
        let expired = Error::Expired { at: Timestamp::from_seconds(NOW + 3600) };
        assert_eq!(at(NOW + 3600), Err(expired.clone()));
        assert_eq!(expired.kind(), ErrorKind::Expired { at: Timestamp::from_seconds(NOW + 3600) });
        assert!(matches!(at(NOW - 61), Err(Error::NotYetValid { claim: "nbf", .. })));
        assert_eq!(verified(&with(json!({ "exp": null })), &RULES), Err(Error::MissingClaim { claim: "exp" }));
        assert!(verified(&with(json!({ "nbf": null, "iat": null })), &RULES).is_ok());
    }

    #[test]
    fn rule_25_the_subject_is_there_and_can_be_shown() {
        assert_eq!(verified(&with(json!({ "sub": null })), &RULES), Err(Error::MissingClaim { claim: "sub" }));
        for bad in [
            json!(""),
            json!(1),
            json!(["alice"]),
            json!("a".repeat(256)),
            json!("a\u{0}"),
            json!("a\nb"),
            json!("\u{85}"),
        ] {
            let error = verified(&with(json!({ "sub": bad })), &RULES).unwrap_err();
            assert!(matches!(error, Error::Claim { claim: "sub", .. }), "{bad}: {error}");
            assert_eq!(error.kind(), ErrorKind::RejectedClaim);
        }
        for good in ["a".repeat(255), "ä".repeat(255), "system:serviceaccount:apps:backup".into()] {
            assert_eq!(verified(&with(json!({ "sub": good })), &RULES).unwrap().subject(), good);
        }
    }

    /// Each step of a token that fails all later ones too tells of itself alone.
    #[test]
    fn rule_25_steps_come_in_order_and_nothing_is_judged_before_the_signature() {
        let bad = with(json!({ "iss": "x", "aud": "x", "exp": 1, "iat": 0, "nbf": 0, "sub": "" }));
        let by = |key: &str, claims: &Value| {
            let text = signed(key, Algorithm::Rs256, HEADER, &claims.to_string());
            verify(&text, &key_set(&["rsa"]), &RULES).unwrap_err()
        };
        assert_eq!(verify(&token(&bad), &set(&[]), &RULES), Err(Error::NoKey));
        assert_eq!(by("rsa-other", &bad), Error::Signature);
        let mut claims = bad;
        assert_eq!(by("rsa", &claims), Error::Issuer);
        claims["iss"] = json!(ISSUER);
        assert_eq!(by("rsa", &claims), Error::Audience);
        claims["aud"] = json!("sts");
        assert_eq!(by("rsa", &claims), Error::Expired { at: Timestamp::from_seconds(1) });
        claims["exp"] = json!(NOW + 1);
        assert!(matches!(by("rsa", &claims), Error::Claim { claim: "sub", .. }));
    }

    #[test]
    fn verified_claims_give_conditions_tags_and_source_identity() {
        let read = verified(
            &with(json!({
                "aud": ["other", "sts"], "realm_access": { "roles": ["reader", "writer"] },
                "https://aws.amazon.com/tags": { "principal_tags": { "Department": ["Engineering"] }, "transitive_tag_keys": ["Department"] },
                "https://aws.amazon.com/source_identity": "alice@example.org",
            })),
            &RULES,
        )
        .unwrap();
        let conditions = read.conditions();
        let values = |key: &str| {
            let found = conditions.iter().find(|(known, _)| known == key).map(|(_, values)| values.clone());
            found.unwrap_or_default().into_iter().map(|value| String::from_utf8(value).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(values("sub"), ["alice"]);
        assert_eq!(
            (values("aud"), values("app_id")),
            (vec!["other".into(), "sts".into()], vec!["other".to_owned(), "sts".into()])
        );
        assert_eq!(values("realm_access/roles"), ["reader", "writer"]);
        assert_eq!(values("https://aws.amazon.com/tags/principal_tags/Department"), ["Engineering"]);
        assert_eq!(values("exp"), [(NOW + 3600).to_string()]);
        let tags = read.tags().unwrap();
        assert_eq!(tags.principal, [("Department".to_owned(), vec!["Engineering".to_owned()])]);
        assert_eq!(tags.transitive, ["Department"]);
        assert_eq!(read.source_identity(), Ok(Some("alice@example.org")));
        let ambiguous = verified(&with(json!({ "SUB": "admin" })), &RULES).unwrap_err();
        assert_eq!((&ambiguous, ambiguous.kind()), (&Error::AmbiguousClaims, ErrorKind::RejectedClaim));
    }

    /// Tokens of the shapes that providers make (their documents' examples).
    #[test]
    fn tokens_of_known_providers_are_taken() {
        let kubernetes = json!({ "aud": ["sts"], "sub": "system:serviceaccount:apps:backup", "jti": "5c5a1f5e", "kubernetes.io": {
            "namespace": "apps", "node": { "name": "n1", "uid": "u" }, "pod": { "name": "backup-1", "uid": "u" },
            "serviceaccount": { "name": "backup", "uid": "u" }, "warnafter": NOW + 3607 } });
        let github = json!({ "sub": "repo:octo-org/octo-repo:environment:prod", "ref": "refs/heads/main", "run_attempt": "2",
            "repository": "octo-org/octo-repo", "job_workflow_ref": "octo-org/x/.github/workflows/oidc.yml@refs/heads/main" });
        let gitlab = json!({ "sub": "project_path:group/project:ref_type:branch:ref:main", "user_login": "u", "project_id": "20",
            "ref_protected": "true", "environment_protected": "false", "groups_direct": ["a", "b"] });
        let keycloak = json!({ "aud": ["sts", "account"], "azp": "sts", "typ": "ID", "acr": "1", "email_verified": false,
            "realm_access": { "roles": ["offline_access"] }, "resource_access": { "account": { "roles": ["view-profile"] } } });
        let entra = json!({ "aio": "x", "groups": ["0a1b"], "amr": ["pwd", "mfa"], "ver": "2.0", "oid": "o", "tid": "t", "wids": [] });
        for claims in [kubernetes, github, gitlab, keycloak, entra] {
            let read = verified(&with(claims.clone()), &RULES);
            assert!(read.is_ok_and(|read| read.client() == Some("sts")), "{claims}");
        }
    }
}

/// What the answer says of an error tells what to do, and holds nothing of the token.
#[test]
fn errors_show_no_bytes_of_a_token() {
    let marker = "MARKERmarker0123456789";
    let header = |header: Value| signed("rsa", Algorithm::Rs256, &header.to_string(), &claims().to_string());
    for text in [
        header(json!({ "alg": marker })),
        header(json!({ "alg": "RS256", "kid": marker })),
        header(json!({ "alg": "RS256", "typ": marker })),
        token(&with(json!({ "iss": marker }))),
        token(&with(json!({ "aud": marker }))),
        token(&with(json!({ "azp": marker }))),
        token(&with(json!({ "exp": marker }))),
        token(&with(json!({ "sub": format!("{marker}\n") }))),
        token(&with(json!({ marker: 1, "markerMARKER0123456789": 2 }))),
        format!("{marker}.{marker}.{marker}"),
    ] {
        let error = verify(&text, &key_set(&["rsa"]), &RULES).unwrap_err();
        assert!(!format!("{error} {error:?}").to_lowercase().contains("marker"), "{error}");
    }
}
