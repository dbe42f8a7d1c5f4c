//! Secrets the box must be able to read back, sealed by the vault. Names are paths such as
//! `abuseipdb.key` or `camera.UID.1.password`; what they mean is the domain's business.

use redb::ReadableTable as _;

use super::tables::SECRETS;
use super::vault::Vault;
use super::{ReadTx, StoreError, WriteTx};
use crate::base::secret::{Kept, Secret};

impl ReadTx {
    /// The secret called `name`.
    pub fn secret(&self, name: &str) -> Result<Kept, StoreError> {
        let row = self.table(SECRETS)?.get(name)?;
        Ok(row.map_or(Kept::Unset, |row| opened(&self.vault, name, row.value())))
    }

    /// Names of the secrets that cannot be opened, because the key is gone or another one: they
    /// have to be entered again.
    pub fn lost_secrets(&self) -> Result<Vec<String>, StoreError> {
        let mut lost = Vec::new();
        for row in self.table(SECRETS)?.iter()? {
            let (name, record) = row?;
            if self.vault.open(name.value(), record.value()).is_none() {
                lost.push(name.value().to_owned());
            }
        }
        Ok(lost)
    }
}

impl WriteTx {
    /// The secret called `name` as this transaction sees it.
    pub fn secret(&self, name: &str) -> Result<Kept, StoreError> {
        let table = self.table(SECRETS)?;
        let row = table.get(name)?;
        Ok(row.map_or(Kept::Unset, |row| opened(&self.vault, name, row.value())))
    }

    /// Keeps `secret` under `name`, encrypted.
    ///
    /// # Errors
    /// Also when the key of the vault cannot be used.
    pub fn put_secret(&self, name: &str, secret: &Secret) -> Result<(), StoreError> {
        let record = self.vault.seal(name, secret)?;
        self.table(SECRETS)?.insert(name, record.as_slice())?;
        Ok(())
    }

    /// Removes the secret called `name`; returns whether it was there.
    pub fn delete_secret(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.table(SECRETS)?.remove(name)?.is_some())
    }

    /// Removes every secret whose name begins with `prefix`, for example all of a camera.
    pub fn delete_secrets(&self, prefix: &str) -> Result<(), StoreError> {
        self.table(SECRETS)?.retain(|name, _| !name.starts_with(prefix))?;
        Ok(())
    }
}

fn opened(vault: &Vault, name: &str, record: &[u8]) -> Kept {
    vault.open(name, record).map_or(Kept::Lost, Kept::Known)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    #[test]
    fn secrets_come_back_until_the_key_is_gone() {
        let directory = tempfile::tempdir().unwrap();
        let open = || Store::open(directory.path(), StoreOptions::default()).unwrap();
        let store = open();
        let read = |store: &Store, name: &str| match store.read(|tx| tx.secret(name)).unwrap() {
            Kept::Known(secret) => secret.expose().to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(read(&store, "camera.1.password"), "Unset");
        let put = |store: &Store, name: &str| {
            store.write(|tx| tx.put_secret(name, &Secret::new("hunter2-hunter2"))).unwrap();
        };
        for name in ["camera.1.password", "camera.10.password", "mail"] {
            put(&store, name);
        }
        assert_eq!(read(&store, "mail"), "hunter2-hunter2");
        store.write(|tx| tx.delete_secrets("camera.1.")).unwrap();
        assert_eq!(read(&store, "camera.1.password"), "Unset");
        assert_eq!(read(&store, "camera.10.password"), "hunter2-hunter2");
        assert!(store.write(|tx| tx.delete_secret("camera.10.password")).unwrap());
        assert!(store.read(ReadTx::lost_secrets).unwrap().is_empty());
        drop(store);
        let bytes = std::fs::read(directory.path().join("records.redb")).unwrap();
        assert!(!bytes.windows(8).any(|part| part == b"hunter2-"), "nothing in clear");

        std::fs::remove_file(directory.path().join("secret.key")).unwrap();
        let store = open();
        assert_eq!(read(&store, "mail"), "Lost");
        assert_eq!(store.read(ReadTx::lost_secrets).unwrap(), ["mail"]);
        put(&store, "mail");
        assert_eq!(read(&store, "mail"), "hunter2-hunter2", "entered again");
    }
}
