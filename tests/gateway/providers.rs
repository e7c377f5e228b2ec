//! OpenID Connect providers over the whole gate: who may change them, and which sessions end with them.

use crate::support::{Credentials, Req, World, policy, trust};
use rolegate::entity::{OidcProvider, Owner, UserKind};
use rolegate::store::{Changes, RecordKey, Versioned};
use rolegate::token::{Link, LinkKind, SessionClaims, SessionKind, WebOrigin};
use rolegate::types::{AccessKeyId, AccountId, Clock, Timestamp};

const VERSION: (&str, &str) = ("Version", "2010-05-08");
const NAME: &str = "idp.example/realm";
const ARN: (&str, &str) = ("OpenIDConnectProviderArn", "arn:aws:iam:::oidc-provider/idp.example/realm");

impl World {
    async fn said_of_provider(&self, by: &Credentials, action: &str, pairs: &[(&str, &str)]) -> (u16, String) {
        let pairs: Vec<_> = [("Action", action), VERSION].into_iter().chain(pairs.iter().copied()).collect();
        let reply = self.iam(by, &pairs).await;
        if reply.status() == 200 { (200, reply.text()) } else { reply.said() }
    }

    async fn did(&self, by: &Credentials, action: &str, pairs: &[(&str, &str)]) {
        let said = self.said_of_provider(by, action, pairs).await;
        assert_eq!(said.0, 200, "{action}: {}", said.1);
    }

    async fn provider(&self) -> Versioned<OidcProvider> {
        self.records.get(&RecordKey::oidc_provider(&AccountId::empty(), NAME)).await.unwrap().unwrap()
    }

    async fn make(&self, by: &Credentials) {
        let pairs =
            [("Url", "https://idp.example/realm"), ("ClientIDList.member.1", "app"), ("ClientIDList.member.2", "web")];
        self.did(by, "CreateOpenIDConnectProvider", &pairs).await;
    }

    /// A session of the role `R` that began with a token of the provider for `app`.
    async fn minted_session(&self, key: &str) -> Credentials {
        let (role, provider) = (self.role_record("R").await.value, self.provider().await.value);
        let now = Timestamp::from_seconds(self.clock.now().seconds());
        let client = provider.client_id("app").unwrap();
        self.mint(&SessionClaims {
            access_key: AccessKeyId::parse(key).unwrap(),
            subject: Link {
                kind: LinkKind::Role,
                account: role.account.clone(),
                name: role.name.clone(),
                id: role.id.clone(),
                epoch: role.epoch,
                minted: None,
            },
            kind: SessionKind::Role,
            session_name: "web".to_owned(),
            issued: now,
            expires: now.plus_seconds(3600),
            policies: Vec::new(),
            policy_arns: Vec::new(),
            chain: Vec::new(),
            parent_key: None,
            web: Some(Box::new(WebOrigin {
                account: AccountId::empty(),
                provider: NAME.to_owned(),
                id: provider.id.clone(),
                epoch: provider.epoch,
                client: Some((client.name.clone(), client.serial)),
                also: None,
                subject: "sub".to_owned(),
                audience: "app".to_owned(),
            })),
            source_identity: None,
            tags: Vec::new(),
            transitive: Vec::new(),
        })
    }

    async fn lets(&self, by: &Credentials) -> bool {
        self.send(Req::get("/b-one/k").sign(self, by)).await.is_forward()
    }
}

async fn scene() -> (World, Credentials) {
    let world = World::new().await;
    let admin = world.iam_user("admin", &[("p", &policy("Allow", "iam:*", "*"))]).await;
    world.bucket("b-one", Owner::Account, None).await;
    let reads = policy("Allow", "s3:GetObject", "*");
    world.role("R", Owner::Account, &trust("arn:aws:iam:::user/admin"), &[("p", &reads)]).await;
    (world, admin)
}

#[tokio::test]
async fn rule_21_sessions_end_with_the_provider_its_client_id_or_its_epoch() {
    let (world, admin) = scene().await;
    world.make(&admin).await;
    let session = world.minted_session("ASIAONE").await;
    assert!(world.lets(&session).await);
    // What does not concern it leaves it alone.
    world.did(&admin, "AddClientIDToOpenIDConnectProvider", &[ARN, ("ClientID", "app")]).await;
    world.did(&admin, "RemoveClientIDFromOpenIDConnectProvider", &[ARN, ("ClientID", "web")]).await;
    let print = "a".repeat(40);
    let prints = [ARN, ("ThumbprintList.member.1", print.as_str())];
    world.did(&admin, "UpdateOpenIDConnectProviderThumbprint", &prints).await;
    let tag = [ARN, ("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")];
    world.did(&admin, "TagOpenIDConnectProvider", &tag).await;
    assert!(world.lets(&session).await);
    // A client id that was away.
    world.did(&admin, "RemoveClientIDFromOpenIDConnectProvider", &[ARN, ("ClientID", "app")]).await;
    assert!(!world.lets(&session).await);
    world.did(&admin, "AddClientIDToOpenIDConnectProvider", &[ARN, ("ClientID", "app")]).await;
    assert!(!world.lets(&session).await, "it comes with another serial");
    // The epoch.
    let session = world.minted_session("ASIATWO").await;
    assert!(world.lets(&session).await);
    let old = world.provider().await;
    let raised = OidcProvider { epoch: old.value.epoch + 1, ..old.value.clone() };
    world.records.commit(Changes::new().update(&old, &raised)).await.unwrap();
    world.epochs.forget_all();
    let fresh = world.minted_session("ASIATHREE").await;
    assert!(!world.lets(&session).await && world.lets(&fresh).await);
    // The provider itself, and another of its name.
    world.did(&admin, "DeleteOpenIDConnectProvider", &[ARN]).await;
    assert!(!world.lets(&fresh).await);
    world.make(&admin).await;
    assert!(!world.lets(&fresh).await);
    assert!(world.lets(&world.minted_session("ASIAFOUR").await).await);
}

#[tokio::test]
async fn rule_13_caps_for_providers_read_write_and_reach_no_further() {
    let (world, admin) = scene().await;
    world.make(&admin).await;
    let user =
        async |name: &str, caps: &str| world.user(&AccountId::empty(), name, UserKind::Standalone, caps, &[]).await;
    let (reader, writer) = (user("READER", "oidc-provider=read").await, user("WRITER", "oidc-provider=*").await);
    let (none, other) = (user("NONE", "").await, user("OTHER", "roles=*;users=*;user-policy=*").await);
    let denied = (403, "AccessDenied".to_owned());
    let own = ("OpenIDConnectProviderArn", "arn:aws:iam:::oidc-provider/mine.example");
    let create = [("Url", "https://mine.example")];
    for by in [&reader, &none, &other] {
        assert_eq!(world.said_of_provider(by, "CreateOpenIDConnectProvider", &create).await, denied);
    }
    world.did(&writer, "CreateOpenIDConnectProvider", &create).await;
    for by in [&reader, &writer] {
        world.did(by, "GetOpenIDConnectProvider", &[own]).await;
        world.did(by, "ListOpenIDConnectProviderTags", &[own]).await;
        let listed = world.said_of_provider(by, "ListOpenIDConnectProviders", &[]).await.1;
        assert!(listed.contains("mine.example") && !listed.contains(NAME), "{listed}");
        assert_eq!(world.said_of_provider(by, "GetOpenIDConnectProvider", &[ARN]).await, denied, "the account's");
    }
    for by in [&none, &other] {
        for (action, pairs) in [("GetOpenIDConnectProvider", &[own][..]), ("ListOpenIDConnectProviders", &[])] {
            assert_eq!(world.said_of_provider(by, action, pairs).await, denied, "{action}");
        }
    }
    assert!(world.said_of_provider(&admin, "ListOpenIDConnectProviders", &[]).await.1.contains(NAME));
    for (by, of, wanted) in [(&reader, own, false), (&writer, ARN, false), (&writer, own, true)] {
        for (action, more) in [
            ("AddClientIDToOpenIDConnectProvider", vec![("ClientID", "a")]),
            ("RemoveClientIDFromOpenIDConnectProvider", vec![("ClientID", "a")]),
            ("UpdateOpenIDConnectProviderThumbprint", vec![("ThumbprintList", "")]),
            ("TagOpenIDConnectProvider", vec![("Tags.member.1.Key", "a"), ("Tags.member.1.Value", "b")]),
            ("UntagOpenIDConnectProvider", vec![("TagKeys.member.1", "a")]),
            ("DeleteOpenIDConnectProvider", vec![]),
        ] {
            let pairs: Vec<_> = std::iter::once(of).chain(more).collect();
            let said = world.said_of_provider(by, action, &pairs).await;
            if wanted {
                assert_eq!(said.0, 200, "{action}: {}", said.1);
            } else {
                assert_eq!(said, denied, "{action}");
            }
        }
    }
    assert_eq!(world.provider().await.value.client_ids.len(), 2);
}

#[tokio::test]
async fn policies_name_providers_by_arn_and_tags() {
    let (world, admin) = scene().await;
    world.make(&admin).await;
    let tag = [ARN, ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue")];
    world.did(&admin, "TagOpenIDConnectProvider", &tag).await;
    let document = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"iam:GetOpenIDConnectProvider","Resource":"arn:aws:iam:::oidc-provider/idp.example/*"},
        {"Effect":"Allow","Action":"iam:AddClientIDToOpenIDConnectProvider","Resource":"*",
         "Condition":{"StringEquals":{"iam:ResourceTag/team":"blue"}}},
        {"Effect":"Allow","Action":["iam:CreateOpenIDConnectProvider","iam:TagOpenIDConnectProvider"],"Resource":"*",
         "Condition":{"StringEquals":{"aws:RequestTag/team":"red"}}}]}"#;
    let by = world.iam_user("some", &[("p", document)]).await;
    let denied = (403, "AccessDenied".to_owned());
    world.did(&by, "GetOpenIDConnectProvider", &[ARN]).await;
    world.did(&by, "AddClientIDToOpenIDConnectProvider", &[ARN, ("ClientID", "x")]).await;
    for (action, more) in [
        ("DeleteOpenIDConnectProvider", vec![ARN]),
        ("RemoveClientIDFromOpenIDConnectProvider", vec![ARN, ("ClientID", "x")]),
        ("ListOpenIDConnectProviders", vec![]),
        ("CreateOpenIDConnectProvider", vec![("Url", "https://a.example")]),
        // Whether there is one is not told.
        ("GetOpenIDConnectProvider", vec![("OpenIDConnectProviderArn", "arn:aws:iam:::oidc-provider/none.example")]),
    ] {
        assert_eq!(world.said_of_provider(&by, action, &more).await, denied, "{action}");
    }
    let red = [("Url", "https://a.example"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "red")];
    world.did(&by, "CreateOpenIDConnectProvider", &red).await;
    let invalid = (400, "InvalidInput".to_owned());
    let foreign = [("OpenIDConnectProviderArn", "arn:aws:iam::tenant:oidc-provider/idp.example/realm")];
    assert_eq!(world.said_of_provider(&admin, "GetOpenIDConnectProvider", &foreign).await, invalid);
}
