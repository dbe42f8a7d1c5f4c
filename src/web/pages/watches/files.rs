//! Watches as a CSV file: taken away, and brought.

use super::office::Office;
use super::show_list;
use crate::base::limits::WATCH_FILE_BYTES_MAX;
use crate::domain::watches::file::{self, LineError};
use crate::gate::Response;
use crate::model::audit::Action;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;
use crate::web::pages::login::refusal;
use crate::web::paths;
use crate::web::views::FieldError;

/// Largest body of the form with the file, bytes.
pub const FORM_MAX: u64 = WATCH_FILE_BYTES_MAX + 64 * 1024;

/// `GET /watches/export`.
pub fn export(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let owner = ctx.user()?.id;
    let office = Office::open(ctx)?;
    let watches = ctx.site.store.read(|tx| tx.watches_of(owner))?;
    let text = file::write(&watches, &office.desk(ctx));
    ctx.audit(Action::Export, format!("{} watches", watches.len()));
    let response = Response::new(200).bytes("text/csv; charset=utf-8", text.into_bytes());
    Ok(response.header("Content-Disposition", "attachment; filename=\"watches.csv\""))
}

/// `POST /watches/import`, with a file.
pub fn import(ctx: &Ctx<'_>, input: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let wrong = |message: &str| show_list(ctx, vec![FieldError::new("file", message)]);
    let bytes = input.file("file")?.map(|file| file.bytes.clone()).unwrap_or_default();
    if bytes.is_empty() {
        return wrong("Choose a CSV file.");
    }
    let Ok(text) = String::from_utf8(bytes) else {
        return wrong("The file is not UTF-8: choose CSV UTF-8 when saving it.");
    };
    let office = Office::open(ctx)?;
    let watches = match file::read(&text, &office.desk(ctx)) {
        Ok(watches) if watches.is_empty() => return wrong("There are no watches in the file."),
        Ok(watches) => watches,
        Err(errors) => return show_list(ctx, errors.iter().map(told).collect()),
    };
    let count = watches.len();
    let done = ctx.site.store.write(|tx| {
        let done = file::import(tx, watches.clone())?;
        let event = ctx.event(Action::Import).object(format!("{count} watches"));
        tx.audit(&event.note(format!("{} new", done.added)))?;
        Ok(done)
    });
    match done {
        Ok(_) => Ok(Response::redirect(303, &format!("{}?done=imported", paths::WATCHES))),
        Err(error) => show_list(ctx, vec![refusal(error, "file")?]),
    }
}

fn told(error: &LineError) -> FieldError {
    let LineError { line, field, message } = error;
    let column = if field.is_empty() { String::new() } else { format!(", {field}") };
    FieldError::new("file", format!("Line {line}{column}: {message}"))
}
