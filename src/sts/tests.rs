//! AssumeRole from parameters to an opened token.

use super::*;
use crate::authz::Permit;
use crate::entity::{Owner, Role, StoredPolicy, User, UserKind};
use crate::policy::Bindings;
use crate::token::{KeyRing, Link, LinkKind, OpenedSession, SessionKind, fits_account};
use crate::types::{AccessKeyId, AccountId, Entropy, Principal, Timestamp, UniqueId};
use crate::wire::aws_query::Parameters;
use crate::wire::xml::{self, Element, XmlLimits};
use std::sync::atomic::{AtomicU8, Ordering};

const ARN: (&str, &str) = ("RoleArn", "arn:aws:iam:::role/p/S3Access");
const NAME: (&str, &str) = ("RoleSessionName", "Bob");
const STORE: &str = "store-1";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::my-bucket"]}]}"#;

struct Counter(AtomicU8);

impl Entropy for Counter {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct World {
    ring: KeyRing,
    entropy: Counter,
    account: AccountId,
    role: Role,
    caller: Caller,
}

fn link(name: &str, id: &str) -> Link {
    Link {
        kind: LinkKind::User,
        account: AccountId::empty(),
        name: name.into(),
        id: UniqueId::parse(id).unwrap(),
        epoch: 2,
        minted: None,
    }
}

impl World {
    fn new() -> Self {
        let id = UniqueId::parse("AROAJQABLZS4A3QDU576Q").unwrap();
        let trust = StoredPolicy { document: String::new(), bindings: Bindings::new() };
        let role = Role {
            path: "/p/".into(),
            max_session_duration: 7200,
            epoch: 5,
            ..Role::new(AccountId::empty(), "S3Access", id, trust, 0)
        };
        let caller = Caller {
            is_role_session: false,
            chain: vec![link("TESTER2", "AIDAJQABLZS4A3QDU576Q")],
            parent_key: Some(AccessKeyId::parse("TESTER2").unwrap()),
            web: None,
            source_identity: None,
            transitive: Vec::new(),
        };
        Self {
            ring: KeyRing::parse(&format!("a:minting:{}", "01".repeat(32))).unwrap(),
            entropy: Counter(AtomicU8::new(0)),
            account: AccountId::empty(),
            role,
            caller,
        }
    }

    fn mint(&self) -> Mint<'_> {
        Mint {
            ring: &self.ring,
            store_id: STORE,
            now: Timestamp::from_millis(1_795_301_741_892),
            entropy: &self.entropy,
            default_account: &self.account,
        }
    }

    fn assume(&self, pairs: &[(&str, &str)]) -> Result<Minted, Error> {
        let request = request(pairs)?;
        match issue(&request, &self.role, &self.caller, &self.permit(&request), &self.mint())? {
            Answer::AssumeRole(assumed) => Ok(*assumed),
            _ => panic!(),
        }
    }

    fn permit(&self, request: &AssumeRole) -> Permit {
        covering(request.requirements(&self.caller, &self.account), &self.account)
    }

    fn user(&self) -> User {
        let id = UniqueId::parse("AIDAJQABLZS4A3QDU576Q").unwrap();
        User { epoch: 2, ..User::new(self.account.clone(), "TESTER2", id, UserKind::Iam, 0) }
    }

    fn session_token(&self, user: &User, pairs: &[(&str, &str)]) -> Result<Minted, Error> {
        let Request::GetSessionToken(asked) = call("GetSessionToken", pairs)? else { panic!() };
        match issue_session_token(&asked, user, &self.caller, &self.mint())? {
            Answer::SessionToken(minted) => Ok(*minted),
            _ => panic!(),
        }
    }

    fn federation_token(&self, user: &User, pairs: &[(&str, &str)]) -> Result<Minted, Error> {
        let Request::GetFederationToken(asked) = call("GetFederationToken", pairs)? else { panic!() };
        let permit = covering(asked.requirements(&user.account), &user.account);
        match issue_federation_token(&asked, user, &self.caller, &permit, &self.mint())? {
            Answer::FederationToken(minted) => Ok(*minted),
            _ => panic!(),
        }
    }

    fn open(&self, assumed: &Minted) -> OpenedSession {
        let token = assumed.token.expose_str().unwrap();
        self.ring.open(token, STORE, &assumed.access_key, self.mint().now).unwrap()
    }
}

fn call(action: &str, pairs: &[(&str, &str)]) -> Result<Request, Error> {
    parse(action, &Parameters::from_pairs(pairs.iter().copied()))
}

fn request(pairs: &[(&str, &str)]) -> Result<AssumeRole, Error> {
    match call("AssumeRole", pairs)? {
        Request::AssumeRole(request) => Ok(*request),
        _ => panic!(),
    }
}

fn covering(requirements: Vec<crate::types::Requirement>, account: &AccountId) -> Permit {
    Permit::for_tests(Principal::Root { account: account.clone() }, Owner::Account).covering(requirements, Vec::new())
}

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
    assert!(world.assume(&[("RoleArn", "arn:aws:iam::210987654321:role/p/S3Access"), NAME]).is_err());
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

/// Whether an element with that path (`A/B`) is in `root`.
fn has(root: &Element, path: &str) -> bool {
    match path.split_once('/') {
        Some((first, rest)) => root.children.iter().any(|child| child.name == first && has(child, rest)),
        None => root.child(path).is_some(),
    }
}

#[test]
fn captured_requests_get_answers_of_awss_shape() {
    let world = World::new();
    let roles = [
        Role { path: "/".into(), max_session_duration: 3600, ..world.role.clone() },
        Role { path: "/application_abc/component_xyz/".into(), name: "S3Access2".into(), ..world.role.clone() },
    ];
    let limits = XmlLimits { bytes: 1 << 16, depth: 16, elements: 100 };
    let corpus = include_str!("../../tests/corpus/ceph-wire/sts.tsv");
    for line in corpus.lines().filter(|line| !line.starts_with('#')) {
        let [name, wanted, elements, body] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let parameters = Parameters::parse_form(body.as_bytes()).unwrap();
        let action = parameters.get("Action").unwrap();
        let caller = Caller { is_role_session: name.ends_with("as-role"), ..world.caller.clone() };
        let result = parse(action, &parameters).and_then(|request| match request {
            Request::GetCallerIdentity => caller_identity(&Principal::Root { account: AccountId::empty() }),
            Request::AssumeRole(asked) => {
                let role = roles.iter().find(|role| asked.session().names(role, &world.account)).unwrap_or(&world.role);
                issue(&asked, role, &caller, &world.permit(&asked), &world.mint())
            }
            Request::GetSessionToken(asked) => issue_session_token(&asked, &world.user(), &world.caller, &world.mint()),
            other => panic!("{other:?}"),
        });
        match result {
            Err(error) => assert_eq!(error.code(), wanted, "{name}: {error}"),
            Ok(answer) => {
                assert_eq!(wanted, "ok", "{name}");
                let document = xml::parse(answer.to_xml("r").as_bytes(), limits).unwrap();
                assert_eq!(document.name, format!("{action}Response"), "{name}");
                assert_eq!(document.namespace.as_deref(), Some(NAMESPACE), "{name}");
                let result = document.child(&format!("{action}Result")).unwrap();
                for path in elements.split(' ').filter(|path| *path != "-") {
                    assert!(has(result, path), "{name}: {path}");
                }
            }
        }
    }
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

#[test]
fn the_smaller_answers_have_awss_shape() {
    let account = AccountId::parse("123456789012").unwrap();
    let xml = Answer::AccessKeyInfo(account).to_xml("r");
    assert!(xml.contains("<GetAccessKeyInfoResult><Account>123456789012</Account></GetAccessKeyInfoResult>"), "{xml}");
    let xml = Answer::DecodedMessage("{\"a\":\"<\"}".into()).to_xml("r");
    assert!(xml.contains("<DecodedMessage>{\"a\":\"&lt;\"}</DecodedMessage>") || xml.contains("&quot;"), "{xml}");
}
