//! Signatures: of another implementation, of each algorithm, and of tokens that were bent.

use super::*;

#[test]
fn rule_25_signatures_are_judged_as_another_implementation_does() {
    let lines = include_str!("../../../../tests/corpus/web-tokens/signatures.jsonl").lines();
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
