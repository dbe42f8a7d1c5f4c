//! `[report]`: what stands on printed pages, the organisation's name and its logo. Checked, kept, and
//! told in words for the audit log.

use super::logo::Logo;
use crate::base::hash::{hex, sha256};
use crate::base::limits::ORGANISATION_CHARS_MAX;
use crate::model::audit::{Change, differences};
use crate::model::settings::{Report, ReportLogo};
use crate::store::files::KeptFile;
use crate::store::{ReadTx, StoreError, WriteTx};

const ORGANISATION: &str = "report.organisation";
/// Media type and hash of the logo; the picture itself is a file of the same name.
const LOGO: &str = "report.logo";

/// What becomes of the logo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogoChange {
    /// It stays.
    #[default]
    Keep,
    /// The program's own takes its place.
    Reset,
    /// This one.
    Set(Logo),
}

/// Reads `[report]` from what `text` says of every setting.
pub fn load(
    text: impl Fn(&str) -> Result<Option<String>, StoreError>,
) -> Result<Report, StoreError> {
    let logo = text(LOGO)?.unwrap_or_default();
    let logo = logo.split_once(' ').map(|(media_type, hash)| ReportLogo {
        media_type: media_type.to_owned(),
        hash: hash.to_owned(),
    });
    Ok(Report { organisation: text(ORGANISATION)?.unwrap_or_default(), logo })
}

/// The name of an organisation as it is kept.
///
/// # Errors
/// What would be right, a sentence.
pub fn organisation(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.chars().count() > ORGANISATION_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(format!("use at most {ORGANISATION_CHARS_MAX} characters in one line"));
    }
    Ok(text.to_owned())
}

/// Keeps `organisation` (checked, `None` to leave it) and the logo; returns what changed.
pub fn save(
    tx: &WriteTx,
    before: &Report,
    organisation: Option<&str>,
    logo: &LogoChange,
) -> Result<Vec<Change>, StoreError> {
    let mut after = before.clone();
    if let Some(organisation) = organisation {
        organisation.clone_into(&mut after.organisation);
    }
    match logo {
        LogoChange::Keep => {}
        LogoChange::Reset => after.logo = None,
        LogoChange::Set(logo) => {
            let hash: String = hex(&sha256(&logo.bytes)).chars().take(16).collect();
            after.logo = Some(ReportLogo { media_type: logo.media_type.to_owned(), hash });
            let (media_type, bytes) = (logo.media_type.to_owned(), logo.bytes.clone());
            tx.put_file(LOGO, &KeptFile { media_type, bytes })?;
        }
    }
    let changes = differences(&before.fields(), &after.fields());
    if !changes.is_empty() {
        tx.put_setting(ORGANISATION, &after.organisation)?;
        let logo = after.logo.as_ref().map(ReportLogo::text).unwrap_or_default();
        tx.put_setting(LOGO, &logo)?;
        if after.logo.is_none() {
            tx.delete_file(LOGO)?;
        }
    }
    Ok(changes)
}

/// The logo, `None` when it is the program's own.
pub fn logo(tx: &ReadTx) -> Result<Option<KeptFile>, StoreError> {
    tx.file(LOGO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::Settings;
    use crate::domain::users::tests::store;

    #[test]
    fn name_and_logo_come_back_and_go() {
        let (_directory, store) = store();
        let current = || store.read(Settings::load).unwrap().report;
        let picture = Logo { media_type: "image/png", bytes: vec![1, 2, 3] };
        let set = LogoChange::Set(picture);
        let changes = store.write(|tx| save(tx, &current(), Some("Harbor"), &set)).unwrap();
        assert_eq!(changes.len(), 2, "{changes:?}");
        assert_eq!(current().organisation, "Harbor");
        assert_eq!(current().logo.unwrap().media_type, "image/png");
        assert_eq!(store.read(logo).unwrap().unwrap().bytes, [1, 2, 3]);
        let again = store.write(|tx| save(tx, &current(), None, &set)).unwrap();
        assert!(again.is_empty(), "{again:?}");
        let changes = store.write(|tx| save(tx, &current(), None, &LogoChange::Reset)).unwrap();
        assert_eq!((changes.len(), current().organisation.as_str()), (1, "Harbor"));
        assert!(current().logo.is_none() && store.read(logo).unwrap().is_none());
        assert_eq!(organisation("  A  ").unwrap(), "A");
        assert!(organisation("a\nb").is_err() && organisation(&"x".repeat(101)).is_err());
    }
}
