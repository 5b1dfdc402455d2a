//! Pages of a search (AuthZEN 1.0, "Pagination").
//!
//! A token holds the place where the next page begins and the limit, encrypted and bound to the client, the search
//! and all else that was asked: nobody but that client goes on with it, and with no other question. Nothing is kept
//! between two pages; what comes or goes in between is found or not.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kinlink_auth::AuthenticatedClient;
use kinlink_domain::port::{KeyId, Sealed, Vault};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Search;
use crate::{
    problem::{Problem, ProblemType},
    state::State,
};

/// The most results in one page.
const MOST: u16 = 200;
/// So many, unless the request says.
const DEFAULT: u16 = 100;

/// Which part is asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub(crate) struct AskedPage {
    /// `next_token` of the answer before; all else must be as it was then.
    token: Option<String>,
    /// At most so many results; 100 unless said, and 200 if more are wanted.
    limit: Option<u64>,
}

/// Which part it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page {
    /// For the next part; empty at the end.
    next_token: String,
    /// How many results are in this part.
    count: usize,
    /// How many there are in all, now.
    total: usize,
}

/// Which part of what is found goes out.
pub(super) struct Pages<'a> {
    vault: &'a dyn Vault,
    /// What a token is good for.
    binding: Vec<u8>,
    limit: u16,
    /// The place of the last result of the page before; empty at the beginning.
    after: Vec<u8>,
}

impl<'a> Pages<'a> {
    /// Reads what is asked for in a search of this name.
    pub(super) fn new(
        state: &'a State,
        client: &AuthenticatedClient,
        name: &str,
        search: &Search,
    ) -> Result<Self, Problem> {
        let place = format!("authzen/search/{name}/{}/", client.id);
        let (vault, binding) = (&*state.ports.vault, [place.as_bytes(), &search.unchanging].concat());
        let asked = &search.page;
        let limit = asked.limit.map(|limit| u16::try_from(limit).unwrap_or(MOST).min(MOST));
        let (begun, after) = match &asked.token {
            Some(token) => open(vault, &binding, token).ok_or_else(|| {
                wrong("token", "send `next_token` of an answer as it is, with the same question")
            })?,
            None => (limit.unwrap_or(DEFAULT), Vec::new()),
        };
        // The standard's own example leaves the limit out once it has a token.
        if limit.is_some_and(|limit| limit != begun) {
            return Err(wrong("limit", "send the same as for the page before"));
        }
        Ok(Self { vault, binding, limit: begun, after })
    }

    /// The part that was asked for of all that was found, each with its place in an order that stays.
    pub(super) fn cut<P: AsRef<[u8]>, T>(&self, mut all: Vec<(P, T)>) -> (Page, Vec<T>) {
        all.sort_by(|(one, _), (other, _)| one.as_ref().cmp(other.as_ref()));
        let total = all.len();
        let rest = all.split_off(all.partition_point(|(place, _)| place.as_ref() <= self.after.as_slice()));
        let more = rest.len() > usize::from(self.limit);
        let part: Vec<_> = rest.into_iter().take(self.limit.into()).collect();
        let last = part.last().map_or(self.after.as_slice(), |(place, _)| place.as_ref());
        let next_token = if more { self.seal(last) } else { String::new() };
        (Page { next_token, count: part.len(), total }, part.into_iter().map(|(_, item)| item).collect())
    }

    fn seal(&self, after: &[u8]) -> String {
        let plain = [&self.limit.to_be_bytes(), after].concat();
        let sealed = self.vault.seal(&self.binding, &plain);
        URL_SAFE_NO_PAD.encode([&sealed.key.0.to_be_bytes()[..], &sealed.bytes].concat())
    }
}

fn open(vault: &dyn Vault, binding: &[u8], token: &str) -> Option<(u16, Vec<u8>)> {
    let token = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (key, bytes) = token.split_first_chunk()?;
    let sealed = Sealed { key: KeyId(u16::from_be_bytes(*key)), bytes: bytes.to_vec() };
    let plain = vault.open(binding, &sealed).ok()?;
    let (limit, after) = plain.split_first_chunk()?;
    Some((u16::from_be_bytes(*limit), after.to_vec()))
}

fn wrong(member: &str, message: &str) -> Problem {
    Problem::new(ProblemType::MalformedBody).at(format!("/page/{member}"), message)
}
