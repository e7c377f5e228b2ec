//! AssumeRole from parameters to an opened token.

mod answers;
mod minting;

use super::*;
use crate::authz::Permit;
use crate::entity::{Owner, Role, StoredPolicy, User, UserKind};
use crate::policy::Bindings;
use crate::token::{KeyRing, Link, LinkKind, OpenedSession, SessionKind, fits_account};
use crate::types::testing::Counter;
use crate::types::{AccessKeyId, AccountId, Principal, Timestamp, UniqueId};
use crate::wire::aws_query::Parameters;
use crate::wire::testing::captured;

const ARN: (&str, &str) = ("RoleArn", "arn:aws:iam:::role/p/S3Access");
const NAME: (&str, &str) = ("RoleSessionName", "Bob");
const STORE: &str = "store-1";
const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":["arn:aws:s3:::my-bucket"]}]}"#;

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
            entropy: Counter::default(),
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
