//! What S3 refuses in a bucket policy although the language has it: actions that are not S3's, resources outside of
//! the bucket, actions that are asked for on none of their statement's resources.

use super::catalogue::ResourceForm;
use super::overlap::overlaps;
use super::subject::{Checked, Subject};
use super::{Findings, Issue, LintOptions, actions, resources};
use crate::policy::source::{Entry, SourceDocument};

/// Why S3 refuses a bucket policy whose grammar is right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BucketRefusal {
    /// An action that S3 does not have.
    #[error("{place}: {details}")]
    Action {
        /// Path of the element.
        place: String,
        /// What is wrong with it.
        details: String,
    },
    /// A resource that is neither the bucket nor can be an object in it.
    #[error("{place}: `{resource}` is neither the bucket {bucket} nor an object in it")]
    Resource {
        /// Path of the element.
        place: String,
        /// The resource as written.
        resource: String,
        /// The bucket.
        bucket: String,
    },
    /// An action that is never asked for on a resource of its statement.
    #[error("{place}: {details}")]
    Mismatch {
        /// Path of the element.
        place: String,
        /// What is wrong with it.
        details: String,
    },
}

/// The first refusal of a document that [`Policy::parse`](crate::policy::Policy::parse) has taken as a bucket policy.
/// The catalogue has the actions of S3.
pub fn bucket_refusal(document: &str, bucket: &str, options: &LintOptions<'_>) -> Option<BucketRefusal> {
    let source = SourceDocument::read(document)?;
    let subject = Subject::new(&source, options);
    let mut found = Findings { document, list: Vec::new() };
    actions::foreign(&subject, &mut found);
    actions::unknown(&subject, &mut found);
    if let Some(finding) = found.list.into_iter().next() {
        return Some(BucketRefusal::Action { place: finding.path.to_string(), details: finding.details });
    }
    if let Some(entry) = subject.statements.iter().find_map(|statement| outside(&subject, statement, bucket)) {
        let (place, resource) = (entry.path.to_string(), entry.text.chars().take(256).collect());
        return Some(BucketRefusal::Resource { place, resource, bucket: bucket.to_owned() });
    }
    let mut found = Findings { document, list: Vec::new() };
    resources::without_match(&subject, &mut found);
    let finding = found.list.into_iter().find(|finding| finding.issue == Issue::ActionWithoutResource)?;
    Some(BucketRefusal::Mismatch { place: finding.path.to_string(), details: finding.details })
}

/// The first resource of a statement that can name nothing of the bucket.
fn outside<'a>(subject: &Subject<'_>, statement: &Checked<'a>, bucket: &str) -> Option<&'a Entry> {
    let own = [
        ResourceForm::Exact(format!("arn:aws:s3:::{bucket}")),
        ResourceForm::Shape(format!("arn:aws:s3:::{bucket}/*")),
    ];
    let listed = statement.source.resources.as_ref()?;
    listed.values.iter().find(|entry| {
        let pieces = subject.pieces(&entry.text, true);
        !own.iter().any(|form| overlaps(&pieces, form))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::lint::{Catalogue, KnownAction};
    use crate::policy::{Bindings, ParseOptions, Policy, PolicyKind};
    use crate::types::AccountId;

    fn refusal(action: &str, resource: &str) -> Option<BucketRefusal> {
        let document = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":"*",{action},{resource}}}]}}"#
        );
        let (account, bindings) = (AccountId::empty(), Bindings::new());
        let parse = ParseOptions { kind: PolicyKind::Bucket, default_account: &account, bindings: &bindings };
        Policy::parse(&document, &parse).unwrap();
        let known = |name: &str, shape: &str| KnownAction {
            name: name.to_owned(),
            resources: vec![ResourceForm::Shape(shape.to_owned())],
            keys: None,
        };
        let actions =
            vec![known("s3:GetObject", "arn:aws:s3:::{bucket}/*"), known("s3:ListBucket", "arn:aws:s3:::{bucket}")];
        let catalogue = Catalogue { actions, keys: Vec::new() };
        bucket_refusal(&document, "b", &LintOptions { parse, catalogue: &catalogue, unresolved: &[] })
    }

    #[test]
    fn what_fits_the_bucket_is_taken() {
        for (action, resource) in [
            (r#""Action":"s3:GetObject""#, r#""Resource":"arn:aws:s3:::b/*""#),
            (r#""Action":"s3:GetObject""#, r#""Resource":["arn:aws:s3:::b","arn:aws:s3:::b/a"]"#),
            (r#""Action":["s3:ListBucket","s3:get*"]"#, r#""Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]"#),
            (r#""Action":"s3:*""#, r#""Resource":"arn:aws:s3:::b""#),
            (r#""Action":"*""#, r#""Resource":"*""#),
            (r#""Action":"s3:ListBucket""#, r#""Resource":"arn:aws:s3:::*""#),
            (r#""Action":"s3:GetObject""#, r#""Resource":"arn:aws:s3:::b/${aws:username}/*""#),
            (r#""NotAction":"s3:ListBucket""#, r#""NotResource":"arn:aws:s3:::b/private/*""#),
        ] {
            assert_eq!(refusal(action, resource), None, "{action} {resource}");
        }
    }

    #[test]
    fn actions_that_s3_does_not_have_are_refused() {
        for action in ["s3:GetObjects", "s3:Gat*", "iam:GetUser", "sts:AssumeRole", "s3x:GetObject"] {
            let found =
                refusal(&format!(r#""Action":["s3:GetObject","{action}"]"#), r#""Resource":"arn:aws:s3:::b/*""#);
            let Some(BucketRefusal::Action { place, .. }) = found else { panic!("{action}: {found:?}") };
            assert_eq!(place, "Statement[0].Action[1]");
        }
    }

    #[test]
    fn resources_outside_of_the_bucket_are_refused() {
        for resource in [
            "arn:aws:s3:::c",
            "arn:aws:s3:::c/*",
            "arn:aws:s3:::b2/*",
            "arn:aws:s3:::B/*",
            "arn:aws:s3:us-east-1:123456789012:b/*",
            "arn:aws:iam:::role/R",
            "arn:aws:s3:::?b/*",
        ] {
            for element in ["Resource", "NotResource"] {
                let resource = format!(r#""{element}":["arn:aws:s3:::b/*","{resource}"]"#);
                let found = refusal(r#""Action":"s3:GetObject""#, &resource);
                assert!(matches!(found, Some(BucketRefusal::Resource { .. })), "{resource}: {found:?}");
            }
        }
    }

    #[test]
    fn an_action_that_applies_to_no_resource_is_refused() {
        for (action, resource) in [
            (r#""s3:GetObject""#, "arn:aws:s3:::b"),
            (r#""s3:ListBucket""#, "arn:aws:s3:::b/*"),
            (r#"["s3:GetObject","s3:ListBucket"]"#, "arn:aws:s3:::b/*"),
            (r#""s3:List*""#, "arn:aws:s3:::b/*"),
        ] {
            let found = refusal(&format!(r#""Action":{action}"#), &format!(r#""Resource":"{resource}""#));
            assert!(matches!(found, Some(BucketRefusal::Mismatch { .. })), "{action} {resource}: {found:?}");
        }
    }
}
