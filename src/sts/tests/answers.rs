//! The shape of answers.

use super::*;

#[test]
fn the_answer_has_awss_shape() {
    let world = World::new();
    let assumed = world.assume(&[ARN, NAME]).unwrap();
    let text = |secret: &crate::types::Secret| secret.expose_str().unwrap().to_owned();
    assert_eq!(
        Answer::AssumeRole(Box::new(assumed.clone())).to_xml("r-1"),
        format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
             <AssumedRoleUser><AssumedRoleId>AROAJQABLZS4A3QDU576Q:Bob</AssumedRoleId>\
             <Arn>arn:aws:sts:::assumed-role/S3Access/Bob</Arn></AssumedRoleUser><Credentials>\
             <AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken>\
             <Expiration>2026-11-21T23:55:41Z</Expiration></Credentials><PackedPolicySize>{}</PackedPolicySize>\
             </AssumeRoleResult><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></AssumeRoleResponse>",
            assumed.access_key,
            text(&assumed.secret),
            text(&assumed.token),
            assumed.packed
        )
    );
    let shown = format!("{:?}", Answer::AssumeRole(Box::new(assumed.clone())));
    assert!(!shown.contains(&text(&assumed.secret)) && !shown.contains(&text(&assumed.token)), "rule 29");
}

#[test]
fn caller_identity_is_told_to_those_who_have_one() {
    let account = AccountId::parse("123456789012").unwrap();
    let session = Principal::RoleSession {
        account,
        role_path: "/p/".into(),
        role_name: "R".into(),
        role_id: UniqueId::parse("AROAJQABLZS4A3QDU576Q").unwrap(),
        session: "Bob".into(),
    };
    assert_eq!(
        caller_identity(&session).unwrap().to_xml("r"),
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:sts::123456789012:assumed-role/R/Bob</Arn><UserId>AROAJQABLZS4A3QDU576Q:Bob</UserId>\
         <Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId>\
         </ResponseMetadata></GetCallerIdentityResponse>"
    );
    let root = caller_identity(&Principal::Root { account: AccountId::empty() }).unwrap().to_xml("r");
    assert!(root.contains("<Arn>arn:aws:iam:::root</Arn><UserId></UserId><Account></Account>"));
    for nobody in [Principal::Anonymous, Principal::WebIdentity { provider: "x".into() }] {
        assert!(matches!(caller_identity(&nobody), Err(Error::NoIdentity)));
    }
}

#[test]
fn captured_requests_get_answers_of_awss_shape() {
    let world = World::new();
    let roles = [
        Role { path: "/".into(), max_session_duration: 3600, ..world.role.clone() },
        Role { path: "/application_abc/component_xyz/".into(), name: "S3Access2".into(), ..world.role.clone() },
    ];
    for captured in captured(include_str!("../../../tests/corpus/ceph-wire/sts.tsv")) {
        let caller = Caller { is_role_session: captured.name.ends_with("as-role"), ..world.caller.clone() };
        let result = parse(captured.action(), &captured.parameters).and_then(|request| match request {
            Request::GetCallerIdentity => caller_identity(&Principal::Root { account: AccountId::empty() }),
            Request::AssumeRole(asked) => {
                let role = roles.iter().find(|role| asked.session().names(role, &world.account)).unwrap_or(&world.role);
                issue(&asked, role, &caller, &world.permit(&asked), &world.mint())
            }
            Request::GetSessionToken(asked) => issue_session_token(&asked, &world.user(), &world.caller, &world.mint()),
            other => panic!("{other:?}"),
        });
        captured.hold(result.map(|answer| answer.to_xml("r")).map_err(|error| error.code()), NAMESPACE);
    }
}

#[test]
fn the_smaller_answers_have_awss_shape() {
    let account = AccountId::parse("123456789012").unwrap();
    let xml = Answer::AccessKeyInfo(account).to_xml("r");
    assert!(xml.contains("<GetAccessKeyInfoResult><Account>123456789012</Account></GetAccessKeyInfoResult>"), "{xml}");
    let xml = Answer::DecodedMessage("{\"a\":\"<\"}".into()).to_xml("r");
    let message = "<DecodedMessage>{&quot;a&quot;:&quot;&lt;&quot;}</DecodedMessage>";
    assert!(xml.contains(message), "{xml}");
}
