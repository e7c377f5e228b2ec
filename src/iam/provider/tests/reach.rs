//! Which providers a caller reaches, and on what evidence (security rules 13, 16, 17).

use super::*;

#[tokio::test]
async fn rule_13_caps_reach_only_providers_of_standalone_users() {
    let world = World::new().await;
    world.registered(URL, &[]).await.unwrap();
    let of_user = "https://user.example";
    world.call_as(tester("TESTER1"), "CreateOpenIDConnectProvider", &[("Url", of_user)]).await.unwrap();
    for (action, more) in ON_ONE.into_iter().chain([(DELETE, &[][..])]) {
        let pairs: Vec<_> = std::iter::once(("OpenIDConnectProviderArn", ARN)).chain(more.iter().copied()).collect();
        let error = world.call_as(tester("TESTER2"), action, &pairs).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("AccessDenied", 403), "{action}");
        let of_user = "arn:aws:iam:::oidc-provider/user.example";
        let pairs: Vec<_> =
            std::iter::once(("OpenIDConnectProviderArn", of_user)).chain(more.iter().copied()).collect();
        if action != DELETE {
            world.call_as(tester("TESTER2"), action, &pairs).await.unwrap();
        }
    }
    let seen = arns(world.call_as(tester("TESTER2"), "ListOpenIDConnectProviders", &[]).await.unwrap());
    assert_eq!(seen, ["arn:aws:iam:::oidc-provider/user.example"]);
    let gone = [("OpenIDConnectProviderArn", "arn:aws:iam:::oidc-provider/user.example")];
    world.call_as(tester("TESTER2"), DELETE, &gone).await.unwrap();
    assert_eq!(arns(world.call("ListOpenIDConnectProviders", &[]).await.unwrap()), [ARN]);
    // Not made anew over the account's either.
    let again = world.call_as(tester("TESTER2"), "CreateOpenIDConnectProvider", &[("Url", URL)]).await;
    assert_eq!(code(again), "EntityAlreadyExists");
    assert_eq!(world.provider().await.unwrap().owner, Owner::Account);
}

#[tokio::test]
async fn rule_16_another_accounts_provider_cannot_be_named() {
    let world = World::new().await;
    world.registered(URL, &[]).await.unwrap();
    for account in ["123456789012", "tenant"] {
        let arn = ARN.replace(":::", &format!("::{account}:"));
        let error = world.call("GetOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &arn)]).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("InvalidInput", 400));
    }
    // A permit of another account does not see it.
    let tenant = AccountId::parse("tenant").unwrap();
    let request = Any::Provider(Request::Get { name: "idp.example.com/realms/demo".into() });
    let asked = request.ask(&tenant, &world.records, &mut Context::new()).await.unwrap();
    let permit =
        Permit::for_tests(Principal::Root { account: tenant }, Owner::Account).covering(asked.requirements, Vec::new());
    assert_eq!(code(execute(&request, &permit, &world.scene()).await), "NoSuchEntity");
}

#[tokio::test]
async fn requirements_and_context_name_the_provider() {
    let world = World::new().await;
    let wanted = async |request: &Any| -> Vec<String> {
        let show = |needed: Requirement| format!("{} {}", needed.action, needed.resource);
        world.requirements(request).await.into_iter().map(show).collect()
    };
    let pairs = [("Url", URL), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a")];
    let create = world.parse("CreateOpenIDConnectProvider", &pairs).unwrap();
    assert_eq!(
        wanted(&create).await,
        [format!("iam:CreateOpenIDConnectProvider {ARN}"), format!("iam:TagOpenIDConnectProvider {ARN}")]
    );
    let list = world.parse("ListOpenIDConnectProviders", &[]).unwrap();
    assert_eq!(wanted(&list).await, ["iam:ListOpenIDConnectProviders *"]);
    let get = world.parse("GetOpenIDConnectProvider", &[("OpenIDConnectProviderArn", ARN)]).unwrap();
    assert_eq!(wanted(&get).await, [format!("iam:GetOpenIDConnectProvider {ARN}")]);
    let mut context = Context::new();
    let asked = create.ask(&AccountId::empty(), &world.records, &mut context).await.unwrap();
    assert!(asked.evidence.is_empty() && context.get("aws:RequestTag/Team").is_some());
    assert!(context.get("aws:TagKeys").is_some());
    world.registered(URL, &pairs[1..]).await.unwrap();
    let mut context = Context::new();
    let asked = get.ask(&AccountId::empty(), &world.records, &mut context).await.unwrap();
    assert_eq!(asked.evidence.len(), 1);
    for key in ["aws:ResourceTag/team", "iam:ResourceTag/Team"] {
        assert!(context.get(key).is_some(), "{key}");
    }
    // A permit for one call is none for another.
    let permit = world.permit(&get, Owner::Account).await;
    for request in [list, create, Any::Provider(Request::Delete { name: "idp.example.com/realms/demo".into() })] {
        assert_eq!(code(execute(&request, &permit, &world.scene()).await), "AccessDenied");
    }
}

#[tokio::test]
async fn rule_17_races_are_run_again_and_changed_evidence_refuses() {
    let key = RecordKey::oidc_provider(&AccountId::empty(), "idp.example.com/realms/demo");
    for (losses, wanted) in [(1, None), (99, Some(409))] {
        let racing = Racing::new(key.clone());
        let world = World::over(Arc::clone(&racing.store)).await;
        world.registered(URL, &[]).await.unwrap();
        racing.losses.store(losses, Ordering::Relaxed);
        let result = world.at("AddClientIDToOpenIDConnectProvider", &[("ClientID", "a")]).await;
        assert_eq!(result.err().map(|error| error.status()), wanted);
        racing.losses.store(losses, Ordering::Relaxed);
        let result = world.at("DeleteOpenIDConnectProvider", &[]).await;
        assert_eq!(result.err().map(|error| error.status()), wanted);
    }
    // One that someone else made first exists.
    let racing = Racing::new(key);
    let world = World::over(Arc::clone(&racing.store)).await;
    racing.losses.store(1, Ordering::Relaxed);
    assert_eq!(code(world.registered(URL, &[]).await), "EntityAlreadyExists");
    // What was decided upon must be as it was.
    world.registered(URL, &[]).await.unwrap();
    let request = world.parse("DeleteOpenIDConnectProvider", &[("OpenIDConnectProviderArn", ARN)]).unwrap();
    let account = AccountId::empty();
    let asked = request.ask(&account, &world.records, &mut Context::new()).await.unwrap();
    let permit =
        Permit::for_tests(Principal::Root { account }, Owner::Account).covering(asked.requirements, asked.evidence);
    world.at("AddClientIDToOpenIDConnectProvider", &[("ClientID", "a")]).await.unwrap();
    assert_eq!(code(execute(&request, &permit, &world.scene()).await), "ConcurrentModification");
}
