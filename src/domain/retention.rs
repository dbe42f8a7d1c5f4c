//! `[retention]`: how long things are kept. Checked, kept, and told for the audit log.

use crate::base::limits::{AUDIT_DAYS, AUDIT_DAYS_MAX, AUDIT_DAYS_MIN};
use crate::model::audit::{Change, differences};
use crate::model::settings::Retention;
use crate::store::{StoreError, WriteTx};

const AUDIT: &str = "retention.audit_days";

impl Default for Retention {
    fn default() -> Self {
        Self { audit_days: AUDIT_DAYS }
    }
}

/// Reads `[retention]` from what `text` says of every setting.
pub fn load(
    text: impl Fn(&str) -> Result<Option<String>, StoreError>,
) -> Result<Retention, StoreError> {
    let days = text(AUDIT)?.and_then(|text| audit_days(&text).ok());
    Ok(Retention { audit_days: days.unwrap_or(AUDIT_DAYS) })
}

/// Days that the audit log is kept.
///
/// # Errors
/// What would be right, a sentence.
pub fn audit_days(text: &str) -> Result<u32, String> {
    let days = text.trim().parse().ok();
    days.filter(|days| (AUDIT_DAYS_MIN..=AUDIT_DAYS_MAX).contains(days))
        .ok_or_else(|| format!("give a whole number from {AUDIT_DAYS_MIN} to {AUDIT_DAYS_MAX}"))
}

/// Keeps `after`; returns what changed.
pub fn save(
    tx: &WriteTx,
    before: &Retention,
    after: &Retention,
) -> Result<Vec<Change>, StoreError> {
    let changes = differences(&before.fields(), &after.fields());
    if !changes.is_empty() {
        tx.put_setting(AUDIT, &after.audit_days.to_string())?;
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_bounds_and_a_default() {
        for (text, expected) in [
            ("30", Some(30)),
            (" 365 ", Some(365)),
            ("3650", Some(3650)),
            ("29", None),
            ("0", None),
            ("3651", None),
            ("-1", None),
            ("1e3", None),
            ("", None),
        ] {
            assert_eq!(audit_days(text).ok(), expected, "{text}");
            let kept = load(|_| Ok(Some(text.to_owned()))).unwrap();
            assert_eq!(kept.audit_days, expected.unwrap_or(AUDIT_DAYS), "{text}");
        }
        assert_eq!(load(|_| Ok(None)).unwrap(), Retention::default());
    }
}
