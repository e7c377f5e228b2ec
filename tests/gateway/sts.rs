//! STS through the gate: trust, chains, tags, sessions of users, denials that can be decoded (security rules 14, 16, 19,
//! 20, 21, 30).

use crate::support::{Credentials, Reply, Req, World, key_of, policy, stored, trust};
use rolegate::entity::{Account, ManagedPolicy, Owner, UserKind};
use rolegate::gateway::Settings;
use rolegate::store::{Changes, RecordKey, Versioned};
use rolegate::types::{AccountId, IdKind, UniqueId};

const ONE: &str = "arn:aws:iam:::user/one";
const DENIED: (u16, &str) = (403, "AccessDenied");

impl World {
    async fn sts(&self, caller: &Credentials, action: &str, more: &[(&str, &str)]) -> Reply {
        let pairs = [&[("Action", action), ("Version", "2011-06-15")][..], more].concat();
        self.send(Req::form("sts", &pairs).sign(self, caller)).await
    }

    /// Sends, and panics unless it succeeds.
    async fn minted(&self, caller: &Credentials, action: &str, more: &[(&str, &str)]) -> Credentials {
        let reply = self.sts(caller, action, more).await;
        assert_eq!(reply.status(), 200, "{}", reply.text());
        reply.credentials()
    }

    async fn assumed(&self, caller: &Credentials, role: &str, more: &[(&str, &str)]) -> Credentials {
        let reply = self.try_assume(caller, role, more).await;
        assert_eq!(reply.status(), 200, "{}", reply.text());
        reply.credentials()
    }

    async fn reads(&self, caller: &Credentials, target: &str) -> bool {
        self.send(Req::get(target).sign(self, caller)).await.is_forward()
    }

    async fn managed_record(&self, name: &str, document: &str) -> Versioned<ManagedPolicy> {
        let id = UniqueId::generate(IdKind::ManagedPolicy, &*self.entropy);
        let made = ManagedPolicy::new(AccountId::empty(), name, id, stored(document), 0);
        self.records.commit(Changes::new().create(&made)).await.unwrap();
        self.epochs.forget_all();
        self.records.get(&RecordKey::policy(&AccountId::empty(), name)).await.unwrap().unwrap()
    }
}

fn said(reply: &Reply) -> (u16, &'static str) {
    let known = ["AccessDenied", "InvalidParameterValue", "ValidationError", "InvalidAuthorizationMessageException"];
    let code = reply.code();
    (reply.status(), known.into_iter().find(|known| *known == code).unwrap_or("-"))
}

/// A trust policy for one principal and these actions, with a condition.
fn trusting(principal: &str, actions: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":[{actions}],"Condition":{{{condition}}}}}]}}"#
    )
}

const TAG: &str = r#""sts:AssumeRole","sts:TagSession""#;
const ALL: &str = r#""sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity""#;

fn tags(team: &str) -> [(&str, &str); 2] {
    [("Tags.member.1.Key", "team"), ("Tags.member.1.Value", team)]
}

#[tokio::test]
async fn trust_takes_every_form_of_a_principal() {
    let world = World::new().await;
    let may = policy("Allow", "sts:*", "*");
    let account = AccountId::parse("123456789012").unwrap();
    let [free, bare] = [
        world.user(&account, "free", UserKind::Iam, "", &[("p", &may)]).await,
        world.user(&account, "bare", UserKind::Iam, "", &[]).await,
    ];
    let other = AccountId::parse("210987654321").unwrap();
    let [their_free, their_bare] = [
        world.user(&other, "their-free", UserKind::Iam, "", &[("p", &may)]).await,
        world.user(&other, "their-bare", UserKind::Iam, "", &[]).await,
    ];
    let roots = "arn:aws:iam::123456789012:user";
    world.role_in(&account, "first", Owner::Account, &trust(&format!("{roots}/bare")), &[]).await;
    let first = world.assumed(&bare, "arn:aws:iam::123456789012:role/first", &[]).await;
    // Per principal of the trust policy: who may, of free, bare, their-free, their-bare, and the session.
    let table = [
        ("123456789012", [true, false, false, false, false]),
        ("arn:aws:iam::123456789012:root", [true, false, false, false, false]),
        ("arn:aws:iam::123456789012:user/bare", [false, true, false, false, false]),
        ("arn:aws:iam::123456789012:user/free", [true, false, false, false, false]),
        ("*", [true, true, true, false, true]),
        ("210987654321", [false, false, true, false, false]),
        ("arn:aws:iam::210987654321:user/their-free", [false, false, true, false, false]),
        ("arn:aws:iam::210987654321:user/their-bare", [false, false, false, false, false]),
        ("arn:aws:iam::123456789012:role/first", [false, false, false, false, true]),
        ("arn:aws:sts::123456789012:assumed-role/first/session", [false, false, false, false, true]),
        ("arn:aws:sts::123456789012:assumed-role/first/other", [false, false, false, false, false]),
        ("arn:aws:iam::123456789012:user/nobody", [false, false, false, false, false]),
    ];
    for (number, (principal, wanted)) in table.into_iter().enumerate() {
        let name = format!("role{number}");
        world.role_in(&account, &name, Owner::Account, &trust(principal), &[]).await;
        for (caller, may) in [&free, &bare, &their_free, &their_bare, &first].into_iter().zip(wanted) {
            let reply = world.try_assume(caller, &format!("arn:aws:iam::123456789012:role/{name}"), &[]).await;
            assert_eq!(reply.status() == 200, may, "{principal} {}: {}", caller.key, reply.text());
            assert!(may || said(&reply) == DENIED);
        }
    }
}

#[tokio::test]
async fn roots_do_not_assume_roles() {
    let world = World::new().await;
    let root = world.iam_user("root-user", &[]).await;
    world.change_user("root-user", |user| user.account_root = true).await;
    world.role("R", Owner::Account, &trust("*"), &[]).await;
    for role in ["R", "not-there"] {
        let reply = world.try_assume(&root, role, &[]).await;
        assert_eq!(said(&reply), DENIED);
        assert!(reply.text().contains("Roles may not be assumed by root accounts."), "{}", reply.text());
    }
    let long = [("DurationSeconds", "43200")];
    let session = world.minted(&root, "GetSessionToken", &long).await;
    let identity = world.sts(&session, "GetCallerIdentity", &[]).await;
    assert_eq!(identity.element("Arn").as_deref(), Some("arn:aws:iam:::root"));
    world.clock.turn(3600);
    assert_eq!(world.sts(&session, "GetCallerIdentity", &[]).await.code(), "ExpiredToken", "cut to an hour");
}

#[tokio::test]
async fn tags_need_their_permission_and_decide() {
    let world = World::new().await;
    let one = world.standalone("one").await;
    let own = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b-tags/${aws:PrincipalTag/team}/*"}]}"#;
    world.bucket("b-tags", Owner::Account, None).await;
    world.role("untagged", Owner::Account, &trust(ONE), &[("p", own)]).await;
    world.role("tagged", Owner::Account, &trusting(ONE, TAG, ""), &[("p", own)]).await;
    let denied = world.try_assume(&one, "untagged", &tags("red")).await;
    assert_eq!(said(&denied), DENIED);
    assert!(denied.text().contains("is not authorized to perform: sts:TagSession on resource"), "{}", denied.text());
    let session = world.assumed(&one, "tagged", &tags("red")).await;
    assert!(world.reads(&session, "/b-tags/red/k").await && !world.reads(&session, "/b-tags/blue/k").await);
    // A session tag stands before the role's tag of that key.
    world
        .change_role("tagged", |role| {
            role.tags.push(rolegate::entity::Tag { key: "Team".into(), value: "blue".into() });
        })
        .await;
    assert!(world.reads(&session, "/b-tags/red/k").await && !world.reads(&session, "/b-tags/blue/k").await);
    let plain = world.assumed(&one, "tagged", &[]).await;
    assert!(!world.reads(&plain, "/b-tags/red/k").await && world.reads(&plain, "/b-tags/blue/k").await);

    let red = r#""StringEquals":{"aws:RequestTag/team":"red"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}"#;
    world.role("red", Owner::Account, &trusting(ONE, TAG, red), &[]).await;
    assert_eq!(world.try_assume(&one, "red", &tags("red")).await.status(), 200);
    let two = [&tags("red")[..], &[("Tags.member.2.Key", "x"), ("Tags.member.2.Value", "y")]].concat();
    for more in [&tags("blue")[..], &[], &two] {
        assert_eq!(said(&world.try_assume(&one, "red", more).await), DENIED, "{more:?}");
    }
    let kept = r#""ForAnyValue:StringEquals":{"sts:TransitiveTagKeys":["team"]}"#;
    world.role("kept", Owner::Account, &trusting(ONE, TAG, kept), &[]).await;
    assert_eq!(said(&world.try_assume(&one, "kept", &tags("red")).await), DENIED);
    let transitive = [&tags("red")[..], &[("TransitiveTagKeys.member.1", "team")]].concat();
    assert_eq!(world.try_assume(&one, "kept", &transitive).await.status(), 200);
}

#[tokio::test]
async fn a_chain_keeps_transitive_tags_and_the_source_identity() {
    let world = World::new().await;
    let one = world.standalone("one").await;
    let own = policy("Allow", "s3:GetObject", "arn:aws:s3:::b-tags/${aws:PrincipalTag/team}-${aws:SourceIdentity}/*");
    world.bucket("b-tags", Owner::Account, None).await;
    world.role("first", Owner::Account, &trusting(ONE, ALL, ""), &[]).await;
    let first = "arn:aws:iam:::role/first";
    world.role("second", Owner::Account, &trusting(first, ALL, ""), &[("p", &own)]).await;
    world
        .role("no-tags", Owner::Account, &trusting(first, r#""sts:AssumeRole","sts:SetSourceIdentity""#, ""), &[])
        .await;
    world.role("no-source", Owner::Account, &trusting(first, TAG, ""), &[]).await;
    let more = [&tags("red")[..], &[("TransitiveTagKeys.member.1", "team"), ("SourceIdentity", "alice")]].concat();
    let reply = world.try_assume(&one, "first", &more).await;
    assert_eq!(reply.element("SourceIdentity").as_deref(), Some("alice"));
    let session = reply.credentials();
    let chained = world.assumed(&session, "second", &[]).await;
    assert!(world.reads(&chained, "/b-tags/red-alice/k").await);
    let seen = world.send(Req::get("/b-tags/red-alice/k").sign(&world, &chained)).await;
    assert_eq!(seen.trace.source_identity.as_deref(), Some("alice"), "for the audit log");
    for role in ["no-tags", "no-source"] {
        assert_eq!(said(&world.try_assume(&session, role, &[]).await), DENIED, "{role}");
    }
    assert_eq!(world.try_assume(&session, "second", &[("SourceIdentity", "alice")]).await.status(), 200);
    assert_eq!(said(&world.try_assume(&session, "second", &[("SourceIdentity", "bob")]).await), DENIED);
    for value in ["red", "blue"] {
        let again = world.try_assume(&session, "second", &tags(value)).await;
        assert_eq!(said(&again), (400, "InvalidParameterValue"), "{}", again.text());
    }
    let another = [("Tags.member.1.Key", "cost"), ("Tags.member.1.Value", "1")];
    assert_eq!(world.try_assume(&session, "second", &another).await.status(), 200);
    // What does not go on is not there: the role reads by a tag that the session has not.
    let more = [&tags("red")[..], &[("SourceIdentity", "alice")]].concat();
    let session = world.assumed(&one, "first", &more).await;
    let chained = world.assumed(&session, "second", &[]).await;
    assert!(!world.reads(&chained, "/b-tags/red-alice/k").await);
    // Conditions on the source identity, given or kept.
    let alice = r#""StringEquals":{"sts:SourceIdentity":"alice"}"#;
    world.role("alices", Owner::Account, &trusting("*", ALL, alice), &[]).await;
    assert_eq!(world.try_assume(&session, "alices", &[]).await.status(), 200);
    assert_eq!(world.try_assume(&one, "alices", &[("SourceIdentity", "alice")]).await.status(), 200);
    assert_eq!(said(&world.try_assume(&one, "alices", &[("SourceIdentity", "bob")]).await), DENIED);
    assert_eq!(said(&world.try_assume(&one, "alices", &[]).await), DENIED);
}

#[tokio::test]
async fn managed_session_policies_cut_and_count_as_they_are_now() {
    let world = World::new().await;
    let one = world.standalone("one").await;
    world.bucket("b-one", Owner::Account, None).await;
    world.role("R", Owner::Account, &trust(ONE), &[("p", &policy("Allow", "s3:*", "*"))]).await;
    let read = world.managed_record("read", &policy("Allow", "s3:GetObject", "*")).await;
    let arn = "arn:aws:iam:::policy/read";
    let session = world.assumed(&one, "R", &[("PolicyArns.member.1.arn", arn)]).await;
    let put = || Req::put("/b-one/k").body(b"x").sign(&world, &session);
    assert!(world.reads(&session, "/b-one/k").await);
    assert_eq!(world.send(put()).await.code(), "AccessDenied");
    let both = [("PolicyArns.member.1.arn", arn), ("Policy", &policy("Allow", "s3:PutObject", "*"))];
    let wider = world.assumed(&one, "R", &both).await;
    assert!(world.reads(&wider, "/b-one/k").await, "session policies count together");
    let aws = [("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")];
    assert!(world.reads(&world.assumed(&one, "R", &aws).await, "/b-one/k").await);

    let mut narrow = read.value.clone();
    narrow.versions[0].policy = stored(&policy("Allow", "s3:ListBucket", "*"));
    world.records.commit(Changes::new().update(&read, &narrow)).await.unwrap();
    world.epochs.forget_all();
    assert!(!world.reads(&session, "/b-one/k").await, "looked up at every request");
    let now: Versioned<ManagedPolicy> =
        world.records.get(&RecordKey::policy(&AccountId::empty(), "read")).await.unwrap().unwrap();
    world.records.commit(Changes::new().delete(&now)).await.unwrap();
    world.epochs.forget_all();
    assert_eq!(world.send(Req::get("/b-one/k").sign(&world, &session)).await.status(), 503, "rule 18");
    for missing in
        [arn, "arn:aws:iam:::policy/path/read", "arn:aws:iam::other:policy/read", "arn:aws:iam::aws:policy/No"]
    {
        let reply = world.try_assume(&one, "R", &[("PolicyArns.member.1.arn", missing)]).await;
        assert_eq!(said(&reply), (400, "InvalidParameterValue"), "{missing}");
        // A stranger is not told which policies there are.
        let reply = world.try_assume(&one, "none", &[("PolicyArns.member.1.arn", missing)]).await;
        assert_eq!(said(&reply), DENIED, "{missing}");
    }
}

#[tokio::test]
async fn rule_16_sessions_of_a_user_have_its_rights_less_iam() {
    let world = World::new().await;
    let all = policy("Allow", "*", "*");
    let user = world.iam_user("one", &[("p", &all)]).await;
    world.bucket("b-one", Owner::Account, None).await;
    world.role("R", Owner::Account, &trust(ONE), &[("p", &all)]).await;
    world.change_role("R", |role| role.max_session_duration = 7200).await;
    let session = world.minted(&user, "GetSessionToken", &[]).await;
    assert!(world.reads(&session, "/b-one/k").await);
    let identity = world.sts(&session, "GetCallerIdentity", &[]).await;
    assert_eq!(identity.element("Arn").as_deref(), Some(ONE));
    let list = [("Action", "ListRoles"), ("Version", "2010-05-08")];
    assert_eq!(world.iam(&user, &list).await.status(), 200);
    assert_eq!(said(&world.iam(&session, &list).await), DENIED);
    // AssumeRole is not chaining here: only sessions of roles chain.
    let role = world.assumed(&session, "R", &[("DurationSeconds", "7200")]).await;
    assert!(world.reads(&role, "/b-one/k").await);
    let message = [("EncodedMessage", "x")];
    assert_eq!(said(&world.sts(&session, "DecodeAuthorizationMessage", &message).await), DENIED);
    let key = [("AccessKeyId", "KEYOF_somebody_else")];
    assert_eq!(said(&world.sts(&session, "GetAccessKeyInfo", &key).await), DENIED);
    for by in [&session, &role] {
        for (action, more) in [("GetSessionToken", &[][..]), ("GetFederationToken", &[("Name", "app")])] {
            let reply = world.sts(by, action, more).await;
            assert_eq!(said(&reply), DENIED, "{action}");
            assert!(reply.text().contains("with session credentials"), "{}", reply.text());
        }
    }
    // It ends with its key.
    let record = world.key_record(&key_of("one")).await;
    world.records.commit(Changes::new().delete(&record)).await.unwrap();
    world.epochs.forget_all();
    for by in [&session, &role] {
        assert_eq!(world.send(Req::get("/b-one/k").sign(&world, by)).await.code(), "InvalidToken");
    }
}

#[tokio::test]
async fn rule_16_federated_users_have_what_both_policies_allow_and_no_more() {
    let world = World::new().await;
    let all = policy("Allow", "*", "*");
    let user = world.iam_user("one", &[("p", &all)]).await;
    world.bucket("b-one", Owner::Account, None).await;
    world.role("R", Owner::Account, &trust("*"), &[("p", &all)]).await;
    let read = policy("Allow", "s3:GetObject", "arn:aws:s3:::b-one/${aws:PrincipalTag/team}/*");
    let name = ("Name", "app");
    let bare = world.minted(&user, "GetFederationToken", &[name]).await;
    assert!(!world.reads(&bare, "/b-one/red/k").await, "nothing without a session policy");
    let more = [&[name, ("Policy", read.as_str())][..], &tags("red")].concat();
    let app = world.minted(&user, "GetFederationToken", &more).await;
    assert!(world.reads(&app, "/b-one/red/k").await && !world.reads(&app, "/b-one/blue/k").await);
    assert!(!world.send(Req::put("/b-one/red/k").body(b"x").sign(&world, &app)).await.is_forward());
    let identity = world.sts(&app, "GetCallerIdentity", &[]).await;
    assert_eq!(identity.element("Arn").as_deref(), Some("arn:aws:sts:::federated-user/app"));
    assert_eq!(identity.element("UserId").as_deref(), Some(":app"));

    let everything = world.minted(&user, "GetFederationToken", &[name, ("Policy", &all)]).await;
    assert!(world.reads(&everything, "/b-one/red/k").await);
    assert_eq!(said(&world.iam(&everything, &[("Action", "ListRoles"), ("Version", "2010-05-08")]).await), DENIED);
    assert_eq!(said(&world.try_assume(&everything, "R", &[]).await), DENIED);
    for action in ["GetSessionToken", "GetFederationToken", "DecodeAuthorizationMessage", "GetAccessKeyInfo"] {
        let more = [name, ("EncodedMessage", "x"), ("AccessKeyId", "KEYOF_somebody_else")];
        assert_eq!(said(&world.sts(&everything, action, &more).await), DENIED, "{action}");
    }
    // Who asks must be allowed to, with tags to tag.
    let may = policy("Allow", "sts:GetFederationToken", "arn:aws:sts:::federated-user/app");
    let narrow = world.iam_user("narrow", &[("p", &may)]).await;
    assert_eq!(world.sts(&narrow, "GetFederationToken", &[name]).await.status(), 200);
    assert_eq!(said(&world.sts(&narrow, "GetFederationToken", &[("Name", "app2")]).await), DENIED);
    let tagged = world.sts(&narrow, "GetFederationToken", &[&[name][..], &tags("red")].concat()).await;
    assert!(tagged.text().contains("sts:TagSession"), "{}", tagged.text());
    let standalone = world.standalone("own").await;
    assert_eq!(said(&world.sts(&standalone, "GetFederationToken", &[name]).await), DENIED);
    let missing = [name, ("PolicyArns.member.1.arn", "arn:aws:iam:::policy/none")];
    assert_eq!(said(&world.sts(&user, "GetFederationToken", &missing).await), (400, "InvalidParameterValue"));
}

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

#[tokio::test]
async fn rule_19_20_a_ring_that_is_replaced_ends_cached_sessions_of_keys_that_are_gone() {
    let world = World::new().await;
    let one = world.standalone("one").await;
    world.bucket("b-one", Owner::Account, None).await;
    world.role("R", Owner::Account, &trust(ONE), &[("p", &policy("Allow", "s3:*", "*"))]).await;
    let old = world.assume(&one, "R").await;
    assert!(world.reads(&old, "/b-one/k").await);
    let key = |id: &str, state: &str, byte: &str| format!("{id}:{state}:{}\n", byte.repeat(32));
    let ring = &world.gateway.ring;
    ring.replace(&(key("k1", "opening", "01") + &key("k2", "minting", "02"))).unwrap();
    let new = world.assume(&one, "R").await;
    assert!(world.reads(&old, "/b-one/k").await && world.reads(&new, "/b-one/k").await);
    assert!(ring.replace("nonsense").is_err());
    assert!(world.reads(&old, "/b-one/k").await, "a refused ring changes nothing");
    ring.replace(&(key("k1", "retired", "01") + &key("k2", "minting", "02"))).unwrap();
    assert_eq!(world.send(Req::get("/b-one/k").sign(&world, &old)).await.said(), (400, "InvalidToken".into()));
    assert!(world.reads(&new, "/b-one/k").await);
}

#[tokio::test]
async fn rule_21_revoking_ends_what_came_of_a_session_too() {
    let world = World::new().await;
    let user = world.iam_user("one", &[("p", &policy("Allow", "*", "*"))]).await;
    world.bucket("b-one", Owner::Account, None).await;
    let all = policy("Allow", "*", "*");
    world.role("R", Owner::Account, &trust("*"), &[("p", &all)]).await;
    let (first, second) =
        (world.minted(&user, "GetSessionToken", &[]).await, world.minted(&user, "GetSessionToken", &[]).await);
    let (of_first, of_second) = (world.assume(&first, "R").await, world.assume(&second, "R").await);
    let chained = world.assume(&of_first, "R").await;
    world
        .change_user("one", |user| {
            user.revoked.keys.insert(first.key.clone(), i64::MAX);
        })
        .await;
    for (by, lives) in [(&first, false), (&of_first, false), (&chained, false), (&second, true), (&of_second, true)] {
        assert_eq!(world.reads(by, "/b-one/k").await, lives, "{}", by.key);
    }
    world.change_user("one", |user| user.epoch += 1).await;
    assert!(!world.reads(&second, "/b-one/k").await && !world.reads(&of_second, "/b-one/k").await);
    assert!(world.reads(&user, "/b-one/k").await, "the long-term key goes on");
    assert!(world.reads(&world.minted(&user, "GetSessionToken", &[]).await, "/b-one/k").await);
}
