//! Calls about providers against a store in memory.

use super::Answer as Providers;
use super::*;
use crate::authz::Permit;
use crate::entity::Owner;
use crate::iam::testing::{Racing, World, code};
use crate::iam::{Answer, Request as Any, execute};
use crate::store::{RecordKey, Store};
use crate::types::{AccountId, Context, Principal, Requirement, UniqueId};
use std::sync::Arc;
use std::sync::atomic::Ordering;

const URL: &str = "https://idp.example.com/realms/demo";
const ARN: &str = "arn:aws:iam:::oidc-provider/idp.example.com/realms/demo";
const PRINT: &str = "EB74AB8D00D943EC9507E2763090932DF2B09C77";

impl World {
    async fn registered(&self, url: &str, more: &[(&str, &str)]) -> Result<Answer, Error> {
        let pairs: Vec<_> = std::iter::once(("Url", url)).chain(more.iter().copied()).collect();
        self.call("CreateOpenIDConnectProvider", &pairs).await
    }

    async fn at(&self, action: &str, more: &[(&str, &str)]) -> Result<Answer, Error> {
        let pairs: Vec<_> = std::iter::once(("OpenIDConnectProviderArn", ARN)).chain(more.iter().copied()).collect();
        self.call(action, &pairs).await
    }

    async fn provider(&self) -> Option<OidcProvider> {
        self.record(&RecordKey::oidc_provider(&AccountId::empty(), "idp.example.com/realms/demo")).await
    }

    async fn clients(&self) -> Vec<(String, u64)> {
        self.provider().await.unwrap().client_ids.into_iter().map(|client| (client.name, client.serial)).collect()
    }
}

fn arns(answer: Answer) -> Vec<String> {
    match answer.body {
        Body::Provider(Providers::Listed(providers)) => providers.iter().map(OidcProvider::arn).collect(),
        other => panic!("{other:?}"),
    }
}

fn listed(name: &str, values: impl IntoIterator<Item = String>) -> Vec<(String, String)> {
    values.into_iter().enumerate().map(|(at, value)| (format!("{name}.member.{}", at + 1), value)).collect()
}

fn refs(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn a_provider_is_made_shown_and_removed() {
    let world = World::new().await;
    let more = [
        ("ClientIDList.member.1", "app"),
        ("ClientIDList.member.2", "account"),
        ("ClientIDList.member.3", "app"),
        ("ThumbprintList.member.1", PRINT),
        ("Tags.member.1.Key", "Team"),
        ("Tags.member.1.Value", "blue"),
    ];
    let made = world.registered(URL, &more).await.unwrap().to_xml("r");
    assert_eq!(
        made,
        format!(
            "<CreateOpenIDConnectProviderResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
             <CreateOpenIDConnectProviderResult><OpenIDConnectProviderArn>{ARN}</OpenIDConnectProviderArn>\
             <Tags><member><Key>Team</Key><Value>blue</Value></member></Tags></CreateOpenIDConnectProviderResult>\
             <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></CreateOpenIDConnectProviderResponse>"
        )
    );
    let record = world.provider().await.unwrap();
    assert!(record.id.as_str().starts_with("AOIP") && record.url == URL && record.epoch == 0);
    assert_eq!(world.clients().await, [("app".to_owned(), 0), ("account".to_owned(), 1)]);
    let shown = world.at("GetOpenIDConnectProvider", &[]).await.unwrap().to_xml("r");
    let print = PRINT.to_ascii_lowercase();
    assert!(
        shown.contains(&format!(
            "<Url>idp.example.com/realms/demo</Url><ClientIDList><member>app</member><member>account</member>\
             </ClientIDList><ThumbprintList><member>{print}</member></ThumbprintList>\
             <CreateDate>2026-11-21T22:53:44Z</CreateDate><Tags><member>"
        )),
        "{shown}"
    );
    world.registered("http://localhost:8080/auth/realms/demo", &[]).await.unwrap();
    let listed = world.call("ListOpenIDConnectProviders", &[]).await.unwrap();
    assert!(listed.to_xml("r").contains(&format!(
        "<OpenIDConnectProviderList><member><Arn>{ARN}</Arn></member><member><Arn>arn:aws:iam:::oidc-provider/\
         localhost:8080/auth/realms/demo</Arn></member></OpenIDConnectProviderList></ListOpenIDConnectProvidersResult>"
    )));
    assert_eq!(world.at("DeleteOpenIDConnectProvider", &[]).await.unwrap().body, Body::Empty);
    assert!(world.provider().await.is_none());
}

#[tokio::test]
async fn what_is_not_there_cannot_be_found() {
    let world = World::new().await;
    let tag = [("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")];
    for (action, more) in [
        ("GetOpenIDConnectProvider", &[][..]),
        ("AddClientIDToOpenIDConnectProvider", &[("ClientID", "a")]),
        ("RemoveClientIDFromOpenIDConnectProvider", &[("ClientID", "a")]),
        ("UpdateOpenIDConnectProviderThumbprint", &[("ThumbprintList.member.1", PRINT)]),
        ("TagOpenIDConnectProvider", &tag),
        ("UntagOpenIDConnectProvider", &[("TagKeys.member.1", "a")]),
        ("ListOpenIDConnectProviderTags", &[]),
    ] {
        let error = world.at(action, more).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("NoSuchEntity", 404), "{action}");
        assert_eq!(error.to_string(), format!("OpenIDConnect Provider not found for arn {ARN}"));
    }
    // As AWS documents it, and unlike Ceph.
    world.at("DeleteOpenIDConnectProvider", &[]).await.unwrap();
    let none = world.call("ListOpenIDConnectProviders", &[]).await.unwrap().to_xml("r");
    assert!(none.contains("<OpenIDConnectProviderList></OpenIDConnectProviderList>"), "{none}");
}

#[tokio::test]
async fn rule_25_a_url_is_one_provider_whatever_its_scheme_and_is_kept_byte_for_byte() {
    let world = World::new().await;
    world.registered(URL, &[]).await.unwrap();
    for url in [URL, "http://idp.example.com/realms/demo"] {
        let error = world.registered(url, &[]).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("EntityAlreadyExists", 409));
        assert_eq!(error.to_string(), format!("Provider with url {url} already exists."));
    }
    let others = [
        "https://idp.example.com/realms/demo/",
        "https://idp.example.com/realms/Demo",
        "https://IDP.example.com/realms/demo",
        "https://idp.example.com:443/realms/demo",
    ];
    for url in others {
        world.registered(url, &[]).await.unwrap();
    }
    let all = arns(world.call("ListOpenIDConnectProviders", &[]).await.unwrap());
    assert_eq!(all.len(), 5);
    for url in others {
        let arn = format!("arn:aws:iam:::oidc-provider/{}", url.trim_start_matches("https://"));
        let found = world.call("GetOpenIDConnectProvider", &[("OpenIDConnectProviderArn", &arn)]).await.unwrap();
        let Body::Provider(Providers::Shown(provider)) = found.body else { panic!() };
        assert_eq!(provider.url, url);
    }
}

#[tokio::test]
async fn bad_parameters_are_refused_in_awss_words() {
    let world = World::new().await;
    world.registered(URL, &[]).await.unwrap();
    let arn = ("OpenIDConnectProviderArn", ARN);
    let create = "CreateOpenIDConnectProvider";
    let url = ("Url", "https://other.example");
    let long = format!("https://example.com/{}", "x".repeat(236));
    let long_client = "c".repeat(256);
    for (action, pairs, code, part) in [
        (
            create,
            vec![],
            "ValidationError",
            "Value null at 'url' failed to satisfy constraint: Member must not be null",
        ),
        (create, vec![("Url", "")], "ValidationError", "'url'"),
        (create, vec![("Url", long.as_str())], "ValidationError", "less than or equal to 255"),
        (create, vec![("Url", "example.com")], "InvalidInput", "The URL must begin with https://."),
        (create, vec![("Url", "https://a.b/?c=d")], "InvalidInput", "Invalid Open ID Connect Provider URL."),
        (create, vec![url, ("ClientIDList.member.1", "")], "ValidationError", "'clientID'"),
        (create, vec![url, ("ClientIDList.member.1", long_client.as_str())], "ValidationError", "'clientID'"),
        (create, vec![url, ("ClientIDList.member.2", "a")], "ValidationError", "ClientIDList"),
        (create, vec![url, ("ThumbprintList.member.1", "abc")], "InvalidInput", "must be exactly 40 characters."),
        (create, vec![url, ("Tags.member.1.Key", "aws:x"), ("Tags.member.1.Value", "")], "InvalidInput", "aws:"),
        ("GetOpenIDConnectProvider", vec![], "ValidationError", "'openIDConnectProviderArn'"),
        ("GetOpenIDConnectProvider", vec![("OpenIDConnectProviderArn", "x")], "ValidationError", "equal to 20"),
        ("AddClientIDToOpenIDConnectProvider", vec![arn], "ValidationError", "Value null at 'clientID'"),
        ("RemoveClientIDFromOpenIDConnectProvider", vec![arn], "ValidationError", "Value null at 'clientID'"),
        ("UpdateOpenIDConnectProviderThumbprint", vec![arn], "ValidationError", "Value null at 'thumbprintList'"),
        ("TagOpenIDConnectProvider", vec![arn], "ValidationError", "'tags'"),
        ("UntagOpenIDConnectProvider", vec![arn], "ValidationError", "'tagKeys'"),
        ("ListOpenIDConnectProviderTags", vec![arn, ("MaxItems", "0")], "ValidationError", "'maxItems'"),
    ] {
        let error = world.call(action, &pairs).await.unwrap_err();
        assert_eq!(error.code(), code, "{action} {pairs:?}: {error}");
        assert!(error.to_string().contains(part), "{action} {pairs:?}: {error}");
    }
}

#[tokio::test]
async fn limits_hold_at_their_edges() {
    let world = World::new().await;
    let clients = listed("ClientIDList", (0..101).map(|n| format!("c{n}")));
    let prints = listed("ThumbprintList", (0..6).map(|n| n.to_string().repeat(40)));
    let error = world.registered(URL, &refs(&clients)).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("LimitExceeded", 409));
    assert_eq!(error.to_string(), "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100");
    let error = world.registered(URL, &refs(&prints)).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("InvalidInput", 400));
    assert_eq!(error.to_string(), "Thumbprint list must contain fewer than 5 entries.");
    let most: Vec<_> = clients[..100].iter().chain(&prints[..5]).cloned().collect();
    world.registered(URL, &refs(&most)).await.unwrap();
    world.at("AddClientIDToOpenIDConnectProvider", &[("ClientID", "c7")]).await.unwrap();
    let more = world.at("AddClientIDToOpenIDConnectProvider", &[("ClientID", "more")]).await;
    assert_eq!(code(more), "LimitExceeded");
    assert_eq!(code(world.at("UpdateOpenIDConnectProviderThumbprint", &refs(&prints)).await), "InvalidInput");
    assert_eq!((world.clients().await.len(), world.provider().await.unwrap().thumbprints.len()), (100, 5));
}

#[tokio::test]
async fn an_account_has_100_providers_at_most() {
    let world = World::new().await;
    for number in 0..100 {
        world.registered(&format!("https://idp{number}.example"), &[]).await.unwrap();
    }
    let error = world.registered("https://more.example", &[]).await.unwrap_err();
    assert_eq!((error.code(), error.status()), ("LimitExceeded", 409));
    assert_eq!(error.to_string(), "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100");
    assert_eq!(arns(world.call("ListOpenIDConnectProviders", &[]).await.unwrap()).len(), 100);
    let summary = world.call("GetAccountSummary", &[]).await.unwrap().to_xml("r");
    assert!(summary.contains("<key>Providers</key><value>100</value>"), "{summary}");
}

#[tokio::test]
async fn rule_21_client_ids_keep_their_serials_until_they_are_removed() {
    let world = World::new().await;
    world.registered(URL, &[("ClientIDList.member.1", "app")]).await.unwrap();
    for client in ["app", "web", "web"] {
        let added = world.at("AddClientIDToOpenIDConnectProvider", &[("ClientID", client)]).await.unwrap();
        assert_eq!(added.body, Body::Empty);
    }
    assert_eq!(world.clients().await, [("app".to_owned(), 0), ("web".to_owned(), 1)]);
    for client in ["web", "web", "never"] {
        world.at("RemoveClientIDFromOpenIDConnectProvider", &[("ClientID", client)]).await.unwrap();
    }
    world.at("AddClientIDToOpenIDConnectProvider", &[("ClientID", "web")]).await.unwrap();
    assert_eq!(world.clients().await, [("app".to_owned(), 0), ("web".to_owned(), 2)]);
    let before = world.provider().await.unwrap().id;
    world.at("DeleteOpenIDConnectProvider", &[]).await.unwrap();
    world.registered(URL, &[]).await.unwrap();
    assert_ne!(world.provider().await.unwrap().id, before);
}

#[tokio::test]
async fn thumbprints_are_replaced_as_a_whole() {
    let world = World::new().await;
    world.registered(URL, &[("ThumbprintList.member.1", PRINT)]).await.unwrap();
    let two = listed("ThumbprintList", ["A".repeat(40), "b".repeat(40)]);
    world.at("UpdateOpenIDConnectProviderThumbprint", &refs(&two)).await.unwrap();
    assert_eq!(world.provider().await.unwrap().thumbprints, ["a".repeat(40), "b".repeat(40)]);
    // As SDKs send an empty list.
    world.at("UpdateOpenIDConnectProviderThumbprint", &[("ThumbprintList", "")]).await.unwrap();
    assert!(world.provider().await.unwrap().thumbprints.is_empty());
}

#[tokio::test]
async fn tags_are_set_listed_and_removed() {
    let world = World::new().await;
    world.registered(URL, &[]).await.unwrap();
    let tags = |range: std::ops::Range<usize>| -> Vec<(String, String)> {
        let numbered = range.enumerate();
        let pair = |(at, n): (usize, usize)| {
            let member = format!("Tags.member.{}", at + 1);
            [(format!("{member}.Key"), format!("k{n}")), (format!("{member}.Value"), "v".to_owned())]
        };
        numbered.flat_map(pair).collect()
    };
    world.at("TagOpenIDConnectProvider", &refs(&tags(0..50))).await.unwrap();
    world.at("TagOpenIDConnectProvider", &[("Tags.member.1.Key", "K0"), ("Tags.member.1.Value", "new")]).await.unwrap();
    assert_eq!(code(world.at("TagOpenIDConnectProvider", &refs(&tags(50..51))).await), "LimitExceeded");
    let first = world.at("ListOpenIDConnectProviderTags", &[("MaxItems", "2")]).await.unwrap();
    let Body::Tags { tags, marker: Some(marker) } = first.body else { panic!() };
    assert_eq!((tags.len(), tags[0].key.as_str(), tags[0].value.as_str()), (2, "K0", "new"));
    let rest = world.at("ListOpenIDConnectProviderTags", &[("Marker", &marker)]).await.unwrap();
    let Body::Tags { tags, marker: None } = rest.body else { panic!() };
    assert_eq!((tags.len(), tags[0].key.as_str()), (48, "k2"));
    world.at("UntagOpenIDConnectProvider", &[("TagKeys.member.1", "k0"), ("TagKeys.member.2", "no")]).await.unwrap();
    assert_eq!(world.provider().await.unwrap().tags.len(), 49);
}

fn tester(name: &str) -> Owner {
    Owner::User { id: UniqueId::parse("AIDAJQABLZS4A3QDU576Q").unwrap(), name: name.to_owned() }
}

#[tokio::test]
async fn rule_13_caps_reach_only_providers_of_standalone_users() {
    let world = World::new().await;
    world.registered(URL, &[]).await.unwrap();
    let of_user = "https://user.example";
    world.call_as(tester("TESTER1"), "CreateOpenIDConnectProvider", &[("Url", of_user)]).await.unwrap();
    let tag = [("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")];
    for (action, more) in [
        ("GetOpenIDConnectProvider", &[][..]),
        ("DeleteOpenIDConnectProvider", &[]),
        ("AddClientIDToOpenIDConnectProvider", &[("ClientID", "a")]),
        ("RemoveClientIDFromOpenIDConnectProvider", &[("ClientID", "a")]),
        ("UpdateOpenIDConnectProviderThumbprint", &[("ThumbprintList.member.1", PRINT)]),
        ("TagOpenIDConnectProvider", &tag),
        ("UntagOpenIDConnectProvider", &[("TagKeys.member.1", "a")]),
        ("ListOpenIDConnectProviderTags", &[]),
    ] {
        let pairs: Vec<_> = std::iter::once(("OpenIDConnectProviderArn", ARN)).chain(more.iter().copied()).collect();
        let error = world.call_as(tester("TESTER2"), action, &pairs).await.unwrap_err();
        assert_eq!((error.code(), error.status()), ("AccessDenied", 403), "{action}");
        let of_user = "arn:aws:iam:::oidc-provider/user.example";
        let pairs: Vec<_> =
            std::iter::once(("OpenIDConnectProviderArn", of_user)).chain(more.iter().copied()).collect();
        if action != "DeleteOpenIDConnectProvider" {
            world.call_as(tester("TESTER2"), action, &pairs).await.unwrap();
        }
    }
    let seen = arns(world.call_as(tester("TESTER2"), "ListOpenIDConnectProviders", &[]).await.unwrap());
    assert_eq!(seen, ["arn:aws:iam:::oidc-provider/user.example"]);
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
        let world = World::over(Arc::clone(&racing) as Arc<dyn Store>).await;
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
    let world = World::over(Arc::clone(&racing) as Arc<dyn Store>).await;
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

#[tokio::test]
async fn a_user_who_owns_a_provider_stays() {
    let world = World::new().await;
    let owner = world.call_as(tester("TESTER1"), "CreateUser", &[("UserName", "Owner")]).await.unwrap();
    assert!(!owner.to_xml("r").is_empty());
    let user: crate::entity::User = world.record(&RecordKey::user(&AccountId::empty(), "Owner")).await.unwrap();
    let of_user = Owner::User { id: user.id, name: user.name };
    world.call_as(of_user, "CreateOpenIDConnectProvider", &[("Url", URL)]).await.unwrap();
    let name = [("UserName", "Owner")];
    assert_eq!(code(world.call("DeleteUser", &name).await), "DeleteConflict");
    world.at("DeleteOpenIDConnectProvider", &[]).await.unwrap();
    world.call("DeleteUser", &name).await.unwrap();
}

#[tokio::test]
async fn captured_requests_get_answers_of_awss_shape() {
    World::new().await.replay(include_str!("../../../tests/corpus/ceph-wire/oidc.tsv")).await;
}
