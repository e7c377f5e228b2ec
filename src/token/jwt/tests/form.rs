//! What a token may look like before anything of it is believed.

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
    for text in [format!(" {good}"), format!("{good}\n"), format!("{message}.\r\n{signature}"), format!("{good}\t")] {
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
    for name in ["none", "None", "HS256", "HS384", "HS512", "ES512", "ES256K", "RS1", "rs256", "RSA-OAEP", "", " RS256"]
    {
        assert_eq!(headed(&json!({ "alg": name, "kid": "rsa" }).to_string(), &RULES), Err(Error::Algorithm), "{name}");
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
