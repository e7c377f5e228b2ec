//! The claim of a browser's POST form: its policy document is what is signed.
//!
//! The string to sign is the base64 text of the `policy` field as sent. The signature says nothing about the
//! other fields; the policy's conditions do, and its expiration bounds the form's life (security rule 9: both are
//! for whoever reads the form). Field names are compared without case, as S3 does.
//!
//! Follows AWS's "Authenticating requests in browser-based uploads using POST (AWS Signature Version 4)".

use super::check::{Rules, Service};
use super::claim::{self, ALGORITHM, ALGORITHM_4A, ClaimKind, SignatureClaim};
use super::error::{Error, Place};
use super::payload::PayloadKind;
use crate::types::Timestamp;

const POLICY: &str = "policy";

/// Every form field that looks like authentication; the first six are version 4's.
const FIELDS: [&str; 9] = [
    POLICY,
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-signature",
    "x-amz-security-token",
    "awsaccesskeyid",
    "signature",
    "x-amz-s3session-token",
];

/// What a form says about its signature. Nothing of it is proven.
#[derive(Clone, Debug)]
pub struct FormClaim {
    claim: SignatureClaim,
    policy: Box<str>,
}

/// A form's claim that passed every check that needs no key.
#[derive(Clone, Copy, Debug)]
pub struct CheckedForm<'r>(pub(super) &'r FormClaim);

impl FormClaim {
    /// Reads the claim of a form from its fields before the file, in order; none only where no field looks like
    /// authentication. A request that has another claim as well ([`super::claim`]) is for the caller to refuse.
    pub fn parse<'a>(fields: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Option<Self>, Error> {
        let mut found: [Option<&'a [u8]>; FIELDS.len()] = [None; FIELDS.len()];
        for (name, value) in fields {
            let own = FIELDS.iter().zip(found.iter_mut()).find(|(field, _)| field.eq_ignore_ascii_case(name));
            let Some((field, slot)) = own else { continue };
            if slot.replace(value).is_some() {
                return Err(Error::RepeatedField { place: Place::Form, name: field });
            }
        }
        match found {
            [.., Some(_)] => Err(Error::ExpressSession),
            [None, None, None, None, None, None, None, None, None] => Ok(None),
            [.., Some(_), _, _] | [.., Some(_), _] => Err(Error::SignatureVersion2(Place::Form)),
            [policy, algorithm, credential, date, signature, token, ..] => {
                Self::from_fields([policy, algorithm, credential, date, signature], token).map(Some)
            }
        }
    }

    fn from_fields(needed: [Option<&[u8]>; 5], token: Option<&[u8]>) -> Result<Self, Error> {
        let [policy, algorithm, credential, date, signature] = needed;
        match text(algorithm, "x-amz-algorithm")? {
            ALGORITHM => {}
            other if other.starts_with(ALGORITHM_4A) => return Err(Error::SignatureVersion4a(Place::Form)),
            _ => return Err(Error::UnsupportedAlgorithm(Place::Form)),
        }
        let (access_key, scope) = claim::credential(text(credential, "x-amz-credential")?, Place::Form)?;
        let time_text = text(date, "x-amz-date")?;
        let signing_time = Timestamp::parse_basic(time_text).map_err(|_| Error::MalformedDate(Place::Form))?;
        let claim = SignatureClaim {
            access_key,
            scope,
            // None: a form's claim can therefore not pass for that of a head, which must sign `host`.
            signed_headers: "".into(),
            signature: text(signature, "x-amz-signature")?.into(),
            signing_time,
            time_text: time_text.into(),
            dated_by_date: false,
            kind: ClaimKind::Form,
            session_token: claim::token(token, Place::Form)?,
            payload: Some(PayloadKind::Unsigned),
        };
        Ok(Self { claim, policy: text(policy, POLICY)?.into() })
    }

    /// Who the caller says it is.
    pub fn claim(&self) -> &SignatureClaim {
        &self.claim
    }

    /// The policy document's base64 text, as signed.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// Checks scope and time. Forms exist on the S3 plane only.
    pub fn check(&self, rules: &Rules<'_>) -> Result<CheckedForm<'_>, Error> {
        let rules = Rules { service: Service::S3, ..*rules };
        self.claim.check_scope(&rules)?;
        self.claim.check_time(&rules)?;
        Ok(CheckedForm(self))
    }
}

fn text<'a>(value: Option<&'a [u8]>, name: &'static str) -> Result<&'a str, Error> {
    let value = value.filter(|value| !value.is_empty()).ok_or(Error::MissingField { place: Place::Form, name })?;
    let text = claim::printable(value).filter(|text| text.len() == value.len());
    text.ok_or(Error::FieldNotText { place: Place::Form, name })
}

#[cfg(test)]
mod tests {
    use super::super::verify::verify_form;
    use super::super::{CredentialScope, MAX_SKEW_SECONDS, SigningKey};
    use super::*;
    use crate::types::Secret;

    // The example of AWS's "Browser-Based Upload Using HTTP POST (Using AWS Signature Version 4)".
    const EXAMPLE_POLICY: &str = "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
    const EXAMPLE_SIGNATURE: &str = "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e";

    fn example() -> Vec<(&'static str, &'static [u8])> {
        vec![
            ("key", b"user/user1/${filename}"),
            ("X-Amz-Credential", b"AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"),
            ("X-Amz-Algorithm", b"AWS4-HMAC-SHA256"),
            ("X-Amz-Date", b"20151229T000000Z"),
            ("Policy", EXAMPLE_POLICY.as_bytes()),
            ("x-amz-signature", EXAMPLE_SIGNATURE.as_bytes()),
        ]
    }

    fn outcome(fields: Vec<(&str, &[u8])>, now: &str) -> Result<(), Error> {
        let form = FormClaim::parse(fields)?.expect("a claim");
        let now = Timestamp::parse_basic(now).unwrap();
        let rules = Rules { service: Service::S3, region: None, now, max_skew_seconds: MAX_SKEW_SECONDS };
        let checked = form.check(&rules)?;
        let scope = CredentialScope::new("20151229", "us-east-1", "s3").unwrap();
        let key = SigningKey::derive(&Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), &scope).unwrap();
        verify_form(&checked, &key).map(|_| ())
    }

    #[test]
    fn the_example_of_the_s3_documentation_verifies() {
        assert_eq!(outcome(example(), "20151230T110000Z"), Ok(()));
        assert!(matches!(outcome(example(), "20151228T234459Z"), Err(Error::NotYetValid { .. })));
    }

    #[test]
    fn rule_05_a_form_has_one_whole_claim_or_none() {
        let plain: [(&str, &[u8]); 2] = [("key", b"k"), ("acl", b"private")];
        assert!(FormClaim::parse(plain).unwrap().is_none());
        for index in 1..6 {
            let mut fields = example();
            let twice = fields[index];
            fields.push(twice);
            assert!(matches!(outcome(fields, "20151229T000000Z"), Err(Error::RepeatedField { .. })));
            let mut fields = example();
            fields.remove(index);
            assert!(matches!(outcome(fields, "20151229T000000Z"), Err(Error::MissingField { .. })));
        }
        for (name, value) in [("AWSAccessKeyId", &b"x"[..]), ("signature", b"x"), ("x-amz-s3session-token", b"x")] {
            let mut fields = example();
            fields.push((name, value));
            assert!(outcome(fields, "20151229T000000Z").is_err(), "{name}");
            assert!(FormClaim::parse([(name, value)]).is_err(), "{name}");
        }
    }

    #[test]
    fn a_changed_policy_or_signature_is_refused() {
        for index in [4, 5] {
            let mut fields = example();
            let changed = [&fields[index].1[1..], b"0"].concat();
            fields[index].1 = &changed;
            let refused = outcome(fields.clone(), "20151229T000000Z");
            assert!(matches!(refused, Err(Error::SignatureDoesNotMatch(_))));
        }
    }
}
