//! The body of Rekor Scout's "test webhook" button.

use crate::model::agent::Payload;

use super::{Context, Document, PayloadKind};

/// The payload kind.
pub(super) struct Test;

impl PayloadKind for Test {
    fn name(&self) -> &'static str {
        "test"
    }

    fn about(&self) -> &'static str {
        "the test button of Rekor Scout: a document with openalpr_webhook and no data type"
    }

    fn detect(&self, document: &Document<'_>) -> bool {
        document.data_type.is_none() && document.root.get("openalpr_webhook").is_some()
    }

    fn parse(&self, _: &Document<'_>, _: &Context) -> Payload {
        Payload::Test
    }
}
