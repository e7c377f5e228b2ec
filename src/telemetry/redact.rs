//! What of a query may be logged: an allow-list of keys (security rule 29).
//!
//! A presigned URL and a web-identity token are live credentials, so nothing is logged because it looks
//! harmless; only keys known to be so are.

/// Keys whose values may be logged. Exact, with case.
const LOGGED_KEYS: [&str; 41] = [
    // S3: sub-resources and listing.
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "delimiter",
    "encryption",
    "encoding-type",
    "intelligent-tiering",
    "inventory",
    "key-marker",
    "legal-hold",
    "lifecycle",
    "list-type",
    "location",
    "logging",
    "marker",
    "max-keys",
    "max-parts",
    "max-uploads",
    "metrics",
    "notification",
    "object-lock",
    "partNumber",
    "policy",
    "policyStatus",
    "prefix",
    "replication",
    "restore",
    "retention",
    "start-after",
    "tagging",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
    // IAM and STS in the query string.
    "Action",
    "Version",
];

/// The pairs of a raw query whose keys are on the allow-list, in their order. A key in percent coding is not on it.
pub fn logged_query(raw: &str) -> String {
    let mut logged = String::new();
    for pair in raw.split('&') {
        let key = pair.split('=').next().unwrap_or_default();
        if LOGGED_KEYS.contains(&key) {
            if !logged.is_empty() {
                logged.push('&');
            }
            logged.push_str(pair);
        }
    }
    logged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_29_only_keys_of_the_allow_list_are_logged() {
        let presigned = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=K%2F1&X-Amz-Signature=abc&versionId=7&X-Amz-Security-Token=t";
        assert_eq!(logged_query(presigned), "versionId=7");
        assert_eq!(logged_query("list-type=2&prefix=a%2Fb&x-id=ListObjectsV2"), "list-type=2&prefix=a%2Fb");
        assert_eq!(
            logged_query("Action=AssumeRoleWithWebIdentity&WebIdentityToken=eyJ&Version=2011-06-15"),
            "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
        );
        assert_eq!(logged_query("uploads"), "uploads");
        for hidden in [
            "",
            "AWSAccessKeyId=a&Signature=b&Expires=1",
            "x-amz-security-token=t",
            "%70refix=x",
            "PREFIX=x",
            "prefix%3Dx",
            "unknown=1",
        ] {
            assert_eq!(logged_query(hidden), "", "{hidden}");
        }
    }
}
