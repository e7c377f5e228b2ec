//! Commands on OpenID Connect providers.

use super::administration::{Administration, NewProvider, ProviderChange};
use super::commands::{CommandError, Outcome};
use super::output;
use super::people::args::InAccount;
use super::people::{InSomeAccount, change};
use crate::entity::Tag;
use clap::{ArgGroup, Args as ClapArgs, Subcommand};

#[derive(Debug, ClapArgs)]
pub(super) struct Provider {
    /// The issuer's URL, or the provider's ARN
    #[arg(long)]
    url: String,
    #[command(flatten)]
    account: InAccount,
}

#[derive(Debug, Subcommand)]
pub(super) enum OidcProvider {
    /// Make a provider
    Create {
        /// The issuer's URL, byte for byte as its tokens have it in `iss`
        #[arg(long)]
        url: String,
        /// An audience that tokens may be for; may be given several times
        #[arg(long)]
        client_id: Vec<String>,
        /// The SHA-1 of a certificate, 40 hexadecimal digits; may be given several times
        #[arg(long)]
        thumbprint: Vec<String>,
        /// A tag; may be given several times
        #[arg(long, value_name = "KEY=VALUE")]
        tag: Vec<String>,
        #[command(flatten)]
        account: InAccount,
    },
    /// Show a provider
    Get(Provider),
    /// List providers
    List(InAccount),
    /// Change the client ids or thumbprints of a provider
    Update(Update),
    /// Remove a provider, and end the sessions that began with its tokens
    #[command(alias = "rm")]
    Delete(Provider),
}

#[derive(Debug, ClapArgs)]
#[command(group(ArgGroup::new("change").required(true).multiple(true)
    .args(["add_client_id", "remove_client_id", "thumbprint", "no_thumbprints"])))]
pub(super) struct Update {
    #[command(flatten)]
    provider: Provider,
    /// An audience that tokens may be for; may be given several times
    #[arg(long)]
    add_client_id: Vec<String>,
    /// An audience that goes, with its sessions; may be given several times
    #[arg(long)]
    remove_client_id: Vec<String>,
    /// A thumbprint, in the place of those that were there; may be given several times
    #[arg(long)]
    thumbprint: Vec<String>,
    /// Have no thumbprints any more
    #[arg(long, conflicts_with = "thumbprint")]
    no_thumbprints: bool,
}

impl InSomeAccount for OidcProvider {
    fn account_id(&self) -> Option<&str> {
        match self {
            Self::Create { account, .. } | Self::List(account) => account,
            Self::Get(provider) | Self::Delete(provider) => &provider.account,
            Self::Update(update) => &update.provider.account,
        }
        .account_id()
    }
}

impl OidcProvider {
    /// The command's words and what it is about, for its audit line; none for one that only reads.
    pub(super) fn change(&self) -> Option<(&'static str, String)> {
        let (words, url) = match self {
            Self::Create { url, .. } => ("oidc-provider create", url),
            Self::Update(update) => ("oidc-provider update", &update.provider.url),
            Self::Delete(provider) => ("oidc-provider delete", &provider.url),
            Self::Get(_) | Self::List(_) => return None,
        };
        Some((words, change::of(url, self.account_id())))
    }
}

/// Runs the command.
pub(super) async fn provider(admin: &Administration<'_>, command: OidcProvider) -> Outcome {
    match command {
        OidcProvider::Create { url, client_id, thumbprint, tag, .. } => {
            let tags = tag.into_iter().map(read_tag).collect::<Result<_, _>>()?;
            let new = NewProvider { url, client_ids: client_id, thumbprints: thumbprint, tags };
            Ok(output::provider(&admin.create_provider(&new).await?))
        }
        OidcProvider::Get(provider) => Ok(output::provider(&admin.get_provider(&provider.url).await?)),
        OidcProvider::List(_) => Ok(output::providers(&admin.list_providers().await?)),
        OidcProvider::Update(update) => {
            let replaced = update.no_thumbprints || !update.thumbprint.is_empty();
            let change = ProviderChange {
                remove_client_ids: update.remove_client_id,
                add_client_ids: update.add_client_id,
                thumbprints: replaced.then_some(update.thumbprint),
            };
            Ok(output::provider(&admin.update_provider(&update.provider.url, &change).await?))
        }
        OidcProvider::Delete(provider) => {
            admin.delete_provider(&provider.url).await?;
            Ok(format!("oidc-provider: {} successfully deleted", provider.url))
        }
    }
}

fn read_tag(text: String) -> Result<Tag, CommandError> {
    match text.split_once('=') {
        Some((key, value)) => Ok(Tag { key: key.to_owned(), value: value.to_owned() }),
        None => Err(CommandError::Tag(text)),
    }
}
