//! The schema, forward and back, on SQLite and PostgreSQL. A migration that has landed is never edited.

mod m20261124_000001_main_job;
mod m20261124_000002_claims;
mod m20261124_000003_step_up;
mod m20261124_000004_proofing;
mod m20261124_000005_disputes;
mod m20261124_000006_blocking_index;
mod m20261124_000007_access;
mod m20261124_000008_grants;
mod m20261124_000009_ending;
mod m20261124_000010_events;
mod m20261124_000011_connections;
mod m20261124_000012_sources;
mod m20261124_000013_provisioning;
mod m20261124_000014_signing_keys;
mod m20261124_000015_provisioning_preview;
mod m20261124_000016_link_turns;
mod m20261124_000017_deleted_records;
mod statements;

use sea_orm_migration::prelude::{MigrationTrait, MigratorTrait};

/// All migrations, in order.
#[derive(Debug)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261124_000001_main_job::Migration),
            Box::new(m20261124_000002_claims::Migration),
            Box::new(m20261124_000003_step_up::Migration),
            Box::new(m20261124_000004_proofing::Migration),
            Box::new(m20261124_000005_disputes::Migration),
            Box::new(m20261124_000006_blocking_index::Migration),
            Box::new(m20261124_000007_access::Migration),
            Box::new(m20261124_000008_grants::Migration),
            Box::new(m20261124_000009_ending::Migration),
            Box::new(m20261124_000010_events::Migration),
            Box::new(m20261124_000011_connections::Migration),
            Box::new(m20261124_000012_sources::Migration),
            Box::new(m20261124_000013_provisioning::Migration),
            Box::new(m20261124_000014_signing_keys::Migration),
            Box::new(m20261124_000015_provisioning_preview::Migration),
            Box::new(m20261124_000016_link_turns::Migration),
            Box::new(m20261124_000017_deleted_records::Migration),
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    /// Migrations from before the first release, when no older program could be at work.
    const BEFORE_THE_RULE: [&str; 15] = [
        "access",
        "blocking_index",
        "claims",
        "connections",
        "disputes",
        "ending",
        "events",
        "grants",
        "main_job",
        "proofing",
        "provisioning",
        "provisioning_preview",
        "signing_keys",
        "sources",
        "step_up",
    ];
    /// Migrations that take away what no program of the version before uses any more, each with why it may.
    const CONTRACTS: [(&str, &str); 1] =
        [("link_turns", "no version that uses the columns of proxy_grant that it drops was ever released")];

    /// Words that take something away under a program that is still at work, or that it would have to know of.
    fn takes_away(statement: &str) -> bool {
        let words = statement.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        ["drop table", "drop column", "rename", "alter column"].iter().any(|taking| words.contains(taking))
            || (words.contains("add column") && words.contains("not null") && !words.contains("default"))
    }

    #[test]
    fn a_migration_leaves_an_older_program_at_work() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let folders =
            source.read_dir().expect("the sources are there").map(|entry| entry.expect("an entry").path());
        let mut seen = 0;
        for folder in folders.filter(|path| path.is_dir()) {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            seen += 1;
            if BEFORE_THE_RULE.contains(&&*name) || CONTRACTS.iter().any(|(contract, _)| *contract == name) {
                continue;
            }
            let sql = std::fs::read_to_string(folder.join("up.sql")).expect("it goes up");
            for statement in sql.split(';') {
                assert!(
                    !takes_away(statement),
                    "{name}: see \"A migration\" in CONTRIBUTING.md: {statement}"
                );
            }
        }
        assert!(seen >= BEFORE_THE_RULE.len());
    }

    #[test]
    fn what_an_older_program_would_stumble_over_is_seen() {
        for taking in [
            "drop table bar",
            "ALTER TABLE bar\n  DROP COLUMN until",
            "alter table bar rename to bars",
            "alter table bar add column why text not null",
        ] {
            assert!(takes_away(taking), "{taking}");
        }
        for adding in [
            "create table bar (id text not null)",
            "alter table bar add column why text",
            "alter table bar add column why text not null default ''",
            "create index bar_by_why on bar (why)",
        ] {
            assert!(!takes_away(adding), "{adding}");
        }
    }
}
