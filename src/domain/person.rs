//! What is known of the person behind an account: parsed from texts as typed, kept, and the picture.

use crate::base::hash::{hex, sha256};
use crate::model::contact::{Phone, Website};
use crate::model::text;
use crate::model::user::{Details, Email, User, UserId};
use crate::store::files::KeptFile;
use crate::store::{ReadTx, StoreError, WriteTx};

use super::picture::Picture;
use super::settings::FieldError;
use super::users::{existing, managed};

/// What to do about a wrong e-mail address.
pub const EMAIL_RULE: &str = "give an e-mail address such as name@example.org";

/// The fields of a person, as typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct PersonForm<'a> {
    /// E-mail address.
    pub email: &'a str,
    /// Name people use.
    pub name: &'a str,
    /// Business.
    pub organisation: &'a str,
    /// Telephone number in any spelling.
    pub phone: &'a str,
    /// Web site.
    pub website: &'a str,
    /// Postal address.
    pub address: &'a str,
    /// Postal code.
    pub zip: &'a str,
}

/// A person, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// E-mail address.
    pub email: Email,
    /// Name people use, `""` when not given.
    pub name: String,
    /// How to reach them.
    pub details: Details,
}

impl Person {
    /// Checks `form`.
    ///
    /// # Errors
    /// Every field that is wrong.
    pub fn parse(form: PersonForm<'_>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut wrong = |field: &'static str, rule: &str| {
            errors.push(FieldError { field, message: rule.to_owned() });
        };
        let email = Email::parse(form.email);
        if email.is_none() {
            wrong("email", EMAIL_RULE);
        }
        let phone = phone(form.phone).unwrap_or_else(|rule| {
            wrong("phone", rule);
            String::new()
        });
        let website = website(form.website).unwrap_or_else(|rule| {
            wrong("website", rule);
            String::new()
        });
        match email {
            Some(email) if errors.is_empty() => Ok(Self {
                email,
                name: text::clean(form.name),
                details: Details {
                    organisation: text::clean(form.organisation),
                    phone,
                    website,
                    address: text::clean(form.address),
                    zip: text::clean(form.zip),
                },
            }),
            _ => Err(errors),
        }
    }

    /// `user` as this person.
    pub(super) fn put_into(&self, user: &mut User) {
        user.email.clone_from(&self.email);
        user.name.clone_from(&self.name);
        user.details.clone_from(&self.details);
    }
}

/// A telephone number as it is kept; `""` stays.
///
/// # Errors
/// What to do about it.
pub fn phone(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    Phone::parse(text).map(|phone| phone.as_str().to_owned())
}

/// A web site as it is kept; `""` stays.
///
/// # Errors
/// What to do about it.
pub fn website(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    Website::parse(text).map(|site| site.as_str().to_owned())
}

/// Gives `target` a picture, or none, on behalf of `actor`, who may be the same.
///
/// # Errors
/// [`StoreError::Refused`] with a sentence when a rule is against it.
pub fn set_avatar(
    tx: &WriteTx,
    actor: &User,
    target: UserId,
    picture: Option<&Picture>,
) -> Result<User, StoreError> {
    let mut user =
        if actor.id == target { existing(tx, target)? } else { managed(tx, actor, target)? };
    if let Some(picture) = picture {
        let (media_type, bytes) = (picture.media_type.to_owned(), picture.bytes.clone());
        user.avatar = hex(sha256(&bytes).first_chunk::<8>().map_or(&[], |start| start));
        tx.put_file(&file_of(target), &KeptFile { media_type, bytes })?;
    } else {
        user.avatar = String::new();
        tx.delete_file(&file_of(target))?;
    }
    tx.put_user(&user)?;
    Ok(user)
}

/// The picture of `user`, in the version `hash` tells.
pub fn avatar(tx: &ReadTx, user: UserId, hash: &str) -> Result<Option<KeptFile>, StoreError> {
    let current = tx.user(user)?.is_some_and(|user| !hash.is_empty() && user.avatar == hash);
    if current { tx.file(&file_of(user)) } else { Ok(None) }
}

fn file_of(user: UserId) -> String {
    format!("avatar/{}", user.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::Timestamp;
    use crate::domain::picture;
    use crate::domain::picture::tests::photo;
    use crate::domain::users::tests::{new, store};
    use crate::domain::users::{self, NOT_ALLOWED, SUPER_FIXED};
    use crate::model::user::Role;

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let form = PersonForm {
            email: "nobody",
            phone: "301 555 0123",
            website: "javascript:alert(1)",
            name: "<b>\n",
            ..PersonForm::default()
        };
        let errors = Person::parse(form).unwrap_err();
        let fields: Vec<&str> = errors.iter().map(|error| error.field).collect();
        assert_eq!(fields, ["email", "phone", "website"]);
        let right = PersonForm {
            email: "a@example.org",
            phone: "+1 (301) 555-0123",
            website: " HTTPS://example.org ",
            ..form
        };
        let person = Person::parse(right).unwrap();
        assert_eq!((person.name.as_str(), person.details.phone.as_str()), ("<b>", "+13015550123"));
        assert_eq!(person.details.website, "https://example.org");
        let empty = Person::parse(PersonForm { phone: " ", website: "", ..right }).unwrap();
        assert_eq!((empty.details.phone.as_str(), empty.details.website.as_str()), ("", ""));
    }

    #[test]
    fn pictures_come_in_versions_and_go() {
        let (_directory, store) = store();
        let add = |name, role| {
            store.write(|tx| users::create(tx, new(name, role), Timestamp(1))).unwrap()
        };
        let (owner, anna, uwe) =
            (add("owner", Role::Super), add("anna", Role::Admin), add("uwe", Role::User));
        let [small, large] = [8, 16].map(|side| picture::portrait(&photo(side, side)).unwrap());
        let set = |actor: &User, target: &User, picture: Option<&Picture>| {
            store.write(|tx| set_avatar(tx, actor, target.id, picture))
        };
        let first = set(&uwe, &uwe, Some(&small)).unwrap().avatar;
        let second = set(&anna, &uwe, Some(&large)).unwrap().avatar;
        assert_ne!(first, second);
        let get = |hash: &str| store.read(|tx| avatar(tx, uwe.id, hash)).unwrap();
        assert!(get(&first).is_none() && get("").is_none());
        assert_eq!(get(&second).unwrap().bytes, large.bytes);
        set(&uwe, &uwe, None).unwrap();
        assert!(get(&second).is_none() && get("").is_none());
        for (actor, target, why) in [(&anna, &owner, SUPER_FIXED), (&uwe, &anna, NOT_ALLOWED)] {
            let refused = set(actor, target, Some(&small));
            assert!(matches!(refused, Err(StoreError::Refused(found)) if found == why));
        }
    }
}
