//! Access key ids of sessions, and the account that they tell (GetAccessKeyInfo).
//!
//! `ASIA`, four characters that are a digest of the account, twelve random ones. Accounts here have ids of many
//! forms, most of which do not fit into an id of 20 characters beside enough randomness; a digest does, and is
//! compared with the accounts that exist. Twenty bits tell among them, and an answer is given only where one account
//! alone fits; sixty random bits keep the ids of sessions that live at the same time apart, since the secret is
//! derived from the id. Long-term ids carry nothing: they are looked up.

use crate::types::{AccessKeyId, AccountId, Entropy};
use sha2::{Digest, Sha256};

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const PREFIX: &str = "ASIA";
const ACCOUNT_CHARACTERS: usize = 4;
const RANDOM_CHARACTERS: usize = 12;

fn letters(bytes: &[u8]) -> impl Iterator<Item = char> {
    bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31))).map(|letter| char::from(*letter))
}

fn account_letters(account: &AccountId) -> String {
    let digest = Sha256::new().chain_update(b"access key id of account\0").chain_update(account.as_str()).finalize();
    letters(&digest).take(ACCOUNT_CHARACTERS).collect()
}

/// A new id for a session of `account`.
pub fn temporary_key(account: &AccountId, entropy: &dyn Entropy) -> Option<AccessKeyId> {
    let mut random = [0u8; RANDOM_CHARACTERS];
    entropy.fill(&mut random);
    let text: String = PREFIX.chars().chain(account_letters(account).chars()).chain(letters(&random)).collect();
    // INVARIANT: twenty letters and digits, which is within the grammar of ids.
    AccessKeyId::parse(&text).ok()
}

/// Whether the id is one that [`temporary_key`] makes for `account`. Of ids of other accounts, one in a million is.
pub fn fits_account(key: &AccessKeyId, account: &AccountId) -> bool {
    let rest = key.as_str().strip_prefix(PREFIX);
    rest.is_some_and(|rest| {
        rest.len() == ACCOUNT_CHARACTERS + RANDOM_CHARACTERS && rest.starts_with(&account_letters(account))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);

    impl Entropy for Fixed {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    #[test]
    fn ids_have_awss_form_and_tell_their_account() {
        let accounts = ["", "123456789012", "RGW12345678901234567", "tenant"].map(|id| AccountId::parse(id).unwrap());
        for account in &accounts {
            let key = temporary_key(account, &Fixed(9)).unwrap();
            assert!(key.is_temporary() && key.as_str().len() == 20, "{key}");
            assert!(key.as_str().bytes().all(|byte| ALPHABET.contains(&byte)));
            assert!(accounts.iter().all(|other| fits_account(&key, other) == (other == account)), "{key}");
            assert_ne!(key, temporary_key(account, &Fixed(10)).unwrap());
            let longer = AccessKeyId::parse(&format!("{key}A")).unwrap();
            assert!(!fits_account(&longer, account));
            let long_term = AccessKeyId::parse(&key.as_str().replace("ASIA", "AKIA")).unwrap();
            assert!(!fits_account(&long_term, account));
        }
    }
}
