//! `import FILE`: applies a settings file to a box that is not running.

use std::path::Path;

use crate::base::clock::Clock;
use crate::base::limits::LOGO_BYTES_MAX;
use crate::domain::import::{self, ImportError};

use super::{Failure, boot, open_store, say};

/// Imports `file` into the store in `data` and prints what changed.
///
/// # Errors
/// [`Failure::Failed`] with every mistake of the file; nothing was changed.
pub fn run(file: &Path, data: &Path) -> Result<(), Failure> {
    let text = boot::read_text(file).map_err(Failure::Failed)?;
    // Before the store is opened: a wrong file must not even make a directory.
    let problems = crate::domain::settings_file::parse(&text).err();
    if let Some(problems) = problems {
        return Err(refused(file, &ImportError::Problems(problems)));
    }
    let store = open_store(data)?;
    let beside = |name: &str| {
        let path = file.with_file_name(name);
        let too_large = std::fs::metadata(&path).is_ok_and(|it| it.len() > LOGO_BYTES_MAX as u64);
        if too_large {
            return Err("is too large".to_owned());
        }
        std::fs::read(path).map_err(|error| error.to_string())
    };
    let changes = import::import(&store, &text, &beside, Clock::System.now())
        .map_err(|error| refused(file, &error))?;
    match changes.as_slice() {
        [] => say("nothing to change"),
        changes => say(&changes.join("\n")),
    }
}

fn refused(file: &Path, error: &ImportError) -> Failure {
    match error {
        ImportError::Problems(_) => {
            Failure::Failed(format!("{}: nothing was imported\n{error}", file.display()))
        }
        ImportError::Store(_) => Failure::failed("nothing was imported", error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::Settings;
    use crate::store::{Store, StoreOptions};

    #[test]
    fn files_are_imported_or_refused() {
        let directory = tempfile::tempdir().unwrap();
        let (file, data) = (directory.path().join("box.toml"), directory.path().join("data"));
        assert!(matches!(run(&file, &data), Err(Failure::Failed(m)) if m.contains("cannot read")));
        for text in ["format = 1", "format = 1\nkind = \"partial\"\n[colour]\n"] {
            std::fs::write(&file, text).unwrap();
            let error = run(&file, &data).unwrap_err();
            assert!(matches!(&error, Failure::Failed(m) if m.contains("line ")), "{error:?}");
        }
        std::fs::write(&file, vec![0xff; 50]).unwrap();
        assert!(matches!(run(&file, &data), Err(Failure::Failed(m)) if m.contains("UTF-8")));
        std::fs::write(&file, " ".repeat(2_000_000)).unwrap();
        assert!(matches!(run(&file, &data), Err(Failure::Failed(m)) if m.contains("larger")));
        assert!(!data.exists());
        let good = "format = 1\nkind = \"partial\"\n[general]\nbox_name = \"North\"\n";
        std::fs::write(&file, good).unwrap();
        run(&file, &data).unwrap();
        let store = Store::open(&data, StoreOptions::default()).unwrap();
        assert_eq!(store.read(Settings::load).unwrap().general.box_name, "North");
    }
}
