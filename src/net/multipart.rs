//! Forms with files, as they are sent.

use crate::base::random;

/// A form that grows part by part.
#[derive(Debug)]
pub struct MultipartForm {
    boundary: String,
    bytes: Vec<u8>,
}

impl Default for MultipartForm {
    fn default() -> Self {
        Self { boundary: format!("part-{}", random::token(18)), bytes: Vec::new() }
    }
}

impl MultipartForm {
    /// Adds a text.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.begin(&format!("form-data; name=\"{name}\""), "text/plain; charset=utf-8");
        self.bytes.extend(value.as_bytes());
        self.bytes.extend(b"\r\n");
        self
    }

    /// Adds a file; its name is one of ours.
    #[must_use]
    pub fn file(mut self, name: &str, file: &str, media_type: &str, content: &[u8]) -> Self {
        self.begin(&format!("form-data; name=\"{name}\"; filename=\"{file}\""), media_type);
        self.bytes.extend(content);
        self.bytes.extend(b"\r\n");
        self
    }

    /// Media type and bytes of the whole.
    pub fn finish(mut self) -> (String, Vec<u8>) {
        self.bytes.extend(format!("--{}--\r\n", self.boundary).as_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.bytes)
    }

    fn begin(&mut self, disposition: &str, media_type: &str) {
        let head = format!(
            "--{}\r\nContent-Disposition: {disposition}\r\nContent-Type: {media_type}\r\n\r\n",
            self.boundary
        );
        self.bytes.extend(head.as_bytes());
    }
}
