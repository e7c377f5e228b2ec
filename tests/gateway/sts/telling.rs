//! What may be learned: why something was denied, and of which account a key is.

use super::*;

fn encoded(reply: &Reply) -> Option<String> {
    let text = reply.element("Message")?;
    text.split_once("Encoded authorization failure message: ").map(|(_, encoded)| encoded.to_owned())
}

#[tokio::test]
async fn rule_30_a_denial_is_decoded_by_its_own_account_alone() {
    let world = World::new().await;
    let empty = AccountId::empty();
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Sid":"NoRoles","Effect":"Deny","Action":"iam:CreateRole","Resource":"*"}]}"#;
    let user = world.iam_user("one", &[("p", deny)]).await;
    let all = policy("Allow", "*", "*");
    let reader = world.iam_user("reader", &[("p", &all)]).await;
    let other = AccountId::parse("other").unwrap();
    let outsider = world.user(&other, "outsider", UserKind::Iam, "", &[("p", &all)]).await;
    let create = [
        ("Action", "CreateRole"),
        ("Version", "2010-05-08"),
        ("RoleName", "R"),
        ("AssumeRolePolicyDocument", &trust(ONE)),
    ];
    let request = Req::form("iam", &create).with("referer", "https://x.test/?X-Amz-Signature=secret");
    let denied = world.send(request.with("user-agent", "agent").sign(&world, &user)).await;
    let message = encoded(&denied).unwrap();
    assert!(message.len() <= 10_240 && !message.contains("CreateRole"));
    let decode = async |by: &Credentials, message: &str| {
        world.sts(by, "DecodeAuthorizationMessage", &[("EncodedMessage", message)]).await
    };
    let reply = decode(&reader, &message).await;
    let json = reply.element("DecodedMessage").unwrap().replace("&quot;", "\"");
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["explicitDeny"], true);
    assert_eq!(value["matchedStatements"]["items"][0]["statementId"], "NoRoles");
    assert_eq!(value["context"]["action"], "iam:CreateRole");
    assert_eq!(value["context"]["principal"]["arn"], ONE);
    assert_eq!(value["context"]["resource"], "arn:aws:iam:::role/R");
    assert!(json.contains("aws:UserAgent") && json.contains("aws:SourceIp") && !json.contains("Signature"), "{json}");

    let invalid = (400, "InvalidAuthorizationMessageException");
    assert_eq!(said(&decode(&outsider, &message).await), invalid, "another account");
    for bad in ["x", "AAAA", &message[..message.len() - 2]] {
        assert_eq!(said(&decode(&reader, bad).await), invalid, "{bad}");
    }
    let refused = decode(&user, &message).await;
    assert_eq!(said(&refused), DENIED, "needs its permission");
    assert!(encoded(&refused).is_some());
    let standalone = world.standalone("own").await;
    assert_eq!(said(&decode(&standalone, &message).await), DENIED);

    // Nothing of a role, there or not; nothing for strangers; nothing on S3 unless it is asked for.
    world.role("there", Owner::Account, &trust("arn:aws:iam:::user/nobody"), &[]).await;
    for role in ["there", "not-there"] {
        assert_eq!(encoded(&world.try_assume(&user, role, &[]).await), None);
    }
    world.bucket("b-one", Owner::Account, None).await;
    assert_eq!(encoded(&world.send(Req::get("/b-one/k").sign(&world, &user)).await), None);
    assert_eq!(encoded(&world.send(Req::get("/b-one/k").unsigned()).await), None);
    assert!(world.records.get::<Account>(&RecordKey::account(&empty)).await.unwrap().is_none());
}

#[tokio::test]
async fn rule_30_s3_denials_carry_a_message_where_it_is_asked_for() {
    let world = World::with(Settings { encoded_messages: true, ..crate::support::settings() }).await;
    let user = world.iam_user("one", &[]).await;
    let reader = world.iam_user("reader", &[("p", &policy("Allow", "sts:*", "*"))]).await;
    let other = AccountId::parse("other").unwrap();
    let outsider = world.user(&other, "outsider", UserKind::Iam, "", &[]).await;
    world.bucket("b-one", Owner::Account, None).await;
    let denied = world.send(Req::get("/b-one/k").sign(&world, &user)).await;
    let message = encoded(&denied).unwrap();
    let reply = world.sts(&reader, "DecodeAuthorizationMessage", &[("EncodedMessage", &message)]).await;
    let json = reply.element("DecodedMessage").unwrap().replace("&quot;", "\"");
    assert!(json.contains("arn:aws:s3:::b-one/k") && json.contains("\"explicitDeny\":false"), "{json}");
    assert_eq!(encoded(&world.send(Req::get("/b-one/k").sign(&world, &outsider)).await), None, "another account");
    assert_eq!(encoded(&world.send(Req::get("/b-one/k").unsigned()).await), None, "anonymous");
}

#[tokio::test]
async fn the_account_of_a_key_is_told_to_those_who_may() {
    let world = World::new().await;
    let may = policy("Allow", "sts:GetAccessKeyInfo", "*");
    let user = world.iam_user("one", &[("p", &may)]).await;
    let tenant = AccountId::parse("tenant").unwrap();
    let theirs = world.user(&tenant, "somebody-else", UserKind::Standalone, "", &[]).await;
    let record = Account { id: tenant.clone(), name: "tenant".into(), created: 0 };
    world.records.commit(Changes::new().create(&record)).await.unwrap();
    let info = async |by: &Credentials, key: &str| world.sts(by, "GetAccessKeyInfo", &[("AccessKeyId", key)]).await;
    assert_eq!(info(&user, &theirs.key).await.element("Account").as_deref(), Some("tenant"));
    for (by, wanted) in [(&user, ""), (&theirs, "tenant")] {
        let session = world.minted(by, "GetSessionToken", &[]).await;
        assert_eq!(info(&user, &session.key).await.element("Account").as_deref(), Some(wanted));
    }
    for unknown in ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"] {
        assert_eq!(said(&info(&user, unknown).await), (400, "ValidationError"), "{unknown}");
    }
    assert_eq!(said(&info(&theirs, &user.key).await), (400, "ValidationError"), "an id of fewer than 16 characters");
    assert_eq!(said(&info(&theirs, &theirs.key).await), DENIED);
}
