//! The writing end of one file: every byte and every sync of the images goes through here.

use std::fs::{File, OpenOptions};
use std::io::{IoSlice, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::store::StoreError;
#[cfg(test)]
use crate::store::tape::{Recording, Tape};

/// A file that is written to.
pub(super) struct Output {
    file: File,
    #[cfg(test)]
    recording: Option<Recording>,
}

impl Output {
    /// Makes a file that is not there yet.
    pub(super) fn create(
        path: &Path,
        #[cfg(test)] tape: Option<&Tape>,
    ) -> Result<Self, StoreError> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        #[cfg(test)]
        let recording = tape.map(|tape| tape.created(path));
        Ok(Self {
            file,
            #[cfg(test)]
            recording,
        })
    }

    /// Opens a file that is there.
    pub(super) fn open(path: &Path, #[cfg(test)] tape: Option<&Tape>) -> Result<Self, StoreError> {
        let file = OpenOptions::new().write(true).open(path)?;
        Ok(Self {
            file,
            #[cfg(test)]
            recording: tape.map(|tape| tape.opened(path)),
        })
    }

    /// Bytes it has.
    pub(super) fn length(&self) -> Result<u64, StoreError> {
        Ok(self.file.metadata()?.len())
    }

    /// Writes `parts` behind each other from `offset` on, in as few calls as possible. Nothing is
    /// durable yet.
    pub(super) fn write(&self, offset: u32, parts: &[&[u8]]) -> Result<(), StoreError> {
        #[cfg(test)]
        if let Some(recording) = &self.recording {
            recording.write(offset.into(), parts.concat());
        }
        let mut file = &self.file;
        file.seek(SeekFrom::Start(offset.into()))?;
        let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut rest = slices.as_mut_slice();
        // Empty parts must not look like the end.
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            match file.write_vectored(rest) {
                Ok(0) => return Err(StoreError::Storage("a write wrote nothing".into())),
                Ok(count) => IoSlice::advance_slices(&mut rest, count),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Cuts off what lies behind `length`.
    pub(super) fn cut(&self, length: u32) -> Result<(), StoreError> {
        #[cfg(test)]
        if let Some(recording) = &self.recording {
            recording.set_len(length.into());
        }
        Ok(self.file.set_len(length.into())?)
    }

    /// Makes everything written so far durable. Once this fails nobody knows what is.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data()?;
        #[cfg(test)]
        if let Some(recording) = &self.recording {
            recording.sync();
        }
        Ok(())
    }
}
