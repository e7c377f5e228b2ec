//! Laws of parsing: whatever the text is, it is read or refused, and the linter says the same.

use crate::documents::{Sort, document};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use rolegate::policy::lint::{Catalogue, LintOptions, Severity, validate};
use rolegate::policy::{Bindings, ParseOptions, Policy, PolicyKind};
use rolegate::types::AccountId;
use serde_json::Value;

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// What the linter calls an error is what parsing refuses, with the same first words and place.
    #[test]
    fn errors_of_the_linter_are_refusals(document in document(Sort::Plain), spoil in any::<prop::sample::Index>(), by in 1usize..4) {
        let mut text = document.to_string();
        let at = spoil.index(text.len());
        if text.is_char_boundary(at) && text.is_char_boundary((at + by).min(text.len())) {
            text.replace_range(at..(at + by).min(text.len()), "");
        }
        let (account, bindings, catalogue) = (AccountId::empty(), Bindings::new(), Catalogue::default());
        let parse = ParseOptions { kind: PolicyKind::Identity, default_account: &account, bindings: &bindings };
        let findings = validate(&text, &LintOptions { parse, catalogue: &catalogue, unresolved: &[] });
        let errors: Vec<_> = findings.iter().filter(|f| f.issue.severity() == Severity::Error).collect();
        match Policy::parse(&text, &parse) {
            Ok(_) => prop_assert!(errors.is_empty()),
            Err(error) => {
                prop_assert_eq!(errors.len(), findings.len());
                prop_assert_eq!(&errors[0].details, &error.fault.to_string());
                prop_assert_eq!((&errors[0].path, errors[0].span), (error.path(), error.span()));
                prop_assert_eq!(error.path().to_string(), error.place);
            }
        }
    }

    #[test]
    fn parsing_never_panics_on_text(text in any::<String>(), latin in "[ -ÿ\t\r\n]{0,200}") {
        try_all_kinds(&text);
        try_all_kinds(&latin);
    }

    #[test]
    fn parsing_never_panics_on_json(value in arbitrary_json()) {
        try_all_kinds(&value.to_string());
    }

    #[test]
    fn parsing_never_panics_on_damaged_policies(
        document in document(Sort::Bucket),
        at in any::<prop::sample::Index>(),
        put in "[{}\\[\\]\",:$*a0\\\\]{0,3}",
        drop in 0usize..4,
    ) {
        let text: Vec<char> = document.to_string().chars().collect();
        let at = at.index(text.len());
        let after = text.iter().skip(at + drop);
        let damaged: String = text.iter().take(at).copied().chain(put.chars()).chain(after.copied()).collect();
        try_all_kinds(&damaged);
    }
}

fn try_all_kinds(text: &str) {
    use PolicyKind::{Boundary, Bucket, Identity, Session, Trust};
    for kind in [Identity, Session, Boundary, Bucket, Trust] {
        let options = ParseOptions { kind, default_account: &AccountId::empty(), bindings: &Bindings::new() };
        let _ = Policy::parse(text, &options);
    }
}

/// JSON with the language's own words in it.
fn arbitrary_json() -> impl Strategy<Value = Value> {
    let words = select(vec![
        "Version",
        "2012-10-17",
        "Statement",
        "Effect",
        "Allow",
        "Deny",
        "Action",
        "NotAction",
        "Resource",
        "Principal",
        "NotPrincipal",
        "AWS",
        "Federated",
        "Condition",
        "StringLike",
        "Null",
        "aws:x",
        "s3:*",
        "*",
        "${aws:x, 'y'}",
        "arn:aws:s3:::b/*",
        "arn:aws:iam:::user/x",
        "true",
        "",
        "Sid",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((words.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}
