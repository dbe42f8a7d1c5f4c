//! Whether somebody is told of alerts that Rekor Scout raised; one setting of the box.

use crate::base::clock::Timestamp;
use crate::domain::outbox;
use crate::model::agent::{ListKind, RekorAlert};
use crate::model::capture::{CaptureKey, Flags};
use crate::model::notice::Notice;
use crate::store::{ReadTx, StoreError, WriteTx};

/// Name of the setting.
pub const SETTING: &str = "alerts.rekor";

/// Which alerts of Rekor Scout somebody is told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RekorNotify {
    /// None.
    #[default]
    Off,
    /// Of plates on a list.
    Listed,
    /// All of them.
    All,
}

impl RekorNotify {
    /// All of them, least first.
    pub const ALL: [Self; 3] = [Self::Off, Self::Listed, Self::All];

    /// Name in forms and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "none",
            Self::Listed => "listed",
            Self::All => "all",
        }
    }

    /// The value called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.name() == name)
    }

    /// The setting.
    pub fn load(tx: &ReadTx) -> Result<Self, StoreError> {
        Ok(tx.setting(SETTING)?.and_then(|text| Self::parse(&text)).unwrap_or_default())
    }

    /// The setting as `tx` sees it.
    pub fn load_in(tx: &WriteTx) -> Result<Self, StoreError> {
        Ok(tx.setting(SETTING)?.and_then(|text| Self::parse(&text)).unwrap_or_default())
    }

    /// Writes the setting.
    pub fn save(self, tx: &WriteTx) -> Result<(), StoreError> {
        tx.put_setting(SETTING, self.name())
    }
}

/// Queues a notice of `alert` when the setting wants it; never of late or parked reads and of ignored
/// plates.
pub fn tell(tx: &WriteTx, alert: &RekorAlert, now: Timestamp) -> Result<(), StoreError> {
    let wanted = match RekorNotify::load_in(tx)? {
        RekorNotify::Off => false,
        RekorNotify::Listed => alert.list_kind == ListKind::OnList,
        RekorNotify::All => true,
    };
    if !wanted {
        return Ok(());
    }
    if alert.capture != CaptureKey(0)
        && let Some(capture) = tx.capture(alert.capture)?
    {
        let still = capture.flags.has(Flags::LATE) || capture.flags.has(Flags::PARKED);
        let known =
            capture.plate.as_ref().map(|plate| tx.known_plate(plate)).transpose()?.flatten();
        if still || known.is_some_and(|known| known.ignored) {
            return Ok(());
        }
    }
    outbox::enqueue(tx, &Notice::RekorAlert { id: alert.key.0 }, now)
}
