//! Accounts and their names. Keeps the name index true; knows no rule about roles.

use redb::{ReadableTable, ReadableTableMetadata as _};

use super::codec::{Reader, Writer};
use super::tables::{SETTINGS, USERNAMES, USERS};
use super::{ReadTx, StoreError, WriteTx};
use crate::base::clock::Timestamp;
use crate::model::user::{Details, Email, Role, User, UserId, Username};

/// Refusal of [`WriteTx::put_user`] when another account has the name.
pub const USERNAME_TAKEN: &str = "that user name is taken: choose another one";

/// Name under which the highest number ever given is kept, so that none is given twice.
const LAST_ID: &str = "users.last_id";

impl ReadTx {
    /// The account with number `id`.
    pub fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        user(&self.table(USERS)?, id)
    }

    /// The account named `name`.
    pub fn user_by_name(&self, name: &Username) -> Result<Option<User>, StoreError> {
        match id_by_name(&self.table(USERNAMES)?, name)? {
            Some(id) => self.user(id),
            None => Ok(None),
        }
    }

    /// All accounts by number.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        users(&self.table(USERS)?)
    }

    /// How many accounts there are.
    pub fn user_count(&self) -> Result<u64, StoreError> {
        Ok(self.table(USERS)?.len()?)
    }

    /// Entries of the name index, for the check of the store.
    pub fn usernames(&self) -> Result<Vec<(String, UserId)>, StoreError> {
        let table = self.table(USERNAMES)?;
        let mut all = Vec::new();
        for entry in table.iter()? {
            let (name, id) = entry?;
            all.push((name.value().to_owned(), UserId(id.value())));
        }
        Ok(all)
    }
}

impl WriteTx {
    /// The account with number `id` as this transaction sees it.
    pub fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        user(&self.table(USERS)?, id)
    }

    /// The account named `name` as this transaction sees it.
    pub fn user_by_name(&self, name: &Username) -> Result<Option<User>, StoreError> {
        let id = id_by_name(&self.table(USERNAMES)?, name)?;
        match id {
            Some(id) => self.user(id),
            None => Ok(None),
        }
    }

    /// All accounts by number as this transaction sees them.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        users(&self.table(USERS)?)
    }

    /// How many accounts there are as this transaction sees it.
    pub fn user_count(&self) -> Result<u64, StoreError> {
        Ok(self.table(USERS)?.len()?)
    }

    /// A number no account has or had; the first is 1.
    pub fn next_user_id(&self) -> Result<UserId, StoreError> {
        let kept = self.setting(LAST_ID)?.and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
        let highest = self.table(USERS)?.last()?.map_or(0, |(id, _)| id.value());
        let next = kept.max(highest).saturating_add(1);
        self.table(SETTINGS)?.insert(LAST_ID, next.to_string().as_str())?;
        Ok(UserId(next))
    }

    /// Writes `user`, new or changed, and its name.
    ///
    /// # Errors
    /// [`StoreError::Refused`] with [`USERNAME_TAKEN`] when another account has the name.
    pub fn put_user(&self, user: &User) -> Result<(), StoreError> {
        let before = self.user(user.id)?;
        let mut names = self.table(USERNAMES)?;
        if id_by_name(&names, &user.username)?.is_some_and(|id| id != user.id) {
            return Err(StoreError::Refused(USERNAME_TAKEN));
        }
        if let Some(before) = before
            && before.username != user.username
        {
            names.remove(before.username.as_str())?;
        }
        names.insert(user.username.as_str(), user.id.0)?;
        self.table(USERS)?.insert(user.id.0, encode(user).as_slice())?;
        Ok(())
    }
}

fn user(
    table: &impl ReadableTable<u32, &'static [u8]>,
    id: UserId,
) -> Result<Option<User>, StoreError> {
    table.get(id.0)?.map(|bytes| decode(id, bytes.value())).transpose()
}

fn users(table: &impl ReadableTable<u32, &'static [u8]>) -> Result<Vec<User>, StoreError> {
    let mut all = Vec::new();
    for entry in table.iter()? {
        let (id, bytes) = entry?;
        all.push(decode(UserId(id.value()), bytes.value())?);
    }
    Ok(all)
}

fn id_by_name(
    table: &impl ReadableTable<&'static str, u32>,
    name: &Username,
) -> Result<Option<UserId>, StoreError> {
    Ok(table.get(name.as_str())?.map(|id| UserId(id.value())))
}

/// Version 3; version 1 ends before the details, version 2 before the picture.
fn encode(user: &User) -> Vec<u8> {
    let mut writer = Writer::new(3);
    writer
        .text(user.username.as_str())
        .text(user.email.as_str())
        .text(&user.name)
        .u8(user.role as u8)
        .u8(u8::from(user.suspended))
        .text(&user.password_hash)
        .text(&user.time_zone)
        .i64(user.created_at.ms())
        .text(&user.details.organisation)
        .text(&user.details.phone)
        .text(&user.details.website)
        .text(&user.details.address)
        .text(&user.details.zip)
        .u8(u8::from(user.must_change_password))
        .text(&user.avatar);
    writer.finish()
}

pub(super) fn decode(id: UserId, bytes: &[u8]) -> Result<User, StoreError> {
    let broken = |what: &str| StoreError::Corrupt(format!("account {}: {what}", id.0));
    let mut reader = Reader::new(bytes)?;
    let username = Username::parse(reader.text()?).ok_or_else(|| broken("user name"))?;
    let email = Email::parse(reader.text()?).ok_or_else(|| broken("e-mail address"))?;
    let name = reader.text()?.to_owned();
    let role = reader.u8()?;
    let role = Role::ALL.into_iter().find(|known| *known as u8 == role);
    let mut user = User {
        id,
        username,
        email,
        name,
        role: role.ok_or_else(|| broken("role"))?,
        // Anything but a clear "no" keeps the account shut.
        suspended: reader.u8()? != 0,
        password_hash: reader.text()?.to_owned(),
        time_zone: reader.text()?.to_owned(),
        created_at: Timestamp(reader.i64()?),
        details: Details::default(),
        must_change_password: false,
        avatar: String::new(),
    };
    if reader.version() > 1 {
        let details = &mut user.details;
        for text in [
            &mut details.organisation,
            &mut details.phone,
            &mut details.website,
            &mut details.address,
            &mut details.zip,
        ] {
            reader.text()?.clone_into(text);
        }
        user.must_change_password = reader.u8()? != 0;
    }
    if reader.version() > 2 {
        reader.text()?.clone_into(&mut user.avatar);
    }
    Ok(user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    fn sample(id: u32, name: &str) -> User {
        User {
            id: UserId(id),
            username: Username::parse(name).unwrap(),
            email: Email::parse("a@example.org").unwrap(),
            name: "Ä <b>".into(),
            role: Role::Admin,
            suspended: true,
            password_hash: "$argon2id$".into(),
            time_zone: "Europe/Berlin".into(),
            created_at: Timestamp(-5),
            details: Details {
                organisation: "Wagen & Söhne".into(),
                zip: "12345".into(),
                ..Details::default()
            },
            must_change_password: true,
            avatar: "00ff".into(),
        }
    }

    #[test]
    fn records_come_back_and_cut_ones_are_errors() {
        let user = sample(7, "ann");
        let bytes = encode(&user);
        assert_eq!(decode(UserId(7), &bytes).unwrap(), user);
        for end in 0..bytes.len() {
            assert!(decode(UserId(7), &bytes[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn the_name_index_follows_and_refuses_doubles() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        let name = |text| Username::parse(text).unwrap();
        store
            .write(|tx| {
                assert_eq!(tx.next_user_id()?, UserId(1));
                assert_eq!(tx.next_user_id()?, UserId(2));
                tx.put_user(&sample(1, "ann"))?;
                tx.put_user(&sample(2, "bob"))?;
                tx.put_user(&sample(1, "eve"))
            })
            .unwrap();
        let taken = store.write(|tx| tx.put_user(&sample(2, "EVE")));
        assert!(matches!(taken, Err(StoreError::Refused(USERNAME_TAKEN))));
        store
            .read(|tx| {
                assert_eq!(tx.user_by_name(&name("ann"))?, None);
                assert_eq!(tx.user_by_name(&name("bob"))?.unwrap().id, UserId(2));
                assert_eq!(tx.user_by_name(&name("eve"))?.unwrap().id, UserId(1));
                assert_eq!((tx.user_count()?, tx.users()?.len()), (2, 2));
                let names = [("bob".to_owned(), UserId(2)), ("eve".to_owned(), UserId(1))];
                assert_eq!(tx.usernames()?, names);
                Ok(())
            })
            .unwrap();
        assert_eq!(store.write(WriteTx::next_user_id).unwrap(), UserId(3), "no number twice");
    }
}
