//! What a call may ask, and how much of it (security rule 28).

use super::*;

#[tokio::test]
async fn rule_28_simulation_is_bounded() {
    let world = World::new().await;
    let base = [
        ("PolicyInputList.member.1".to_owned(), READ.to_owned()),
        ("ActionNames.member.1".to_owned(), "s3:GetObject".to_owned()),
    ];
    let with = async |more: Vec<(String, String)>| {
        let pairs: Vec<(&str, &str)> =
            base.iter().chain(&more).map(|(name, value)| (name.as_str(), value.as_str())).collect();
        world.custom(&pairs).await
    };
    let numbered = |name: &str, from: usize, to: usize, value: &str| -> Vec<(String, String)> {
        (from..=to).map(|n| (format!("{name}.member.{n}"), value.to_owned())).collect()
    };
    let actions = numbered("ActionNames", 2, 40, "s3:PutObject");
    let resources = |count| numbered("ResourceArns", 1, count, "arn:aws:s3:::b/k");
    assert!(with([actions.clone(), resources(25)].concat()).await.is_ok());
    let refused = with([actions, resources(26)].concat()).await.unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("ValidationError", 400));
    assert!(refused.to_string().contains("40 values at 'actionNames' and 26 at 'resourceArns'"), "{refused}");
    let policies = numbered("PolicyInputList", 2, MAX_POLICIES, READ);
    assert!(with(policies.clone()).await.is_ok());
    assert_eq!(code(with(numbered("PolicyInputList", 2, MAX_POLICIES + 1, READ)).await), "ValidationError");
    let long = format!("{READ}{}", " ".repeat(MAX_CHARACTERS / 2));
    assert_eq!(code(with(numbered("PolicyInputList", 2, 3, &long)).await), "ValidationError");
    let boundaries = numbered("PermissionsBoundaryPolicyInputList", 1, 2, READ);
    assert_eq!(code(with(boundaries).await), "ValidationError");
    let entries = |count| -> Vec<(String, String)> {
        (1..=count)
            .flat_map(|n| {
                let name = format!("ContextEntries.member.{n}");
                [
                    (format!("{name}.ContextKeyName"), format!("aws:key{n}")),
                    (format!("{name}.ContextKeyValues.member.1"), "v".to_owned()),
                ]
            })
            .collect()
    };
    assert!(with(entries(MAX_ENTRIES)).await.is_ok());
    assert_eq!(code(with(entries(MAX_ENTRIES + 1)).await), "ValidationError");
    for (name, bad, wanted) in [
        ("ActionNames.member.2", "s3", "ValidationError"),
        ("ActionNames.member.2", "s3:Get*", "InvalidInput"),
        ("ActionNames.member.2", "GetObject", "InvalidInput"),
        ("ResourceArns.member.1", "bucket", "InvalidInput"),
        ("ResourceArns.member.1", "", "ValidationError"),
        ("ResourceHandlingOption", "", "ValidationError"),
        ("MaxItems", "0", "ValidationError"),
        ("Marker", "!", "ValidationError"),
        ("PolicyInputList.member.2", "{}", "InvalidInput"),
    ] {
        assert_eq!(code(with(vec![(name.to_owned(), bad.to_owned())]).await), wanted, "{name} {bad}");
    }
    assert_eq!(code(world.custom(&[("ActionNames.member.1", "s3:GetObject")]).await), "ValidationError");
    assert_eq!(code(world.custom(&[("PolicyInputList.member.1", READ)]).await), "ValidationError");
}

#[tokio::test]
async fn rule_28_an_answer_ends_where_its_work_is_spent() {
    let world = World::new().await;
    let statement = r#"{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}"#;
    let many = format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, vec![statement; 2000].join(","));
    let resources: Vec<String> = (1..=20).map(|n| format!("ResourceArns.member.{n}")).collect();
    let mut pairs = vec![("PolicyInputList.member.1", many.as_str()), ("ActionNames.member.1", "s3:GetObject")];
    pairs.extend(resources.iter().map(|name| (name.as_str(), "arn:aws:s3:::b/k")));
    let (mut found, mut pages, mut marker) = (0, 0, None::<String>);
    loop {
        let mut pairs = pairs.clone();
        pairs.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let (page, next) = evaluations(world.custom(&pairs).await.unwrap());
        assert!(!page.is_empty() && page.iter().all(|one| one.matched.len() == 100));
        (found, pages, marker) = (found + page.len(), pages + 1, next);
        if marker.is_none() {
            break;
        }
    }
    assert_eq!(found, 20);
    assert!(pages > 2, "{pages}");
}

#[tokio::test]
async fn pages_hold_as_many_as_are_asked_for() {
    let world = World::new().await;
    let pairs = [
        ("PolicyInputList.member.1", READ),
        ("ActionNames.member.1", "s3:GetObject"),
        ("ActionNames.member.2", "s3:PutObject"),
        ("ResourceArns.member.1", "arn:aws:s3:::b/1"),
        ("ResourceArns.member.2", "arn:aws:s3:::b/2"),
        ("MaxItems", "3"),
    ];
    let (first, marker) = evaluations(world.custom(&pairs).await.unwrap());
    let marker = marker.unwrap();
    let (second, end) = evaluations(world.custom(&[&pairs[..], &[("Marker", &marker)]].concat()).await.unwrap());
    let all: Vec<_> = first.iter().chain(&second).map(|one| (one.action.as_str(), one.resource.as_str())).collect();
    assert_eq!(
        all,
        [
            ("s3:GetObject", "arn:aws:s3:::b/1"),
            ("s3:GetObject", "arn:aws:s3:::b/2"),
            ("s3:PutObject", "arn:aws:s3:::b/1"),
            ("s3:PutObject", "arn:aws:s3:::b/2")
        ]
    );
    assert!(end.is_none() && first.len() == 3);
}

#[tokio::test]
async fn what_is_not_served_is_refused_and_not_overlooked() {
    let world = World::new().await;
    let source = ("PolicySourceArn", "arn:aws:iam:::user/TESTER1");
    for (action, name) in [
        ("SimulateCustomPolicy", "OrderedOrganizationPolicyInputList.member.1.PolicyInputList.member.1"),
        ("SimulatePrincipalPolicy", "PolicyExclusionList.member.1"),
    ] {
        let pairs = [source, ("PolicyInputList.member.1", "{}"), ("ActionNames.member.1", "s3:GetObject"), (name, "x")];
        assert!(world.parse(action, &pairs[..3]).is_ok());
        let error = world.parse(action, &pairs).unwrap_err();
        assert_eq!(error.code(), "InvalidInput", "{error}");
        assert!(error.to_string().contains(name.split('.').next().unwrap()), "{error}");
    }
}
