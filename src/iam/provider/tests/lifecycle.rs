//! Providers from making to removing.

use super::*;

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
    for (action, more) in ON_ONE {
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

#[tokio::test]
async fn a_user_who_owns_a_provider_stays() {
    let world = World::new().await;
    world.call_as(tester("TESTER1"), "CreateUser", &[("UserName", "Owner")]).await.unwrap();
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
    World::new().await.replay(include_str!("../../../../tests/corpus/ceph-wire/oidc.tsv")).await;
}
