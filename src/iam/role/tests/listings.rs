//! Listings of roles and of their policies.

use super::*;

#[tokio::test]
async fn listings_go_by_name_and_their_markers_work_with_the_prefix() {
    let world = World::new().await;
    for (name, path) in [("b", "/x/"), ("A", "/x/"), ("c", "/"), ("D", "/x/y/"), ("e", "/xy/"), ("F", "/x/")] {
        world.create(name, path).await.unwrap();
    }
    let list = |pairs: Vec<(&'static str, String)>| {
        let world = &world;
        async move {
            let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let (roles, marker) = page(world.call("ListRoles", &pairs).await.unwrap());
            (roles.into_iter().map(|role| role.name).collect::<Vec<_>>().join(""), marker)
        }
    };
    assert_eq!(list(vec![]).await, ("AbcDeF".to_owned(), None));
    assert_eq!(list(vec![("PathPrefix", "/x/".into())]).await, ("AbDF".to_owned(), None));
    assert_eq!(list(vec![("PathPrefix", "/x".into())]).await, ("AbDeF".to_owned(), None));
    assert_eq!(list(vec![("PathPrefix", "/none/".into())]).await, (String::new(), None));
    let mut seen = String::new();
    let mut pairs = vec![("PathPrefix", "/x/".to_owned()), ("MaxItems", "1".to_owned())];
    for _ in 0..10 {
        let (names, marker) = list(pairs.clone()).await;
        assert_eq!(names.len(), 1);
        seen.push_str(&names);
        pairs.truncate(2);
        match marker {
            Some(marker) => pairs.push(("Marker", marker)),
            None => break,
        }
    }
    assert_eq!(seen, "AbDF");
    // What a marker names may be gone meanwhile.
    let (_, marker) = list(vec![("MaxItems", "2".into())]).await;
    world.call("DeleteRole", &[("RoleName", "b")]).await.unwrap();
    assert_eq!(list(vec![("Marker", marker.unwrap())]).await.0, "cDeF");
}

#[tokio::test]
async fn a_listing_longer_than_a_batch_is_whole() {
    let world = World::new().await;
    world.create("R0000", "/").await.unwrap();
    let first = world.role("R0000").await.unwrap();
    for index in 1..450 {
        let path = if index % 2 == 0 { "/even/" } else { "/" };
        let role = Role { name: format!("R{index:04}"), path: path.into(), ..first.clone() };
        world.records.commit(Changes::new().create(&role)).await.unwrap();
    }
    let pairs = [("PathPrefix", "/even/"), ("MaxItems", "1000")];
    let (roles, marker) = page(world.call("ListRoles", &pairs).await.unwrap());
    assert_eq!((roles.len(), marker), (224, None));
    let (roles, marker) = page(world.call("ListRoles", &[]).await.unwrap());
    assert_eq!((roles.len(), marker.is_some()), (100, true));
}

#[tokio::test]
async fn lists_omit_tags_and_gets_show_them() {
    let world = World::new().await;
    let pairs = [
        ("RoleName", "R"),
        ("AssumeRolePolicyDocument", TRUST),
        ("Description", "a role"),
        ("MaxSessionDuration", "7200"),
        ("Tags.member.1.Key", "Department"),
        ("Tags.member.1.Value", "Engineering"),
    ];
    let created = world.call("CreateRole", &pairs).await.unwrap().to_xml("r");
    for part in [
        "<Description>a role</Description><MaxSessionDuration>7200</MaxSessionDuration>",
        "<Tags><member><Key>Department</Key><Value>Engineering</Value></member></Tags></Role></CreateRoleResult>",
    ] {
        assert!(created.contains(part), "{created}");
    }
    assert!(world.call("GetRole", &[("RoleName", "R")]).await.unwrap().to_xml("r").contains("<Tags>"));
    let listed = world.call("ListRoles", &[]).await.unwrap().to_xml("r");
    assert!(listed.contains("<Roles><member><Path>/</Path>") && !listed.contains("<Tags>"));
    assert!(listed.contains("</member></Roles><IsTruncated>false</IsTruncated></ListRolesResult>"));
}

#[tokio::test]
async fn policy_names_are_paged() {
    let world = World::new().await;
    world.create("R", "/").await.unwrap();
    for name in ["c", "a", "b"] {
        let put = [("RoleName", "R"), ("PolicyName", name), ("PolicyDocument", POLICY)];
        world.call("PutRolePolicy", &put).await.unwrap();
    }
    let first = world.call("ListRolePolicies", &[("RoleName", "R"), ("MaxItems", "2")]).await.unwrap();
    let Body::PolicyNames { names, marker: Some(marker) } = first.body else { panic!() };
    assert_eq!(names, ["a", "b"]);
    let rest = world.call("ListRolePolicies", &[("RoleName", "R"), ("Marker", &marker)]).await.unwrap();
    assert_eq!(rest.body, Body::PolicyNames { names: vec!["c".into()], marker: None });
}
