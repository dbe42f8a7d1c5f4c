//! Which passwords are good enough, and what to do when one is not. Length counts, and that
//! nobody would try it first; no rule about kinds of characters.

use crate::base::limits::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN};
use crate::model::user::{Email, Username};

/// What everybody tries first. A password made of these and little else is refused.
const FIRST_GUESSES: &[&str] = &[
    "password",
    "passwort",
    "passw0rd",
    "p@ssword",
    "p@ssw0rd",
    "letmein",
    "welcome",
    "iloveyou",
    "princess",
    "sunshine",
    "football",
    "baseball",
    "superman",
    "batman",
    "dragon",
    "monkey",
    "shadow",
    "master",
    "trustno1",
    "changeme",
    "default",
    "administrator",
    "admin",
    "root",
    "login",
    "secret",
    "qwertyuiop",
    "qwertzuiop",
    "azertyuiop",
    "qwerty",
    "qwertz",
    "azerty",
    "asdfghjkl",
    "asdfgh",
    "zxcvbnm",
    "yxcvbnm",
    "1q2w3e4r5t",
    "1q2w3e4r",
    "1q2w3e",
    "1qaz2wsx",
    "qazwsx",
    "q1w2e3r4",
    "abc123",
    "a1b2c3d4",
    "test",
    "guest",
    "user",
    "camera",
    "dahua",
    "hello",
    "whatever",
    "starwars",
    "computer",
    "internet",
    "freedom",
    "michael",
    "jordan",
    "charlie",
    "summer",
    "winter",
    "spring",
    "autumn",
];

/// Words that belong to this product.
const PRODUCT: &[&str] = &["openalpr-webhook", "openalprwebhook", "openalpr", "rekor", "webhook"];

/// Characters that must be left when the obvious parts are taken away.
const REST_MIN: usize = 6;

/// A piece of this many characters or fewer does not become better by repeating it.
const REPEATED_MAX: usize = 7;

/// Why a password is refused; a sentence that says what to do instead.
///
/// # Errors
/// The sentence.
pub fn check(password: &str, username: &Username, email: &Email) -> Result<(), String> {
    let count = password.chars().count();
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(format!(
            "The password is too long: use at most {PASSWORD_BYTES_MAX} bytes (plain letters and digits are one byte each)."
        ));
    }
    if count < PASSWORD_CHARS_MIN {
        return Err(format!(
            "The password has {count} characters: use at least {PASSWORD_CHARS_MIN}. Four or five random words work well."
        ));
    }
    let lower = password.to_lowercase();
    let local = email.as_str().rsplit_once('@').map_or("", |(local, _)| local).to_lowercase();
    for (word, what) in [(username.as_str(), "the user name"), (&local, "the e-mail address")] {
        // Very short names turn up in many good passwords by chance.
        if word.chars().count() >= 3 && lower.contains(word) {
            return Err(format!("The password contains {what}: choose one without it."));
        }
    }
    if PRODUCT.iter().any(|word| lower.contains(word)) {
        return Err("The password contains the name of this product: choose one without it.".into());
    }
    if is_trivial(&lower) {
        return Err("The password is one of the first anybody would try (a row of keys, repeats or a common password): choose four or five random words instead.".into());
    }
    Ok(())
}

/// Whether hardly anything is left of `lower` without repeats, runs and first guesses.
fn is_trivial(lower: &str) -> bool {
    let characters: Vec<char> = lower.chars().collect();
    if distinct(&characters) < 5 || repeats(&characters) || runs(&characters) {
        return true;
    }
    // Longest first, so that "administrator" does not leave "istrator".
    let mut rest = lower.to_owned();
    let mut guesses = FIRST_GUESSES.to_vec();
    guesses.sort_by_key(|guess| std::cmp::Reverse(guess.len()));
    let mut found = false;
    for guess in guesses {
        found |= rest.contains(guess);
        rest = rest.replace(guess, "");
    }
    // What pads a guess: digits and signs are cheap to try and do not count.
    found && rest.chars().filter(|c| c.is_alphabetic()).count() < REST_MIN
}

fn distinct(characters: &[char]) -> usize {
    let mut sorted = characters.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}

/// Whether the text is one short piece over and over ("abc1abc1abc1").
fn repeats(characters: &[char]) -> bool {
    (1..=REPEATED_MAX.min(characters.len() / 2))
        .any(|period| characters.iter().zip(characters.iter().skip(period)).all(|(a, b)| a == b))
}

/// Whether most steps go to the next, the previous or the same character ("abcdef", "9876").
fn runs(characters: &[char]) -> bool {
    let small = characters
        .windows(2)
        .filter(|pair| matches!(pair, [a, b] if (*a as u32).abs_diff(*b as u32) <= 1))
        .count();
    small * 4 >= characters.len().saturating_sub(1) * 3
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::model::user::{Email, Username};

    fn verdict(password: &str) -> Result<(), String> {
        let username = Username::parse("north.gate").unwrap();
        check(password, &username, &Email::parse("Maria@example.org").unwrap())
    }

    #[test]
    fn good_passwords_pass() {
        for password in [
            "correct horse battery staple",
            "Zug-Wiese-Lampe-7",
            "пароль от ворот",
            "車両ナンバー認識を守る言葉だ",
            "k3!xQ9vLw2Rt",
            "winter on the river bank",
            "            spaces count too",
            &"lamp river stone ".repeat(8),
        ] {
            assert_eq!(verdict(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn bad_passwords_are_refused_with_the_way_out() {
        for (password, part) in [
            ("", "at least 12"),
            ("short pass1", "at least 12"),
            ("ééééééééééé", "at least 12"),
            (&"x".repeat(257), "at most 256"),
            (&"é".repeat(129), "at most 256"),
            ("the North.Gate opens", "user name"),
            ("call MARIA tomorrow", "e-mail"),
            ("my openalpr box 1", "product"),
            ("rekor scout forever", "product"),
            ("aaaaaaaaaaaaaaaa", "first anybody"),
            ("abababababababab", "first anybody"),
            ("abcdefghijklmnop", "first anybody"),
            ("9876543210987654", "first anybody"),
            ("password1234567!", "first anybody"),
            ("Passw0rd!Passw0rd", "first anybody"),
            ("qwertyuiop123456", "first anybody"),
            ("1q2w3e4r5t6z7u8i", "first anybody"),
            ("abc1abc1abc1abc1", "first anybody"),
            ("administrator-2026", "first anybody"),
            ("iloveyouiloveyou", "first anybody"),
        ] {
            let message = verdict(password).expect_err(password);
            assert!(message.contains(part), "{password}: {message}");
        }
    }
}
