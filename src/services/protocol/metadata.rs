//! What version 1 of the Java SDK tells of an answer: `SdkHttpMetadata` and `SdkResponseMetadata`.
//!
//! Owns their layout and order: lists of all values in the order of Java's `HashMap`, single values in the order of the
//! names. AWS shows them like that.

use super::output::{self, Fields};
use super::{Headers, case};
use crate::services::error::Style;

/// The name before which they stand among a result's members.
pub(super) const NAME: &str = "SdkHttpMetadata";

/// Appends both members.
pub(super) fn write(
    fields: &mut Fields<'_>,
    style: Style,
    status: u16,
    headers: &dyn Headers,
    request_id: Option<&str>,
) {
    let mut named: Vec<(&str, Vec<&str>)> = Vec::new();
    headers.each(&mut |name, value| {
        let name = style
            .optimized()
            .map_or(name, |optimized| case::own(optimized, name));
        match named.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => named.push((name, vec![value])),
        }
    });
    let mut metadata = Fields::open(fields.begin(NAME));
    hash_order(&mut named);
    let mut all = Fields::open(metadata.begin("AllHttpHeaders"));
    for (name, values) in &named {
        let out = all.begin(name);
        out.push(b'[');
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            output::string(out, value);
        }
        out.push(b']');
    }
    all.close();
    named.sort_by_cached_key(|(name, _)| name.to_ascii_lowercase());
    let mut single = Fields::open(metadata.begin("HttpHeaders"));
    for (name, values) in &named {
        output::string(single.begin(name), values.last().unwrap_or(&""));
    }
    single.close();
    metadata
        .begin("HttpStatusCode")
        .extend_from_slice(status.to_string().as_bytes());
    metadata.close();
    let mut response = Fields::open(fields.begin("SdkResponseMetadata"));
    if let Some(id) = request_id {
        output::string(response.begin("RequestId"), id);
    }
    response.close();
}

/// Sorts names as a `HashMap` of Java's iterates over them: by bucket, in a bucket as they came.
fn hash_order(named: &mut [(&str, Vec<&str>)]) {
    let mut buckets = 16u32;
    while named.len() as u64 * 4 > u64::from(buckets) * 3 {
        buckets *= 2;
    }
    named.sort_by_key(|(name, _)| {
        let hash = name
            .encode_utf16()
            .fold(0u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(unit.into()));
        (hash ^ (hash >> 16)) & (buckets - 1)
    });
}
