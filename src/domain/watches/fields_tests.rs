use super::*;
use crate::domain::users;
use crate::domain::users::tests::{new, store};

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn with<T>(role: Role, work: impl FnOnce(&Desk<'_>) -> T) -> T {
    let zone = TimeZone::get("America/Los_Angeles").unwrap();
    let names = Names { cameras: vec![("A/1".into(), "Gate in".into())], agents: Vec::new() };
    let (_directory, store) = store();
    let users = [("root", Role::Super), ("ann", role), ("ben", Role::User)];
    let users = users.map(|(name, role)| {
        store.write(|tx| users::create(tx, new(name, role), Timestamp(1))).unwrap()
    });
    let now = Timestamp(1_790_000_000_000);
    work(&Desk { zone: &zone, now, names: &names, users: &users, owner: &users[1] })
}

fn read(pairs: &[(&str, &str)], desk: &Desk<'_>) -> Result<Watch, Vec<FieldError>> {
    let find = |field: &str| {
        pairs.iter().find(|(name, _)| *name == field).map(|(_, text)| (*text).to_owned())
    };
    check(None, &find, desk)
}

#[test]
fn texts_make_the_same_watch_again() {
    let rows: [&[(&str, &str)]; 3] = [
        &[("plate", "8k?x-*"), ("look_alike", "yes"), ("name", "=cmd|' /C'!A0")],
        &[
            ("search", "color:white -make:ford camera:\"Gate in\""),
            ("description", "<script>\n\"x\""),
            ("region", "US-MA"),
            ("region_match", "no"),
            ("severity", "critical"),
            ("valid_from", "2026-08-01"),
            ("valid_until", "2026-08-31"),
            ("days", "mon-fri,sun"),
            ("hours", "22-5,12"),
            ("cameras", "gate in"),
            ("quiet_minutes", "15"),
            ("contacts", "Ben, ann"),
            ("enabled", "false"),
        ],
        &[("kind", "unlisted"), ("tag", "Staff")],
    ];
    with(Role::Admin, |desk| {
        for row in rows {
            let watch = read(row, desk).unwrap();
            let texts = texts(&watch, desk);
            assert_eq!(texts.iter().map(|(name, _)| *name).collect::<Vec<_>>(), FIELDS);
            let again: Vec<(&str, &str)> =
                texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
            assert_eq!(read(&again, desk).unwrap(), watch);
        }
        let watch = read(rows[1], desk).unwrap();
        assert_eq!(watch.contacts, [UserId(3)]);
        assert_eq!(hours_text(watch.hours), "0-5,12,22-23");
        assert_eq!(days_text(watch.days), "mon,tue,wed,thu,fri,sun");
        // Until the end of the last day in Los Angeles.
        assert_eq!(watch.valid_until, Some(Timestamp(1_788_246_000_000)));
    });
}

#[test]
fn every_mistake_names_its_field() {
    let long = "x".repeat(81);
    let checks: [(Pairs<'_>, &[&str]); 14] = [
        (&[], &["plate"]),
        (&[("plate", " - ")], &["plate"]),
        (&[("plate", "AB1~1")], &["plate"]),
        (&[("kind", "other")], &["kind"]),
        (&[("search", "colourr:x")], &["search"]),
        (&[("search", "date:today")], &["search"]),
        (&[("plate", "A1"), ("name", &long), ("severity", "high")], &["name", "severity"]),
        (&[("plate", "A1"), ("region", "us ma")], &["region"]),
        (&[("plate", "A1"), ("quiet_minutes", "-1")], &["quiet_minutes"]),
        (&[("plate", "A1"), ("days", "someday"), ("hours", "25")], &["days", "hours"]),
        (
            &[("plate", "A1"), ("valid_from", "2026-08-02"), ("valid_until", "2026-08-01")],
            &["valid_until"],
        ),
        (&[("plate", "A1"), ("cameras", "Nowhere")], &["cameras"]),
        (&[("plate", "A1"), ("contacts", "nobody")], &["contacts"]),
        (&[("plate", "A1"), ("look_alike", "maybe")], &["look_alike"]),
    ];
    with(Role::Admin, |desk| {
        for (pairs, fields) in checks {
            let errors = read(pairs, desk).expect_err("refused");
            let found: Vec<&str> = errors.iter().map(|error| error.field).collect();
            assert_eq!(found, fields, "{pairs:?} {errors:?}");
        }
    });
}

#[test]
fn only_administrators_add_others() {
    let pairs: &[(&str, &str)] = &[("plate", "A1"), ("contacts", "ben")];
    let made = with(Role::Admin, |desk| read(pairs, desk)).unwrap();
    with(Role::User, |desk| {
        let errors = read(pairs, desk).expect_err("refused");
        assert_eq!(errors[0].field, "contacts");
        let keep = |field: &str| (field == "contacts").then(|| "ben".to_owned());
        assert_eq!(check(Some(&made), &keep, desk).unwrap(), made, "who is there may stay");
        let none = |field: &str| (field == "contacts").then(String::new);
        assert!(check(Some(&made), &none, desk).unwrap().contacts.is_empty());
    });
}

#[test]
fn what_is_not_said_stays() {
    with(Role::Admin, |desk| {
        let made = read(&[("search", "color:white"), ("hours", "7"), ("name", "W")], desk).unwrap();
        let nothing = |_: &str| None;
        assert_eq!(check(Some(&made), &nothing, desk).unwrap(), made);
        let plate = |field: &str| (field == "plate").then(|| "AB1".to_owned());
        let changed = check(Some(&made), &plate, desk).unwrap();
        assert!(matches!(changed.target, Target::Plate { .. }));
        assert_eq!((changed.hours, changed.name.as_str()), (made.hours, "W"));
    });
}
