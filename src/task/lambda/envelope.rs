//! How `lambda:invoke` dresses a function's answer (facts 8.2).
//!
//! Owns AWS's envelope, byte for byte but for ids and dates. Must not know connectors. Invariant: the payload
//! stands between [`open`] and [`Stamp::close`] and is dense JSON; nothing is allocated beyond the buffer.

use crate::random::{Random, hex_digit, uuid_text};
use crate::timestamp;

/// What a task's answer looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The payload itself: a raw function ARN, an integration's result.
    Bare,
    /// AWS's envelope around the payload.
    Envelope(Detail),
    /// `InvocationType` is `Event`: accepted, whatever the function makes of it.
    Accepted,
}

/// How much of the envelope is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// All of it.
    Full,
    /// What a state could read that reads no metadata: an order with three tasks spends a quarter of its
    /// time on metadata that nobody sees.
    Short,
    /// The payload alone, for a state that reads nothing else; saves a twentieth more.
    Payload,
}

/// Writes what differs from answer to answer: ids, dates.
#[derive(Debug)]
pub struct Stamp {
    /// Where the ids of the next answer come from.
    random: Random,
    second: i64,
    date: [u8; 29],
}

/// What the longest envelope adds to its payload, in bytes; a version has a few digits.
pub const ENVELOPE_BYTES_MAX: usize = 1024;

/// Begins an envelope; the payload follows.
pub fn open(detail: Detail, version: &str, out: &mut Vec<u8>) {
    if detail == Detail::Payload {
        out.extend_from_slice(b"{\"Payload\":");
        return;
    }
    for part in ["{\"ExecutedVersion\":\"", version, "\",\"Payload\":"] {
        out.extend_from_slice(part.as_bytes());
    }
}

impl Stamp {
    /// Creates the stamp of a shard; shards are to have different seeds.
    pub fn new(seed: u64) -> Stamp {
        Stamp {
            random: Random::new(seed),
            second: i64::MIN,
            date: [b' '; 29],
        }
    }

    /// Ends an envelope around a payload of so many bytes.
    pub fn close(
        &mut self,
        detail: Detail,
        version: &str,
        payload_bytes: usize,
        now_ms: i64,
        out: &mut Vec<u8>,
    ) {
        match detail {
            Detail::Full => self.metadata(version, payload_bytes, 200, now_ms, out),
            Detail::Short => out.extend_from_slice(b",\"StatusCode\":200}"),
            Detail::Payload => out.push(b'}'),
        }
    }

    /// Writes the answer of `InvocationType` `Event`: there is no payload, and no version has run yet.
    pub fn accepted(&mut self, now_ms: i64, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"Payload\":\"\"");
        self.metadata("", 0, 202, now_ms, out);
    }

    /// Writes the metadata and the end. The order of the members is the recorded one.
    fn metadata(&mut self, version: &str, bytes: usize, status: u16, now_ms: i64, out: &mut Vec<u8>) {
        self.tick(now_ms);
        let id = uuid_text(self.random.uuid());
        let trace = self.trace(now_ms);
        let (mut digits, mut code) = (itoa::Buffer::new(), itoa::Buffer::new());
        let (length, code) = (digits.format(bytes).as_bytes(), code.format(status).as_bytes());
        let executed: [&[u8]; 3] = match version {
            "" => [b"", b"", b""],
            version => [b"\"X-Amz-Executed-Version\":[\"", version.as_bytes(), b"\"],"],
        };
        let executed_again: [&[u8]; 3] = match version {
            "" => [b"", b"", b""],
            version => [b",\"X-Amz-Executed-Version\":\"", version.as_bytes(), b"\""],
        };
        let parts: [&[u8]; 27] = [
            b",\"SdkHttpMetadata\":{\"AllHttpHeaders\":{",
            executed[0],
            executed[1],
            executed[2],
            b"\"x-amzn-Remapped-Content-Length\":[\"0\"],\"Connection\":[\"keep-alive\"],\"x-amzn-RequestId\":[\"",
            &id,
            b"\"],\"Content-Length\":[\"",
            length,
            b"\"],\"Date\":[\"",
            &self.date,
            b"\"],\"X-Amzn-Trace-Id\":[\"",
            &trace,
            b"\"],\"Content-Type\":[\"application/json\"]},\"HttpHeaders\":{\"Connection\":\"keep-alive\",\"Content-Length\":\"",
            length,
            b"\",\"Content-Type\":\"application/json\",\"Date\":\"",
            &self.date,
            b"\"",
            executed_again[0],
            executed_again[1],
            executed_again[2],
            b",\"x-amzn-Remapped-Content-Length\":\"0\",\"x-amzn-RequestId\":\"",
            &id,
            b"\",\"X-Amzn-Trace-Id\":\"",
            &trace,
            b"\"},\"HttpStatusCode\":",
            code,
            b"},\"SdkResponseMetadata\":{\"RequestId\":\"",
        ];
        parts.iter().for_each(|part| out.extend_from_slice(part));
        for part in [&id[..], b"\"},\"StatusCode\":", code, b"}"] {
            out.extend_from_slice(part);
        }
    }

    /// Returns a trace id as X-Ray writes it, not sampled.
    fn trace(&mut self, now_ms: i64) -> [u8; 74] {
        let mut text = *b"Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0";
        let seconds = now_ms.div_euclid(1000) as u64;
        let (high, low, parent) = (
            self.random.next_u64(),
            self.random.next_u64(),
            self.random.next_u64(),
        );
        write_hex(&mut text[7..15], seconds);
        write_hex(&mut text[16..24], high);
        write_hex(&mut text[24..40], low);
        write_hex(&mut text[48..64], parent);
        text
    }

    /// Brings the date to the second of `now_ms`.
    fn tick(&mut self, now_ms: i64) {
        const DAYS: [&[u8; 3]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];
        const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
        let second = now_ms.div_euclid(1000);
        if second == self.second {
            return;
        }
        self.second = second;
        // `2025-11-06T12:33:25.000Z`
        let text = timestamp::format(second * 1000);
        let month = usize::from(text[5] - b'0') * 10 + usize::from(text[6] - b'0');
        let date = &mut self.date;
        date.copy_from_slice(b"Thu, 01 Jan 1970 00:00:00 GMT");
        date[..3].copy_from_slice(DAYS[second.div_euclid(86_400).rem_euclid(7) as usize]);
        date[5..7].copy_from_slice(&text[8..10]);
        date[8..11].copy_from_slice(&MONTHS[(month - 1) * 3..][..3]);
        date[12..16].copy_from_slice(&text[..4]);
        date[17..25].copy_from_slice(&text[11..19]);
    }
}

/// Writes the last digits of a number, as many as there is room for.
fn write_hex(out: &mut [u8], mut number: u64) {
    for place in out.iter_mut().rev() {
        *place = hex_digit(number as u8);
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(detail: Detail, version: &str, payload: &str, now_ms: i64) -> serde_json::Value {
        let mut out = Vec::new();
        open(detail, version, &mut out);
        out.extend_from_slice(payload.as_bytes());
        Stamp::new(7).close(detail, version, payload.len(), now_ms, &mut out);
        serde_json::from_slice(&out).expect("JSON")
    }

    /// Recorded: `services/test_lambda_task_service`.
    #[test]
    fn full() {
        let found = envelope(Detail::Full, "$LATEST", r#""HelloWorld""#, 1_762_432_405_999);
        let id = found["SdkResponseMetadata"]["RequestId"].clone();
        let trace = found["SdkHttpMetadata"]["HttpHeaders"]["X-Amzn-Trace-Id"].clone();
        let expected = serde_json::json!({
            "ExecutedVersion": "$LATEST",
            "Payload": "HelloWorld",
            "SdkHttpMetadata": {
                "AllHttpHeaders": {
                    "X-Amz-Executed-Version": ["$LATEST"],
                    "x-amzn-Remapped-Content-Length": ["0"],
                    "Connection": ["keep-alive"],
                    "x-amzn-RequestId": [id],
                    "Content-Length": ["12"],
                    "Date": ["Thu, 06 Nov 2025 12:33:25 GMT"],
                    "X-Amzn-Trace-Id": [trace],
                    "Content-Type": ["application/json"],
                },
                "HttpHeaders": {
                    "Connection": "keep-alive",
                    "Content-Length": "12",
                    "Content-Type": "application/json",
                    "Date": "Thu, 06 Nov 2025 12:33:25 GMT",
                    "X-Amz-Executed-Version": "$LATEST",
                    "x-amzn-Remapped-Content-Length": "0",
                    "x-amzn-RequestId": id,
                    "X-Amzn-Trace-Id": trace,
                },
                "HttpStatusCode": 200,
            },
            "SdkResponseMetadata": { "RequestId": id },
            "StatusCode": 200,
        });
        // As text: the order of the members counts.
        assert_eq!(found.to_string(), expected.to_string());
        let trace = trace.as_str().expect("a text");
        assert!(trace.starts_with("Root=1-690c9595-"), "{trace}");
    }

    #[test]
    fn short() {
        let found = envelope(Detail::Short, "3", "[1]", 0);
        let expected = serde_json::json!({"ExecutedVersion": "3", "Payload": [1], "StatusCode": 200});
        assert_eq!(found.to_string(), expected.to_string());
        let found = envelope(Detail::Payload, "3", "[1]", 0);
        assert_eq!(found.to_string(), r#"{"Payload":[1]}"#);
    }

    #[test]
    fn what_the_longest_adds() {
        let longest = u64::MAX.to_string();
        let found = envelope(Detail::Full, &longest, "1", i64::from(u32::MAX) * 1_000);
        let bytes = found.to_string().len();
        assert!(bytes <= ENVELOPE_BYTES_MAX, "{bytes}");
    }

    #[test]
    fn accepted() {
        let mut out = Vec::new();
        Stamp::new(1).accepted(0, &mut out);
        let found: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(
            (&found["StatusCode"], &found["Payload"]),
            (&202.into(), &"".into())
        );
        assert_eq!(found["ExecutedVersion"], serde_json::Value::Null);
    }

    #[test]
    fn dates() {
        let mut stamp = Stamp::new(0);
        for (now_ms, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (1_709_164_800_500, "Thu, 29 Feb 2024 00:00:00 GMT"),
            (1_735_689_599_999, "Tue, 31 Dec 2024 23:59:59 GMT"),
        ] {
            stamp.tick(now_ms);
            assert_eq!(std::str::from_utf8(&stamp.date), Ok(expected));
        }
    }
}
