//! Where agents' own web servers are, as administrators said.

use redb::ReadableTable;

use super::codec::{Reader, Writer};
use super::tables::AGENT_LINKS;
use super::{ReadTx, StoreError, WriteTx};
use crate::model::agent_link::{AgentLink, Scheme};

/// Version 1.
fn encode(link: &AgentLink) -> Vec<u8> {
    let mut writer = Writer::new(1);
    writer.u8(link.enabled.into()).u8((link.scheme == Scheme::Https).into());
    writer.text(&link.host).u32(link.port.into());
    writer.finish()
}

pub(super) fn decode(record: &[u8]) -> Result<AgentLink, StoreError> {
    let mut reader = Reader::new(record)?;
    let (enabled, tls) = (reader.u8()? != 0, reader.u8()? != 0);
    let host = reader.text()?.to_owned();
    let port = u16::try_from(reader.u32()?).map_err(|_| StoreError::Corrupt("a port".into()))?;
    Ok(AgentLink { enabled, scheme: if tls { Scheme::Https } else { Scheme::Http }, host, port })
}

fn all(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Vec<(String, AgentLink)>, StoreError> {
    let mut links = Vec::new();
    for row in table.iter()? {
        let (uid, record) = row?;
        links.push((uid.value().to_owned(), decode(record.value())?));
    }
    Ok(links)
}

impl ReadTx {
    /// The way to agent `uid`; disabled and without a host until somebody gave one.
    pub fn agent_link(&self, uid: &str) -> Result<AgentLink, StoreError> {
        let row = self.table(AGENT_LINKS)?.get(uid)?;
        row.map_or_else(|| Ok(AgentLink::default()), |record| decode(record.value()))
    }

    /// All ways that were given, by uid.
    pub fn agent_links(&self) -> Result<Vec<(String, AgentLink)>, StoreError> {
        all(&self.table(AGENT_LINKS)?)
    }
}

impl WriteTx {
    /// As [`ReadTx::agent_link`], as this transaction sees it.
    pub fn agent_link(&self, uid: &str) -> Result<AgentLink, StoreError> {
        let table = self.table(AGENT_LINKS)?;
        let row = table.get(uid)?;
        row.map_or_else(|| Ok(AgentLink::default()), |record| decode(record.value()))
    }

    /// As [`ReadTx::agent_links`], as this transaction sees it.
    pub fn agent_links(&self) -> Result<Vec<(String, AgentLink)>, StoreError> {
        all(&self.table(AGENT_LINKS)?)
    }

    /// Writes the way to agent `uid`.
    pub fn put_agent_link(&self, uid: &str, link: &AgentLink) -> Result<(), StoreError> {
        self.table(AGENT_LINKS)?.insert(uid, encode(link).as_slice())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back() {
        let link = AgentLink {
            enabled: true,
            scheme: Scheme::Https,
            host: "gate.lan".into(),
            port: 65535,
        };
        for link in [link, AgentLink::default()] {
            assert_eq!(decode(&encode(&link)).unwrap(), link);
        }
        assert!(decode(&[1, 1]).is_err());
    }
}
