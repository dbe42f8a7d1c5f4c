//! What the search bench asks, and the plates and words it asks about.

/// How many captures a plate has on the average.
pub(crate) const READS_PER_PLATE: u64 = 8;

pub(crate) const COLORS: [&str; 10] = [
    "white",
    "black",
    "silver-gray",
    "blue",
    "red",
    "green",
    "brown",
    "gold-beige",
    "yellow",
    "orange",
];
pub(crate) const MAKES: [&str; 12] = [
    "toyota",
    "ford",
    "honda",
    "chevrolet",
    "nissan",
    "jeep",
    "bmw",
    "subaru",
    "hyundai",
    "gmc",
    "kia",
    "audi",
];
pub(crate) const BODIES: [&str; 6] = [
    "sedan-standard",
    "suv-crossover",
    "truck-standard",
    "van-mini",
    "sedan-compact",
    "suv-standard",
];
pub(crate) const REGIONS: [&str; 8] =
    ["us-ma", "us-ma", "us-ma", "us-nh", "us-ri", "us-ct", "us-ny", "us-me"];

/// xorshift: the same run every time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }

    pub(crate) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len() as u64) as usize]
    }
}

/// Plate number `id`: mostly the usual shapes of the region, some vanity plates.
pub(crate) fn plate(id: u64) -> String {
    let mut dice = Dice(id.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    dice.roll(2);
    let shapes = ["9LLL99", "9LL999", "LLL9999", "999LL9", "999L99", "LLL999", "LLLLL", "99LLLL"];
    let usual = if dice.roll(20) == 0 { 8 } else { 6 };
    let shape = dice.pick(&shapes[..usual]);
    let mut text = String::new();
    for character in shape.chars() {
        let set: &[u8] = if character == '9' { b"0123456789" } else { b"ABCDEFGHJKLMNPRSTUVWXYZ" };
        text.push(char::from(set[dice.roll(set.len() as u64) as usize]));
    }
    text
}

/// Gives a fresh text per round.
pub(crate) type Question = Box<dyn Fn(&mut Dice) -> String>;

/// The classes of questions, each giving a fresh text per round.
pub(crate) fn classes(count: u64) -> Vec<(&'static str, Question)> {
    let plates = count / READS_PER_PLATE;
    let some = move |dice: &mut Dice| plate(dice.roll(plates));
    let day = |dice: &mut Dice| {
        let date = jiff::civil::date(2026, 1, 1);
        date.checked_add(jiff::Span::new().days(dice.roll(364) as i64)).unwrap()
    };
    let letter =
        |dice: &mut Dice| char::from(b"ABCDEFGHJKLMNPRSTUVWXYZ0123456789"[dice.roll(33) as usize]);
    vec![
        ("all", Box::new(|_| String::new())),
        ("exact", Box::new(move |d| format!("={}", some(d)))),
        ("exact_miss", Box::new(|d| format!("=QQ{}", d.roll(1_000_000)))),
        ("prefix1", Box::new(move |d| format!("{}*", &some(d)[..1]))),
        ("prefix2", Box::new(move |d| format!("{}*", &some(d)[..2]))),
        ("prefix3", Box::new(move |d| format!("{}*", &some(d)[..3]))),
        ("prefix4", Box::new(move |d| format!("{}*", &some(d)[..4]))),
        ("substring1", Box::new(move |d| letter(d).to_string())),
        ("substring2", Box::new(move |d| some(d)[2..4].to_owned())),
        ("substring3", Box::new(move |d| some(d)[1..4].to_owned())),
        ("substring4", Box::new(move |d| some(d)[1..5].to_owned())),
        ("substring_miss", Box::new(|d| format!("QQ{}QQ", d.roll(100)))),
        ("suffix2", Box::new(move |d| format!("*{}", &some(d)[3..5]))),
        ("suffix3", Box::new(move |d| format!("*{}", &some(d)[some(d).len().min(5) - 3..5]))),
        ("like_exact", Box::new(move |d| format!("~={}", some(d)))),
        ("like_substring1", Box::new(move |d| format!("~{}", letter(d)))),
        ("like_substring2", Box::new(move |d| format!("~{}", &some(d)[2..4]))),
        ("like_substring3", Box::new(move |d| format!("~{}", &some(d)[1..4]))),
        (
            "wild_middle",
            Box::new(move |d| {
                let p = some(d);
                format!("{}*{}", &p[..2], &p[p.len() - 2..])
            }),
        ),
        (
            "wild_one",
            Box::new(move |d| {
                let p = some(d);
                format!("{}?{}*", &p[..1], &p[2..4])
            }),
        ),
        (
            "wild_short",
            Box::new(move |d| {
                let p = some(d);
                format!("*{}*{}*", &p[..1], &p[3..4])
            }),
        ),
        ("day", Box::new(move |d| format!("date:{}", day(d)))),
        (
            "hours",
            Box::new(move |d| {
                let x = day(d);
                format!("after:{x}T07:15 before:{x}T09:45")
            }),
        ),
        (
            "half_year",
            Box::new(move |d| {
                format!("after:{} before:2026-{:02}-03", "2026-02-11", 6 + d.roll(6))
            }),
        ),
        ("camera", Box::new(|d| format!("camera:K2V9YQ8ZJ5T3XW7M/{}", 100 + d.roll(8)))),
        ("color", Box::new(|d| format!("color:{}", d.pick(&COLORS)))),
        ("not_color", Box::new(|d| format!("-color:{}", d.pick(&COLORS)))),
        ("conf", Box::new(|d| format!("conf:>{}", 75 + d.roll(20)))),
        (
            "make_color_body_region_camera",
            Box::new(|d| {
                format!(
                    "make:{} color:{} body:{} region:us-nh camera:K2V9YQ8ZJ5T3XW7M/103",
                    d.pick(&MAKES),
                    d.pick(&COLORS),
                    d.pick(&BODIES)
                )
            }),
        ),
        (
            "substring2_color_day",
            Box::new(move |d| format!("{} color:white date:{}", &some(d)[2..4], day(d))),
        ),
        ("substring3_color", Box::new(move |d| format!("{} color:black", &some(d)[1..4]))),
        (
            "prefix3_camera_quarter",
            Box::new(move |d| {
                format!(
                    "{}* camera:K2V9YQ8ZJ5T3XW7M/101 after:2026-04-01 before:2026-07-01",
                    &some(d)[..3]
                )
            }),
        ),
        ("rare_flag", Box::new(|_| "is:parked is:late".to_owned())),
        ("miss", Box::new(|d| format!("color:pink make:{}", d.pick(&MAKES)))),
    ]
}

/// One question for each filter, to be asked alone and in pairs.
pub(crate) fn atoms(count: u64) -> Vec<(&'static str, Question)> {
    let plates = count / READS_PER_PLATE;
    let some = move |dice: &mut Dice| plate(dice.roll(plates));
    let day = |dice: &mut Dice| {
        let date = jiff::civil::date(2026, 1, 1);
        date.checked_add(jiff::Span::new().days(dice.roll(364) as i64)).unwrap()
    };
    vec![
        ("plate_whole", Box::new(move |d| format!("={}", some(d)))),
        ("plate_start", Box::new(move |d| format!("{}*", &some(d)[..3]))),
        ("plate_part", Box::new(move |d| some(d)[1..4].to_owned())),
        ("plate_wild", Box::new(move |d| wild(&some(d)))),
        ("plate_like", Box::new(move |d| format!("~{}", &some(d)[1..5]))),
        ("plate_near1", Box::new(move |d| format!("{}~1", some(d)))),
        ("plate_near2", Box::new(move |d| format!("{}~2", some(d)))),
        ("plate_not", Box::new(move |d| format!("-plate:{}*", &some(d)[..2]))),
        ("candidate", Box::new(move |d| format!("candidate:={}", some(d)))),
        ("candidate_part", Box::new(move |d| format!("candidate:{}", &some(d)[1..4]))),
        ("month", Box::new(move |d| format!("date:{}", &day(d).to_string()[..7]))),
        ("day_not", Box::new(move |d| format!("-date:{}", day(d)))),
        ("hour", Box::new(|d| format!("hour:{}-{}", d.roll(24), d.roll(24)))),
        ("weekday", Box::new(|d| format!("weekday:{}", d.pick(&["mon-fri", "weekend", "tue"])))),
        ("camera", Box::new(|d| format!("camera:K2V9YQ8ZJ5T3XW7M/{}", 100 + d.roll(8)))),
        ("site", Box::new(|_| "site:K2V9YQ8ZJ5T3XW7M".to_owned())),
        ("region", Box::new(|d| format!("region:{}", d.pick(&REGIONS)))),
        ("direction", Box::new(|d| format!("direction:{}", d.pick(&["n", "se", "w"])))),
        ("color", Box::new(|d| format!("color:{}", d.pick(&COLORS)))),
        ("color_not", Box::new(|d| format!("-color:{}", d.pick(&COLORS)))),
        ("make", Box::new(|d| format!("make:{}", d.pick(&MAKES)))),
        ("model", Box::new(|d| format!("model:{}_{}", d.pick(&MAKES), d.roll(30)))),
        ("body", Box::new(|d| format!("body:{}", d.pick(&BODIES)))),
        ("year", Box::new(|d| format!("year:{0}-{1}", 2000 + 5 * d.roll(5), 2004))),
        ("conf", Box::new(|d| format!("conf:>{}", 75 + d.roll(20)))),
        ("alert", Box::new(|_| "alert:no".to_owned())),
        ("list", Box::new(|_| "list:Stolen".to_owned())),
        ("tag", Box::new(|_| "tag:staff".to_owned())),
        ("late", Box::new(|_| "late:yes".to_owned())),
        ("parked", Box::new(|_| "parked:no".to_owned())),
        ("kind", Box::new(|d| format!("kind:{}", d.pick(&["plate", "vehicle"])))),
        ("signature", Box::new(|d| format!("signature:{:016x}", d.roll(u64::MAX)))),
    ]
}

/// The plate with its second character open.
fn wild(plate: &str) -> String {
    format!("{}?{}*", &plate[..1], &plate[2..4])
}
