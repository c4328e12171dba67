//! What became of the letters, for people or for programs.

use super::{Args, End};
use crate::cli::output::{Json, grouped};
use crate::printable;
use crate::runtime::redrive::{Counts, Place, Summary};
use std::fmt::Write as _;

/// Most places of events that the text names.
const PLACES_SHOWN: usize = 20;

/// Returns one JSON document: the sums, and the same by error and by topic.
pub(super) fn json(args: &Args, summary: &Summary, end: &End) -> Vec<u8> {
    let mut json = Json::object();
    json.string("status", end.name());
    if let End::Early(trouble) = end {
        json.string("message", trouble);
    }
    json.string("from", &args.from);
    flag(&mut json, "dry_run", args.dry_run);
    write_counts(&mut json, &summary.total());
    flag(&mut json, "limit_reached", summary.is_limited);
    let errors: Vec<_> = summary.errors.iter().collect();
    json.list("errors", &errors, |json, (name, counts)| {
        json.string("error", name);
        write_counts(json, counts);
    });
    let topics: Vec<_> = summary.topics.iter().collect();
    json.list("topics", &topics, |json, (topic, count)| {
        json.string("topic", topic);
        number(json, "put_back", **count);
    });
    json.list("places", &summary.without_event, |json, place| {
        json.string("topic", &place.topic);
        if let Some(partition) = place.partition {
            json.raw("partition", partition.to_string().as_bytes());
        }
        if let Some(offset) = place.offset {
            json.raw("offset", offset.to_string().as_bytes());
        }
    });
    if let Some(refusal) = &summary.refusal {
        json.string("refusal", refusal);
    }
    number(&mut json, "truncated_commits", summary.truncated);
    json.finish()
}

fn write_counts(json: &mut Json, counts: &Counts) {
    number(json, "put_back", counts.put_back);
    number(json, "not_chosen", counts.not_chosen);
    number(json, "exhausted", counts.exhausted);
    number(json, "without_event", counts.without_event);
    number(json, "homeless", counts.homeless);
    number(json, "not_allowed", counts.not_allowed);
    number(json, "refused", counts.refused);
}

fn number(json: &mut Json, name: &str, number: u64) {
    json.raw(name, number.to_string().as_bytes());
}

fn flag(json: &mut Json, name: &str, is_so: bool) {
    json.raw(name, is_so.to_string().as_bytes());
}

/// Returns a table by error, where they went, and why others stay.
pub(super) fn text(args: &Args, summary: &Summary) -> String {
    let mut out = String::new();
    let number = |number: u64| grouped(number as f64);
    let total = summary.total();
    let verb = if args.dry_run {
        "would be put back"
    } else {
        "put back"
    };
    if !summary.errors.is_empty() {
        let width = summary.errors.keys().map(|name| name.chars().count()).max();
        let width = width.unwrap_or(0).max("error".len());
        let _ = writeln!(
            out,
            "{:width$}  {verb:>17}  {:>10}  {:>10}",
            "error", "not chosen", "stay"
        );
        for (name, counts) in &summary.errors {
            let name = printable::line(name);
            let (back, others, left) = (counts.put_back, counts.not_chosen, counts.left());
            let _ = writeln!(
                out,
                "{name:width$}  {:>17}  {:>10}  {:>10}",
                number(back),
                number(others),
                number(left)
            );
        }
        out.push('\n');
    }
    let topics = summary.topics.iter();
    let topics = topics.map(|(topic, count)| format!("{} to {}", number(*count), printable::line(topic)));
    let topics: Vec<String> = topics.collect();
    let _ = match topics.is_empty() {
        true => writeln!(out, "{}: nothing {verb}", args.from),
        false => writeln!(out, "{}: {verb}: {}", args.from, topics.join(", ")),
    };
    if summary.is_limited {
        let _ = writeln!(out, "stopped at --limit {}; the rest stays", number(args.limit));
    }
    let reasons = [
        (
            total.exhausted,
            format!("were put back {} times already (--max-rounds)", args.max_rounds),
        ),
        (
            total.without_event,
            format!(
                "carry no event (a crash cut it off in mid-execution, or it was too large): fetch it, and produce it again if it shall run, from {}",
                places(&summary.without_event, total.without_event)
            ),
        ),
        (
            total.homeless,
            format!(
                "name no topic other than {} to go back to (--to gives one)",
                args.from
            ),
        ),
        (
            total.not_allowed,
            "name a topic to go back to that no workflow of the configuration reads (--any-topic lets them, --to gives another)"
                .to_owned(),
        ),
        (
            total.refused,
            format!(
                "are not taken: {}",
                printable::line(summary.refusal.as_deref().unwrap_or_default())
            ),
        ),
    ];
    for (count, reason) in reasons.iter().filter(|(count, _)| *count > 0) {
        let _ = writeln!(out, "{} stay: they {reason}", number(*count));
    }
    out
}

/// Lists where events stand, the first of so many.
fn places(known: &[Place], count: u64) -> String {
    let number = |number: Option<i64>| number.map_or("?".to_owned(), |number| number.to_string());
    let place = |place: &Place| {
        let partition = number(place.partition.map(i64::from));
        format!(
            "{} partition {partition} offset {}",
            printable::line(&place.topic),
            number(place.offset)
        )
    };
    let shown = &known[..known.len().min(PLACES_SHOWN)];
    let mut text = shown.iter().map(place).collect::<Vec<_>>().join(", ");
    let others = count - shown.len() as u64;
    if others > 0 {
        let _ = write!(text, " and {} more (--format json)", grouped(others as f64));
    }
    text
}
