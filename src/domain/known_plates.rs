//! What people may write about a plate, and finding it again. Who may write is decided by the
//! route.

use crate::base::clock::Timestamp;
use crate::base::limits::{
    KNOWN_NAME_CHARS_MAX, KNOWN_NOTES_CHARS_MAX, KNOWN_PLATES_MAX, KNOWN_TAGS_MAX, TAG_CHARS_MAX,
};
use crate::domain::settings::FieldError;
use crate::model::known_plate::{Author, KnownPlate, PlateTag};
use crate::model::plate::Plate;
use crate::model::text::clean_lines;
use crate::store::{ReadTx, StoreError, WriteTx};

/// Refusal: the list is full.
pub const TOO_MANY: &str = "there are too many known plates: forget one first";

/// What a form or a program says about a plate; `None` leaves a field as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct KnownForm<'a> {
    /// Whose it is.
    pub name: Option<&'a str>,
    /// Notes.
    pub notes: Option<&'a str>,
    /// Tags, separated by commas.
    pub tags: Option<&'a str>,
    /// Whether it is ignored.
    pub ignored: Option<bool>,
}

/// A [`KnownForm`] whose fields are all right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    name: Option<String>,
    notes: Option<String>,
    tags: Option<Vec<PlateTag>>,
    ignored: Option<bool>,
}

/// Checks `form`.
///
/// # Errors
/// Every field that is wrong. Nothing is cut off silently.
pub fn check(form: KnownForm<'_>) -> Result<Wanted, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut wrong = |field, message: String| errors.push(FieldError { field, message });
    let name = form.name.map(str::trim);
    if name.is_some_and(|name| {
        name.chars().count() > KNOWN_NAME_CHARS_MAX || name.chars().any(char::is_control)
    }) {
        wrong("name", format!("Use at most {KNOWN_NAME_CHARS_MAX} characters in one line."));
    }
    let notes = form.notes.map(clean_lines);
    if notes.as_ref().is_some_and(|notes| notes.chars().count() > KNOWN_NOTES_CHARS_MAX) {
        wrong("notes", format!("Use at most {KNOWN_NOTES_CHARS_MAX} characters."));
    }
    let tags = form.tags.and_then(|text| match parse_tags(text) {
        Ok(tags) => Some(tags),
        Err(message) => {
            wrong("tags", message);
            None
        }
    });
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Wanted { name: name.map(str::to_owned), notes, tags, ignored: form.ignored })
}

/// Tags between commas, sorted, each once.
fn parse_tags(text: &str) -> Result<Vec<PlateTag>, String> {
    let mut tags = Vec::new();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let tag = PlateTag::parse(part)
            .ok_or_else(|| format!("A tag has at most {TAG_CHARS_MAX} characters in one line."))?;
        tags.push(tag);
        if tags.len() > FORM_TAGS_MAX {
            break;
        }
    }
    tags.sort_unstable();
    tags.dedup();
    if tags.len() > KNOWN_TAGS_MAX {
        return Err(format!("A plate has at most {KNOWN_TAGS_MAX} tags."));
    }
    Ok(tags)
}

/// Tags of one form that are looked at, repeated ones too.
const FORM_TAGS_MAX: usize = KNOWN_TAGS_MAX * 10;

/// Writes what is `wanted` about `plate`. When nothing is left to say, the plate is forgotten.
///
/// # Errors
/// [`StoreError::Refused`] when there are too many known plates.
pub fn save(
    tx: &WriteTx,
    plate: &Plate,
    wanted: Wanted,
    by: Author,
    now: Timestamp,
) -> Result<KnownPlate, StoreError> {
    let before = tx.known_plate(plate)?;
    let is_new = before.is_none();
    let mut known = before.unwrap_or_else(|| KnownPlate::blank(plate));
    let old = known.clone();
    known.name = wanted.name.unwrap_or(known.name);
    known.notes = wanted.notes.unwrap_or(known.notes);
    known.tags = wanted.tags.unwrap_or(known.tags);
    known.ignored = wanted.ignored.unwrap_or(known.ignored);
    if known == old {
        return Ok(known);
    }
    known.changed_by = by;
    known.changed_at = now;
    if known.is_blank() {
        tx.delete_known_plate(plate)?;
    } else if is_new && tx.known_plate_count()? >= KNOWN_PLATES_MAX {
        return Err(StoreError::Refused(TOO_MANY));
    } else {
        tx.put_known_plate(&known)?;
    }
    Ok(known)
}

/// Which known plates are wanted.
#[derive(Clone, Debug, Default)]
pub struct KnownFilter {
    /// Only those with this tag.
    pub tag: Option<PlateTag>,
    /// Only those with this text in plate, name, tags or notes; case does not matter.
    pub text: String,
    /// Only ignored ones.
    pub ignored: bool,
}

impl KnownFilter {
    fn takes(&self, known: &KnownPlate) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.text);
        (!self.ignored || known.ignored)
            && (self.text.is_empty()
                || has(known.plate.as_str())
                || has(&known.name)
                || known.tags.iter().any(|tag| tag.as_str().contains(&self.text))
                || has(&known.notes))
    }
}

/// A page of known plates, and whether there are more after it.
#[derive(Clone, Debug, Default)]
pub struct KnownPage {
    /// Plates, in order.
    pub rows: Vec<KnownPlate>,
    /// Whether more follow.
    pub more: bool,
}

/// At most `limit` known plates after `after` that `filter` takes.
pub fn list(
    tx: &ReadTx,
    filter: &KnownFilter,
    after: Option<&Plate>,
    limit: usize,
) -> Result<KnownPage, StoreError> {
    let filter = KnownFilter { text: filter.text.trim().to_lowercase(), ..filter.clone() };
    let mut page = KnownPage::default();
    let mut take = |known: KnownPlate| {
        if filter.takes(&known) {
            page.more = page.rows.len() == limit;
            if !page.more {
                page.rows.push(known);
            }
        }
        !page.more
    };
    match &filter.tag {
        None => tx.each_known_plate(after, take)?,
        Some(tag) => {
            for plate in tx.plates_with_tag(tag)? {
                if after.is_some_and(|after| plate <= *after) {
                    continue;
                }
                if tx.known_plate(&plate)?.is_some_and(|known| !take(known)) {
                    break;
                }
            }
        }
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::user::UserId;
    use crate::store::{Store, StoreOptions};

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn plate(text: &str) -> Plate {
        Plate::parse(text).unwrap()
    }

    fn form<'a>(name: &'a str, tags: &'a str, ignored: bool) -> KnownForm<'a> {
        KnownForm { name: Some(name), notes: Some(""), tags: Some(tags), ignored: Some(ignored) }
    }

    fn put(tx: &WriteTx, text: &str, form: KnownForm<'_>) -> KnownPlate {
        let by = Author { user: UserId(1), name: "Ann".into() };
        save(tx, &plate(text), check(form).unwrap(), by, NOW).unwrap()
    }

    fn open() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        (directory, store)
    }

    #[test]
    fn fields_are_checked_and_nothing_is_cut_off() {
        let fields = |form| {
            let errors: Vec<FieldError> = check(form).expect_err("refused");
            errors.into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        let long = |count: usize| "ä".repeat(count);
        let (name, notes) = (long(KNOWN_NAME_CHARS_MAX), long(KNOWN_NOTES_CHARS_MAX));
        let tags: Vec<String> = (0..=KNOWN_TAGS_MAX).map(|n| format!("t{n}")).collect();
        let fits = KnownForm {
            name: Some(&name),
            notes: Some(&notes),
            tags: Some(&tags[1..].join(",")),
            ignored: None,
        };
        assert_eq!(check(fits).unwrap().tags.unwrap().len(), KNOWN_TAGS_MAX);
        let wrong = KnownForm {
            name: Some(&format!("{name}x")),
            notes: Some(&format!("{notes}x")),
            tags: Some(&tags.join(",")),
            ignored: None,
        };
        assert_eq!(fields(wrong), ["name", "notes", "tags"]);
        let lines = KnownForm { name: Some("a\nb"), ..KnownForm::default() };
        assert_eq!(fields(lines), ["name"]);
        let tag = long(TAG_CHARS_MAX + 1);
        assert_eq!(fields(KnownForm { tags: Some(&tag), ..KnownForm::default() }), ["tags"]);
        let many = "x,".repeat(30_000);
        let wanted = check(KnownForm { tags: Some(&many), ..KnownForm::default() }).unwrap();
        assert_eq!(wanted.tags.unwrap().len(), 1, "the same tag again is no other tag");
    }

    #[test]
    fn what_is_blank_is_forgotten_and_what_is_not_said_stays() {
        let (_directory, store) = open();
        let saved =
            store.write(|tx| Ok(put(tx, "AB1", form(" Priya ", "Staff, van,,staff", true))));
        let saved = saved.unwrap();
        assert_eq!((saved.name.as_str(), saved.tags.len(), saved.ignored), ("Priya", 2, true));
        assert_eq!((saved.changed_by.name.as_str(), saved.changed_at), ("Ann", NOW));
        let only_notes = KnownForm { notes: Some("x\r\ny\u{7}"), ..KnownForm::default() };
        let noted = store.write(|tx| Ok(put(tx, "AB1", only_notes))).unwrap();
        assert_eq!((noted.name.as_str(), noted.notes.as_str()), ("Priya", "x\ny"));
        assert!(noted.ignored);
        store.write(|tx| Ok(put(tx, "AB1", form("", "", false)))).unwrap();
        assert_eq!(store.read(ReadTx::known_plate_count).unwrap(), 0);
        assert!(store.read(|tx| tx.plate_tags(10)).unwrap().is_empty());
    }

    #[test]
    fn the_list_is_filtered_and_paged() {
        let (_directory, store) = open();
        store
            .write(|tx| {
                put(tx, "AB1", form("Priya", "staff", false));
                put(tx, "AB2", form("Bob", "staff, van", true));
                put(tx, "CD3", form("Van Gogh", "", false));
                Ok(())
            })
            .unwrap();
        let names = |tag: Option<&str>, text: &str, ignored, after: Option<&str>, limit| {
            let filter =
                KnownFilter { tag: tag.and_then(PlateTag::parse), text: text.into(), ignored };
            let page = store.read(|tx| list(tx, &filter, after.map(plate).as_ref(), limit));
            let page = page.unwrap();
            let names: Vec<String> =
                page.rows.iter().map(|row| row.plate.as_str().into()).collect();
            (names.join(" "), page.more)
        };
        assert_eq!(names(None, "", false, None, 10), ("AB1 AB2 CD3".into(), false));
        assert_eq!(names(None, "", false, None, 2), ("AB1 AB2".into(), true));
        assert_eq!(names(None, "", false, Some("AB2"), 2), ("CD3".into(), false));
        assert_eq!(names(Some("Staff"), "", false, None, 1), ("AB1".into(), true));
        assert_eq!(names(Some("staff"), "", false, Some("AB1"), 1), ("AB2".into(), false));
        assert_eq!(names(None, " VAN", false, None, 10), ("AB2 CD3".into(), false));
        assert_eq!(names(None, "", true, None, 10), ("AB2".into(), false));
        assert_eq!(names(Some("none"), "", false, None, 10), (String::new(), false));
    }
}
