//! Session tags and the source identity that a token brings.

use super::*;

fn tags(principal: Value, transitive: &[&str]) -> Value {
    json!({"https://aws.amazon.com/tags": {"principal_tags": principal, "transitive_tag_keys": transitive}})
}

#[tokio::test]
async fn tags_and_source_identity_come_from_the_token() {
    let world = world().await;
    let denied = code(403, "AccessDenied");
    let teams = || tags(json!({"Team": ["red", "blue"], "Cost": ["7"]}), &["team"]);
    let named = || json!({"https://aws.amazon.com/source_identity": "alice@b.test"});
    let allow = |actions: &str, condition: &str| trusting(actions, condition);
    let (tag, source) = (
        r#""sts:AssumeRoleWithWebIdentity","sts:TagSession""#,
        r#""sts:AssumeRoleWithWebIdentity","sts:SetSourceIdentity""#,
    );
    for (document, claims, may) in [
        (allow(CALL, ""), teams(), false),
        (allow(source, ""), teams(), false),
        (allow(tag, ""), teams(), true),
        (allow(CALL, ""), named(), false),
        (allow(tag, ""), named(), false),
        (allow(source, ""), named(), true),
        (allow(ALL, r#""StringEquals":{"sts:SourceIdentity":"alice@b.test"}"#), named(), true),
        (allow(ALL, r#""StringEquals":{"sts:SourceIdentity":"bob@b.test"}"#), named(), false),
        (allow(tag, r#""StringEquals":{"aws:RequestTag/Cost":"7"}"#), teams(), true),
        (allow(tag, r#""ForAnyValue:StringEquals":{"aws:RequestTag/team":"blue"}"#), teams(), true),
        (allow(tag, r#""ForAllValues:StringEquals":{"aws:RequestTag/team":"blue"}"#), teams(), false),
        (allow(tag, r#""ForAllValues:StringEquals":{"aws:TagKeys":["Team","Cost"]}"#), teams(), true),
        (allow(tag, r#""ForAllValues:StringEquals":{"aws:TagKeys":["Team"]}"#), teams(), false),
        (allow(tag, r#""ForAllValues:StringEquals":{"sts:TransitiveTagKeys":["Team"]}"#), teams(), true),
        (allow(tag, r#""Null":{"sts:TransitiveTagKeys":"true"}"#), teams(), false),
    ] {
        world.trust(&document).await;
        let wanted = if may { code(200, "-") } else { denied.clone() };
        assert_eq!(world.web_said(claims).await, wanted, "{document}");
        world.clock.turn(5);
    }
    world.trust(&trusting(ALL, "")).await;
    // Parameters for tags do not exist on this call.
    let ignored = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "red"), ("SourceIdentity", "mallory")];
    let reply = world.web(&world.token(named()), &ignored).await;
    assert_eq!(reply.element("SourceIdentity").as_deref(), Some("alice@b.test"), "{}", reply.text());
    assert_eq!(reply.trace.source_identity.as_deref(), Some("alice@b.test"));
    let plain = reply.credentials();
    // What the token gave is the principal's in the session.
    let may = |condition: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{{{condition}}}}}]}}"#
        )
    };
    let tagged = world.web_session(teams()).await;
    for (condition, by_tagged, by_plain) in [
        (r#""ForAnyValue:StringEquals":{"aws:PrincipalTag/Team":"blue"}"#.to_owned(), true, false),
        (r#""StringEquals":{"aws:PrincipalTag/cost":"7"}"#.to_owned(), true, false),
        (r#""StringEquals":{"aws:SourceIdentity":"alice@b.test"}"#.to_owned(), false, true),
        (format!(r#""StringEquals":{{"aws:FederatedProvider":"{ARN}"}}"#), true, true),
        (format!(r#""StringEquals":{{"{NAME}:sub":"alice","{NAME}:aud":"app"}}"#), true, true),
        (format!(r#""StringEquals":{{"{NAME}:jti":"t-1"}}"#), false, false),
        (r#""StringEquals":{"aws:PrincipalType":"AssumedRole"}"#.to_owned(), true, true),
    ] {
        let document = may(&condition);
        world
            .change_role("Web", |role| drop(role.policies.insert("p".into(), crate::support::stored(&document))))
            .await;
        assert_eq!((world.gets(&tagged).await, world.gets(&plain).await), (by_tagged, by_plain), "{condition}");
    }
    // The next role of the chain sees what goes on, and is not told who vouched at its beginning.
    let may = may(
        r#""ForAnyValue:StringEquals":{"aws:PrincipalTag/Team":"blue"},"Null":{"aws:PrincipalTag/Cost":"true","aws:FederatedProvider":"true"}"#,
    );
    let next = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam:::role/Web"},"Action":["sts:AssumeRole","sts:TagSession"]}]}"#;
    world.role("Next", Owner::Account, next, &[("p", &may)]).await;
    let all = policy("Allow", "sts:*", "*");
    world.change_role("Web", |role| drop(role.policies.insert("p".into(), crate::support::stored(&all)))).await;
    let chained = world.assume(&tagged, "Next").await;
    assert!(world.gets(&chained).await);
}

#[tokio::test]
async fn tags_and_source_identity_keep_to_the_limits() {
    let world = world().await;
    world.trust(&trusting(ALL, "")).await;
    let many: Value = (0..51).map(|at| (format!("k{at}"), json!(["v"]))).collect::<serde_json::Map<_, _>>().into();
    let source = |text: &str| json!({"https://aws.amazon.com/source_identity": text});
    for claims in [
        tags(many, &[]),
        tags(json!({"k": ["v"], "K": ["w"]}), &[]),
        tags(json!({"aws:k": ["v"]}), &[]),
        tags(json!({"k*": ["v"]}), &[]),
        tags(json!({"": ["v"]}), &[]),
        tags(json!({"k".repeat(129): ["v"]}), &[]),
        tags(json!({"k": ["v".repeat(257)]}), &[]),
        tags(json!({"k": ["v", "<"]}), &[]),
        tags(json!({"k": []}), &[]),
        tags(json!({"k": 7}), &[]),
        tags(json!({"k": ["v"]}), &["other"]),
        json!({"https://aws.amazon.com/tags": "k=v"}),
        source("a"),
        source("a b"),
        source("aws:root"),
        source(&"x".repeat(65)),
        json!({"https://aws.amazon.com/source_identity": ["alice"]}),
    ] {
        assert_eq!(world.web_said(claims.clone()).await, code(403, "IDPRejectedClaim"), "{claims}");
        world.clock.turn(1);
    }
    let values: Vec<String> = (0..20).map(|at| format!("{at}{}", "v".repeat(250))).collect();
    assert_eq!(world.web_said(tags(json!({"k": values}), &["k"])).await, code(400, "PackedPolicyTooLarge"));
    assert_eq!(world.web_said(tags(json!({"k": ["", "v"]}), &["K", "k"])).await, code(200, "-"));
}
