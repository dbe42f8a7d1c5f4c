//! Bounds of watches and of the alerts they raise.

/// Watches of all users, about 600 bytes of memory each; 10,000 are a large site.
pub const WATCHES_MAX: u64 = 50_000;
/// Longest name of a watch, characters.
pub const WATCH_NAME_CHARS_MAX: usize = 80;
/// Longest description of a watch and longest note on an alert, characters: a screen.
pub const WATCH_TEXT_CHARS_MAX: usize = 1000;
/// Cameras of one watch.
pub const WATCH_CAMERAS_MAX: usize = 64;
/// Contacts of one watch.
pub const WATCH_CONTACTS_MAX: usize = 50;
/// Longest quiet period, minutes: a week.
pub const WATCH_QUIET_MINUTES_MAX: u32 = 7 * 24 * 60;
/// The same, milliseconds: as long it is remembered when somebody was told.
pub const WATCH_QUIET_MS_MAX: i64 = WATCH_QUIET_MINUTES_MAX as i64 * 60_000;
/// Days a watch is tried on.
pub const WATCH_TRIAL_DAYS: i64 = 30;
/// Reads looked at for such a trial.
pub const WATCH_TRIAL_READS_MAX: u64 = 20_000;
/// Reads shown of a trial.
pub const WATCH_TRIAL_ROWS: usize = 20;
/// Largest file of watches, bytes: 20,000 of them.
pub const WATCH_FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Watches of one file.
pub const WATCH_FILE_LINES_MAX: usize = 20_000;
/// Mistakes of such a file that are told at once.
pub const WATCH_FILE_ERRORS_MAX: usize = 50;
/// Matches looked at for one page of alerts; the page goes on behind them.
pub const MATCHES_EXAMINED_MAX: usize = 5_000;
/// Alerts acknowledged by one press.
pub const MATCHES_HANDLED_MAX: usize = 500;
/// Matches of one read that are looked at.
pub const MATCHES_OF_READ_MAX: usize = 1_000;
/// Open alerts counted for the navigation.
pub const OPEN_ALERTS_COUNTED_MAX: usize = 100;
