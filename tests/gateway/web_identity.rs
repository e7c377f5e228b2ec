//! AssumeRoleWithWebIdentity through the gate: who vouches for whom, what is told to whom, and what ends a session
//! (security rules 5, 13, 21, 25, 28, 29, 30).

use crate::support::{Credentials, Reply, Req, Signer, World, policy, settings};
use rolegate::authn::WebRules;
use rolegate::entity::{ClientId, Owner, Tag, UserKind};
use rolegate::gateway::{Plane, Settings, WebKeysError};
use rolegate::store::Changes;
use rolegate::types::{AccountId, Clock};
use rolegate::wire::Method;
use serde_json::{Value, json};

const URL: &str = "https://idp.test/realms/demo";
const NAME: &str = "idp.test/realms/demo";
const ARN: &str = "arn:aws:iam:::oidc-provider/idp.test/realms/demo";
const ROLE: &str = "arn:aws:iam:::role/Web";
const DENIED: &str =
    "<Code>AccessDenied</Code><Message>Not authorized to perform sts:AssumeRoleWithWebIdentity</Message>";
const CALL: &str = r#""sts:AssumeRoleWithWebIdentity""#;
const ALL: &str = r#""sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity""#;

/// A statement for the provider.
fn statement(effect: &str, provider: &str, actions: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect":"{effect}","Principal":{{"Federated":"{provider}"}},"Action":[{actions}],"Condition":{{{condition}}}}}"#
    )
}

fn document(statements: &[String]) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{}]}}"#, statements.join(","))
}

fn trusting(actions: &str, condition: &str) -> String {
    document(&[statement("Allow", ARN, actions, condition)])
}

/// A world with a provider, a bucket, and the role `Web` that the provider's callers may take on.
async fn world() -> World {
    world_with(settings()).await
}

async fn world_with(settings: Settings) -> World {
    let world = World::with(settings).await;
    world.provider_in(&AccountId::empty(), URL, &["app", "app2"]).await;
    world.bucket("b-one", Owner::Account, None).await;
    let may = policy("Allow", "s3:*", "arn:aws:s3:::b-one/*");
    world.role("Web", Owner::Account, &trusting(CALL, ""), &[("p", &may)]).await;
    world
}

impl World {
    /// Claims of a token that all is right with, changed by `more`; null takes a claim away.
    fn claims(&self, more: Value) -> Value {
        let now = self.clock.now().seconds();
        let mut claims = json!({"iss": URL, "sub": "alice", "aud": "app", "iat": now, "exp": now + 600, "jti": "t-1"});
        for (name, value) in more.as_object().unwrap() {
            match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value.clone(),
            }
        }
        claims
    }

    fn token(&self, more: Value) -> String {
        Signer::Rsa.token(&json!({}), &self.claims(more))
    }

    async fn trust(&self, document: &str) {
        self.change_role("Web", |role| role.trust.document = document.to_owned()).await;
    }

    async fn web(&self, token: &str, more: &[(&str, &str)]) -> Reply {
        self.send(form(token, more).unsigned()).await
    }

    /// Sends, and panics unless it succeeds.
    async fn web_session(&self, more: Value) -> Credentials {
        let reply = self.web(&self.token(more), &[]).await;
        assert_eq!(reply.status(), 200, "{}", reply.text());
        reply.credentials()
    }

    /// Status and code for a token with these claims.
    async fn web_said(&self, more: Value) -> (u16, String) {
        self.web(&self.token(more), &[]).await.said()
    }

    async fn gets(&self, caller: &Credentials) -> bool {
        self.send(Req::get("/b-one/k").sign(self, caller)).await.is_forward()
    }

    async fn identity(&self, caller: &Credentials) -> Reply {
        let call = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
        self.send(Req::form("sts", &call).sign(self, caller)).await
    }

    fn asked(&self) -> usize {
        self.keys.asked.lock().unwrap().len()
    }
}

/// The call; `more` replaces and adds parameters.
fn form(token: &str, more: &[(&str, &str)]) -> Req {
    let mut pairs = vec![
        ("Action", "AssumeRoleWithWebIdentity"),
        ("Version", "2011-06-15"),
        ("RoleArn", ROLE),
        ("RoleSessionName", "Bob"),
        ("WebIdentityToken", token),
    ];
    pairs.retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
    pairs.extend(more.iter().filter(|(_, value)| !value.is_empty()));
    Req::form("sts", &pairs)
}

fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_token_becomes_credentials() {
    let world = world().await;
    for signer in [Signer::Rsa, Signer::Ec] {
        let token = signer.token(&json!({}), &world.claims(json!({"email": "a@b.test"})));
        let reply = world.web(&token, &[("DurationSeconds", "900")]).await;
        assert_eq!(reply.status(), 200, "{}", reply.text());
        let text = reply.text();
        assert!(text.starts_with(
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <AssumeRoleWithWebIdentityResult><SubjectFromWebIdentityToken>alice</SubjectFromWebIdentityToken>\
             <Audience>app</Audience><Provider>https://idp.test/realms/demo</Provider><AssumedRoleUser><AssumedRoleId>AROA"
        ), "{text}");
        let arn = ":Bob</AssumedRoleId><Arn>arn:aws:sts:::assumed-role/Web/Bob</Arn></AssumedRoleUser><Credentials>";
        assert!(
            text.contains(arn) && text.contains("<PackedPolicySize>") && !text.contains("SourceIdentity"),
            "{text}"
        );
        assert_eq!(reply.element("Expiration").as_deref(), Some("2026-11-21T23:08:44Z"));
        let session = reply.credentials();
        assert!(world.gets(&session).await);
        assert!(!world.send(Req::get("/b-one").sign(&world, &session)).await.is_forward(), "the role's rights alone");
        let identity = world.identity(&session).await;
        assert!(identity.text().contains("arn:aws:sts:::assumed-role/Web/Bob"), "{}", identity.text());
    }
    assert_eq!(*world.keys.asked.lock().unwrap(), [URL, URL]);
    world.clock.turn(900);
    let late = world.web_session(json!({})).await;
    world.clock.turn(3601);
    assert_eq!(world.send(Req::get("/b-one/k").sign(&world, &late)).await.code(), "ExpiredToken");
}

#[tokio::test]
async fn rule_05_this_call_alone_may_be_unsigned() {
    let world = world().await;
    let token = world.token(json!({}));
    let query = format!(
        "/?Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={ROLE}&RoleSessionName=Bob&WebIdentityToken={token}"
    );
    for method in [Method::Get, Method::Post] {
        let reply = world.send(Req::new(method, &query).unsigned()).await;
        assert_eq!((reply.status(), reply.trace.plane), (200, Plane::Sts), "{}", reply.text());
    }
    for action in ["GetCallerIdentity", "AssumeRole", "ListRoles", "CreateRole", "", "assumerolewithwebidentity"] {
        let reply = world.web(&token, &[("Action", action)]).await;
        assert_eq!(reply.said(), code(403, "MissingAuthenticationToken"), "{action}");
        let reply = world.send(Req::get(&query.replace("AssumeRoleWithWebIdentity", action)).unsigned()).await;
        assert_eq!((reply.code().as_str(), reply.reads), ("MissingAuthenticationToken", 0), "{action}");
    }
    // What looks like authentication and is no claim.
    for (name, value) in [
        ("authorization", ""),
        ("authorization", "Bearer abc"),
        ("authorization", "AWS KEY:sig"),
        ("x-amz-security-token", "abc"),
        ("x-amz-s3session-token", "abc"),
    ] {
        let reply = world.send(form(&token, &[]).unsigned().with(name, value)).await;
        assert!((400..=403).contains(&reply.status()), "{name}: {}", reply.text());
    }
    for key in ["X-Amz-Signature=x", "X-Amz-Security-Token=x", "AWSAccessKeyId=x&Signature=x&Expires=1"] {
        let reply = world.send(Req::get(&format!("{query}&{key}")).unsigned()).await;
        assert!((400..=403).contains(&reply.status()), "{key}: {}", reply.text());
    }
    for field in
        ["X-Amz-Signature", "x-amz-credential", "X-Amz-Security-Token", "AWSAccessKeyId", "signature", "policy"]
    {
        let reply = world.web(&token, &[(field, "x")]).await;
        assert!((400..=403).contains(&reply.status()), "{field}: {}", reply.text());
        assert_eq!(reply.trace.operation, "", "{field}");
    }
    // Forms that are none.
    let body = form(&token, &[]).body;
    let post = |target: &str| Req::new(Method::Post, target);
    let media = "application/x-www-form-urlencoded";
    for (what, request, wanted) in [
        ("no form", post("/").with("content-type", "text/xml").body(&body), code(403, "MissingAuthenticationToken")),
        ("both places", post(&query).with("content-type", media).body(&body), code(400, "InvalidParameterCombination")),
        ("query and a body", Req::get(&query).with("content-type", media).body(b"x=y"), code(400, "ValidationError")),
        ("twice", Req::get(&format!("{query}&RoleArn=x")), code(400, "ValidationError")),
        ("too long", form(&token, &[("x", &"x".repeat(65_000))]), code(413, "RequestEntityTooLarge")),
        ("a bucket's host", form(&token, &[]).host("b-one.s3.gate.test"), code(403, "AccessDenied")),
    ] {
        let reply = world.send(request.unsigned()).await;
        assert_eq!(reply.said().0 / 100, 4, "{what}: {}", reply.text());
        assert!(reply.said() == wanted || what == "a bucket's host", "{what}: {}", reply.text());
    }
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn rule_05_a_signature_is_verified_and_gives_nothing() {
    let world = world().await;
    let user = world.iam_user("nobody", &[("p", &policy("Deny", "*", "*"))]).await;
    let token = world.token(json!({}));
    let reply = world.send(form(&token, &[]).sign(&world, &user)).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let root = world.user(&AccountId::empty(), "root", UserKind::Iam, "", &[("p", &policy("Allow", "*", "*"))]).await;
    world.change_user("root", |user| user.account_root = true).await;
    let strange = Signer::Strange.token(&json!({}), &world.claims(json!({})));
    assert_eq!(world.send(form(&strange, &[]).sign(&world, &root)).await.said(), code(400, "InvalidIdentityToken"));
    let wrong = Credentials { secret: "wrong".into(), ..user.clone() };
    assert_eq!(world.send(form(&token, &[]).sign(&world, &wrong)).await.said(), code(403, "SignatureDoesNotMatch"));
    let unknown = Credentials::stranger("NOBODY");
    assert_eq!(world.send(form(&token, &[]).sign(&world, &unknown)).await.said(), code(403, "InvalidClientTokenId"));
    let late = world.clock.now().plus_seconds(-1000);
    assert_eq!(world.send(form(&token, &[]).sign_at(late, &user)).await.said(), code(403, "SignatureDoesNotMatch"));
    assert_eq!(
        world.send(form(&token, &[]).service("iam").sign(&world, &user)).await.said(),
        code(400, "InvalidAction")
    );
    let session = world.web_session(json!({})).await;
    let bare = Credentials { token: None, ..session };
    assert_eq!(world.send(form(&token, &[]).sign(&world, &bare)).await.said(), code(403, "InvalidClientTokenId"));
}

#[tokio::test]
async fn rule_25_a_token_for_each_rule_that_it_breaks() {
    let world = world().await;
    let now = world.clock.now().seconds();
    let (invalid, expired) = (code(400, "InvalidIdentityToken"), code(400, "ExpiredTokenException"));
    let denied = code(403, "AccessDenied");
    for (what, claims, wanted) in [
        ("good", json!({}), code(200, "-")),
        ("a list of audiences", json!({"aud": ["other", "app2"]}), code(200, "-")),
        ("azp that is registered", json!({"aud": ["app", "x"], "azp": "app2"}), code(200, "-")),
        ("another issuer", json!({"iss": "https://other.test"}), denied.clone()),
        ("another scheme", json!({"iss": "http://idp.test/realms/demo"}), denied.clone()),
        ("no scheme", json!({"iss": NAME}), denied.clone()),
        ("a slash more", json!({"iss": format!("{URL}/")}), denied.clone()),
        ("another case", json!({"iss": "https://IDP.test/realms/demo"}), denied.clone()),
        ("a long issuer", json!({"iss": format!("{URL}/{}", "x".repeat(300))}), denied.clone()),
        ("an empty issuer", json!({"iss": ""}), denied.clone()),
        ("another audience", json!({"aud": "other"}), invalid.clone()),
        ("an audience of another case", json!({"aud": "App"}), invalid.clone()),
        ("no audience", json!({"aud": null}), invalid.clone()),
        ("azp that is not registered", json!({"azp": "other"}), invalid.clone()),
        ("azp alone", json!({"aud": "other", "azp": "app"}), invalid.clone()),
        ("expired", json!({"iat": now - 2000, "exp": now - 1000}), expired.clone()),
        ("no expiry", json!({"exp": null}), invalid.clone()),
        ("not yet", json!({"nbf": now + 300}), invalid.clone()),
        ("no subject", json!({"sub": null}), invalid.clone()),
    ] {
        assert_eq!(world.web_said(claims).await, wanted, "{what}");
    }
    let world = self::world().await;
    let claims = world.claims(json!({}));
    let none = json!({});
    for (what, token) in [
        ("alg none", Signer::Nothing.token(&none, &claims)),
        ("HS256 with the public key", Signer::PublicAsSecret.token(&none, &claims)),
        ("RS256 announced, HMAC made", Signer::PublicAsSecret.token(&json!({"alg": "RS256"}), &claims)),
        ("a key of nobody", Signer::Strange.token(&none, &claims)),
        ("a key of another algorithm", Signer::Ec.token(&json!({"kid": "rsa"}), &claims)),
        ("an unknown key id", Signer::Ec.token(&json!({"kid": "unknown"}), &claims)),
        ("an access token", Signer::Ec.token(&json!({"typ": "at+jwt"}), &claims)),
        ("crit", Signer::Ec.token(&json!({"crit": ["exp"]}), &claims)),
        ("a part of a signature", Signer::Rsa.token(&none, &claims).split_at(200).0.to_owned()),
        ("four parts", format!("{}.x", Signer::Rsa.token(&none, &claims))),
        ("no JSON", "aaaa.bbbb.cccc".to_owned()),
    ] {
        assert_eq!(world.web(&token, &[]).await.said(), invalid, "{what}");
    }
}

#[tokio::test]
async fn rule_25_what_the_configuration_lets_be() {
    let rules = WebRules { require_client_ids: false, accept_access_tokens: true };
    let (strict, lax) = (world().await, world_with(Settings { web: rules, ..settings() }).await);
    for (world, wanted) in [(&strict, 400), (&lax, 200)] {
        let access = Signer::Ec.token(&json!({"typ": "at+jwt"}), &world.claims(json!({"aud": "x", "azp": "app"})));
        assert_eq!(world.web(&access, &[]).await.status(), wanted);
        world.change_provider(NAME, |provider| provider.client_ids.clear()).await;
        let reply = world.web(&world.token(json!({})), &[]).await;
        assert_eq!(reply.status(), wanted, "{}", reply.text());
    }
}

#[tokio::test]
async fn rule_25_what_is_not_there_looks_like_what_does_not_trust() {
    let world = world().await;
    let account = AccountId::parse("123456789012").unwrap();
    let theirs = "arn:aws:iam::123456789012:oidc-provider/idp.test/realms/demo";
    let statements = [ARN, theirs].map(|arn| statement("Allow", arn, CALL, ""));
    // Trusts both accounts' providers, but the account has none.
    world.role_in(&account, "Theirs", Owner::Account, &document(&statements), &[]).await;
    let third = AccountId::parse("210987654321").unwrap();
    // Has a provider of the same URL, and trusts another account's.
    world.provider_in(&third, URL, &["app"]).await;
    world.role_in(&third, "Foreign", Owner::Account, &document(&statements), &[]).await;
    world.role("Users", Owner::Account, &crate::support::trust("*"), &[]).await;
    let open = r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRoleWithWebIdentity"}"#.to_owned();
    world.role("Open", Owner::Account, &document(&[open]), &[]).await;
    world.role("Denies", Owner::Account, &document(&[statement("Deny", ARN, CALL, "")]), &[]).await;
    let other = "arn:aws:iam:::oidc-provider/idp.test/realms/other";
    world.role("Other", Owner::Account, &document(&[statement("Allow", other, CALL, "")]), &[]).await;
    world.role("Tags", Owner::Account, &trusting(r#""sts:TagSession""#, ""), &[]).await;
    let mut answers = Vec::new();
    for (number, role) in [
        "arn:aws:iam:::role/NotThere",
        "arn:aws:iam:::role/path/Web",
        "arn:aws:iam:::role/web",
        "arn:aws:iam::999999999999:role/Web",
        "arn:aws:iam::123456789012:role/Theirs",
        "arn:aws:iam::210987654321:role/Foreign",
        "arn:aws:iam:::role/Users",
        "arn:aws:iam:::role/Open",
        "arn:aws:iam:::role/Denies",
        "arn:aws:iam:::role/Other",
        "arn:aws:iam:::role/Tags",
    ]
    .into_iter()
    .enumerate()
    {
        // A good token and one of nobody look alike too, and no provider was asked.
        for signer in [Signer::Rsa, Signer::Strange] {
            let token = signer.token(&json!({}), &world.claims(json!({})));
            let peer = ["192.0.2.1", "192.0.2.2"][number % 2];
            let reply = world.send(form(&token, &[("RoleArn", role)]).from(peer).unsigned()).await;
            assert_eq!(reply.trace.decision, "implicit_deny", "{role}");
            assert_eq!(reply.trace.decided, [("sts:AssumeRoleWithWebIdentity".into(), role.to_owned())]);
            assert_eq!((reply.trace.principal.clone(), reply.trace.token_subject.clone()), (None, None));
            answers.push((reply.status(), reply.text()));
        }
    }
    world.clock.turn(20);
    let unregistered = world.web(&world.token(json!({"iss": "https://nobody.test"})), &[]).await;
    answers.push((unregistered.status(), unregistered.text()));
    assert_eq!(world.asked(), 0, "rule 26: nobody is asked before a role names the provider");
    // A verified caller whom the conditions do not let in is told no more.
    world.trust(&trusting(CALL, &format!(r#""StringEquals":{{"{NAME}:sub":"bob"}}"#))).await;
    let reply = world.web(&world.token(json!({})), &[]).await;
    assert_eq!(reply.trace.token_subject.as_deref(), Some("alice"));
    answers.push((reply.status(), reply.text()));
    answers.dedup();
    let [(403, text)] = &answers[..] else { panic!("{answers:?}") };
    assert!(text.contains(DENIED), "{text}");
    // Here the same token is good for the third account too.
    world
        .role_in(
            &third,
            "Own",
            Owner::Account,
            &document(&statements[..1]).replace("iam:::", "iam::210987654321:"),
            &[],
        )
        .await;
    let reply = world.web(&world.token(json!({})), &[("RoleArn", "arn:aws:iam::210987654321:role/Own")]).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
}

#[tokio::test]
async fn claims_are_conditions() {
    let world = world().await;
    let claims = json!({
        "sub": "system:serviceaccount:ns:app", "email_verified": true, "level": 3, "amr": ["pwd", "mfa"], "groups": ["g1"],
        "realm_access": {"roles": ["admin", "user"]}, "kubernetes.io": {"namespace": "ns"},
    });
    for (condition, wanted) in [
        (r#""StringEquals":{"IDP:aud":"app"}"#, true),
        (r#""StringEquals":{"IDP:app_id":"app"}"#, true),
        (r#""StringEquals":{"idp.TEST/Realms/demo:AUD":"app"}"#, true),
        (r#""StringEquals":{"IDP:aud":"app2"}"#, false),
        (r#""StringEquals":{"IDP:azp":"app"}"#, false),
        (r#""StringLike":{"IDP:sub":"system:serviceaccount:ns:*"}"#, true),
        (r#""StringLike":{"IDP:sub":"system:serviceaccount:other:*"}"#, false),
        (r#""StringEquals":{"other.test:sub":"system:serviceaccount:ns:app"}"#, false),
        (r#""Bool":{"IDP:email_verified":"true"},"NumericGreaterThan":{"IDP:level":"2"}"#, true),
        (r#""NumericGreaterThan":{"IDP:level":"3"}"#, false),
        (r#""ForAnyValue:StringEquals":{"IDP:amr":"mfa"}"#, true),
        (r#""ForAnyValue:StringEquals":{"IDP:amr":["otp","hwk"]}"#, false),
        (r#""ForAllValues:StringEquals":{"IDP:amr":["pwd","otp"]}"#, false),
        (r#""ForAnyValue:StringEquals":{"IDP:groups":"g1"}"#, true),
        (r#""ForAnyValue:StringEquals":{"IDP:realm_access/roles":"admin"}"#, true),
        (r#""ForAnyValue:StringEquals":{"IDP:realm_access/roles":"root"}"#, false),
        (r#""StringEquals":{"IDP:kubernetes.io/namespace":"ns"}"#, true),
        (r#""Null":{"IDP:nothing":"true"}"#, true),
        (r#""StringEquals":{"sts:RoleSessionName":"${IDP:email}"}"#, false),
        (r#""StringEquals":{"sts:RoleSessionName":"Bob"}"#, true),
        (r#""Null":{"sts:SourceIdentity":"true","aws:TagKeys":"true","sts:TransitiveTagKeys":"true"}"#, true),
        (r#""ArnEquals":{"aws:FederatedProvider":"arn:aws:iam:::oidc-provider/idp.test/realms/demo"}"#, true),
        (r#""StringEquals":{"aws:FederatedProvider":"idp.test/realms/demo"}"#, false),
        (r#""StringEquals":{"aws:PrincipalType":"FederatedUser"},"Null":{"aws:PrincipalAccount":"true"}"#, true),
        (r#""IpAddress":{"aws:SourceIp":"192.0.2.0/24"}"#, true),
        (r#""IpAddress":{"aws:SourceIp":"198.51.100.0/24"}"#, false),
        (r#""Bool":{"aws:SecureTransport":"true"}"#, false),
        (r#""StringEquals":{"aws:ResourceTag/kind":"web","iam:ResourceTag/Kind":"web"}"#, true),
        (r#""Null":{"aws:TokenIssueTime":"false"}"#, false),
    ] {
        let condition = condition.replace("IDP", NAME);
        world.trust(&trusting(CALL, &condition)).await;
        world.change_role("Web", |role| role.tags = vec![Tag { key: "kind".into(), value: "web".into() }]).await;
        let said = world.web_said(claims.clone()).await;
        assert_eq!(said, if wanted { code(200, "-") } else { code(403, "AccessDenied") }, "{condition}");
        world.clock.turn(1);
    }
    // Rule 15: a Deny for everybody is for web identities too.
    let everybody = format!(
        r#"{{"Effect":"Deny","Principal":"*","Action":"sts:*","Condition":{{"StringEquals":{{"{NAME}:sub":"mallory"}}}}}}"#
    );
    world.trust(&document(&[statement("Allow", ARN, CALL, ""), everybody])).await;
    assert_eq!(world.web_said(json!({})).await, code(200, "-"));
    assert_eq!(world.web_said(json!({"sub": "mallory"})).await, code(403, "AccessDenied"));
}

#[tokio::test]
async fn rule_25_no_claim_passes_for_another_key() {
    let world = world().await;
    let rejected = code(403, "IDPRejectedClaim");
    world.trust(&trusting(CALL, &format!(r#""StringEquals":{{"{NAME}:sub":"root"}}"#))).await;
    for claims in [json!({"SUB": "root"}), json!({"Sub": ["root"]})] {
        assert_eq!(world.web_said(claims).await, rejected);
    }
    world.trust(&trusting(CALL, &format!(r#""StringEquals":{{"{NAME}:app_id":"root"}}"#))).await;
    for claims in [json!({"app_id": "root"}), json!({"APP_ID": "root"})] {
        let (status, said) = world.web_said(claims).await;
        assert!(status == 403, "{said}");
    }
    // A provider whose name is that of the gate's own keys.
    for (number, host) in ["aws", "AWS", "sts", "s3", "iam"].into_iter().enumerate() {
        let (url, arn) = (format!("https://{host}"), format!("arn:aws:iam:::oidc-provider/{host}"));
        world.provider_in(&AccountId::empty(), &url, &["app"]).await;
        let condition = r#""StringEquals":{"aws:PrincipalTag/team":"red"}"#;
        world.trust(&document(&[statement("Allow", &arn, CALL, condition)])).await;
        let claims = json!({"iss": url, "PrincipalTag/team": "red", "PrincipalTag": {"team": "red"}});
        let said = world.web_said(if number % 2 == 0 { claims } else { json!({"iss": url}) }).await;
        assert!(said.0 == 403, "{host}: {said:?}");
        world.trust(&document(&[statement("Allow", &arn, CALL, "")])).await;
        assert_eq!(world.web_said(json!({"iss": url})).await, rejected, "{host}");
        world.clock.turn(10);
    }
}

fn tags(principal: Value, transitive: &[&str]) -> Value {
    json!({"https://aws.amazon.com/tags": {"principal_tags": principal, "transitive_tag_keys": transitive}})
}

#[tokio::test]
async fn tags_and_source_identity_come_from_the_token() {
    let world = world().await;
    let denied = code(403, "AccessDenied");
    let teams = || tags(json!({"Team": ["red", "blue"], "Cost": ["7"]}), &["team"]);
    let named = || json!({"https://aws.amazon.com/source_identity": "alice@b.test"});
    let allow = |actions: &str, condition: &str| trusting(actions, condition);
    let (tag, source) = (
        r#""sts:AssumeRoleWithWebIdentity","sts:TagSession""#,
        r#""sts:AssumeRoleWithWebIdentity","sts:SetSourceIdentity""#,
    );
    for (document, claims, may) in [
        (allow(CALL, ""), teams(), false),
        (allow(source, ""), teams(), false),
        (allow(tag, ""), teams(), true),
        (allow(CALL, ""), named(), false),
        (allow(tag, ""), named(), false),
        (allow(source, ""), named(), true),
        (allow(ALL, r#""StringEquals":{"sts:SourceIdentity":"alice@b.test"}"#), named(), true),
        (allow(ALL, r#""StringEquals":{"sts:SourceIdentity":"bob@b.test"}"#), named(), false),
        (allow(tag, r#""StringEquals":{"aws:RequestTag/Cost":"7"}"#), teams(), true),
        (allow(tag, r#""ForAnyValue:StringEquals":{"aws:RequestTag/team":"blue"}"#), teams(), true),
        (allow(tag, r#""ForAllValues:StringEquals":{"aws:RequestTag/team":"blue"}"#), teams(), false),
        (allow(tag, r#""ForAllValues:StringEquals":{"aws:TagKeys":["Team","Cost"]}"#), teams(), true),
        (allow(tag, r#""ForAllValues:StringEquals":{"aws:TagKeys":["Team"]}"#), teams(), false),
        (allow(tag, r#""ForAllValues:StringEquals":{"sts:TransitiveTagKeys":["Team"]}"#), teams(), true),
        (allow(tag, r#""Null":{"sts:TransitiveTagKeys":"true"}"#), teams(), false),
    ] {
        world.trust(&document).await;
        let wanted = if may { code(200, "-") } else { denied.clone() };
        assert_eq!(world.web_said(claims).await, wanted, "{document}");
        world.clock.turn(5);
    }
    world.trust(&trusting(ALL, "")).await;
    // Parameters for tags do not exist on this call.
    let ignored = [("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "red"), ("SourceIdentity", "mallory")];
    let reply = world.web(&world.token(named()), &ignored).await;
    assert_eq!(reply.element("SourceIdentity").as_deref(), Some("alice@b.test"), "{}", reply.text());
    assert_eq!(reply.trace.source_identity.as_deref(), Some("alice@b.test"));
    let plain = reply.credentials();
    // What the token gave is the principal's in the session.
    let may = |condition: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{{{condition}}}}}]}}"#
        )
    };
    let tagged = world.web_session(teams()).await;
    for (condition, by_tagged, by_plain) in [
        (r#""ForAnyValue:StringEquals":{"aws:PrincipalTag/Team":"blue"}"#.to_owned(), true, false),
        (r#""StringEquals":{"aws:PrincipalTag/cost":"7"}"#.to_owned(), true, false),
        (r#""StringEquals":{"aws:SourceIdentity":"alice@b.test"}"#.to_owned(), false, true),
        (format!(r#""StringEquals":{{"aws:FederatedProvider":"{ARN}"}}"#), true, true),
        (format!(r#""StringEquals":{{"{NAME}:sub":"alice","{NAME}:aud":"app"}}"#), true, true),
        (format!(r#""StringEquals":{{"{NAME}:jti":"t-1"}}"#), false, false),
        (r#""StringEquals":{"aws:PrincipalType":"AssumedRole"}"#.to_owned(), true, true),
    ] {
        let document = may(&condition);
        world
            .change_role("Web", |role| drop(role.policies.insert("p".into(), crate::support::stored(&document))))
            .await;
        assert_eq!((world.gets(&tagged).await, world.gets(&plain).await), (by_tagged, by_plain), "{condition}");
    }
    // The next role of the chain sees what goes on, and is not told who vouched at its beginning.
    let may = may(
        r#""ForAnyValue:StringEquals":{"aws:PrincipalTag/Team":"blue"},"Null":{"aws:PrincipalTag/Cost":"true","aws:FederatedProvider":"true"}"#,
    );
    let next = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam:::role/Web"},"Action":["sts:AssumeRole","sts:TagSession"]}]}"#;
    world.role("Next", Owner::Account, next, &[("p", &may)]).await;
    let all = policy("Allow", "sts:*", "*");
    world.change_role("Web", |role| drop(role.policies.insert("p".into(), crate::support::stored(&all)))).await;
    let chained = world.assume(&tagged, "Next").await;
    assert!(world.gets(&chained).await);
}

#[tokio::test]
async fn tags_and_source_identity_keep_to_the_limits() {
    let world = world().await;
    world.trust(&trusting(ALL, "")).await;
    let many: Value = (0..51).map(|at| (format!("k{at}"), json!(["v"]))).collect::<serde_json::Map<_, _>>().into();
    let source = |text: &str| json!({"https://aws.amazon.com/source_identity": text});
    for claims in [
        tags(many, &[]),
        tags(json!({"k": ["v"], "K": ["w"]}), &[]),
        tags(json!({"aws:k": ["v"]}), &[]),
        tags(json!({"k*": ["v"]}), &[]),
        tags(json!({"": ["v"]}), &[]),
        tags(json!({"k".repeat(129): ["v"]}), &[]),
        tags(json!({"k": ["v".repeat(257)]}), &[]),
        tags(json!({"k": ["v", "<"]}), &[]),
        tags(json!({"k": []}), &[]),
        tags(json!({"k": 7}), &[]),
        tags(json!({"k": ["v"]}), &["other"]),
        json!({"https://aws.amazon.com/tags": "k=v"}),
        source("a"),
        source("a b"),
        source("aws:root"),
        source(&"x".repeat(65)),
        json!({"https://aws.amazon.com/source_identity": ["alice"]}),
    ] {
        assert_eq!(world.web_said(claims.clone()).await, code(403, "IDPRejectedClaim"), "{claims}");
        world.clock.turn(1);
    }
    let values: Vec<String> = (0..20).map(|at| format!("{at}{}", "v".repeat(250))).collect();
    assert_eq!(world.web_said(tags(json!({"k": values}), &["k"])).await, code(400, "PackedPolicyTooLarge"));
    assert_eq!(world.web_said(tags(json!({"k": ["", "v"]}), &["K", "k"])).await, code(200, "-"));
}

#[tokio::test]
async fn rule_21_what_ends_the_provider_ends_its_sessions() {
    for ending in ["provider", "provider made anew", "client id", "client id made anew", "epoch", "role"] {
        let world = world().await;
        let next = crate::support::trust("arn:aws:iam:::role/Web");
        world.role("Next", Owner::Account, &next, &[("p", &policy("Allow", "s3:*", "*"))]).await;
        let session = world.web_session(json!({})).await;
        let other = world.web_session(json!({"aud": "app2"})).await;
        let chained = world.assume(&session, "Next").await;
        for by in [&session, &other, &chained] {
            assert!(world.gets(by).await);
        }
        match ending {
            "provider" | "provider made anew" => {
                let old = world.provider_record(NAME).await;
                world.records.commit(Changes::new().delete(&old)).await.unwrap();
                if ending == "provider made anew" {
                    world.provider_in(&AccountId::empty(), URL, &["app", "app2"]).await;
                }
            }
            "client id" => world.change_provider(NAME, |provider| drop(provider.client_ids.remove(0))).await,
            "client id made anew" => {
                let change = |provider: &mut rolegate::entity::OidcProvider| {
                    provider.client_ids[0] = ClientId { name: "app".into(), serial: provider.next_serial };
                    provider.next_serial += 1;
                };
                world.change_provider(NAME, change).await;
            }
            "epoch" => world.change_provider(NAME, |provider| provider.epoch += 1).await,
            _ => world.change_role("Web", |role| role.epoch += 1).await,
        }
        world.epochs.forget_all();
        for by in [&session, &chained] {
            let reply = world.send(Req::get("/b-one/k").sign(&world, by)).await;
            assert_eq!(reply.said(), code(400, "InvalidToken"), "{ending}");
        }
        assert_eq!(world.gets(&other).await, ending.starts_with("client id"), "{ending}");
        let anew = world.web(&world.token(json!({})), &[]).await.status();
        let again = !matches!(ending, "provider" | "client id");
        assert_eq!(anew == 200, again, "{ending}");
    }
}

#[tokio::test]
async fn parameters_keep_to_awss_constraints() {
    let world = world().await;
    let token = world.token(json!({}));
    let long = "x".repeat(20_001);
    for (name, value, wanted, part) in [
        ("RoleArn", "", "ValidationError", "'roleArn'"),
        ("RoleArn", "arn:aws:iam:::user/nobody", "ValidationError", "is invalid"),
        ("RoleSessionName", "", "ValidationError", "'roleSessionName'"),
        ("RoleSessionName", "B", "ValidationError", "'roleSessionName'"),
        ("WebIdentityToken", "", "ValidationError", "'webIdentityToken'"),
        ("WebIdentityToken", "abc", "ValidationError", "greater than or equal to 4"),
        ("WebIdentityToken", &long, "ValidationError", "less than or equal to 20000"),
        ("ProviderId", "www.amazon.com", "InvalidParameterValue", "Leave it out"),
        ("DurationSeconds", "899", "ValidationError", "greater than or equal to 900"),
        ("DurationSeconds", "43201", "ValidationError", "less than or equal to 43200"),
        ("DurationSeconds", "3601", "ValidationError", "exceeds the MaxSessionDuration set for this role"),
        ("Policy", "{}", "MalformedPolicyDocument", ""),
        ("PolicyArns.member.1.arn", "arn:aws:iam:::policy/not-there", "InvalidParameterValue", "is not found"),
        ("Version", "2010-05-08", "InvalidAction", ""),
    ] {
        let reply = world.web(&token, &[(name, value)]).await;
        assert_eq!(reply.said(), code(400, wanted), "{name} {value}: {}", reply.text());
        assert!(reply.text().contains(part) && !reply.text().contains(&token), "{name}: {}", reply.text());
    }
    world.change_role("Web", |role| role.max_session_duration = 43_200).await;
    let reply = world.web(&token, &[("DurationSeconds", "43200"), ("Nonsense", "x")]).await;
    assert_eq!(reply.element("Expiration").as_deref(), Some("2026-11-22T10:53:44Z"), "{}", reply.text());
}

#[tokio::test]
async fn session_policies_cut() {
    let world = world().await;
    let token = world.token(json!({}));
    let write = policy("Allow", "s3:PutObject", "*");
    let managed = world.managed("read-only", &policy("Allow", "s3:GetObject", "*")).await;
    for (more, reads, writes) in [
        (&[][..], true, true),
        (&[("Policy", write.as_str())], false, true),
        (&[("PolicyArns.member.1.arn", managed.as_str())], true, false),
    ] {
        let session = world.web(&token, more).await.credentials();
        let put = Req::put("/b-one/k").body(b"x").sign(&world, &session);
        assert_eq!((world.gets(&session).await, world.send(put).await.is_forward()), (reads, writes), "{more:?}");
    }
    // A stranger does not learn which policies there are.
    let strange = Signer::Strange.token(&json!({}), &world.claims(json!({})));
    for arn in [managed.as_str(), "arn:aws:iam:::policy/not-there"] {
        let reply = world.web(&strange, &[("PolicyArns.member.1.arn", arn)]).await;
        assert_eq!(reply.said(), code(400, "InvalidIdentityToken"));
    }
}

#[tokio::test]
async fn rule_13_a_standalone_users_role_reaches_no_iam() {
    let world = world().await;
    world.standalone("TESTER1").await;
    let owner = world.owner("TESTER1").await;
    world.role("Mine", owner, &trusting(CALL, ""), &[("p", &policy("Allow", "*", "*"))]).await;
    let reply = world.web(&world.token(json!({})), &[("RoleArn", "arn:aws:iam:::role/Mine")]).await;
    let session = reply.credentials();
    assert!(world.gets(&session).await);
    assert_eq!(world.iam(&session, &[("Action", "ListRoles")]).await.said(), code(403, "AccessDenied"));
}

#[tokio::test]
async fn faults_of_the_provider_have_awss_codes() {
    let world = world().await;
    for (fault, wanted) in [
        (WebKeysError::Unreachable, "IDPCommunicationError"),
        (WebKeysError::Untrusted, "InvalidIdentityToken"),
        (WebKeysError::Unusable, "InvalidIdentityToken"),
        (WebKeysError::UnknownKey, "InvalidIdentityToken"),
    ] {
        *world.keys.fault.lock().unwrap() = Some(fault);
        let reply = world.web(&world.token(json!({})), &[]).await;
        assert_eq!(reply.said(), code(400, wanted));
        assert!(!reply.text().contains("idp.test"), "{}", reply.text());
    }
    *world.keys.fault.lock().unwrap() = None;
    world.store.set_broken(true);
    world.epochs.forget_all();
    assert_eq!(world.web(&world.token(json!({})), &[]).await.said(), code(503, "ServiceUnavailable"));
}

#[tokio::test]
async fn rule_28_who_is_refused_too_often_waits_and_nobody_else() {
    let world = world().await;
    let (good, bad) = (world.token(json!({})), Signer::Strange.token(&json!({}), &world.claims(json!({}))));
    let from = |token: &str, peer: &'static str| form(token, &[]).from(peer).unsigned();
    // What is no fault of the source is not counted.
    *world.keys.fault.lock().unwrap() = Some(WebKeysError::Unreachable);
    for _ in 0..30 {
        assert_eq!(world.send(from(&good, "192.0.2.66")).await.code(), "IDPCommunicationError");
        assert_eq!(world.send(form("x", &[]).from("192.0.2.66").unsigned()).await.code(), "ValidationError");
    }
    *world.keys.fault.lock().unwrap() = None;
    for number in 0..20 {
        let role = format!("arn:aws:iam:::role/Unknown{number}");
        let denied = form(&good, &[("RoleArn", &role)]).from("192.0.2.66").unsigned();
        let (request, wanted) =
            if number % 2 == 0 { (denied, "AccessDenied") } else { (from(&bad, "192.0.2.66"), "InvalidIdentityToken") };
        assert_eq!(world.send(request).await.code(), wanted);
    }
    let (calls, asked) = (world.store.calls(), world.asked());
    for token in [&good, &bad] {
        let reply = world.send(from(token, "192.0.2.66")).await;
        assert_eq!(reply.said(), code(400, "Throttling"));
        assert_eq!(reply.trace.principal, None);
    }
    assert_eq!((world.store.calls(), world.asked()), (calls, asked), "nothing is looked up or fetched");
    assert_eq!(world.send(from(&good, "192.0.2.67")).await.status(), 200, "another source");
    world.clock.turn(11);
    assert_eq!(world.send(from(&good, "192.0.2.66")).await.status(), 200, "another window");
}

#[tokio::test]
async fn rule_28_forged_tokens_of_one_provider_are_limited_whatever_their_sources() {
    let world = world().await;
    let (good, bad) = (world.token(json!({})), Signer::Strange.token(&json!({}), &world.claims(json!({}))));
    for number in 0..1000 {
        let source: &'static str = format!("198.51.100.{}", number % 64).leak();
        let reply = world.send(form(&bad, &[]).from(source).unsigned()).await;
        assert_eq!(reply.code(), "InvalidIdentityToken");
    }
    let asked = world.asked();
    assert_eq!(world.send(form(&good, &[]).from("192.0.2.70").unsigned()).await.said(), code(400, "Throttling"));
    assert_eq!(world.asked(), asked, "no keys are asked for");
    world.clock.turn(11);
    assert_eq!(world.send(form(&good, &[]).from("192.0.2.70").unsigned()).await.status(), 200);
}

#[tokio::test]
async fn rule_29_who_it_was_is_known_after_verification_only() {
    let world = world().await;
    let token = world.token(json!({}));
    let reply = world.web(&token, &[]).await;
    let trace = &reply.trace;
    assert_eq!((trace.plane, trace.operation, trace.decision), (Plane::Sts, "AssumeRoleWithWebIdentity", "allow"));
    assert_eq!((trace.principal.as_deref(), trace.claimed_key.as_deref()), (Some(ARN), None));
    assert_eq!((trace.provider.as_deref(), trace.token_subject.as_deref()), (Some(NAME), Some("alice")));
    assert_eq!(trace.session_name.as_deref(), Some("Bob"));
    assert_eq!(trace.decided, [("sts:AssumeRoleWithWebIdentity".into(), ROLE.to_owned())]);
    assert_eq!(trace.statements, ["trust policy#0"]);
    assert!(!format!("{trace:?}").contains(&token));
    // Requests of the session, and of those that it mints, tell whose they are.
    let identity = world.identity(&reply.credentials()).await;
    assert_eq!(identity.trace.principal.as_deref(), Some("arn:aws:sts:::assumed-role/Web/Bob"));
    assert_eq!(
        (identity.trace.provider.as_deref(), identity.trace.token_subject.as_deref()),
        (Some(NAME), Some("alice"))
    );
    let strange = Signer::Strange.token(&json!({}), &world.claims(json!({})));
    let trace = world.web(&strange, &[]).await.trace;
    assert_eq!((trace.principal, trace.provider, trace.token_subject, trace.session_name), (None, None, None, None));
    assert_eq!((trace.decision, trace.error_code), ("", Some("InvalidIdentityToken")));
    // A denied caller is known: its token was verified.
    world.trust(&trusting(CALL, r#""Bool":{"aws:SecureTransport":"true"}"#)).await;
    let reply = world.web(&token, &[]).await;
    assert_eq!((reply.trace.token_subject.as_deref(), reply.trace.decision), (Some("alice"), "implicit_deny"));
    assert!(!reply.text().contains("Encoded") && !reply.text().contains("trust"), "rule 30: {}", reply.text());
}
