//! The checks against a server in memory that does all right, and with one fault at a time.

mod server;

use super::*;
use server::{Fault, Server};

struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

/// The report, how many checks failed, and the server afterwards.
fn report(fault: Fault, keys: KeyRules, framing: Framing) -> (String, usize, Server) {
    let server = Server::new(fault);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut out = Vec::new();
    let failed = runtime.block_on(check(&server, &Fixed, Settings { keys, framing }, &mut out)).unwrap();
    (String::from_utf8(out).unwrap(), failed, server)
}

fn line<'a>(report: &'a str, check: &str) -> &'a str {
    let found =
        report.lines().find(|line| line.get(6..).is_some_and(|rest| rest.starts_with(&format!("{check:<19} "))));
    found.unwrap_or_else(|| panic!("no line {check} in\n{report}"))
}

fn assert_clean(server: &Server) {
    let state = server.state.lock().unwrap();
    assert!(state.buckets.is_empty() && state.objects.is_empty() && state.uploads.is_empty(), "{:?}", state.objects);
}

#[test]
fn a_good_server_passes_and_is_left_clean() {
    let (text, failed, server) = report(Fault::None, KeyRules::Exact, Framing::Passed);
    assert_eq!(failed, 0, "{text}");
    assert!(text.lines().all(|line| line.starts_with("ok    ")), "{text}");
    assert_eq!(text.lines().count(), 16, "{text}");
    assert_clean(&server);
}

#[test]
fn a_good_server_may_be_used_more_freely_than_configured() {
    let (text, failed, _) = report(Fault::None, KeyRules::Filesystem, Framing::Decoded);
    assert_eq!(failed, 0, "{text}");
    assert!(line(&text, "keys").starts_with("note") && line(&text, "keys").contains("\"exact\""), "{text}");
    assert!(line(&text, "aws-chunked").starts_with("note"), "{text}");
}

/// Exactly this check fails, says so in these words, and all is removed.
fn fails(fault: Fault, keys: KeyRules, check: &str, words: &str) {
    let (text, failed, server) = report(fault, keys, Framing::Passed);
    let found = line(&text, check);
    assert!(found.starts_with("FAIL") && found.contains(words), "{fault:?}\n{text}");
    assert_eq!(failed, 1, "{fault:?}\n{text}");
    assert_clean(&server);
}

#[test]
fn rule_11_who_gets_in() {
    let exact = KeyRules::Exact;
    fails(Fault::NoCredentials, exact, "credentials", "403 AccessDenied");
    fails(Fault::Down, exact, "credentials", "cannot be reached");
    fails(Fault::AnySignature, exact, "signatures", "200");
    fails(Fault::AnonymousRead, exact, "anonymous", "signature: GetObject.");
    fails(Fault::AnonymousList, exact, "anonymous", "signature: ListBuckets.");
    fails(Fault::AnonymousWrite, exact, "anonymous", "signature: PutObject.");
}

#[test]
fn rule_01_buckets_are_seen_only_once_they_are_there() {
    fails(Fault::HeadOfAbsentIs403, KeyRules::Exact, "buckets", "answered 403");
}

#[test]
fn objects_outlive_the_deletion_of_their_bucket() {
    fails(Fault::DeletesFullBuckets, KeyRules::Exact, "full buckets", "the objects are gone");
}

#[test]
fn calls_that_are_taken_for_others_are_named() {
    for (fault, words) in [
        (Fault::ShowsForTags, "are: GetObjectTagging. "),
        (Fault::DeletesForTags, "are: DeleteObjectTagging. "),
        (Fault::ShowsForUploads, "are: ListParts. "),
        (Fault::DeletesForUploads, "are: AbortMultipartUpload. "),
        (Fault::ListsForLocation, "are: GetBucketLocation. "),
        (Fault::DeletesBucketsForTags, "are: DeleteBucketTagging. "),
    ] {
        fails(fault, KeyRules::Exact, "subresources", words);
    }
    let (text, failed, _) = report(Fault::OverwritesForTags, KeyRules::Exact, Framing::Passed);
    assert!(failed == 1 && line(&text, "subresources").contains("are: PutObjectTagging. "), "{text}");
    assert!(line(&text, "tags").starts_with("note"), "{text}");
}

#[test]
fn rule_02_administrators_are_noted() {
    let (text, failed, _) = report(Fault::Administrator, KeyRules::Exact, Framing::Passed);
    assert!(failed == 0 && line(&text, "administration").starts_with("note"), "{text}");
}

#[test]
fn rule_04_keys_that_the_gate_would_let_through_must_be_apart() {
    fails(Fault::FoldsSlashes, KeyRules::Exact, "keys", "empty segments");
    fails(Fault::HidesUploads, KeyRules::Exact, "keys", ".uploads/");
    fails(Fault::TrailingSlashReads, KeyRules::Exact, "keys", "a trailing `/`");
    fails(Fault::FoldsCase, KeyRules::Exact, "keys", "upper and lower case");
    // The gate refuses none of these in either mode.
    fails(Fault::FoldsCase, KeyRules::Filesystem, "keys", "upper and lower case");
    for fault in [Fault::FoldsSlashes, Fault::HidesUploads, Fault::TrailingSlashReads] {
        let (text, failed, server) = report(fault, KeyRules::Filesystem, Framing::Passed);
        assert!(failed == 0 && line(&text, "keys").starts_with("ok"), "{text}");
        assert_clean(&server);
    }
}

#[test]
fn rule_10_upload_and_version_ids_hold_for_their_place() {
    let exact = KeyRules::Exact;
    fails(Fault::UploadOfAnyKey, exact, "upload ids", "CompleteMultipartUpload of another key with ID");
    fails(Fault::UploadOfAnyBucket, exact, "upload ids", "ListParts of another bucket with ID");
    fails(Fault::AbortOfAnyKey, exact, "upload ids", "AbortMultipartUpload of another bucket and key with ID");
    fails(Fault::UploadPaths, exact, "upload ids", "UploadPartCopy of another key with x/../ID");
    fails(Fault::VersionOfAnyKey, exact, "version ids", "GetObject of another bucket with ID");
    fails(Fault::VersionDeleteOfAnyKey, exact, "version ids", "DeleteObject of another key with ID");
    fails(Fault::VersionKeys, exact, "version keys", "filesystem");
    let (text, failed, _) = report(Fault::VersionKeys, KeyRules::Filesystem, Framing::Passed);
    assert!(failed == 0 && line(&text, "version keys").starts_with("ok"), "{text}");
}

#[test]
fn framing_that_is_stored_is_refused_unless_the_gate_decodes() {
    fails(Fault::StoresFraming, KeyRules::Exact, "aws-chunked", "Set backend.aws_chunked to \"decode\"");
    fails(Fault::StoresUnannounced, KeyRules::Exact, "aws-chunked", "Set backend.aws_chunked to \"announce\"");
    for (fault, framing, words) in [
        (Fault::StoresUnannounced, Framing::Announced, "ok"),
        (Fault::StoresUnannounced, Framing::Decoded, "note"),
        (Fault::KeepsEncoding, Framing::Passed, "ok"),
    ] {
        let (text, failed, _) = report(fault, KeyRules::Exact, framing);
        assert!(failed == 0 && line(&text, "aws-chunked").starts_with(words), "{fault:?}\n{text}");
    }
    let (text, failed, _) = report(Fault::KeepsEncoding, KeyRules::Exact, Framing::Announced);
    assert!(failed == 0 && line(&text, "content-encoding").contains("to \"pass\""), "{text}");
    for fault in [Fault::StoresFraming, Fault::RefusesFraming] {
        let (text, failed, _) = report(fault, KeyRules::Exact, Framing::Decoded);
        assert!(failed == 0 && line(&text, "aws-chunked").starts_with("ok"), "{text}");
    }
}

#[test]
fn what_clients_will_miss_is_noted() {
    for (fault, check) in [
        (Fault::RefusesFraming, "aws-chunked"),
        (Fault::AnyPayloadHash, "payload hash"),
        (Fault::NoConditions, "conditional writes"),
        (Fault::NoTags, "tags"),
        (Fault::NoBatchDelete, "batch delete"),
        (Fault::NoMultipart, "upload ids"),
        (Fault::NoVersions, "version ids"),
    ] {
        let (text, failed, server) = report(fault, KeyRules::Exact, Framing::Passed);
        assert!(failed == 0 && line(&text, check).starts_with("note"), "{fault:?}\n{text}");
        assert_clean(&server);
    }
}

#[test]
fn what_is_not_proven_fails_and_what_stays_is_named() {
    let (text, failed, _) = report(Fault::DiesInTheMiddle, KeyRules::Exact, Framing::Passed);
    assert!(failed > 0 && text.contains("the backend gave no whole answer"), "{text}");
    let (text, failed, _) = report(Fault::KeepsBuckets, KeyRules::Exact, Framing::Passed);
    let last = text.lines().last().unwrap();
    assert!(failed == 0 && last.starts_with("note") && last.contains("rolegate-check-070707070707-1"), "{text}");
}
