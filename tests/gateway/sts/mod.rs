//! STS through the gate: trust, chains, tags, sessions of users, denials that can be decoded (security rules 14, 16, 19,
//! 20, 21, 30).

mod assume;
mod sessions;
mod telling;

use crate::support::{Credentials, Reply, Req, World, key_of, policy, stored, trust};
use rolegate::entity::{Account, ManagedPolicy, Owner, UserKind};
use rolegate::gateway::Settings;
use rolegate::store::{Changes, RecordKey, Versioned};
use rolegate::types::AccountId;

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
        self.managed(name, document).await;
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
