//! AssumeRoleWithWebIdentity through the gate: who vouches for whom, what is told to whom, and what ends a session
//! (security rules 5, 13, 21, 25, 28, 29, 30).

mod call;
mod refusals;
mod sessions;
mod tags;
mod trust;

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
