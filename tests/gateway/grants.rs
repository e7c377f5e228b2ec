//! What callers are granted by reference: managed policies, groups, boundaries, root (security rules 12, 17, 18).

use crate::support::{Credentials, Reply, Req, World, policy, stored, trust};
use rolegate::entity::{Group, Named, Owner, Tag, User, UserKind};
use rolegate::store::RecordKey;
use rolegate::types::AccountId;

const ALL: &str = "arn:aws:iam::aws:policy/AdministratorAccess";
const READ_ONLY: &str = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";
const ANN: &str = "arn:aws:iam:::user/ann";

fn list_roles() -> [(&'static str, &'static str); 2] {
    [("Action", "ListRoles"), ("Version", "2010-05-08")]
}

fn create(name: &str, document: &str) -> Vec<(&'static str, String)> {
    let pairs = [("Action", "CreateRole"), ("RoleName", name), ("AssumeRolePolicyDocument", document)];
    pairs.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

async fn iam(world: &World, by: &Credentials, pairs: &[(&'static str, String)]) -> Reply {
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
    world.iam(by, &pairs).await
}

async fn get(world: &World, by: &Credentials) -> Reply {
    world.send(Req::get("/b-one/k").sign(world, by)).await
}

async fn put(world: &World, by: &Credentials) -> Reply {
    world.send(Req::put("/b-one/k").body(b"x").sign(world, by)).await
}

/// A world with the bucket `b-one` of the account and the user `ann` without any policy.
async fn scene() -> (World, Credentials) {
    let world = World::new().await;
    world.bucket("b-one", Owner::Account, None).await;
    let ann = world.iam_user("ann", &[]).await;
    (world, ann)
}

#[tokio::test]
async fn managed_policies_and_groups_grant_to_users() {
    let (world, ann) = scene().await;
    assert_eq!(get(&world, &ann).await.code(), "AccessDenied");
    world.change_user("ann", |user| user.attached = vec![READ_ONLY.into()]).await;
    assert!(get(&world, &ann).await.is_forward() && !put(&world, &ann).await.is_forward());
    let own = world.managed("Writers", &policy("Allow", "s3:PutObject", "*")).await;
    world.change_user("ann", |user| user.attached.push(own.clone())).await;
    assert!(get(&world, &ann).await.is_forward() && put(&world, &ann).await.is_forward());

    // Through a group: its own policy and one attached to it.
    world.change_user("ann", |user| user.attached.clear()).await;
    assert!(!get(&world, &ann).await.is_forward() && !put(&world, &ann).await.is_forward());
    let group = world.group("g", &[("p", &policy("Allow", "s3:PutObject", "*"))], &[READ_ONLY]).await;
    world.change_user("ann", |user| user.groups.push(Named { name: "g".into(), id: group.id.clone() })).await;
    assert!(get(&world, &ann).await.is_forward() && put(&world, &ann).await.is_forward());
    // A Deny in a group counts as any other.
    let deny = world.managed("NoReads", &policy("Deny", "s3:GetObject", "*")).await;
    let second = world.group("second", &[], &[&deny]).await;
    world.change_user("ann", |user| user.groups.push(Named { name: "second".into(), id: second.id.clone() })).await;
    let denied = get(&world, &ann).await;
    assert!(denied.text().contains("with an explicit deny in an identity-based policy"), "{}", denied.text());
    assert_eq!(denied.trace.statements, ["arn:aws:iam:::policy/NoReads#0"]);
}

#[tokio::test]
async fn managed_policies_grant_to_roles_and_change_live() {
    let (world, ann) = scene().await;
    let own = world.managed("Readers", &policy("Allow", "s3:GetObject", "*")).await;
    world.role("R", Owner::Account, &trust(ANN), &[]).await;
    world.change_role("R", |role| role.attached = vec![own]).await;
    let session = world.assume(&ann, "R").await;
    assert!(get(&world, &session).await.is_forward());
    world.change_managed("Readers", |managed| managed.versions[0].policy = stored(&policy("Deny", "*", "*"))).await;
    world.epochs.forget(&RecordKey::policy(&AccountId::empty(), "Readers"));
    assert_eq!(get(&world, &session).await.said(), (403, "AccessDenied".into()));
}

#[tokio::test]
async fn rule_18_what_a_user_or_role_refers_to_and_is_not_there_denies_with_503() {
    let gone = "arn:aws:iam:::policy/Gone";
    let (world, ann) = scene().await;
    let all = policy("Allow", "*", "*");
    let mangled = world.managed("Mangled", "hello").await;
    let present = world.managed("Present", &all).await;
    let elsewhere = present.replace("policy/", "policy/path/");
    let foreign = present.replace("iam::", "iam::other");
    world.change_user("ann", |user| drop(user.policies.insert("p".into(), stored(&all)))).await;
    world.role("R", Owner::Account, &trust(ANN), &[("p", &all)]).await;
    let session = world.assume(&ann, "R").await;
    assert!(get(&world, &session).await.is_forward());
    let unavailable = (503, "ServiceUnavailable".to_owned());
    for arn in [gone, &mangled, &elsewhere, &foreign, "arn:aws:iam::aws:policy/NoSuchPolicy", "nonsense"] {
        for as_boundary in [false, true] {
            let set = |attached: &mut Vec<String>, boundary: &mut Option<String>| {
                *attached = if as_boundary { vec![] } else { vec![ALL.into(), arn.to_owned()] };
                *boundary = as_boundary.then(|| arn.to_owned());
            };
            world.change_role("R", |role| set(&mut role.attached, &mut role.boundary)).await;
            assert_eq!(get(&world, &session).await.said(), unavailable, "{arn} {as_boundary}");
            assert_eq!(world.iam(&session, &list_roles()).await.said(), unavailable, "{arn} {as_boundary}");
            world.change_user("ann", |user| set(&mut user.attached, &mut user.boundary)).await;
            assert_eq!(get(&world, &ann).await.said(), unavailable, "{arn} {as_boundary}");
            world.change_user("ann", |user| (user.attached, user.boundary) = (vec![], None)).await;
            world.change_role("R", |role| (role.attached, role.boundary) = (vec![], None)).await;
            assert!(get(&world, &ann).await.is_forward() && get(&world, &session).await.is_forward());
        }
    }
    // A group that is not there, that was made again, or whose policy is gone.
    let group = world.group("g", &[], &[]).await;
    let other = world.group("h", &[], &[gone]).await;
    for (name, id) in [("nope", &group.id), ("g", &other.id), ("h", &other.id)] {
        world.change_user("ann", |user| user.groups = vec![Named { name: name.into(), id: id.clone() }]).await;
        assert_eq!(get(&world, &ann).await.said(), unavailable, "{name}");
    }
}

#[tokio::test]
async fn rule_12_boundaries_cut_all_rights_of_users_and_roles() {
    let (world, ann) = scene().await;
    let all = policy("Allow", "*", "*");
    world.change_user("ann", |user| drop(user.policies.insert("p".into(), stored(&all)))).await;
    world.role("R", Owner::Account, &trust(ANN), &[("p", &all)]).await;
    let session = world.assume(&ann, "R").await;
    for by in [&ann, &session] {
        assert!(put(&world, by).await.is_forward());
    }
    world.change_user("ann", |user| user.boundary = Some(READ_ONLY.into())).await;
    world.change_role("R", |role| role.boundary = Some(READ_ONLY.into())).await;
    for by in [&ann, &session] {
        assert!(get(&world, by).await.is_forward());
        let denied = put(&world, by).await;
        assert!(denied.text().contains("because no permissions boundary allows"), "{}", denied.text());
        assert_eq!(world.iam(by, &list_roles()).await.said(), (403, "AccessDenied".into()));
    }
    // Ownership and caps too.
    let owner = world.user(&AccountId::empty(), "owner", UserKind::Standalone, "roles=*", &[]).await;
    world.bucket("b-own", world.owner("owner").await, None).await;
    let write = async || world.send(Req::put("/b-own/k").body(b"x").sign(&world, &owner)).await;
    assert!(write().await.is_forward() && world.iam(&owner, &list_roles()).await.status() == 200);
    world.change_user("owner", |user| user.boundary = Some(READ_ONLY.into())).await;
    assert_eq!(write().await.said(), (403, "AccessDenied".into()));
    assert_eq!(world.iam(&owner, &list_roles()).await.said(), (403, "AccessDenied".into()));
}

#[tokio::test]
async fn rule_12_root_may_do_all_in_its_account_and_is_cut_by_denies_alone() {
    let (world, root) = scene().await;
    world.change_user("ann", |user| user.account_root = true).await;
    let shown = world.send(Req::form("sts", &[("Action", "GetCallerIdentity")]).sign(&world, &root)).await;
    assert_eq!(shown.element("Arn").as_deref(), Some("arn:aws:iam:::root"));
    assert!(get(&world, &root).await.is_forward() && put(&world, &root).await.is_forward());
    assert_eq!(iam(&world, &root, &create("R", &trust("arn:aws:iam:::root"))).await.status(), 200);
    world.change_user("ann", |user| user.boundary = Some(READ_ONLY.into())).await;
    assert!(put(&world, &root).await.is_forward(), "a boundary does not bind root");
    let locked = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::b-two/*"}]}"#;
    world.bucket("b-two", Owner::Account, Some(locked)).await;
    let denied = world.send(Req::put("/b-two/k").body(b"x").sign(&world, &root)).await;
    assert_eq!(denied.said(), (403, "AccessDenied".into()));
    // Another account's bucket is not root's.
    let other = AccountId::parse("other").unwrap();
    world.bucket_in(&other, "b-other", Owner::Account, None, rolegate::entity::BucketState::Active).await;
    assert_eq!(world.send(Req::get("/b-other/k").sign(&world, &root)).await.code(), "AccessDenied");
}

#[tokio::test]
async fn rule_17_policies_groups_and_boundaries_are_evidence() {
    let (world, ann) = scene().await;
    let direct = world.managed("Direct", &policy("Allow", "iam:ListRoles", "*")).await;
    let through = world.managed("Through", &policy("Allow", "iam:*", "*")).await;
    let boundary = world.managed("Boundary", &policy("Allow", "*", "*")).await;
    let group = world.group("g", &[], &[&through]).await;
    world
        .change_user("ann", |user| {
            user.attached = vec![direct, READ_ONLY.into()];
            user.groups = vec![Named { name: "g".into(), id: group.id }];
            user.boundary = Some(boundary);
        })
        .await;
    let mut number = 0;
    let mut make = async || {
        number += 1;
        iam(&world, &ann, &create(&format!("R{number}"), &trust(ANN))).await.said()
    };
    assert_eq!(make().await.0, 200);
    // The decision rests on entries that are cached; each change that the gate has not heard of refuses the commit, and
    // the caller's rights are found anew.
    for (refused, name) in (1..).zip(["Direct", "Through", "Boundary"]) {
        world.change_managed(name, |managed| managed.updated += 1).await;
        assert_eq!((make().await.0, world.store.refused()), (200, refused), "{name}");
        assert_eq!((make().await.0, world.store.refused()), (200, refused), "{name}");
    }
    let key = RecordKey::group(&AccountId::empty(), "g");
    world.change(&key, |group: &mut Group| group.attached.clear()).await;
    assert_eq!((make().await, world.store.refused()), ((403, "AccessDenied".into()), 4));
    // A boundary that the user gets meanwhile.
    world.epochs.forget_all();
    world.change_user("ann", |user| user.attached = vec![ALL.into()]).await;
    assert_eq!(make().await.0, 200);
    let key = RecordKey::user(&AccountId::empty(), "ann");
    world.change(&key, |user: &mut User| user.boundary = Some(READ_ONLY.into())).await;
    assert_eq!((make().await, world.store.refused()), ((403, "AccessDenied".into()), 5));
}

/// A delegated administrator: may make roles and policies of roles only within a boundary, as AWS documents it.
#[tokio::test]
async fn rule_17_who_may_only_make_bounded_roles_makes_no_others() {
    let (world, ann) = scene().await;
    let within = format!(
        r#"{{"Version":"2012-10-17","Statement":[
        {{"Effect":"Allow","Action":["iam:CreateRole","iam:PutRolePolicy","iam:AttachRolePolicy","iam:PutRolePermissionsBoundary"],
          "Resource":"*","Condition":{{"StringEquals":{{"iam:PermissionsBoundary":"{READ_ONLY}"}}}}}}]}}"#
    );
    world.change_user("ann", |user| drop(user.policies.insert("p".into(), stored(&within)))).await;
    let bounded = |arn: &str| {
        let mut pairs = create("Made", &trust(ANN));
        pairs.push(("PermissionsBoundary", arn.to_owned()));
        pairs
    };
    let denied = (403, "AccessDenied".to_owned());
    assert_eq!(iam(&world, &ann, &create("Made", &trust(ANN))).await.said(), denied);
    assert_eq!(iam(&world, &ann, &bounded(ALL)).await.said(), denied);
    assert_eq!(iam(&world, &ann, &bounded(READ_ONLY)).await.status(), 200);
    let attach = |role: &str| {
        let pairs = [("Action", "AttachRolePolicy"), ("RoleName", role), ("PolicyArn", ALL)];
        pairs.map(|(name, value)| (name, value.to_owned()))
    };
    assert_eq!(iam(&world, &ann, &attach("Made")).await.status(), 200);
    for (action, boundary) in [("DeleteRolePermissionsBoundary", None), ("PutRolePermissionsBoundary", Some(ALL))] {
        let mut pairs = vec![("Action", action.to_owned()), ("RoleName", "Made".to_owned())];
        pairs.extend(boundary.map(|arn| ("PermissionsBoundary", arn.to_owned())));
        assert_eq!(iam(&world, &ann, &pairs).await.said(), denied, "{action}");
    }
    world.role("Free", Owner::Account, &trust(ANN), &[]).await;
    assert_eq!(iam(&world, &ann, &attach("Free")).await.said(), denied);
    // All that the role was given stays within its boundary.
    let session = world.assume(&ann, "Made").await;
    assert!(get(&world, &session).await.is_forward() && !put(&world, &session).await.is_forward());
    assert_eq!(world.iam(&session, &list_roles()).await.said(), denied);
}

#[tokio::test]
async fn tags_of_users_are_tags_of_the_principal() {
    let (world, ann) = scene().await;
    let by_tag = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b-one/${aws:PrincipalTag/team}/*"}}"#;
    world.change_user("ann", |user| drop(user.policies.insert("p".into(), stored(by_tag)))).await;
    let read = async |key: &str| world.send(Req::get(&format!("/b-one/{key}")).sign(&world, &ann)).await.is_forward();
    assert!(!read("red/k").await);
    world.change_user("ann", |user| user.tags.push(Tag { key: "Team".into(), value: "red".into() })).await;
    assert!(read("red/k").await && !read("blue/k").await);
}

/// Choices that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// One call about a role of `/team/`, or of elsewhere.
fn any_call(dice: &mut Dice, within: &str) -> Vec<(&'static str, String)> {
    let role = dice.of(&["a", "b", "free"]);
    let document = dice.of(&["all", "read"]);
    let document = if document == "all" { policy("Allow", "*", "*") } else { policy("Allow", "s3:GetObject", "*") };
    let policy_arn = dice.of(&[ALL, READ_ONLY]);
    let boundary = dice.of(&[ALL, within]);
    let pairs: &[(&'static str, &str)] = match dice.below(9) {
        0 => &[("Action", "CreateRole"), ("Path", "/team/"), ("AssumeRolePolicyDocument", &trust(ANN))],
        1 => &[
            ("Action", "CreateRole"),
            ("Path", dice.of(&["/team/", "/"])),
            ("AssumeRolePolicyDocument", &trust(ANN)),
            ("PermissionsBoundary", boundary),
        ],
        2 => &[("Action", "PutRolePolicy"), ("PolicyName", "p"), ("PolicyDocument", &document)],
        3 => &[("Action", "AttachRolePolicy"), ("PolicyArn", policy_arn)],
        4 => &[("Action", "DetachRolePolicy"), ("PolicyArn", policy_arn)],
        5 => &[("Action", "PutRolePermissionsBoundary"), ("PermissionsBoundary", boundary)],
        6 => &[("Action", "DeleteRolePermissionsBoundary")],
        7 => &[("Action", "UpdateAssumeRolePolicy"), ("PolicyDocument", &trust(ANN))],
        _ => &[("Action", dice.of(&["DeleteRole", "GetRole", "ListRolePolicies"]))],
    };
    let pairs = pairs.iter().map(|(name, value)| (*name, (*value).to_owned()));
    pairs.chain([("RoleName", role.to_owned())]).collect()
}

/// The administrator of the roles of a team may do all that IAM has, within a boundary of AWS's documented pattern.
#[tokio::test]
async fn rule_17_no_sequence_of_calls_of_a_bounded_administrator_leads_beyond_the_boundary() {
    let (world, ann) = scene().await;
    let within = "arn:aws:iam:::policy/Within".to_owned();
    let document = format!(
        r#"{{"Version":"2012-10-17","Statement":[
        {{"Effect":"Allow","Action":["s3:GetObject","sts:AssumeRole"],"Resource":"*"}},
        {{"Effect":"Allow","Action":"iam:*","Resource":"arn:aws:iam:::role/team/*"}},
        {{"Effect":"Deny","Action":["iam:CreateRole","iam:PutRolePolicy","iam:AttachRolePolicy","iam:PutRolePermissionsBoundary"],
          "Resource":"*","Condition":{{"StringNotEquals":{{"iam:PermissionsBoundary":"{within}"}}}}}},
        {{"Effect":"Deny","Action":"iam:DeleteRolePermissionsBoundary","Resource":"*"}}]}}"#
    );
    world.managed("Within", &document).await;
    let all = policy("Allow", "*", "*");
    world
        .change_user("ann", |user| {
            user.policies.insert("p".into(), stored(&all));
            user.boundary = Some(within.clone());
        })
        .await;
    // A role of elsewhere that may all, and trusts somebody else.
    world.role("free", Owner::Account, &trust("arn:aws:iam:::user/somebody"), &[("p", &all)]).await;
    let mut dice = Dice(7);
    let (mut done, mut made) = (0, 0);
    for _ in 0..300 {
        let call = any_call(&mut dice, &within);
        done += usize::from(iam(&world, &ann, &call).await.status() == 200);
        assert!(!put(&world, &ann).await.is_forward(), "after {call:?}");
        for role in ["a", "b", "free"] {
            for path in ["/team/", "/"] {
                let session = world.try_assume(&ann, &format!("arn:aws:iam:::role{path}{role}"), &[]).await;
                if session.status() == 200 {
                    made += 1;
                    let session = session.credentials();
                    assert!(!put(&world, &session).await.is_forward(), "{role} after {call:?}");
                    let free =
                        [("Action", "CreateRole"), ("RoleName", "x"), ("AssumeRolePolicyDocument", &*trust(ANN))];
                    assert_eq!(world.iam(&session, &free).await.said(), (403, "AccessDenied".into()), "{call:?}");
                }
            }
        }
    }
    assert!(done > 60 && made > 60, "{done} calls succeeded, {made} sessions were made");
}
