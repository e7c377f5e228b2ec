//! Answers about OpenID Connect providers.

use crate::entity::OidcProvider;
use crate::iam::answer::{write_date, write_list, write_tags};
use crate::wire::xml::XmlWriter;

/// What calls about providers answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A provider just made.
    Made(Box<OidcProvider>),
    /// A provider in full.
    Shown(Box<OidcProvider>),
    /// The providers in the order of their names.
    Listed(Vec<OidcProvider>),
}

impl Answer {
    pub(in crate::iam) fn write(&self, w: &mut XmlWriter) {
        match self {
            Self::Made(provider) => {
                w.text("OpenIDConnectProviderArn", &provider.arn());
                write_tags(&provider.tags, w);
            }
            Self::Shown(provider) => {
                w.text("Url", provider.name());
                write_list("ClientIDList", &provider.client_ids, w, |client, w| w.push_text(&client.name));
                write_list("ThumbprintList", &provider.thumbprints, w, |print, w| w.push_text(print));
                write_date("CreateDate", provider.created, w);
                write_tags(&provider.tags, w);
            }
            Self::Listed(providers) => write_list("OpenIDConnectProviderList", providers, w, |provider, w| {
                w.text("Arn", &provider.arn());
            }),
        }
    }
}
