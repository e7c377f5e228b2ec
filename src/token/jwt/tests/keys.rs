//! Sets of keys: which of them a token gets, and which are none.

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
        let (named, unnamed) = (KeyHint { kid: Some("rsa"), algorithm }, KeyHint { kid: None, algorithm });
        assert!(!keys.serves(&named) && !keys.serves(&unnamed));
        let purpose = Error::UnusableKey { fault: KeyFault::Purpose };
        assert_eq!(keys.verify(&named, b"m", &vec![0; 32]), Err(purpose), "{algorithm:?}");
        assert_eq!(keys.verify(&unnamed, b"m", &vec![0; 32]), Err(Error::NoKey), "{algorithm:?}");
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
    for bad in [&[][..], &[0], &[1], &[2], &[1, 0, 0], &[2, 0, 0, 0, 1], &[1, 0, 0, 0, 0, 0, 0, 0, 1], &[0xff; 300]] {
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
        for bad in [json!(""), json!(encode(vec![1; length - 1])), json!(encode(vec![0; length + 1])), json!(null)] {
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
