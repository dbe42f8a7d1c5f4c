//! Codes that people read and type: letters and digits that nobody confuses, in groups, forgiving in
//! how they are typed.

use crate::base::random;
use crate::base::secret::Secret;

/// Letters and digits that nobody confuses; 32, so that every byte maps evenly: five bits each.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Longest text that is looked at, characters.
const TYPED_CHARS_MAX: usize = 64;

/// A fresh code of `chars` characters.
pub fn generate<const CHARS: usize>() -> Secret {
    let pick = |byte: u8| ALPHABET.get(usize::from(byte) % ALPHABET.len()).copied();
    let code = random::bytes::<CHARS>().into_iter().filter_map(pick).map(char::from);
    Secret::new(code.collect::<String>())
}

/// `code` as it is shown: groups of `size` with dashes between them.
pub fn grouped(code: &Secret, size: usize) -> String {
    let letters: Vec<char> = code.expose().chars().collect();
    let groups: Vec<String> = letters.chunks(size.max(1)).map(String::from_iter).collect();
    groups.join("-")
}

/// What was meant by `typed`; case, spaces and dashes do not matter.
pub fn meant(typed: &str) -> Secret {
    let letters = typed.chars().take(TYPED_CHARS_MAX).filter(char::is_ascii_alphanumeric);
    Secret::new(letters.map(|c| c.to_ascii_uppercase()).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_readable_and_forgiving_in_form() {
        let code = generate::<8>();
        let shown = grouped(&code, 4);
        assert_eq!(shown.len(), 9);
        assert!(shown.bytes().all(|b| b == b'-' || ALPHABET.contains(&b)), "{shown}");
        let variants = [shown.clone(), format!(" {} ", shown.to_lowercase().replace('-', " "))];
        for typed in variants {
            assert_eq!(meant(&typed).expose(), code.expose());
        }
        for wrong in ["", "-", &shown[..8], &format!("{shown}A"), &"A".repeat(1_000_000)] {
            assert_ne!(meant(wrong).expose(), code.expose(), "{wrong:.20}");
        }
        assert_ne!(generate::<8>().expose(), generate::<8>().expose());
    }
}
