//! QR codes as one path of an SVG: dark fields only, on a quiet margin.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;

/// Light fields around the code, as its standard wants.
const QUIET: usize = 4;

/// A code to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Qr {
    /// `viewBox` of the drawing.
    pub view_box: String,
    /// `d` of the path of its dark fields.
    pub path: String,
}

impl Qr {
    /// The code of `text`; `None` when it is too long for one.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let (width, fields) = (code.width(), code.to_colors());
        let mut path = String::new();
        for (y, row) in fields.chunks(width).enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|a, b| a == b) {
                if run.first() == Some(&Color::Dark) {
                    let (length, left, top) = (run.len(), x + QUIET, y + QUIET);
                    // Writing to a text cannot fail.
                    let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
                }
                x += run.len();
            }
        }
        let side = width + 2 * QUIET;
        Some(Self { view_box: format!("0 0 {side} {side}"), path })
    }
}

#[cfg(test)]
mod tests {
    use super::Qr;

    #[test]
    fn a_code_has_its_three_corners_and_its_margin() {
        let qr = Qr::of("otpauth://totp/Box:ann?secret=AAAA&issuer=Box").unwrap();
        let side: usize = qr.view_box.rsplit(' ').next().unwrap().parse().unwrap();
        // Version n has 17 + 4 n fields a side.
        assert_eq!((side - 8 - 17) % 4, 0, "{}", qr.view_box);
        let right = side - 4 - 7;
        for corner in ["M4 4h7", &format!("M{right} 4h7"), &format!("M4 {right}h7")] {
            assert!(qr.path.contains(corner), "{corner}: {}", qr.path);
        }
        let fits = qr.path.bytes().all(|b| b.is_ascii_digit() || b"Mhvz -".contains(&b));
        assert!(fits && qr.path.len() < 16 * 1024);
        assert_eq!(Qr::of(&"x".repeat(10_000)), None);
        assert!(Qr::of(&"\u{1f697}<script>".repeat(20)).is_some());
    }
}
