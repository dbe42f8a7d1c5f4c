//! Which passwords are good enough, and what to do when one is not: the one rule behind every door
//! at which somebody chooses a password. Length counts, and how many guesses it withstands; there
//! is no rule about kinds of characters.

use zxcvbn::Score;

use crate::base::limits::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, PASSWORD_CHARS_MIN_WITH_FACTOR};
use crate::domain::settings::Settings;
use crate::model::password_hash::PasswordHash;
use crate::model::user::User;
use crate::store::{ReadTx, StoreError};

use super::password::Hasher;

/// Words of this product and its surroundings: whoever guesses begins with them.
const PRODUCT: &[&str] = &[
    "openalpr-webhook",
    "openalpr",
    "alpr",
    "webhook",
    "rekor",
    "scout",
    "licence",
    "license",
    "plate",
    "camera",
];

/// Shortest word worth knowing: shorter ones turn up in good passwords by chance.
const WORD_CHARS_MIN: usize = 3;

/// What an account is judged by.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// What anybody who knows the owner would try, with what it is.
    words: Vec<(&'static str, String)>,
    /// Whether the password is only half of what it takes to sign in.
    second_factor: bool,
}

impl Standing {
    /// An account that does not exist yet.
    pub fn of_new(username: &str, email: &str, name: &str) -> Self {
        let mut standing = Self::default();
        standing.add("the user name", username);
        standing.add("the name", name);
        standing.add("the e-mail address", email);
        standing
    }

    /// The account of `user` as it is now.
    pub fn of(tx: &ReadTx, user: &User) -> Result<Self, StoreError> {
        let mut standing = Self::of_new(user.username.as_str(), user.email.as_str(), &user.name);
        let settings = Settings::load(tx)?;
        standing.add("the organisation", &user.details.organisation);
        standing.add("the name of the box", &settings.general.box_name);
        standing.add("the organisation", &settings.report.organisation);
        standing.second_factor = tx.second_factor(user.id)?.is_some();
        Ok(standing)
    }

    /// The same account with nothing but its password.
    #[must_use]
    pub fn without_second_factor(self) -> Self {
        Self { second_factor: false, ..self }
    }

    /// Shortest password, characters.
    pub const fn chars_min(&self) -> usize {
        if self.second_factor { PASSWORD_CHARS_MIN_WITH_FACTOR } else { PASSWORD_CHARS_MIN }
    }

    /// Least strength. Eight random characters withstand 10^8 guesses, which is enough for half of
    /// a sign-in that allows a hundred a day; alone a password has to withstand 10^10, so that it
    /// also holds when somebody has its hash.
    const fn score_min(&self) -> Score {
        if self.second_factor { Score::Two } else { Score::Four }
    }

    fn add(&mut self, what: &'static str, text: &str) {
        let lower = text.to_lowercase();
        for word in lower.split(|c: char| !c.is_alphanumeric()).chain([lower.as_str()]) {
            let known = self.words.iter().any(|(_, known)| known == word);
            if word.chars().count() >= WORD_CHARS_MIN && !known {
                self.words.push((what, word.to_owned()));
            }
        }
    }

    /// What of the account stands in `lower`, `""` for nothing.
    fn named_in(&self, lower: &str) -> &'static str {
        let own = self.words.iter().find(|(_, word)| lower.contains(word)).map(|(what, _)| *what);
        let product = || PRODUCT.iter().any(|word| lower.contains(word));
        own.unwrap_or_else(|| if product() { "a word of this product" } else { "" })
    }
}

/// The hash of `password` for an account of this `standing`, when it is good enough.
///
/// # Errors
/// A sentence that says what to do instead.
pub fn accept(
    hasher: &Hasher,
    password: &str,
    standing: &Standing,
) -> Result<PasswordHash, String> {
    check(password, standing)?;
    hasher.hash(password).ok_or_else(too_long)
}

/// Whether `password` is long enough for an account of this `standing`; for passwords that were
/// chosen before, of which nothing else is known.
pub fn is_long_enough(password: &str, standing: &Standing) -> bool {
    password.chars().count() >= standing.chars_min()
}

/// Why a password is refused; a sentence that says what to do instead.
///
/// # Errors
/// The sentence.
pub fn check(password: &str, standing: &Standing) -> Result<(), String> {
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(too_long());
    }
    if !is_long_enough(password, standing) {
        let (count, least) = (password.chars().count(), standing.chars_min());
        return Err(format!(
            "The password has {count} characters: use at least {least}. Four or five random words work well."
        ));
    }
    let own = standing.words.iter().map(|(_, word)| word.as_str());
    let words: Vec<&str> = own.chain(PRODUCT.iter().copied()).collect();
    let found = zxcvbn::zxcvbn(password, &words);
    if found.score() >= standing.score_min() {
        return Ok(());
    }
    let mut message = String::from("The password is too easy to guess");
    match standing.named_in(&password.to_lowercase()) {
        "" => message.push('.'),
        what => message.extend([": it contains ", what, ", which counts for nothing."]),
    }
    let feedback = found.feedback();
    for advice in feedback.iter().flat_map(|it| {
        let warning = it.warning().map(|warning| warning.to_string());
        warning.into_iter().chain(it.suggestions().iter().map(ToString::to_string))
    }) {
        message.push(' ');
        message.push_str(&advice);
    }
    if feedback.is_none() {
        message.push_str(" Add another word or two; uncommon words are better.");
    }
    Err(message)
}

fn too_long() -> String {
    format!(
        "The password is too long: use at most {PASSWORD_BYTES_MAX} bytes (plain letters and digits are one byte each)."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(second_factor: bool) -> Standing {
        let standing = Standing::of_new("north.gate", "Maria@example.org", "Maria Okafor");
        Standing { second_factor, ..standing }
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
            assert_eq!(check(password, &standing(false)), Ok(()), "{password}");
            assert_eq!(check(password, &standing(true)), Ok(()), "{password}");
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
            ("north.gate north.gate", "user name"),
            ("maria@example.org", "the name"),
            ("Okafor2026!!!", "the name"),
            ("openalpr-webhook", "product"),
            ("rekorscout123", "product"),
            ("aaaaaaaaaaaaaaaa", "Repeats"),
            ("abababababababab", "Repeats"),
            ("abcdefghijklmnop", "Sequences"),
            ("9876543210987654", "Sequences"),
            ("password1234567!", "another word"),
            ("Passw0rd!Passw0rd", "another word"),
            ("qwertyuiop123456", "commonly used"),
            ("1q2w3e4r5t6z7u8i", "another word"),
            ("abc1abc1abc1abc1", "Repeats"),
            ("administrator-2026", "another word"),
            ("iloveyouiloveyou", "Repeats"),
        ] {
            let message = check(password, &standing(false)).expect_err(password);
            assert!(message.contains(part), "{password}: {message}");
        }
    }

    #[test]
    fn a_second_factor_allows_eight_characters() {
        for (password, good) in [
            ("k3!xQ9vL", true),
            ("k3!xQ9v", false),
            ("password1", false),
            ("northgate", false),
            ("12345678", false),
        ] {
            assert_eq!(check(password, &standing(true)).is_ok(), good, "{password}");
            assert!(check(password, &standing(false)).is_err(), "{password}");
        }
    }

    #[test]
    fn the_longest_passwords_are_judged_in_no_time() {
        let begun = std::time::Instant::now();
        for piece in ["password", "@$0134!|", "1234567890", "qwerty", "a", "\0", "é"] {
            let text: String = piece.chars().cycle().take(PASSWORD_BYTES_MAX / 2).collect();
            let _ = check(&text, &standing(false));
        }
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }
}
