//! The person behind an account, as the own profile and Settings/Users both show and change them:
//! fields and picture.

use crate::base::limits::AVATAR_BYTES_MAX;
use crate::domain::person::{self, Person, PersonForm};
use crate::domain::picture;
use crate::gate::{Form, Response};
use crate::model::audit::{Action, differences};
use crate::model::text::clean;
use crate::model::user::{User, UserId};
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::views::FieldError;
use crate::web::views::users::UserForm;
use crate::web::{format, paths};

/// Largest form with a picture, bytes: the picture, and room for the other fields.
pub const FORM_MAX: u64 = AVATAR_BYTES_MAX as u64 + 16 * 1024;

/// What was typed, to be shown again.
pub fn typed(form: &Form) -> UserForm {
    let field = |name: &str| clean(form.get(name).unwrap_or_default());
    UserForm {
        username: field("username"),
        name: field("name"),
        email: field("email"),
        organisation: field("organisation"),
        phone: field("phone"),
        website: field("website"),
        address: field("address"),
        zip: field("zip"),
        roles: Vec::new(),
    }
}

/// The person that `form` tells of, or what is wrong with it.
pub fn parse(form: &Form) -> Result<Person, Vec<FieldError>> {
    let field = |name: &str| form.get(name).unwrap_or_default();
    let parsed = Person::parse(PersonForm {
        email: field("email"),
        name: field("name"),
        organisation: field("organisation"),
        phone: field("phone"),
        website: field("website"),
        address: field("address"),
        zip: field("zip"),
    });
    parsed.map_err(|errors| errors.into_iter().map(FieldError::from).collect())
}

/// The fields of `user` as they are.
pub fn form_of(user: &User) -> UserForm {
    let details = user.details.clone();
    UserForm {
        username: user.username.as_str().to_owned(),
        name: user.name.clone(),
        email: user.email.as_str().to_owned(),
        organisation: details.organisation,
        phone: details.phone,
        website: details.website,
        address: details.address,
        zip: details.zip,
        roles: Vec::new(),
    }
}

/// Address of the picture of `user`, `""` without one.
pub fn avatar_href(user: &User) -> String {
    if user.avatar.is_empty() {
        return String::new();
    }
    format!("{}/{}/{}", paths::AVATARS, user.id.0, user.avatar)
}

/// `GET /avatars/{user}/{hash}`.
pub fn avatar(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let user = ctx.param("user").and_then(|text| text.parse().ok()).map(UserId);
    let (user, hash) = (user.ok_or(WebError::NotFound)?, ctx.param("hash").unwrap_or_default());
    let file = ctx.site.store.read(|tx| person::avatar(tx, user, hash))?;
    let file = file.ok_or(WebError::NotFound)?;
    Ok(Response::new(200).bytes(&file.media_type, file.bytes))
}

/// Keeps the picture of a form as that of `target`, or removes it when `remove` was sent. The outer
/// error is a failure, the inner one a picture that cannot be taken.
pub fn save_avatar(
    ctx: &Ctx<'_>,
    input: &mut Input<'_, '_>,
    target: UserId,
) -> Result<Result<(), FieldError>, WebError> {
    let remove = input.form()?.get("remove").is_some();
    let file = input.file("picture")?.filter(|_| !remove);
    let picture = match file.map(|file| picture::portrait(&file.bytes)) {
        Some(Ok(picture)) => Some(picture),
        None if remove => None,
        None => return Ok(Err(FieldError::new("picture", "Choose a picture first."))),
        Some(Err(rule)) => {
            let message = format!("{}.", format::upper_first(&rule));
            return Ok(Err(FieldError::new("picture", message)));
        }
    };
    let actor = ctx.user()?;
    let saved = ctx.site.store.write(|tx| {
        let before = tx.user(target)?.map(|user| user.fields()).unwrap_or_default();
        let user = person::set_avatar(tx, actor, target, picture.as_ref())?;
        let changes = differences(&before, &user.fields());
        let event = if actor.id == target {
            ctx.event(Action::ProfileChanged)
        } else {
            ctx.event(Action::UserChanged).object(user.username.as_str())
        };
        if changes.is_empty() { Ok(()) } else { tx.audit(&event.changes(changes)) }
    });
    match saved {
        Ok(()) => Ok(Ok(())),
        Err(error) => Ok(Err(super::login::refusal(error, "picture")?)),
    }
}
