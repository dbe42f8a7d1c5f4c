//! Sample pages of the second factor. All data is invented.

use super::super::HOSTILE;
use super::at;
use crate::web::qr::Qr;
use crate::web::views::FieldError;
use crate::web::views::second_factor::{Enrolment, SecondFactorPage};
use crate::web::views::sign_in::SignInCode;

fn base() -> SecondFactorPage {
    let username = "mara".to_owned();
    SecondFactorPage { username, codes: 10, now: at(0), ..SecondFactorPage::default() }
}

pub(in crate::web::preview) fn code(wrong: bool) -> SignInCode {
    let error = FieldError::new("code", "The code is wrong or was used.");
    SignInCode { next: "/search".to_owned(), errors: if wrong { vec![error] } else { Vec::new() } }
}

pub(in crate::web::preview) fn off() -> SecondFactorPage {
    SecondFactorPage {
        errors: vec![FieldError::new("current", "That is not your current password.")],
        ..base()
    }
}

pub(in crate::web::preview) fn enrolling() -> SecondFactorPage {
    let secret = "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP".to_owned();
    let qr = Qr::of(&format!("otpauth://totp/North%20Gate:mara?secret={secret}"));
    SecondFactorPage { enrolment: Some(Enrolment { qr, secret }), ..base() }
}

pub(in crate::web::preview) fn codes() -> SecondFactorPage {
    let code = |n: usize| format!("ABCDE{n}-FGHJKL-MNPQRS-TUVWXY");
    SecondFactorPage { on_since: Some(at(0)), new_codes: (0..10).map(code).collect(), ..base() }
}

pub(in crate::web::preview) fn on() -> SecondFactorPage {
    SecondFactorPage { on_since: Some(at(90_000_000)), codes_left: 2, ..base() }
}

pub(in crate::web::preview) fn hostile() -> SecondFactorPage {
    SecondFactorPage {
        username: HOSTILE.to_owned(),
        enrolment: Some(Enrolment { qr: Qr::of(HOSTILE), secret: HOSTILE.to_owned() }),
        errors: vec![FieldError::new("code", HOSTILE)],
        ..base()
    }
}
