use std::{path::Path, process::ExitCode};

use anyhow::Context as _;
use kinlink_domain::{
    invitation::{Challenge, Channel},
    link::LinkRole,
    organization::Organization,
    service::issue_invitation::{EmailTarget, IssueError, IssueInvitation},
};
use serde::{Deserialize, Serialize};

use super::{Letters, by_id, by_identifier, issue_one};
use crate::{
    command::context::Context,
    exit::{CHECK_FAILED, UsageError},
    output,
};

/// A row, as read and as written back.
#[derive(Debug, Default, Clone, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Row {
    patient_id: String,
    identifier_system: String,
    identifier_value: String,
    channel: String,
    email: String,
    challenge: String,
    send: String,
    invitation: String,
    code: String,
    valid_until: String,
    error: String,
}

/// Issues an invitation for each row; a row that is refused does not stop the rest.
pub(super) async fn run(
    context: &Context,
    organization: &Organization,
    csv: &Path,
    out: &Path,
    letters: Option<&Letters>,
) -> anyhow::Result<ExitCode> {
    let unreadable = |error: csv::Error| UsageError(format!("{}: {error}", csv.display()));
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(csv).map_err(unreadable)?;
    let rows: Vec<Row> = reader.deserialize().collect::<Result<_, _>>().map_err(unreadable)?;
    let mut writer = csv::Writer::from_writer(private_file(out)?);
    let (mut issued, mut passed, mut refused) = (0, 0, 0);
    for row in rows {
        let row = if row.invitation.is_empty() {
            let row = issue_row(context, organization, row, letters).await?;
            if row.error.is_empty() {
                issued += 1;
            } else {
                refused += 1;
            }
            row
        } else {
            passed += 1;
            row
        };
        writer.serialize(&row)?;
        // Each code is on disk before the next one is made: it is shown nowhere else.
        writer.flush().context("the result cannot be written")?;
    }
    output::line(format!("{issued} issued, {passed} passed over, {refused} refused; see {}", out.display()));
    Ok(if refused > 0 { ExitCode::from(CHECK_FAILED) } else { ExitCode::SUCCESS })
}

pub(super) fn private_file(path: &Path) -> anyhow::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    opened.map_err(|error| UsageError(format!("{}: {error}; name a new file", path.display())).into())
}

async fn issue_row(
    context: &Context,
    organization: &Organization,
    row: Row,
    letters: Option<&Letters>,
) -> anyhow::Result<Row> {
    let cleared = Row { error: String::new(), ..row };
    let wanted = match wanted(&cleared) {
        Ok(wanted) => wanted,
        Err(error) => return Ok(Row { error: error.0, ..cleared }),
    };
    match issue_one(context, organization, wanted).await {
        Ok(issued) => {
            if let Some(letters) = letters {
                letters.write(&context.config.pages(), &issued)?;
            }
            Ok(Row {
                invitation: issued.invitation.id.to_string(),
                code: issued.code.as_ref().map_or_else(|| "(sent)".to_owned(), ToString::to_string),
                valid_until: issued.invitation.expires_at.to_rfc3339(),
                ..cleared
            })
        }
        Err(IssueError::Store(error)) => Err(error.into()),
        Err(refused) => Ok(Row { error: refused.to_string(), ..cleared }),
    }
}

fn wanted(row: &Row) -> Result<IssueInvitation, UsageError> {
    let patient = match (row.patient_id.as_str(), row.identifier_value.as_str()) {
        ("", "") => return Err(UsageError("neither patient_id nor identifier_value".into())),
        ("", value) => by_identifier(&row.identifier_system, value),
        (id, "") => by_id(id.to_owned())?,
        _ => return Err(UsageError("either patient_id or identifier_value".into())),
    };
    let named = Channel::ALL.into_iter().find(|channel| channel.as_str() == row.channel);
    let channel = named.ok_or_else(|| UsageError("channel is in_person, post, phone or email".into()))?;
    let challenge = match row.challenge.as_str() {
        "" => None,
        "birth_date" => Some(Challenge::BirthDate),
        _ => return Err(UsageError("challenge is birth_date or empty".into())),
    };
    let send = match row.send.as_str() {
        "" | "no" => false,
        "yes" => true,
        _ => return Err(UsageError("send is yes or empty".into())),
    };
    let email = match row.email.as_str() {
        "" => EmailTarget::OnRecord,
        address => EmailTarget::Address { address: address.to_owned(), validated_by_staff: false },
    };
    Ok(IssueInvitation {
        patient,
        role: LinkRole::SelfRole,
        profile: None,
        until: None,
        channel,
        email,
        send,
        challenge,
        proof: Vec::new(),
    })
}
