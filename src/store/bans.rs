//! Bans by range of addresses. Which hold, and what comes next, is the domain's business.

use redb::ReadableTable as _;

use super::codec::{Reader, Writer};
use super::tables::BANS;
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::base::network::Network;
use crate::model::ban::Ban;

impl ReadTx {
    /// All bans, also those that are over and only remembered.
    pub fn bans(&self) -> Result<Vec<Ban>, StoreError> {
        let mut all = Vec::new();
        for row in self.table(BANS)?.iter()? {
            let (network, record) = row?;
            all.push(decode(network.value(), record.value())?);
        }
        Ok(all)
    }
}

impl WriteTx {
    /// Writes `ban`, new or changed.
    pub fn put_ban(&self, ban: &Ban) -> Result<(), StoreError> {
        self.table(BANS)?.insert(ban.network.to_string().as_str(), encode(ban).as_slice())?;
        Ok(())
    }

    /// Removes the ban of `network`; returns whether it was there.
    pub fn delete_ban(&self, network: &Network) -> Result<bool, StoreError> {
        Ok(self.table(BANS)?.remove(network.to_string().as_str())?.is_some())
    }

    /// Removes all bans.
    pub fn delete_bans(&self) -> Result<(), StoreError> {
        Ok(self.table(BANS)?.retain(|_, _| false)?)
    }
}

/// Version 1.
fn encode(ban: &Ban) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer
        .i64(ban.begun.ms())
        .i64(ban.until.map_or(i64::MAX, Timestamp::ms))
        .text(&ban.reason)
        .text(&ban.by)
        .u32(ban.times);
    writer.finish()
}

fn decode(network: &str, record: &[u8]) -> Result<Ban, StoreError> {
    let parsed = Network::parse(network);
    let network = parsed.ok_or_else(|| StoreError::Corrupt(format!("ban of {network:?}")))?;
    let mut reader = Reader::new(record)?;
    Ok(Ban {
        network,
        begun: Timestamp(reader.i64()?),
        until: Some(reader.i64()?).filter(|until| *until != i64::MAX).map(Timestamp),
        reason: reader.text()?.to_owned(),
        by: reader.text()?.to_owned(),
        times: reader.u32()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    #[test]
    fn bans_come_back() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let ban = |network: &str, until| Ban {
            network: Network::parse(network).unwrap(),
            begun: Timestamp(1),
            until,
            reason: "x".into(),
            by: "anna".into(),
            times: 3,
        };
        let all = [ban("192.0.2.0/24", None), ban("2001:db8::/64", Some(Timestamp(9)))];
        store.write(|tx| all.iter().try_for_each(|ban| tx.put_ban(ban))).unwrap();
        assert_eq!(store.read(ReadTx::bans).unwrap(), all);
        assert!(store.write(|tx| tx.delete_ban(&all[0].network)).unwrap());
        assert_eq!(store.read(ReadTx::bans).unwrap(), all[1..]);
        store.write(WriteTx::delete_bans).unwrap();
        assert_eq!(store.read(ReadTx::bans).unwrap(), []);
    }
}
