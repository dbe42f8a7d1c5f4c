//! What can go wrong in the store, by what the caller can do about it.

/// Failure of a store operation.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process holds the store.
    Busy,
    /// Free space is below the floor: try again when there is room.
    Full,
    /// A later version wrote this store.
    TooNew {
        /// Schema found.
        found: u32,
        /// Schema this version writes.
        known: u32,
    },
    /// A record cannot be decoded, or an image fails its CRC.
    Corrupt(String),
    /// redb saw an I/O error before and refuses to go on until the store is reopened.
    Poisoned,
    /// The disk or redb refused.
    Storage(String),
    /// The caller's rule refused; nothing was written. Used to leave a transaction early.
    Refused(&'static str),
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Busy => f.write_str("the store is in use by another process"),
            Self::Full => f.write_str("the disk is nearly full"),
            Self::TooNew { found, known } => {
                write!(f, "the store has schema {found}, this version knows {known}: update first")
            }
            Self::Corrupt(what) => write!(f, "damaged data: {what}"),
            Self::Poisoned => {
                f.write_str("the store stopped after an I/O error and must be reopened")
            }
            Self::Storage(what) => write!(f, "storage: {what}"),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<redb::StorageError> for StoreError {
    fn from(error: redb::StorageError) -> Self {
        match error {
            redb::StorageError::PreviousIo => Self::Poisoned,
            redb::StorageError::Io(io) if io.kind() == std::io::ErrorKind::StorageFull => {
                Self::Full
            }
            redb::StorageError::Corrupted(what) => Self::Corrupt(what),
            other => Self::Storage(other.to_string()),
        }
    }
}

macro_rules! from_redb {
    ($($error:ident),*) => {$(
        impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                match error {
                    redb::$error::Storage(storage) => storage.into(),
                    other => Self::Storage(other.to_string()),
                }
            }
        }
    )*};
}

from_redb!(TableError, TransactionError, CommitError, CompactionError);

impl From<redb::DatabaseError> for StoreError {
    fn from(error: redb::DatabaseError) -> Self {
        match error {
            redb::DatabaseError::DatabaseAlreadyOpen => Self::Busy,
            redb::DatabaseError::Storage(storage) => storage.into(),
            other => Self::Storage(other.to_string()),
        }
    }
}

impl From<redb::SetDurabilityError> for StoreError {
    fn from(error: redb::SetDurabilityError) -> Self {
        Self::Storage(error.to_string())
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::StorageFull {
            Self::Full
        } else {
            Self::Storage(error.to_string())
        }
    }
}
