//! Sessions that are minted, and those that are not.

use super::*;

#[test]
fn credentials_open_to_what_was_asked() {
    let world = World::new();
    let assumed = world.assume(&[ARN, NAME, ("DurationSeconds", "900"), ("Policy", POLICY)]).unwrap();
    assert!(assumed.access_key.is_temporary() && assumed.access_key.as_str().len() == 20);
    assert_eq!(assumed.secret.len(), 40);
    let opened = world.open(&assumed);
    assert!(opened.secret.same_as(assumed.secret.expose()));
    let claims = opened.claims;
    assert_eq!(claims.issued, Timestamp::from_seconds(1_795_301_741));
    assert_eq!(claims.expires, claims.issued.plus_seconds(900));
    assert_eq!((claims.subject.kind, claims.subject.epoch), (LinkKind::Role, 5));
    assert_eq!((&claims.subject.id, claims.subject.name.as_str()), (&world.role.id, "S3Access"));
    assert_eq!(claims.policies, [POLICY]);
    assert_eq!((claims.session_name.as_str(), claims.chain), ("Bob", world.caller.chain.clone()));
    assert_eq!(claims.parent_key, world.caller.parent_key, "rule 14: the session ends with its long-term key");
    let plain = world.assume(&[ARN, NAME]).unwrap();
    assert_eq!(plain.expires, claims.issued.plus_seconds(3600));
    assert_ne!(plain.access_key, assumed.access_key);
    assert!(plain.packed < assumed.packed && assumed.packed <= 100);
}

#[test]
fn durations_keep_to_the_role_and_to_chaining() {
    let mut world = World::new();
    let asked = |world: &World, seconds: &str| world.assume(&[ARN, NAME, ("DurationSeconds", seconds)]).map(|_| ());
    assert!(asked(&world, "7200").is_ok());
    let error = asked(&world, "7201").unwrap_err();
    assert_eq!(error.to_string(), "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    world.caller.is_role_session = true;
    assert!(asked(&world, "3600").is_ok());
    assert!(matches!(asked(&world, "3601"), Err(Error::DurationExceedsChaining)));
    assert!(world.assume(&[ARN, NAME]).is_ok());
}

#[test]
fn session_policies_are_parsed_and_must_fit() {
    let world = World::new();
    for bad in ["{\"x\":", "hello", &POLICY.replace("Resource", "Principal")] {
        let error = world.assume(&[ARN, NAME, ("Policy", bad)]).unwrap_err();
        assert_eq!((error.code(), error.status()), ("MalformedPolicyDocument", 400), "{bad}");
    }
    let with = |filler: &str, count: usize| POLICY.replace("my-bucket", &filler.repeat(count));
    let largest = with("x", 2048 - POLICY.len() + 9);
    assert_eq!(largest.len(), 2048);
    assert!(world.assume(&[ARN, NAME, ("Policy", &largest)]).unwrap().packed <= 100);
    // Within 2048 characters, but twice as many bytes.
    let wide = with("\u{e9}", 1900);
    let error = world.assume(&[ARN, NAME, ("Policy", &wide)]).unwrap_err();
    assert_eq!((error.code(), error.status()), ("PackedPolicyTooLarge", 400), "{error}");
}

#[test]
fn rule_21_the_ninth_link_is_refused() {
    let mut world = World::new();
    world.caller.chain = vec![link("R", "AROAJQABLZS4A3QDU576R"); 7];
    assert_eq!(world.open(&world.assume(&[ARN, NAME]).unwrap()).claims.chain.len(), 7);
    world.caller.chain = vec![link("R", "AROAJQABLZS4A3QDU576R"); 8];
    assert!(matches!(world.assume(&[ARN, NAME]), Err(Error::ChainTooLong(8))));
}

#[test]
fn nothing_is_minted_without_a_permit_for_this_very_role() {
    let world = World::new();
    let asked = request(&[ARN, NAME]).unwrap();
    let other = request(&[("RoleArn", "arn:aws:iam:::role/p/Other"), NAME]).unwrap();
    let none = Permit::for_tests(Principal::Root { account: AccountId::empty() }, Owner::Account);
    for permit in [&none, &world.permit(&other)] {
        let result = issue(&asked, &world.role, &world.caller, permit, &world.mint());
        assert!(matches!(result, Err(Error::NotPermitted)));
    }
    // The permit is for what was asked, but the role at hand is another: by path, by case, by account.
    let allowed = world.permit(&asked);
    for role in [
        Role { path: "/".into(), ..world.role.clone() },
        Role { name: "s3access".into(), ..world.role.clone() },
        Role { account: AccountId::parse("tenant").unwrap(), ..world.role.clone() },
    ] {
        let result = issue(&asked, &role, &world.caller, &allowed, &world.mint());
        assert!(matches!(result, Err(Error::NotPermitted)), "{}", role.arn());
    }
}

#[test]
fn an_empty_account_is_the_default_account() {
    let mut world = World::new();
    world.account = AccountId::parse("123456789012").unwrap();
    world.role.account = world.account.clone();
    let assumed = world.assume(&[ARN, NAME]).unwrap();
    assert_eq!(assumed.arn(), "arn:aws:sts::123456789012:assumed-role/S3Access/Bob");
    assert!(world.assume(&[("RoleArn", "arn:aws:iam::123456789012:role/p/S3Access"), NAME]).is_ok());
    let foreign = world.assume(&[("RoleArn", "arn:aws:iam::210987654321:role/p/S3Access"), NAME]);
    assert!(matches!(foreign, Err(Error::NotPermitted)));
}

fn tag<'a>(number: &'a str, value: &'a str) -> [(&'a str, &'a str); 2] {
    match number {
        "1" => [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", value)],
        _ => [("Tags.member.2.Key", "Cost"), ("Tags.member.2.Value", value)],
    }
}

#[test]
fn tags_and_source_identity_are_in_the_token_and_go_on() {
    let mut world = World::new();
    let more = [("TransitiveTagKeys.member.1", "team"), ("SourceIdentity", "alice")];
    let pairs = [&[ARN, NAME][..], &tag("1", "red"), &tag("2", ""), &more].concat();
    let assumed = world.assume(&pairs).unwrap();
    let claims = world.open(&assumed).claims;
    let owned = |key: &str, value: &str| (key.to_owned(), vec![value.to_owned()]);
    assert_eq!(claims.tags, [owned("Team", "red"), owned("Cost", "")]);
    assert_eq!((claims.transitive, claims.source_identity.as_deref()), (vec!["Team".to_owned()], Some("alice")));
    assert!(Answer::AssumeRole(Box::new(assumed)).to_xml("r").contains("</PackedPolicySize><SourceIdentity>alice<"));

    world.caller.is_role_session = true;
    world.caller.transitive = vec![owned("Team", "red")];
    world.caller.source_identity = Some("alice".into());
    let next = world.open(&world.assume(&[ARN, NAME]).unwrap()).claims;
    assert_eq!((next.tags, next.transitive), (vec![owned("Team", "red")], vec!["Team".to_owned()]));
    assert_eq!(next.source_identity.as_deref(), Some("alice"));
    let error = world.assume(&[&[ARN, NAME][..], &tag("1", "blue")].concat()).unwrap_err();
    assert_eq!((error.code(), error.status()), ("InvalidParameterValue", 400), "{error}");
    let error = world.assume(&[ARN, NAME, ("SourceIdentity", "bob")]).unwrap_err();
    assert_eq!((error.code(), error.status()), ("AccessDenied", 403), "{error}");
}

#[test]
fn a_permit_for_the_role_alone_does_not_cover_tags_or_source_identity() {
    let world = World::new();
    let bare = world.permit(&request(&[ARN, NAME]).unwrap());
    for more in [&tag("1", "x")[..], &[("SourceIdentity", "alice")]] {
        let asked = request(&[&[ARN, NAME][..], more].concat()).unwrap();
        let result = issue(&asked, &world.role, &world.caller, &bare, &world.mint());
        assert!(matches!(result, Err(Error::NotPermitted)), "{more:?}");
    }
}

#[test]
fn packed_size_counts_policies_and_tags_together() {
    let world = World::new();
    let value = "v".repeat(256);
    let keys: Vec<(String, String)> =
        (1..=20).map(|at| (format!("Tags.member.{at}.Key"), format!("Tags.member.{at}.Value"))).collect();
    let names: Vec<String> = (1..=20).map(|at| format!("key{at}")).collect();
    let with = |count: usize| {
        let mut pairs = vec![ARN, NAME];
        for ((key, of_value), name) in keys.iter().zip(&names).take(count) {
            pairs.extend([(key.as_str(), name.as_str()), (of_value.as_str(), value.as_str())]);
        }
        world.assume(&pairs)
    };
    let (small, large) = (with(1).unwrap().packed, with(12).unwrap().packed);
    assert!(small < large && large <= 100, "{small} {large}");
    let error = with(20).unwrap_err();
    assert_eq!((error.code(), error.status()), ("PackedPolicyTooLarge", 400));
    assert!(matches!(error, Error::PackedPolicyTooLarge(101..=200)), "{error}");
}

#[test]
fn managed_session_policies_are_in_the_token_by_their_arns() {
    let mut world = World::new();
    world.account = AccountId::parse("tenant").unwrap();
    world.role.account = world.account.clone();
    let arn = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
    let pairs =
        [ARN, NAME, ("PolicyArns.member.1.arn", "arn:aws:iam:::policy/some-policy"), ("PolicyArns.member.2.arn", arn)];
    let claims = world.open(&world.assume(&pairs).unwrap()).claims;
    assert_eq!(claims.policy_arns, ["arn:aws:iam::tenant:policy/some-policy", arn]);
    assert!(claims.policies.is_empty());
    assert!(fits_account(&claims.access_key, &world.account));
}

#[test]
fn rule_16_sessions_of_users_are_minted_with_the_users_own_long_term_key() {
    let mut world = World::new();
    let user = world.user();
    let minted = world.session_token(&user, &[]).unwrap();
    let claims = world.open(&minted).claims;
    assert_eq!((claims.kind, &claims.subject.id, claims.subject.epoch), (SessionKind::User, &user.id, 2));
    assert_eq!((claims.chain, claims.session_name.as_str()), (Vec::new(), ""));
    assert_eq!(claims.parent_key, world.caller.parent_key, "rule 14: the session ends with its long-term key");
    assert_eq!(claims.expires, claims.issued.plus_seconds(43_200));
    let xml = Answer::SessionToken(Box::new(minted)).to_xml("r");
    assert!(xml.starts_with("<GetSessionTokenResponse") && !xml.contains("AssumedRoleUser"), "{xml}");

    let root = User { account_root: true, ..user.clone() };
    for (user, asked, wanted) in [(&user, "129600", 129_600), (&user, "900", 900), (&root, "129600", 3600)] {
        let minted = world.session_token(user, &[("DurationSeconds", asked)]).unwrap();
        let claims = world.open(&minted).claims;
        assert_eq!(claims.expires, claims.issued.plus_seconds(wanted));
    }

    let other = User { id: UniqueId::parse("AIDAJQABLZS4A3QDU576R").unwrap(), ..user.clone() };
    assert!(matches!(world.session_token(&other, &[]), Err(Error::NotPermitted)));
    world.caller.chain.push(link("R", "AROAJQABLZS4A3QDU576R"));
    assert!(matches!(world.session_token(&user, &[]), Err(Error::NotPermitted)), "a session is not the user");
    world.caller.chain.pop();
    world.caller.parent_key = None;
    assert!(matches!(world.federation_token(&user, &[("Name", "app")]), Err(Error::NotPermitted)));
}

#[test]
fn a_federated_user_has_a_name_policies_and_tags() {
    let world = World::new();
    let user = world.user();
    let pairs = [&[("Name", "app"), ("Policy", POLICY), ("DurationSeconds", "900")][..], &tag("1", "red")].concat();
    let minted = world.federation_token(&user, &pairs).unwrap();
    let claims = world.open(&minted).claims;
    assert_eq!((claims.kind, claims.session_name.as_str()), (SessionKind::Federated, "app"));
    assert_eq!((claims.policies, claims.tags.len(), claims.transitive.len()), (vec![POLICY.to_owned()], 1, 0));
    let xml = Answer::FederationToken(Box::new(minted)).to_xml("r");
    let user_part = "<FederatedUser><FederatedUserId>:app</FederatedUserId>\
                     <Arn>arn:aws:sts:::federated-user/app</Arn></FederatedUser><PackedPolicySize>";
    assert!(xml.contains(user_part), "{xml}");
    let bad = world.federation_token(&user, &[("Name", "app"), ("Policy", "{}")]).unwrap_err();
    assert_eq!(bad.code(), "MalformedPolicyDocument");

    let Request::GetFederationToken(asked) = call("GetFederationToken", &pairs).unwrap() else { panic!() };
    let actions: Vec<_> = asked.requirements(&user.account).into_iter().map(|need| need.action.to_string()).collect();
    assert_eq!(actions, ["sts:GetFederationToken", "sts:TagSession"]);
    let short = covering(asked.requirements(&user.account).drain(..1).collect(), &user.account);
    let result = issue_federation_token(&asked, &user, &world.caller, &short, &world.mint());
    assert!(matches!(result, Err(Error::NotPermitted)), "tags need a permit of their own");
}
