//! Runs every `*.jsonl` of the folder `sigv4-vectors`: requests as clients sign them and altered ones.
//!
//! The runner is a server that knows exactly the line's credential: another access key id, or another session
//! token than the line's, is what its lookup refuses. All else is answered by the library.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rolegate::sigv4::{
    BodyError, ChunkDecoder, ChunkEvent, ChunkLimits, Error, MAX_SKEW_SECONDS, PayloadHasher, PayloadKind, Rules,
    Service, SignatureClaim, SigningKey, VerifiedSignature, claim, verify,
};
use rolegate::types::{Secret, Timestamp};
use rolegate::wire::{Method, RequestHead};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

/// A refusal: the code that would be answered and why.
struct Refusal {
    code: String,
    reason: String,
}

fn refusal(code: &str, reason: impl ToString) -> Refusal {
    Refusal { code: code.to_owned(), reason: reason.to_string() }
}

struct Line {
    value: Value,
    service: Service,
    body: Vec<u8>,
}

impl Line {
    fn parse(text: &str) -> Self {
        let value: Value = serde_json::from_str(text).expect("a line is a JSON object");
        let service = match value["service"].as_str().expect("service") {
            "s3" => Service::S3,
            "iam" => Service::Iam,
            "sts" => Service::Sts,
            other => panic!("unknown service {other}"),
        };
        let body = STANDARD.decode(value["bodyBase64"].as_str().expect("bodyBase64")).expect("base64");
        Self { value, service, body }
    }

    fn text(&self, name: &str) -> &str {
        self.value[name].as_str().unwrap_or_else(|| panic!("{name} is text"))
    }

    fn head(&self) -> RequestHead {
        let url = self.text("url");
        let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
        let target = after_scheme.find(['/', '?']).map_or("/", |at| &after_scheme[at..]);
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        let headers = self.value["headers"].as_array().expect("headers").iter().map(|pair| {
            let text = |index: usize| pair[index].as_str().expect("header text").to_owned();
            (text(0), text(1).into_bytes())
        });
        let method = Method::parse(self.text("method")).expect("method");
        RequestHead::new(method, target.as_bytes(), headers, IpAddr::V4(Ipv4Addr::LOCALHOST), None).expect("target")
    }

    fn refused(&self, error: &Error) -> Refusal {
        let (code, _) = if self.service == Service::S3 { error.s3_code() } else { error.iam_code() };
        refusal(code, error)
    }

    /// Serves the request; gives the SHA-256 of the content in hex.
    fn serve(&self) -> Result<String, Refusal> {
        let head = self.head();
        let query = head.parse_query().map_err(|error| refusal("InvalidURI", error))?;
        let anonymous = if self.service == Service::S3 { "AccessDenied" } else { "MissingAuthenticationToken" };
        let claim = claim(&head, &query)
            .map_err(|error| self.refused(&error))?
            .ok_or_else(|| refusal(anonymous, "the request has no signature"))?;
        let rules = Rules {
            service: self.service,
            region: self.value["region"].as_str(),
            now: Timestamp::parse_iso8601(self.text("now")).expect("now"),
            max_skew_seconds: MAX_SKEW_SECONDS,
        };
        let checked = claim.check(&head, &query, &rules).map_err(|error| self.refused(&error))?;
        let key = self.look_up(&claim)?;
        let received: [u8; 32] = Sha256::digest(&self.body).into();
        let received = (self.service != Service::S3).then_some(&received);
        let verified = verify(&checked, &key, received).map_err(|error| self.refused(&error))?;
        self.read_body(&head, &verified, &key).map_err(|error| refusal(error.s3_code().0, error))
    }

    fn look_up(&self, claim: &SignatureClaim) -> Result<SigningKey, Refusal> {
        let (unknown, token) = match self.service {
            Service::S3 => ("InvalidAccessKeyId", "InvalidToken"),
            _ => ("InvalidClientTokenId", "InvalidClientTokenId"),
        };
        if claim.access_key().as_str() != self.text("accessKey") {
            return Err(refusal(unknown, "the access key id is not the line's"));
        }
        if claim.session_token() != self.value["sessionToken"].as_str() {
            return Err(refusal(token, "the session token is not the line's"));
        }
        let secret = Secret::new(self.text("secretKey"));
        SigningKey::derive(&secret, claim.scope()).map_err(|error| refusal("SignatureDoesNotMatch", error))
    }

    fn read_body(
        &self,
        head: &RequestHead,
        verified: &VerifiedSignature,
        key: &SigningKey,
    ) -> Result<String, BodyError> {
        let Some(mut decoder) = ChunkDecoder::for_request(head, verified, key, ChunkLimits::default())? else {
            if let PayloadKind::Digest(expected) = verified.payload() {
                let mut hasher = PayloadHasher::new(expected);
                self.body.chunks(1000).for_each(|piece| hasher.update(piece));
                hasher.finish()?;
            }
            return Ok(hex::encode(Sha256::digest(&self.body)));
        };
        let mut events = Vec::new();
        for piece in self.body.chunks(777) {
            decoder.push(Bytes::copy_from_slice(piece), &mut events)?;
        }
        decoder.finish()?;
        let mut content = Sha256::new();
        for event in &events {
            match event {
                ChunkEvent::Chunk(chunk) => content.update(chunk.data()),
                ChunkEvent::Piece(piece) => content.update(piece),
                ChunkEvent::Trailers(_) => {}
            }
        }
        Ok(hex::encode(content.finalize()))
    }

    /// What is wrong with the outcome, if anything.
    fn judge(&self) -> Option<String> {
        let outcome = self.serve();
        match (self.text("expected"), outcome) {
            ("valid", Ok(sha256)) if sha256 == self.text("decodedBodySha256") => None,
            ("valid", Ok(sha256)) => Some(format!("valid, but the content's SHA-256 is {sha256}")),
            ("valid", Err(got)) => Some(format!("expected valid, got {}: {}", got.code, got.reason)),
            ("invalid", Ok(_)) => Some(format!("expected one of {}, got accepted", self.value["errorCodes"])),
            ("invalid", Err(got)) => {
                let codes = self.value["errorCodes"].as_array().expect("errorCodes");
                let fits = codes.iter().any(|code| code.as_str() == Some(&got.code));
                (!fits)
                    .then(|| format!("expected one of {}, got {}: {}", self.value["errorCodes"], got.code, got.reason))
            }
            (other, _) => panic!("unknown expectation {other}"),
        }
    }
}

#[test]
fn every_line_is_answered_as_it_says() {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let folder = std::env::var_os("ROLEGATE_CORPORA").map_or(own, PathBuf::from).join("sigv4-vectors");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no corpus in {}", folder.display());
    let (mut failures, mut count) = (Vec::new(), 0);
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        for line in text.lines().filter(|line| !line.trim().is_empty()).map(Line::parse) {
            count += 1;
            if let Some(fault) = line.judge() {
                let tampered = line.value["tampered"].as_str().unwrap_or("-");
                failures.push(format!("{} ({}, {tampered}): {fault}", line.text("id"), line.text("kind")));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} lines failed:\n{}", failures.len(), failures.join("\n"));
}
