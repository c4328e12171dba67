//! Credentials: where they come from, and who keeps them.
//!
//! `chain` asks the usual sources, one after another, through `world`, which is how the signing crate reads files, sends requests
//! and runs programs; `role` assumes roles; `keeper` does it all on a thread of its own, for all shards of an entry. Must not
//! know what is called with them. Invariants: nothing shows a secret; one refresh of an identity runs at a time; whoever asks
//! does not block.

mod chain;
mod keeper;
mod role;
#[cfg(test)]
mod tests;
mod world;

pub(super) use chain::Chain;
#[cfg(feature = "kafka")]
pub(super) use keeper::Outcome;
pub(super) use keeper::{Ask, Keeper};
pub(super) use role::session_name;
pub(super) use world::Http;

use reqsign_aws_v4::Credential;
use std::sync::Arc;

/// How long before their end credentials are renewed, if they last long enough.
const RENEWED_BEFORE_MS: i64 = 5 * 60_000;
/// How long before their end credentials sign no more.
const UNUSED_BEFORE_MS: i64 = 15_000;
/// How soon credentials without an end are read again: files may have newer ones.
const READ_AGAIN_MS: i64 = 15 * 60_000;

/// Whose rights calls have: those of roles assumed one after another, the first with the credentials of this process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Identity(Arc<[Role]>);

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Role {
    pub(super) arn: Box<str>,
    pub(super) external_id: Option<Box<str>>,
}

impl Identity {
    /// Returns the identity of a role that this one assumes.
    pub(super) fn assuming(&self, role: Role) -> Identity {
        Identity(self.0.iter().cloned().chain([role]).collect())
    }

    /// Returns the identity that assumes the last role, and that role; nothing where there is none.
    fn split(&self) -> Option<(Identity, &Role)> {
        let (last, rest) = self.0.split_last()?;
        Some((Identity(rest.into()), last))
    }

    /// Returns who assumes the last role, in words.
    pub(super) fn caller(&self) -> &str {
        let before = self.0.len().checked_sub(2).and_then(|index| self.0.get(index));
        before.map_or("of this process", |role| &role.arn)
    }

    /// Returns the last role, if there is one.
    pub(super) fn role(&self) -> Option<&Role> {
        self.0.last()
    }
}

/// Credentials, and how long they are good.
pub(super) struct Session {
    pub(super) credential: Credential,
    /// From when on newer ones are to be fetched.
    renew_at_ms: i64,
    /// From when on they sign no more.
    ends_at_ms: i64,
}

impl Session {
    /// Creates a session that begins now.
    pub(super) fn new(credential: Credential, now_ms: i64) -> Session {
        let end = credential.expires_in.map(|end| {
            let nanoseconds = i64::from(end.subsec_nanosecond());
            end.as_second()
                .saturating_mul(1_000)
                .saturating_add(nanoseconds / 1_000_000)
        });
        let (renew_at_ms, ends_at_ms) = match end {
            None => (now_ms.saturating_add(READ_AGAIN_MS), i64::MAX),
            Some(end_ms) => {
                let left_ms = end_ms.saturating_sub(now_ms).max(0);
                // What is short is renewed after half of its life.
                let renewed_before = RENEWED_BEFORE_MS.min(left_ms / 2);
                (
                    end_ms - renewed_before,
                    end_ms - UNUSED_BEFORE_MS.min(left_ms / 4),
                )
            }
        };
        Session {
            credential,
            renew_at_ms,
            ends_at_ms,
        }
    }

    /// Creates one that lasts until then.
    #[cfg(all(test, feature = "kafka"))]
    pub(super) fn lasting(credential: Credential, ends_at_ms: i64) -> Session {
        Session {
            credential,
            renew_at_ms: ends_at_ms,
            ends_at_ms,
        }
    }

    /// Returns from when on they sign no more.
    #[cfg(feature = "kafka")]
    pub(super) fn ends_at_ms(&self) -> i64 {
        self.ends_at_ms
    }

    /// Says whether requests can be signed.
    pub(super) fn is_good(&self, now_ms: i64) -> bool {
        now_ms < self.ends_at_ms
    }

    /// Says whether newer ones are to be fetched.
    pub(super) fn is_old(&self, now_ms: i64) -> bool {
        now_ms >= self.renew_at_ms
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// Why there are no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Denial {
    /// No source has any, or none answered: a sentence.
    Missing(Arc<str>),
    /// This role may not be assumed.
    Forbidden(Arc<str>),
}

impl Denial {
    /// Returns it in words.
    pub(super) fn text(&self) -> &str {
        match self {
            Denial::Missing(text) | Denial::Forbidden(text) => text,
        }
    }
}

/// Returns what an error of the signing crate says, without the document that it quotes: that may have credentials in it.
/// Of one of STS's its code is shown.
fn said(error: &str) -> String {
    let end = error.find(['<', '{', '\n']).unwrap_or(error.len());
    let mut text = quoted(error[..end].trim_end().trim_end_matches(':'));
    let code = error
        .split_once("<Code>")
        .and_then(|(_, rest)| rest.split_once("</Code>"));
    let is_plain = |code: &str| {
        !code.is_empty() && code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if let Some((code, _)) = code.filter(|(code, _)| is_plain(code)) {
        text.push_str(": ");
        text.push_str(code);
    }
    text
}

/// Returns a text of outside as a part of a message: one line, not long.
fn quoted(text: &str) -> String {
    const QUOTED_MAX: usize = 300;
    let mut out: String = text
        .chars()
        .take(QUOTED_MAX)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(QUOTED_MAX).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
#[test]
fn what_a_source_answers_is_not_repeated() {
    let error =
        "STS request failed with 403 Forbidden: <E><Error><Code>AccessDenied</Code><Message>x</Message>";
    assert_eq!(said(error), "STS request failed with 403 Forbidden: AccessDenied");
    let error = "500: <R><SecretAccessKey>HUSH</SecretAccessKey><Code>HUSH/1</Code>";
    assert_eq!(said(error), "500");
    assert_eq!(said("refused"), "refused");
}
