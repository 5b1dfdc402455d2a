use std::{path::PathBuf, process::ExitCode};

use clap::ValueEnum;
use kinlink_domain::{
    actor::Authorized,
    demographics::Identifier,
    invitation::{Challenge, Channel},
    link::LinkRole,
    organization::Organization,
    patient::FhirId,
    service::issue_invitation::{EmailTarget, IssueError, IssueInvitation, Issued, PatientReference, issue},
    store::Store,
};

use super::context::Context;
use crate::{config::ConfigFlags, exit::UsageError, output};

mod letters;
mod many;

use letters::Letters;

#[derive(Debug, clap::Args)]
#[command(after_help = "\
For example:
  kinlink invite --organization northside --patient n-002 --channel in-person --challenge birth-date
  kinlink invite --organization northside --identifier 'http://hospital.example/mrn|12345' --channel email
  kinlink invite --organization northside --patient n-002 --channel post --letters letters
  kinlink invite --organization northside --csv patients.csv --out codes.csv --letters letters

The CSV has a heading with the columns patient_id, or identifier_system and identifier_value; channel; and, if
wanted, email, challenge (birth_date) and send (yes). The result repeats each row with its invitation, its code, or the reason
why there is none. Give the result in again: rows that have an invitation are passed over.")]
pub(crate) struct Invite {
    /// The organization's short name.
    #[arg(long)]
    organization: String,
    /// The record, by its FHIR id.
    #[arg(long, value_name = "ID", conflicts_with_all = ["identifier", "csv"])]
    patient: Option<String>,
    /// The record, by an identifier such as the MRN.
    #[arg(long, value_name = "SYSTEM|VALUE", conflicts_with = "csv")]
    identifier: Option<String>,
    /// The way the code takes.
    #[arg(long, value_enum, default_value = "in-person")]
    channel: ChannelName,
    /// Email the code to this address instead of the preferred one on the record.
    #[arg(long, requires = "channel")]
    email: Option<String>,
    /// The address is not on the record, but was validated.
    #[arg(long, requires = "email")]
    email_validated: bool,
    /// Kinlink sends the letter or the text message, by the service that is configured.
    #[arg(long, requires = "channel", conflicts_with = "csv")]
    send: bool,
    /// Write letters for the channel post into this folder, as HTML pages to print; made if it is not there.
    /// They hold the codes, so only their owner may read them.
    #[arg(long, value_name = "FOLDER", conflicts_with = "send")]
    letters: Option<PathBuf>,
    /// What must be given beside the code.
    #[arg(long, value_enum)]
    challenge: Option<ChallengeName>,
    /// Many at once, from this file.
    #[arg(long, value_name = "FILE", requires = "out")]
    csv: Option<PathBuf>,
    /// Where the result of many goes. It holds the codes, so only its owner may read it.
    #[arg(long, value_name = "FILE", requires = "csv")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ChannelName {
    InPerson,
    Post,
    Phone,
    Email,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ChallengeName {
    BirthDate,
}

impl From<ChannelName> for Channel {
    fn from(name: ChannelName) -> Self {
        match name {
            ChannelName::InPerson => Self::InPerson,
            ChannelName::Post => Self::Post,
            ChannelName::Phone => Self::Phone,
            ChannelName::Email => Self::Email,
        }
    }
}

impl From<ChallengeName> for Challenge {
    fn from(name: ChallengeName) -> Self {
        match name {
            ChallengeName::BirthDate => Self::BirthDate,
        }
    }
}

impl Invite {
    pub(crate) async fn run(self, flags: &ConfigFlags) -> anyhow::Result<ExitCode> {
        let context = Context::open(flags).await?;
        let organization = context.organization(&self.organization).await?;
        let letters = self.letters.as_deref().map(Letters::open).transpose()?;
        if let (Some(csv), Some(out)) = (&self.csv, &self.out) {
            return many::run(&context, &organization, csv, out, letters.as_ref()).await;
        }
        let wanted = self.wanted()?;
        let issued = issue_one(&context, &organization, wanted).await.map_err(|error| match error {
            IssueError::Store(error) => anyhow::Error::from(error),
            refused => UsageError(refused.to_string()).into(),
        })?;
        output::line(format!("invitation {}", issued.invitation.id));
        match &issued.code {
            Some(code) => output::line(format!("code       {code}")),
            None => output::line(format!("The code goes out by {}.", issued.invitation.channel.as_str())),
        }
        if let Some(letters) = &letters {
            match letters.write(&context.config.pages(), &issued)? {
                Some(path) => output::line(format!("letter     {}", path.display())),
                None => output::remark("No letter was written: the channel is not post.".to_owned()),
            }
        }
        output::line(format!("valid until {}", issued.invitation.expires_at.format("%Y-%m-%d %H:%M UTC")));
        if issued.other_self_links > 0 {
            let count = issued.other_self_links;
            output::remark(format!("Note: {count} account(s) open this record as the patient already."));
        }
        if issued.minor {
            output::remark(
                "Note: the patient is a minor, or may be. The code is for a login of their own; a parent acts as \
                 a proxy."
                    .to_owned(),
            );
        }
        Ok(ExitCode::SUCCESS)
    }

    fn wanted(self) -> Result<IssueInvitation, UsageError> {
        let patient = match (self.patient, self.identifier) {
            (Some(id), None) => by_id(id)?,
            (None, Some(text)) => {
                let (system, value) = text.rsplit_once('|').ok_or_else(|| {
                    UsageError(
                        "an identifier is SYSTEM|VALUE, for example http://hospital.example/mrn|12345".into(),
                    )
                })?;
                by_identifier(system, value)
            }
            _ => return Err(UsageError("say --patient, --identifier or --csv".into())),
        };
        let email = self.email.map_or(EmailTarget::OnRecord, |address| EmailTarget::Address {
            address,
            validated_by_staff: self.email_validated,
        });
        Ok(IssueInvitation {
            patient,
            role: LinkRole::SelfRole,
            profile: None,
            until: None,
            channel: self.channel.into(),
            email,
            send: self.send,
            challenge: self.challenge.map(Into::into),
            proof: Vec::new(),
        })
    }
}

fn by_id(id: String) -> Result<PatientReference, UsageError> {
    FhirId::parse(id).map(PatientReference::FhirId).map_err(|error| UsageError(error.to_string()))
}

fn by_identifier(system: &str, value: &str) -> PatientReference {
    PatientReference::Identifier(Identifier {
        system: system.to_owned(),
        value: value.to_owned(),
        kind: None,
    })
}

async fn issue_one(
    context: &Context,
    organization: &Organization,
    wanted: IssueInvitation,
) -> Result<Issued, IssueError> {
    let mut unit = context.store.begin().await?;
    let by = Authorized::operator(organization.id);
    let issued = issue(&mut *unit, &context.ports, organization, by, wanted).await?;
    unit.save().await?;
    Ok(issued)
}
