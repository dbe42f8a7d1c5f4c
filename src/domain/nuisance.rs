//! Addresses that only scanners ask for. The list is `assets/data/nuisance.txt`; it is compared
//! with what does not exist here, never with a page of the box.

/// The list, one pattern a line.
const LIST: &str = include_str!("../../assets/data/nuisance.txt");

/// Browsers and programs ask for these by themselves: not finding them is nobody's fault.
const INNOCENT: &[&str] = &[
    "/.well-known/*",
    "/robots.txt",
    "/ads.txt",
    "/favicon.ico",
    "/apple-touch-icon*",
    "/sitemap*",
    "/browserconfig.xml",
    "/manifest.json",
    "/static/*",
];

/// Patterns of the list.
pub fn patterns() -> impl Iterator<Item = &'static str> {
    LIST.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Whether nobody but a scanner asks for `path`.
pub fn is_nuisance(path: &str) -> bool {
    let path = path.to_lowercase();
    patterns().any(|pattern| fits(pattern, &path))
}

/// Whether asking for `path` in vain means nothing.
pub fn is_innocent(path: &str) -> bool {
    let path = path.to_lowercase();
    INNOCENT.iter().any(|pattern| fits(pattern, &path))
}

/// Whether `text` is `pattern`, in which `*` at either end stands for anything.
pub fn fits(pattern: &str, text: &str) -> bool {
    let open_start = pattern.starts_with('*');
    let open_end = pattern.len() > 1 && pattern.ends_with('*');
    let core = pattern.trim_matches('*');
    match (open_start, open_end) {
        (true, true) => text.contains(core),
        (true, false) => text.ends_with(core),
        (false, true) => text.starts_with(core),
        (false, false) => text == core,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scanners_are_known_by_what_they_ask_for() {
        for path in [
            "/index.php",
            "/.env",
            "/app/.env.local",
            "/wp-login.php",
            "/blog/wp-admin/",
            "/.git/config",
            "/phpMyAdmin/index",
            "/cgi-bin/luci",
            "/HNAP1/",
            "/actuator/health",
            "/backup.SQL",
        ] {
            assert!(is_nuisance(path), "{path}");
        }
        for path in
            ["/", "/search", "/captures/12", "/static/ab/old.css", "/plates/ABC123", "/x.png"]
        {
            assert!(!is_nuisance(path), "{path}");
        }
        for path in
            ["/robots.txt", "/.well-known/security.txt", "/static/12/gone.js", "/favicon.ico"]
        {
            assert!(is_innocent(path) && !is_nuisance(path), "{path}");
        }
    }

    #[test]
    fn patterns_are_lower_case_and_say_something() {
        for pattern in patterns() {
            let core = pattern.trim_matches('*');
            assert!(core.len() >= 3 && !core.contains('*'), "{pattern}");
            assert_eq!(pattern, pattern.to_lowercase());
            assert!(pattern.starts_with(['/', '*']), "{pattern}");
        }
    }
}
