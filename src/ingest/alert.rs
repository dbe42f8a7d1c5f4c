//! `alpr_alert`: Rekor Scout says that a plate is, or is not, on one of its lists. The group it
//! is about comes with it. Must not know how alerts are linked to stored captures.

use crate::model::agent::{ListKind, Payload, RekorAlert};
use crate::model::capture::{CaptureKey, Flags, NewCapture};

use super::fields::Notes;
use super::json::Object;
use super::{Context, Document, PayloadKind, finish, group, read, time, user_data, vehicle};

/// The payload kind.
pub(super) struct Alert;

impl PayloadKind for Alert {
    fn name(&self) -> &'static str {
        "alpr_alert"
    }

    fn about(&self) -> &'static str {
        "an alert of Rekor Scout with the group it is about; one vehicle, not two"
    }

    fn detect(&self, document: &Document<'_>) -> bool {
        document.is(self.name())
    }

    fn parse(&self, document: &Document<'_>, context: &Context) -> Payload {
        let root = &document.root;
        let mut notes = document.notes();
        let sent = time::epoch(root, "epoch_time", &mut notes);
        let raised_at = sent.filter(|&at| time::is_believable(at, context.received_at));
        let alert = RekorAlert {
            key: CaptureKey(0),
            capture: CaptureKey(0),
            raised_at: raised_at.unwrap_or(context.received_at),
            list: root.text("alert_list", &mut notes),
            list_id: root.whole("alert_list_id", &mut notes),
            list_kind: list_kind(root, &mut notes),
            description: root.text("description", &mut notes),
            plate: root.text("plate_number", &mut notes),
            site: root.text("site_name", &mut notes),
        };
        let group = captured(root, context, notes);
        Payload::Alert { alert, group }
    }
}

fn list_kind(root: &Object<'_>, notes: &mut Notes) -> ListKind {
    if root.text("list_type", notes).eq_ignore_ascii_case("whitelist") {
        ListKind::NotOnList
    } else {
        ListKind::OnList
    }
}

/// The group of an alert. What it leaves out (agent, camera, its name) the alert says.
fn captured(root: &Object<'_>, context: &Context, mut notes: Notes) -> Option<NewCapture> {
    let inside = root.part("group", &mut notes)?;
    let mut new = if group::is_vehicle(inside) {
        vehicle::capture(inside, context, &mut notes)
    } else {
        group::capture(inside, context, &mut notes)
    };
    let capture = &mut new.capture;
    capture.flags.set(Flags::ALERT, true);
    if capture.agent_uid.is_empty() {
        capture.agent_uid = read::agent_uid(root, &mut notes);
    }
    if inside.get("camera_id").is_none() {
        let fallback = root.whole("camera_number", &mut notes);
        capture.camera_id = fallback.unwrap_or_default();
    }
    if new.detail.camera_label.is_empty() {
        new.detail.camera_label = root.text("camera_name", &mut notes);
    }
    if new.detail.user_data.is_empty() {
        new.detail.user_data = user_data(root, &mut notes);
    }
    finish(&mut new, root, inside, notes);
    Some(new)
}
