//! Simulations against a store in memory.

use super::input::{MAX_CHARACTERS, MAX_ENTRIES, MAX_POLICIES};
use super::{Answer as Simulated, Evaluation};
use crate::entity::{BucketRecord, BucketState, Caps, Group, Named, Owner, StoredPolicy, User, UserKind};
use crate::iam::testing::{POLICY, TRUST, World, code, user};
use crate::iam::{Answer, Body, Error};
use crate::policy::LineColumn;
use crate::store::{Changes, RecordKey};
use crate::types::{AccountId, UniqueId};

const READ: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#;
const FULL: &str = "arn:aws:iam::aws:policy/AmazonS3FullAccess";

fn stored(document: &str) -> StoredPolicy {
    StoredPolicy { document: document.to_owned(), bindings: Default::default() }
}

fn evaluations(answer: Answer) -> (Vec<Evaluation>, Option<String>) {
    match answer.body {
        Body::Simulated(Simulated::Evaluations { evaluations, marker }) => (evaluations, marker),
        other => panic!("{other:?}"),
    }
}

impl World {
    async fn custom(&self, pairs: &[(&str, &str)]) -> Result<Answer, Error> {
        self.call("SimulateCustomPolicy", pairs).await
    }

    /// The decision on one action and resource under one policy.
    async fn decided(&self, policy: &str, more: &[(&str, &str)]) -> Evaluation {
        let pairs = [
            &[
                ("PolicyInputList.member.1", policy),
                ("ActionNames.member.1", "s3:GetObject"),
                ("ResourceArns.member.1", "arn:aws:s3:::b/k"),
            ],
            more,
        ]
        .concat();
        evaluations(self.custom(&pairs).await.unwrap()).0.remove(0)
    }

    async fn of(&self, source: &str, action: &str, resource: &str, more: &[(&str, &str)]) -> Evaluation {
        let pairs = [
            &[("PolicySourceArn", source), ("ActionNames.member.1", action), ("ResourceArns.member.1", resource)],
            more,
        ]
        .concat();
        evaluations(self.call("SimulatePrincipalPolicy", &pairs).await.unwrap()).0.remove(0)
    }

    async fn keys(&self, action: &str, pairs: &[(&str, &str)]) -> Vec<String> {
        match self.call(action, pairs).await.unwrap().body {
            Body::Simulated(Simulated::Keys(keys)) => keys,
            other => panic!("{other:?}"),
        }
    }

    async fn put(&self, changes: Changes) {
        self.records.commit(changes).await.unwrap();
    }
}

fn ids(evaluation: &Evaluation) -> Vec<(&str, &str)> {
    evaluation.matched.iter().map(|matched| (matched.policy.as_str(), matched.source)).collect()
}

#[tokio::test]
async fn a_given_policy_is_decided_with_its_statements_and_their_places() {
    let world = World::new().await;
    let allowed = world.decided(READ, &[]).await;
    assert_eq!((allowed.decision, allowed.action.as_str()), ("allowed", "s3:GetObject"));
    assert_eq!(ids(&allowed), [("PolicyInputList.1", "none")]);
    assert_eq!(allowed.matched[0].start, Some(LineColumn { line: 1, column: 38 }));
    assert!(allowed.missing.is_empty() && allowed.allowed_by_boundary.is_none() && allowed.details.is_empty());
    let deny = READ.replace("Allow", "Deny");
    let denied = world.decided(READ, &[("PolicyInputList.member.2", &deny)]).await;
    assert_eq!((denied.decision, ids(&denied)), ("explicitDeny", vec![("PolicyInputList.2", "none")]));
    let other = world.decided(&READ.replace(":::b/", ":::c/"), &[]).await;
    assert_eq!((other.decision, other.matched.len()), ("implicitDeny", 0));
    let pairs = [
        ("PolicyInputList.member.1", READ),
        ("ActionNames.member.1", "s3:GetObject"),
        ("ResourceArns.member.1", "arn:aws:s3:::b/k"),
    ];
    let xml = world.custom(&pairs).await.unwrap().to_xml("r");
    assert!(xml.contains(
        "<EvaluationResults><member><EvalActionName>s3:GetObject</EvalActionName>\
         <EvalResourceName>arn:aws:s3:::b/k</EvalResourceName><EvalDecision>allowed</EvalDecision><MatchedStatements>\
         <member><SourcePolicyId>PolicyInputList.1</SourcePolicyId><SourcePolicyType>none</SourcePolicyType>\
         <StartPosition><Line>1</Line><Column>38</Column></StartPosition><EndPosition><Line>1</Line>"
    ));
    assert!(xml.contains("<ResourceSpecificResults><member><EvalResourceName>arn:aws:s3:::b/k</EvalResourceName><EvalResourceDecision>allowed<"));
    // Without ResourceArns it is asked on everything.
    let anything = evaluations(world.custom(&pairs[..2]).await.unwrap()).0.remove(0);
    assert_eq!((anything.resource.as_str(), anything.decision), ("*", "implicitDeny"));
}

#[tokio::test]
async fn context_entries_decide_and_missing_ones_are_named() {
    let world = World::new().await;
    let with = |condition: &str| READ.replace("/*\"}", &format!("/*\",\"Condition\":{condition}}}"));
    let date = with(r#"{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}"#);
    let missing = world.decided(&date, &[]).await;
    assert_eq!((missing.decision, missing.missing), ("implicitDeny", vec!["aws:CurrentTime".to_owned()]));
    let entry = |key, kind, value| {
        [
            ("ContextEntries.member.1.ContextKeyName", key),
            ("ContextEntries.member.1.ContextKeyType", kind),
            ("ContextEntries.member.1.ContextKeyValues.member.1", value),
        ]
    };
    let given = world.decided(&date, &entry("aws:currenttime", "date", "2019-01-01T00:00:00Z")).await;
    assert!(given.decision == "allowed" && given.missing.is_empty());
    for (condition, key, kind, value, wanted) in [
        (r#"{"NumericLessThan":{"s3:max-keys":"10"}}"#, "s3:max-keys", "numeric", "9", "allowed"),
        (r#"{"NumericLessThan":{"s3:max-keys":"10"}}"#, "s3:max-keys", "numeric", "11", "implicitDeny"),
        (r#"{"Bool":{"aws:SecureTransport":"true"}}"#, "aws:SecureTransport", "boolean", "true", "allowed"),
        (r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#, "aws:SourceIp", "ip", "10.1.2.3", "allowed"),
        (r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}}"#, "aws:TagKeys", "stringList", "a", "allowed"),
    ] {
        let found = world.decided(&with(condition), &entry(key, kind, value)).await;
        assert_eq!(found.decision, wanted, "{condition} {value}");
    }
    let base = [("PolicyInputList.member.1", READ), ("ActionNames.member.1", "s3:GetObject")];
    for (kind, value) in [
        ("numeric", "x"),
        ("numeric", "NaN"),
        ("boolean", "yes"),
        ("ip", "x"),
        ("binary", "!"),
        ("date", "soon"),
        ("text", "x"),
        ("List", "x"),
    ] {
        let pairs = [&base[..], &entry("aws:keyname", kind, value)].concat();
        assert_eq!(code(world.custom(&pairs).await), "InvalidInput", "{kind} {value}");
    }
    let two = [
        &base[..],
        &entry("aws:keyname", "string", "a"),
        &[("ContextEntries.member.1.ContextKeyValues.member.2", "b")],
    ];
    assert_eq!(code(world.custom(&two.concat()).await), "InvalidInput");
    assert_eq!(code(world.custom(&[&base[..], &entry("a:b", "string", "a")].concat()).await), "ValidationError");
}

#[tokio::test]
async fn a_boundary_cuts_and_is_told_of() {
    let world = World::new().await;
    let within = world.decided(POLICY, &[("PermissionsBoundaryPolicyInputList.member.1", READ)]).await;
    assert_eq!((within.decision, within.allowed_by_boundary), ("allowed", Some(true)));
    let other = READ.replace("GetObject", "PutObject");
    let outside = world.decided(POLICY, &[("PermissionsBoundaryPolicyInputList.member.1", &other)]).await;
    assert_eq!((outside.decision, outside.allowed_by_boundary), ("implicitDeny", Some(false)));
}

#[tokio::test]
async fn a_resource_policy_adds_inside_the_account_and_is_needed_from_another() {
    let world = World::new().await;
    let bucket = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam:::user/anna"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}}"#;
    let nothing = READ.replace("GetObject", "PutObject");
    let anna = [("ResourcePolicy", bucket), ("CallerArn", "arn:aws:iam:::user/anna")];
    let found = world.decided(&nothing, &anna).await;
    assert_eq!((found.decision, ids(&found)), ("allowed", vec![("ResourcePolicy", "resource")]));
    let bert = [("ResourcePolicy", bucket), ("CallerArn", "arn:aws:iam:::user/bert")];
    assert_eq!(world.decided(&nothing, &bert).await.decision, "implicitDeny");
    let owner = ("ResourceOwner", "arn:aws:iam::123456789012:root");
    let foreign = world.decided(&nothing, &[&anna[..], &[owner]].concat()).await;
    assert_eq!(foreign.decision, "implicitDeny");
    assert_eq!(foreign.details, [("IAM Policy", "implicitDeny"), ("Resource Policy", "allowed")]);
    assert_eq!(world.decided(READ, &[&anna[..], &[owner]].concat()).await.decision, "allowed");
    let base =
        [("PolicyInputList.member.1", READ), ("ActionNames.member.1", "s3:GetObject"), ("ResourcePolicy", bucket)];
    let refused = world.custom(&base).await.unwrap_err();
    assert!(refused.code() == "InvalidInput" && refused.to_string().starts_with("CallerArn is required"));
    for (name, bad) in [
        ("CallerArn", "arn:aws:iam:::role/R"),
        ("CallerArn", "anna"),
        ("CallerArn", "arn:aws:iam:::user/a b"),
        ("ResourceOwner", "arn:aws:iam:::user/anna"),
        ("ResourceOwner", "12"),
    ] {
        assert_eq!(code(world.custom(&[&base[..], &[(name, bad)]].concat()).await), "InvalidInput", "{bad}");
    }
}

#[tokio::test]
async fn a_trust_policy_decides_calls_to_sts() {
    let world = World::new().await;
    let trust = TRUST.replace("[\"sts:AssumeRole\"]", "\"sts:AssumeRole\"");
    let pairs = |caller| {
        [
            ("PolicyInputList.member.1", READ),
            ("ActionNames.member.1", "sts:AssumeRole"),
            ("ResourceArns.member.1", "arn:aws:iam:::role/R"),
            ("ResourcePolicy", trust.as_str()),
            ("CallerArn", caller),
        ]
    };
    let decision = |answer| evaluations(answer).0.remove(0).decision;
    assert_eq!(decision(world.custom(&pairs("arn:aws:iam:::user/TESTER1")).await.unwrap()), "allowed");
    assert_eq!(decision(world.custom(&pairs("arn:aws:iam:::user/TESTER2")).await.unwrap()), "implicitDeny");
}

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

async fn populated() -> World {
    let world = World::new().await;
    let create = [("PolicyName", "Put"), ("PolicyDocument", &READ.replace("GetObject", "PutObject"))];
    world.call("CreatePolicy", &create).await.unwrap();
    let group = Group {
        account: AccountId::empty(),
        name: "Team".into(),
        path: "/".into(),
        id: UniqueId::parse("AGPAAAAAAAAAAAAAAAAAA").unwrap(),
        policies: [("Delete".to_owned(), stored(&READ.replace("GetObject", "DeleteObject")))].into(),
        attached: vec!["arn:aws:iam:::policy/Put".into()],
        members: vec![],
        created: 0,
    };
    let anna = User {
        path: "/staff/".into(),
        policies: [("Read".to_owned(), stored(READ))].into(),
        groups: vec![Named { name: "Team".into(), id: group.id.clone() }],
        tags: vec![crate::entity::Tag { key: "team".into(), value: "red".into() }],
        ..user("anna", UserKind::Iam)
    };
    world.put(Changes::new().create(&group).create(&anna)).await;
    world
}

#[tokio::test]
async fn a_users_own_and_its_groups_policies_are_simulated() {
    let world = populated().await;
    let anna = "arn:aws:iam:::user/staff/anna";
    for (action, wanted) in [
        ("s3:GetObject", vec![("user_anna_Read", "user")]),
        ("s3:PutObject", vec![("Put", "user-managed")]),
        ("s3:DeleteObject", vec![("group_Team_Delete", "group")]),
        ("s3:ListBucket", vec![]),
    ] {
        let found = world.of(anna, action, "arn:aws:s3:::b/k", &[]).await;
        assert_eq!((ids(&found), found.decision == "allowed"), (wanted.clone(), !wanted.is_empty()), "{action}");
    }
    let team = "arn:aws:iam:::group/Team";
    assert_eq!(world.of(team, "s3:PutObject", "arn:aws:s3:::b/k", &[]).await.decision, "allowed");
    assert_eq!(world.of(team, "s3:GetObject", "arn:aws:s3:::b/k", &[]).await.decision, "implicitDeny");
    // What follows from the user is known: variables and tags.
    let home = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::${aws:username}-${aws:PrincipalTag/team}"}}"#;
    let found = world.of(anna, "s3:ListBucket", "arn:aws:s3:::anna-red", &[("PolicyInputList.member.1", home)]).await;
    assert_eq!((found.decision, found.missing.len()), ("allowed", 0));
    assert_eq!(ids(&found), [("PolicyInputList.1", "none")]);
    let bounded = [("PermissionsBoundaryPolicyInputList.member.1", home)];
    let found = world.of(anna, "s3:GetObject", "arn:aws:s3:::b/k", &bounded).await;
    assert_eq!((found.decision, found.allowed_by_boundary), ("implicitDeny", Some(false)));
}

#[tokio::test]
async fn a_roles_policies_and_boundary_are_simulated() {
    let world = populated().await;
    let create =
        [("RoleName", "R"), ("AssumeRolePolicyDocument", TRUST), ("PermissionsBoundary", "arn:aws:iam:::policy/Put")];
    world.call("CreateRole", &create).await.unwrap();
    world.call("AttachRolePolicy", &[("RoleName", "R"), ("PolicyArn", FULL)]).await.unwrap();
    let (role, object) = ("arn:aws:iam:::role/R", "arn:aws:s3:::b/k");
    let found = world.of(role, "s3:PutObject", object, &[]).await;
    assert_eq!((found.decision, found.allowed_by_boundary), ("allowed", Some(true)));
    assert_eq!(ids(&found), [("AmazonS3FullAccess", "aws-managed"), ("Put", "user-managed")]);
    let found = world.of(role, "s3:GetObject", object, &[]).await;
    assert_eq!((found.decision, found.allowed_by_boundary), ("implicitDeny", Some(false)));
    let replaced = [("PermissionsBoundaryPolicyInputList.member.1", READ)];
    assert_eq!(world.of(role, "s3:GetObject", object, &replaced).await.decision, "allowed");
    let bucket = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam:::role/R"},"Action":"s3:*","Resource":"*"}}"#;
    let found = world.of(role, "s3:PutObject", object, &[("ResourcePolicy", bucket)]).await;
    assert_eq!((found.decision, ids(&found)), ("explicitDeny", vec![("ResourcePolicy", "resource")]));
}

#[tokio::test]
async fn rule_12_the_gates_own_policies_take_part() {
    let world = World::new().await;
    let caps = User { caps: Caps::parse("roles=*").unwrap(), ..user("caps", UserKind::Standalone) };
    let root = User { account_root: true, ..user("admin", UserKind::Iam) };
    let bucket = BucketRecord {
        name: "b".into(),
        state: BucketState::Active,
        account: AccountId::empty(),
        owner: Owner::User { id: caps.id.clone(), name: caps.name.clone() },
        policy: None,
        created: 0,
    };
    world.put(Changes::new().create(&caps).create(&root)).await;
    world.put(Changes::new().create(&bucket)).await;
    let caps_arn = "arn:aws:iam:::user/caps";
    for (source, action, resource, wanted) in [
        (caps_arn, "iam:CreateRole", "arn:aws:iam:::role/R", "rolegate:caps"),
        (caps_arn, "s3:CreateBucket", "arn:aws:s3:::new", "rolegate:standalone-user"),
        (caps_arn, "s3:GetObject", "arn:aws:s3:::b/k", "rolegate:bucket-owner"),
        ("arn:aws:iam:::user/admin", "iam:CreatePolicy", "arn:aws:iam:::policy/P", "rolegate:root"),
    ] {
        let found = world.of(source, action, resource, &[]).await;
        assert_eq!((found.decision, ids(&found)), ("allowed", vec![(wanted, "none")]), "{action}");
    }
    assert_eq!(world.of(caps_arn, "s3:GetObject", "arn:aws:s3:::other/k", &[]).await.decision, "implicitDeny");
    // The role of a standalone user: never IAM, whatever its policies say and whatever boundary is tried.
    let owner = Owner::User { id: caps.id.clone(), name: "caps".into() };
    let create = [("RoleName", "R"), ("AssumeRolePolicyDocument", TRUST)];
    world.call_as(owner, "CreateRole", &create).await.unwrap();
    let all = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let more = [("PolicyInputList.member.1", all), ("PermissionsBoundaryPolicyInputList.member.1", all)];
    let found = world.of("arn:aws:iam:::role/R", "iam:CreateRole", "arn:aws:iam:::role/S", &more).await;
    assert_eq!((found.decision, found.allowed_by_boundary), ("implicitDeny", Some(false)));
    assert_eq!(world.of("arn:aws:iam:::role/R", "s3:GetObject", "arn:aws:s3:::b/k", &more).await.decision, "allowed");
}

#[tokio::test]
async fn rule_11_what_the_gate_cannot_know_is_denied_in_simulations_too() {
    let world = World::new().await;
    let tagged = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"s3:ExistingObjectTag/secret":"yes"}}}]}"#;
    let found = world.decided(tagged, &[]).await;
    assert_eq!((found.decision, found.matched.len()), ("implicitDeny", 0));
    assert_eq!(found.missing, ["s3:ExistingObjectTag/secret"]);
    let entry = [
        ("ContextEntries.member.1.ContextKeyName", "s3:ExistingObjectTag/secret"),
        ("ContextEntries.member.1.ContextKeyType", "string"),
        ("ContextEntries.member.1.ContextKeyValues.member.1", "no"),
    ];
    assert_eq!(world.decided(tagged, &entry).await.decision, "allowed");
}

#[tokio::test]
async fn rule_18_a_reference_that_leads_nowhere_is_an_error() {
    let world = populated().await;
    let old = world.records.get::<User>(&RecordKey::user(&AccountId::empty(), "anna")).await.unwrap().unwrap();
    let new = User { boundary: Some("arn:aws:iam:::policy/Gone".into()), ..old.value.clone() };
    world.put(Changes::new().update(&old, &new)).await;
    let pairs = [("PolicySourceArn", "arn:aws:iam:::user/staff/anna"), ("ActionNames.member.1", "s3:GetObject")];
    let refused = world.call("SimulatePrincipalPolicy", &pairs).await.unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("ServiceUnavailable", 503));
    assert_eq!(code(world.call("GetContextKeysForPrincipalPolicy", &pairs[..1]).await), "ServiceUnavailable");
}

#[tokio::test]
async fn rule_16_only_entities_of_the_own_account_are_simulated() {
    let world = populated().await;
    let action = ("ActionNames.member.1", "s3:GetObject");
    for (source, wanted) in [
        ("arn:aws:iam::123456789012:user/staff/anna", "InvalidInput"),
        ("arn:aws:iam:::user/anna", "NoSuchEntity"),
        ("arn:aws:iam:::user/staff/none", "NoSuchEntity"),
        ("arn:aws:iam:::role/staff/anna", "NoSuchEntity"),
        ("arn:aws:iam:::policy/Put12", "InvalidInput"),
        ("arn:aws:sts:::assumed-role/R/s", "InvalidInput"),
        ("short", "ValidationError"),
    ] {
        let pairs = [("PolicySourceArn", source), action];
        assert_eq!(code(world.call("SimulatePrincipalPolicy", &pairs).await), wanted, "{source}");
        assert_eq!(code(world.call("GetContextKeysForPrincipalPolicy", &pairs[..1]).await), wanted, "{source}");
    }
    let request =
        world.parse("SimulatePrincipalPolicy", &[("PolicySourceArn", "arn:aws:iam:::user/staff/anna"), action]);
    let needs = world.requirements(&request.unwrap()).await;
    assert_eq!(
        (needs[0].action.as_ref(), needs[0].resource.to_string().as_str()),
        ("iam:SimulatePrincipalPolicy", "arn:aws:iam:::user/staff/anna")
    );
    let owner = Owner::User { id: UniqueId::parse("AIDAAAAAAAAAAAAAAAAAA").unwrap(), name: "T".into() };
    let pairs = [("PolicySourceArn", "arn:aws:iam:::user/staff/anna"), action];
    assert_eq!(code(world.call_as(owner, "SimulatePrincipalPolicy", &pairs).await), "AccessDenied");
}

#[tokio::test]
async fn context_keys_are_listed_once() {
    let world = populated().await;
    let home = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::${aws:username}","Condition":{"Bool":{"aws:securetransport":"true"}}}}"#;
    let other = home.replace("aws:securetransport", "aws:SecureTransport").replace("aws:username", "aws:userid");
    let given = [("PolicyInputList.member.1", home), ("PolicyInputList.member.2", other.as_str())];
    let keys = world.keys("GetContextKeysForCustomPolicy", &given).await;
    assert_eq!(keys, ["aws:securetransport", "aws:userid", "aws:username"]);
    let source = [("PolicySourceArn", "arn:aws:iam:::user/staff/anna")];
    assert!(world.keys("GetContextKeysForPrincipalPolicy", &source).await.is_empty());
    let with = [&source[..], &given[..1]].concat();
    assert_eq!(world.keys("GetContextKeysForPrincipalPolicy", &with).await, ["aws:securetransport", "aws:username"]);
    let xml = world.call("GetContextKeysForCustomPolicy", &given[..1]).await.unwrap().to_xml("r");
    assert!(xml.contains(
        "<ContextKeyNames><member>aws:securetransport</member><member>aws:username</member></ContextKeyNames>"
    ));
    assert_eq!(code(world.call("GetContextKeysForCustomPolicy", &[]).await), "ValidationError");
    assert_eq!(
        code(world.call("GetContextKeysForCustomPolicy", &[("PolicyInputList.member.1", "{")]).await),
        "InvalidInput"
    );
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
