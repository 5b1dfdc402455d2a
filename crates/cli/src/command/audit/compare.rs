//! What an export that was kept elsewhere knows and this database does not: what a restore took away.

use std::{
    collections::VecDeque,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    process::ExitCode,
};

use kinlink_domain::{
    id::OrganizationId,
    store::{Store, UnitOfWork},
};
use serde::Deserialize;

use super::{BATCH, hex};
use crate::{
    command::context::Context,
    exit::{CHECK_FAILED, UsageError},
    output,
};

/// A line of an export: an entry, or the end of the chain.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Entry { seq: i64, hash: String },
    End { end: End },
}

#[derive(Deserialize)]
struct End {
    organization: OrganizationId,
    seq: i64,
    hash: String,
}

/// The chain as it is here, read on as far as it is asked for.
struct Chain {
    unit: Box<dyn UnitOfWork>,
    organization: OrganizationId,
    read: VecDeque<(i64, String)>,
    after: i64,
}

impl Chain {
    /// Whether this entry is here. Asked for in ascending order.
    async fn has(&mut self, seq: i64, hash: &str) -> anyhow::Result<bool> {
        loop {
            match self.read.front() {
                Some((here, _)) if *here < seq => self.read.pop_front(),
                Some((here, found)) => return Ok(*here == seq && found == hash),
                None => {
                    let after = self.after.max(seq - 1);
                    let entries = self.unit.audit_chain(self.organization, after, BATCH).await?;
                    let Some(last) = entries.last() else { return Ok(false) };
                    self.after = last.seq;
                    self.read.extend(entries.iter().map(|one| (one.seq, hex(&one.hash.bytes))));
                    None
                }
            };
        }
    }
}

pub(super) async fn run(context: &Context, slug: &str, file: &Path) -> anyhow::Result<ExitCode> {
    let wrong = |why: &dyn std::fmt::Display| UsageError(format!("{}: {why}", file.display()));
    let organization = context.organization(slug).await?.id;
    let unit = context.store.begin_read().await?;
    let mut chain = Chain { unit, organization, read: VecDeque::new(), after: 0 };
    let (mut kept, mut missing, mut last) = (0_u64, 0_u64, 0);
    for text in BufReader::new(File::open(file).map_err(|error| wrong(&error))?).lines() {
        let text = text.map_err(|error| wrong(&error))?;
        let line = serde_json::from_str(&text);
        let (seq, hash) = match line.map_err(|_| wrong(&"a line is not of `kinlink audit export`"))? {
            Line::Entry { seq, hash } => (seq, hash),
            // It says of the entry before it what that said itself.
            Line::End { end } if end.seq == last => continue,
            Line::End { end } if end.organization != organization => {
                return Err(wrong(&"it is of another organization").into());
            }
            Line::End { end } => (end.seq, end.hash),
        };
        if seq < last {
            return Err(wrong(&"its entries are not in order").into());
        }
        (kept, last) = (kept + 1, seq);
        if !chain.has(seq, &hash).await? {
            missing += 1;
            output::line(text);
        }
    }
    output::remark(format!("{missing} of {kept} entries that were kept are not in this database"));
    Ok(if missing > 0 { ExitCode::from(CHECK_FAILED) } else { ExitCode::SUCCESS })
}
