//! The schema of records.redb and the way from an older one to this. Knows no rules, only forms.
//!
//! To change the form of what is kept: append a step to [`STEPS`] and keep a store written by the
//! version before as a fixture. Each step is one transaction together with its new number, so a
//! crash between or in steps costs nothing: the next start goes on where it stopped.

use redb::ReadableTable;

use super::tables::{self, META};
use super::{ReadTx, Store, StoreError, WriteTx, counters, rekor};

/// Brings a store from one schema to the next.
type Step = fn(&WriteTx) -> Result<(), StoreError>;

/// Entry n brings schema n + 1 to n + 2. The first schema is 1.
const STEPS: &[Step] = &[
    counters::recount,
    // The details of new reads lie in the journal alone, where earlier versions do not look.
    |_| Ok(()),
];

/// The row of [`META`] with the schema, four bytes, little endian.
const SCHEMA_ROW: &str = "schema";

/// Brings `store` to the schema of this version, or gives a new store that schema.
///
/// # Errors
/// [`StoreError::TooNew`] when a later version wrote it; nothing is touched then.
pub(super) fn upgrade(store: &Store) -> Result<(), StoreError> {
    run(store, STEPS)
}

fn run(store: &Store, steps: &[Step]) -> Result<(), StoreError> {
    let known = u32::try_from(steps.len()).unwrap_or(u32::MAX).saturating_add(1);
    let prepared = store.write(|tx| prepare(tx, known));
    let mut found = match prepared {
        // A box whose disk was filled by others must still start and show what it has.
        Err(StoreError::Full) if store.read(read_schema)? == Some(known) => known,
        found => found?,
    };
    while found < known {
        let index = (found as usize).checked_sub(1);
        let step = index
            .and_then(|index| steps.get(index))
            .ok_or_else(|| StoreError::Corrupt(format!("there is no schema {found}")))?;
        let next = found + 1;
        log::info!("bringing the store from schema {found} to {next}");
        store.write(|tx| {
            step(tx)?;
            set_schema(tx, next)
        })?;
        found = next;
    }
    Ok(())
}

/// Finds the schema, gives a new store its own, and creates the tables that are missing.
fn prepare(tx: &WriteTx, known: u32) -> Result<u32, StoreError> {
    let found = schema(&tx.table(META)?)?;
    let found = match found {
        Some(found) if found > known => return Err(StoreError::TooNew { found, known }),
        Some(found) => found,
        None => {
            set_schema(tx, known)?;
            known
        }
    };
    // Tables of a later schema may be there early: they are empty.
    tables::create_all(tx)?;
    rekor::complete(tx)?;
    Ok(found)
}

fn read_schema(tx: &ReadTx) -> Result<Option<u32>, StoreError> {
    schema(&tx.table(META)?)
}

fn schema(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
) -> Result<Option<u32>, StoreError> {
    let Some(row) = table.get(SCHEMA_ROW)? else { return Ok(None) };
    let bytes = row.value().try_into();
    bytes
        .map(|bytes| Some(u32::from_le_bytes(bytes)))
        .map_err(|_| StoreError::Corrupt("the schema number cannot be read".into()))
}

fn set_schema(tx: &WriteTx, schema: u32) -> Result<(), StoreError> {
    tx.table(META)?.insert(SCHEMA_ROW, schema.to_le_bytes().as_slice())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreOptions;

    fn open() -> (tempfile::TempDir, Store) {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        (directory, store)
    }

    fn note(tx: &WriteTx, word: &str) -> Result<(), StoreError> {
        let before = tx.setting("test.trail")?.unwrap_or_default();
        tx.put_setting("test.trail", &format!("{before}{word} "))
    }

    fn one(tx: &WriteTx) -> Result<(), StoreError> {
        note(tx, "1-2")
    }

    fn two(tx: &WriteTx) -> Result<(), StoreError> {
        note(tx, "2-3")
    }

    fn three(tx: &WriteTx) -> Result<(), StoreError> {
        note(tx, "3-4")
    }

    fn fails(tx: &WriteTx) -> Result<(), StoreError> {
        note(tx, "half")?;
        Err(StoreError::Full)
    }

    fn state(store: &Store) -> (Option<u32>, String) {
        store
            .read(|tx| Ok((read_schema(tx)?, tx.setting("test.trail")?.unwrap_or_default())))
            .unwrap()
    }

    #[test]
    fn a_fresh_store_has_the_schema_of_its_version() {
        let (directory, store) = open();
        let current = STEPS.len() as u32 + 1;
        assert_eq!(state(&store), (Some(current), String::new()));
        drop(store);
        let store = Store::open(directory.path(), StoreOptions::default()).unwrap();
        assert_eq!(state(&store).0, Some(current));
    }

    #[test]
    fn steps_run_once_and_in_order() {
        let (_directory, store) = open();
        store.write(|tx| set_schema(tx, 1)).unwrap();
        run(&store, &[one, two, three]).unwrap();
        assert_eq!(state(&store), (Some(4), "1-2 2-3 3-4 ".into()));
        run(&store, &[one, two, three]).unwrap();
        assert_eq!(state(&store), (Some(4), "1-2 2-3 3-4 ".into()));
    }

    #[test]
    fn an_interruption_goes_on_where_it_stopped() {
        let (directory, store) = open();
        store.write(|tx| set_schema(tx, 1)).unwrap();
        assert!(matches!(run(&store, &[one, fails, three]), Err(StoreError::Full)));
        assert_eq!(state(&store), (Some(2), "1-2 ".into()));
        drop(store);
        let store = Store::assemble(directory.path(), StoreOptions::default()).unwrap();
        run(&store, &[one, two, three]).unwrap();
        assert_eq!(state(&store), (Some(4), "1-2 2-3 3-4 ".into()));
    }

    #[test]
    fn a_later_schema_is_refused_untouched() {
        let (directory, store) = open();
        store.write(|tx| set_schema(tx, 77)).unwrap();
        drop(store);
        let known = STEPS.len() as u32 + 1;
        match Store::open(directory.path(), StoreOptions::default()) {
            Err(StoreError::TooNew { found: 77, known: told }) => assert_eq!(told, known),
            other => panic!("{:?}", other.err()),
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        let (_directory, store) = open();
        store
            .write(|tx| Ok(tx.table(META)?.insert(SCHEMA_ROW, [1, 2].as_slice()).map(|_| ())?))
            .unwrap();
        assert!(matches!(run(&store, &[one]), Err(StoreError::Corrupt(_))));
        store.write(|tx| set_schema(tx, 0)).unwrap();
        assert!(matches!(run(&store, &[one]), Err(StoreError::Corrupt(_))));
    }
}
