//! What is in the store: records made, read and changed past the gate.

use super::*;

impl World {
    pub(crate) async fn standalone(&self, name: &str) -> Credentials {
        self.user(&AccountId::empty(), name, UserKind::Standalone, "", &[]).await
    }

    pub(crate) async fn administrator(&self, name: &str) -> Credentials {
        self.user(&AccountId::empty(), name, UserKind::Standalone, "roles=*", &[]).await
    }

    pub(crate) async fn iam_user(&self, name: &str, policies: &[(&str, &str)]) -> Credentials {
        self.user(&AccountId::empty(), name, UserKind::Iam, "", policies).await
    }

    /// Makes a user with the key `KEYOF_name`.
    pub(crate) async fn user(
        &self,
        account: &AccountId,
        name: &str,
        kind: UserKind,
        caps: &str,
        policies: &[(&str, &str)],
    ) -> Credentials {
        let id = UniqueId::generate(IdKind::User, &*self.entropy);
        let user = User {
            caps: Caps::parse(caps).unwrap(),
            access_keys: vec![key_of(name)],
            policies: policies.iter().map(|(name, document)| ((*name).to_owned(), stored(document))).collect(),
            ..User::new(account.clone(), name, id, kind, 0)
        };
        self.records.commit(Changes::new().create(&user)).await.unwrap();
        self.key(&user, &key_of(name)).await
    }

    /// Makes the record of a key.
    pub(crate) async fn key(&self, user: &User, id: &str) -> Credentials {
        let id = AccessKeyId::parse(id).unwrap();
        let secret = format!("secret of {id}");
        let record = AccessKey {
            sealed_secret: self.records.seal_secret(&user.id, &id, &Secret::new(secret.as_str())),
            id: id.clone(),
            account: user.account.clone(),
            user_name: user.name.clone(),
            next_user_name: None,
            user_id: user.id.clone(),
            status: KeyStatus::Active,
            created: 0,
        };
        self.records.commit(Changes::new().create(&record)).await.unwrap();
        self.epochs.forget_all();
        Credentials { key: id.to_string(), secret, token: None }
    }

    /// Makes a role of `owner`.
    pub(crate) async fn role(&self, name: &str, owner: Owner, trust: &str, policies: &[(&str, &str)]) {
        self.role_in(&AccountId::empty(), name, owner, trust, policies).await;
    }

    pub(crate) async fn role_in(
        &self,
        account: &AccountId,
        name: &str,
        owner: Owner,
        trust: &str,
        policies: &[(&str, &str)],
    ) {
        let id = UniqueId::generate(IdKind::Role, &*self.entropy);
        let role = Role {
            policies: policies.iter().map(|(name, document)| ((*name).to_owned(), stored(document))).collect(),
            owner,
            ..Role::new(account.clone(), name, id, stored(trust), 0)
        };
        self.records.commit(Changes::new().create(&role)).await.unwrap();
        self.epochs.forget_all();
    }

    /// Makes the managed policy of that name and document, and tells its ARN.
    pub(crate) async fn managed(&self, name: &str, document: &str) -> String {
        let id = UniqueId::generate(IdKind::ManagedPolicy, &*self.entropy);
        let policy = ManagedPolicy::new(AccountId::empty(), name, id, stored(document), 0);
        self.records.commit(Changes::new().create(&policy)).await.unwrap();
        self.epochs.forget_all();
        policy.arn()
    }

    /// Changes a managed policy; the gate does not hear of it.
    pub(crate) async fn change_managed(&self, name: &str, change: impl FnOnce(&mut ManagedPolicy)) {
        self.change(&RecordKey::policy(&AccountId::empty(), name), change).await;
    }

    /// Makes a group.
    pub(crate) async fn group(&self, name: &str, policies: &[(&str, &str)], attached: &[&str]) -> Group {
        let group = Group {
            account: AccountId::empty(),
            name: name.to_owned(),
            path: "/".to_owned(),
            id: UniqueId::generate(IdKind::Group, &*self.entropy),
            policies: policies.iter().map(|(name, document)| ((*name).to_owned(), stored(document))).collect(),
            attached: attached.iter().map(|arn| (*arn).to_owned()).collect(),
            members: Vec::new(),
            created: 0,
        };
        self.records.commit(Changes::new().create(&group)).await.unwrap();
        self.epochs.forget_all();
        group
    }

    /// Makes the record of an active bucket that the backend has.
    pub(crate) async fn bucket(&self, name: &str, owner: Owner, policy: Option<&str>) {
        self.bucket_in(&AccountId::empty(), name, owner, policy, BucketState::Active).await;
        self.backend.add_bucket(name);
    }

    pub(crate) async fn bucket_in(
        &self,
        account: &AccountId,
        name: &str,
        owner: Owner,
        policy: Option<&str>,
        state: BucketState,
    ) {
        let record = BucketRecord {
            name: name.to_owned(),
            state,
            account: account.clone(),
            owner,
            policy: policy.map(stored),
            created: 0,
        };
        self.records.commit(Changes::new().create(&record)).await.unwrap();
        self.epochs.forget_all();
    }

    pub(crate) async fn bucket_record(&self, name: &str) -> Option<BucketRecord> {
        let found: Option<Versioned<BucketRecord>> = self.records.get(&RecordKey::bucket(name)).await.unwrap();
        found.map(|found| found.value)
    }

    pub(crate) async fn user_record(&self, name: &str) -> Versioned<User> {
        self.records.get(&RecordKey::user(&AccountId::empty(), name)).await.unwrap().unwrap()
    }

    pub(crate) async fn role_record(&self, name: &str) -> Versioned<Role> {
        self.records.get(&RecordKey::role(&AccountId::empty(), name)).await.unwrap().unwrap()
    }

    pub(crate) async fn key_record(&self, id: &str) -> Versioned<AccessKey> {
        self.records.get(&RecordKey::access_key(&AccessKeyId::parse(id).unwrap())).await.unwrap().unwrap()
    }

    /// The owner that a standalone user is.
    pub(crate) async fn owner(&self, name: &str) -> Owner {
        let user = self.user_record(name).await.value;
        Owner::User { id: user.id, name: user.name }
    }

    pub(crate) async fn change_user(&self, name: &str, change: impl FnOnce(&mut User)) {
        self.change_user_in(&AccountId::empty(), name, change).await;
    }

    pub(crate) async fn change_user_in(&self, account: &AccountId, name: &str, change: impl FnOnce(&mut User)) {
        self.change(&RecordKey::user(account, name), change).await;
        self.epochs.forget_all();
    }

    pub(crate) async fn change_role(&self, name: &str, change: impl FnOnce(&mut Role)) {
        self.change(&RecordKey::role(&AccountId::empty(), name), change).await;
        self.epochs.forget_all();
    }

    /// Changes a record; the gate does not hear of it.
    pub(crate) async fn change<T: Stored + Clone>(&self, key: &RecordKey, change: impl FnOnce(&mut T)) {
        let old: Versioned<T> = self.records.get(key).await.unwrap().unwrap();
        let mut new = old.value.clone();
        change(&mut new);
        self.records.commit(Changes::new().update(&old, &new)).await.unwrap();
    }
}
