use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use kinlink_delivery::{Pages, letter_html};
use kinlink_domain::service::issue_invitation::Issued;

use super::many::private_file;
use crate::exit::UsageError;

/// A folder that letters are written into.
pub(super) struct Letters(PathBuf);

impl Letters {
    /// The folder, made if it is not there.
    pub(super) fn open(folder: &Path) -> Result<Self, UsageError> {
        let made = std::fs::create_dir_all(folder);
        made.map_err(|error| UsageError(format!("{}: {error}", folder.display())))?;
        Ok(Self(folder.to_owned()))
    }

    /// Writes the letter of an invitation, if it has one, under the invitation's id.
    pub(super) fn write(&self, pages: &Pages, issued: &Issued) -> anyhow::Result<Option<PathBuf>> {
        let Some((to, letter)) = &issued.letter else { return Ok(None) };
        let html = letter_html(to, letter, pages).context("the letter cannot be put together")?;
        let path = self.0.join(format!("{}.html", issued.invitation.id));
        private_file(&path)?.write_all(html.as_bytes()).context("the letter cannot be written")?;
        Ok(Some(path))
    }
}
