//! Policies that the call brings along.

use super::*;

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
