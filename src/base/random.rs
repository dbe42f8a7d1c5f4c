//! The single door to randomness: the operating system's generator.

/// Fills `buffer` with random bytes.
///
/// # Panics
/// When the operating system has no randomness, which leaves nothing safe to do.
#[expect(clippy::expect_used, reason = "without randomness no session or key is safe")]
pub fn fill(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("the operating system gives random bytes");
}

/// `N` random bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut buffer = [0; N];
    fill(&mut buffer);
    buffer
}

/// A token of `bytes` random bytes in URL-safe base64 without padding.
pub fn token(bytes: usize) -> String {
    use base64::Engine as _;
    let mut buffer = vec![0; bytes];
    fill(&mut buffer);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(buffer)
}
