//! For supervisors: `/healthz` and `/metrics`.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use crate::gate::Response;
use crate::web::ctx::{Ctx, Input};
use crate::web::error::WebError;

/// `GET /healthz`: `ok` while the store answers.
pub fn healthz(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    ctx.site.store.read(|tx| tx.setting("general.box_name"))?;
    Ok(Response::new(200).text("ok\n"))
}

/// `GET /metrics`: Prometheus text format 0.0.4,
/// <https://prometheus.io/docs/instrumenting/exposition_formats/>.
pub fn metrics(ctx: &Ctx<'_>, _: &mut Input<'_, '_>) -> Result<Response, WebError> {
    let site = ctx.site;
    let figures = site.store.figures()?;
    let ingest = site.ingest.figures();
    let mut text = String::new();
    let mut add = |name: &str, kind: &str, help: &str, rows: &[(String, u64)]| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# HELP openalpr_webhook_{name} {help}");
        let _ = writeln!(text, "# TYPE openalpr_webhook_{name} {kind}");
        for (labels, value) in rows {
            let _ = writeln!(text, "openalpr_webhook_{name}{labels} {value}");
        }
    };
    let one = |value: u64| vec![(String::new(), value)];
    let labelled = |name: &str, rows: Vec<(String, u64)>| -> Vec<(String, u64)> {
        rows.into_iter().map(|(value, count)| (label(name, &value), count)).collect()
    };
    add("captures", "gauge", "Captures in the store.", &one(figures.captures));
    add("plates", "gauge", "Distinct plates in the store.", &one(figures.plates));
    add("records_bytes", "gauge", "Size of records.redb in bytes.", &one(figures.records_bytes));
    let images = site.store.images().bytes_on_disk();
    add("images_bytes", "gauge", "Size of all image partitions in bytes.", &one(images));
    let free = site.store.free_bytes();
    add("disk_free_bytes", "gauge", "Free space of the store's file system.", &one(free));
    let waiting = site.ingest.waiting() as u64;
    add("ingest_waiting", "gauge", "Payloads that wait for a commit.", &one(waiting));
    let batches = ingest.batches.load(Ordering::Relaxed);
    add("ingest_commits_total", "counter", "Commits since start.", &one(batches));
    let payloads = ingest.payloads.load(Ordering::Relaxed);
    add("ingest_payloads_total", "counter", "Payloads committed since start.", &one(payloads));
    let failed = ingest.failed.load(Ordering::Relaxed);
    add("ingest_failed_total", "counter", "Payloads that failed since start.", &one(failed));
    let refused = site.refusals.counts().map(|(why, count)| (why.to_owned(), count)).to_vec();
    let help = "Webhook requests refused since start.";
    add("webhook_refused_total", "counter", help, &labelled("reason", refused));
    let kinds = site.store.read(|tx| tx.tallies("kind/"))?;
    add("payloads", "counter", "Payloads ever taken by kind.", &labelled("kind", kinds));
    let unknown = site.store.read(|tx| tx.tallies("unknown/"))?;
    let help = "Payloads of unknown kinds ever taken.";
    add("payloads_unknown", "counter", help, &labelled("kind", unknown));
    let uptime = ctx.now.since(site.started_at).max(0) / 1000;
    add("uptime_seconds", "gauge", "Seconds since start.", &one(uptime as u64));
    Ok(Response::new(200).text(text))
}

fn label(name: &str, value: &str) -> String {
    // Tallies carry their group in front; what follows was sent by a stranger.
    let value = value.split_once('/').map_or(value, |(_, tail)| tail);
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace(char::is_control, " ");
    format!("{{{name}=\"{escaped}\"}}")
}
