//! `alpr_results`: what one frame showed, up to fifty for each vehicle. Counted and not kept: the
//! group that follows says the same once. Old agents send it without a `data_type`.

use crate::model::agent::Payload;

use super::json::Json;
use super::{Context, Document, PayloadKind};

/// The payload kind.
pub(super) struct Results;

impl PayloadKind for Results {
    fn name(&self) -> &'static str {
        "alpr_results"
    }

    fn about(&self) -> &'static str {
        "what a single frame showed; counted, not kept, because a group follows"
    }

    fn detect(&self, document: &Document<'_>) -> bool {
        let untyped = document.data_type.is_none();
        document.is(self.name())
            || (untyped && matches!(document.root.get("results"), Some(Json::List(_))))
    }

    fn parse(&self, _: &Document<'_>, _: &Context) -> Payload {
        Payload::Results
    }
}
