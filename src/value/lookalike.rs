//! What a text that is not JSON may be instead: other formats by their first bytes.
//!
//! People send compressed, Avro or schema registry's messages to topics by mistake, and "illegal character" helps
//! nobody then. Must not know where the text comes from. Invariant: it says what bytes look like, never what they
//! are, and reads a few of the first only.

/// How many of the first bytes tell UTF-16.
const UTF16_BYTES: usize = 8;
/// Bytes before the value in a schema registry's message: a zero and the schema's id.
const FRAME_BYTES: usize = 5;
/// Bytes before the value in a message of AWS Glue's registry: a three, how it is compressed, and the schema's UUID.
const GLUE_FRAME_BYTES: usize = 18;
/// Bytes before the value in an Avro message: a marker of two bytes and the schema's fingerprint.
const AVRO_HEAD_BYTES: usize = 10;

/// Says what bytes that are not JSON look like, as a sentence's end: "gzip".
#[cold]
pub fn lookalike(bytes: &[u8]) -> Option<String> {
    let known = match bytes {
        [0x1F, 0x8B, ..] => "gzip: the value is compressed",
        [0x28, 0xB5, 0x2F, 0xFD, ..] => "Zstandard: the value is compressed",
        [0x04, 0x22, 0x4D, 0x18, ..] => "LZ4: the value is compressed",
        [0xFF, 0x06, 0x00, 0x00, b's', b'N', b'a', b'P', ..]
        | [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0x00, ..] => "Snappy: the value is compressed",
        [0x78, 0x01 | 0x9C | 0xDA, ..] => "zlib: the value is compressed",
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => "bzip2: the value is compressed",
        [0xFD, b'7', b'z', b'X', b'Z', 0x00, ..] => "xz: the value is compressed",
        [b'P', b'K', 0x03, 0x04, ..] => "a ZIP archive: the value is compressed",
        [0xAC, 0xED, 0x00, 0x05, ..] => {
            "a Java object: Java's own serialization wrote it, not a JSON serializer"
        }
        [0xC3, 0x01, ..] if bytes.len() >= AVRO_HEAD_BYTES => {
            "an Avro message (single-object encoding): the value is not JSON but Avro"
        }
        [0x03, 0x00, ..] if bytes.len() >= GLUE_FRAME_BYTES => {
            "an AWS Glue schema registry's frame: an Avro, Protobuf or JSON Schema serializer wrote it"
        }
        [0x03, 0x05, ..] if bytes.len() >= GLUE_FRAME_BYTES => {
            "an AWS Glue schema registry's frame: the value behind it is compressed (zlib)"
        }
        [b'O', b'b', b'j', 0x01, ..] => "an Avro file: the value is not JSON but Avro",
        [0xEF, 0xBB, 0xBF, ..] => "UTF-8 with a byte order mark: JSON texts have none",
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => "UTF-16: JSON texts are UTF-8",
        _ if is_utf16(bytes) => "UTF-16: JSON texts are UTF-8",
        _ => return frame(bytes),
    };
    Some(known.to_owned())
}

/// Letters of English in UTF-16 have a zero as every other byte.
fn is_utf16(bytes: &[u8]) -> bool {
    let first = &bytes[..bytes.len().min(UTF16_BYTES) & !1];
    let mut pairs = first.chunks_exact(2);
    first.len() >= 4
        && (pairs.clone().all(|pair| pair[0] != 0 && pair[1] == 0)
            || pairs.all(|pair| pair[0] == 0 && pair[1] != 0))
}

fn frame(bytes: &[u8]) -> Option<String> {
    let (first, rest) = bytes.split_first_chunk::<FRAME_BYTES>()?;
    let [0, id @ ..] = *first else {
        return None;
    };
    let id = u32::from_be_bytes(id);
    // The serializer of JSON Schema writes the JSON text behind the frame.
    let is_json = rest
        .trim_ascii_start()
        .first()
        .is_some_and(|first| b"{[\"".contains(first));
    let writer = if is_json {
        "a JSON Schema serializer wrote it"
    } else {
        "an Avro, Protobuf or JSON Schema serializer wrote it"
    };
    Some(format!(
        "a schema registry's frame (a zero byte, then schema id {id}): {writer}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes() {
        let cases: &[(&[u8], Option<&str>)] = &[
            (
                b"\0\0\0\0\x07{\"a\":1}",
                Some(
                    "a schema registry's frame (a zero byte, then schema id 7): a JSON Schema serializer wrote it",
                ),
            ),
            (
                b"\0\0\x01\0\x02\x02ab",
                Some(
                    "a schema registry's frame (a zero byte, then schema id 65538): an Avro, Protobuf or JSON Schema serializer wrote it",
                ),
            ),
            (b"\x1f\x8b\x08\0", Some("gzip: the value is compressed")),
            (b"\x28\xb5\x2f\xfd\0", Some("Zstandard: the value is compressed")),
            (
                b"Obj\x01\x04",
                Some("an Avro file: the value is not JSON but Avro"),
            ),
            (b"\xff\xfe{\0", Some("UTF-16: JSON texts are UTF-8")),
            (b"\xfe\xff\0{", Some("UTF-16: JSON texts are UTF-8")),
            (b"{\0\"\0a\0", Some("UTF-16: JSON texts are UTF-8")),
            (b"\0{\0\"\0a\0\"", Some("UTF-16: JSON texts are UTF-8")),
            (
                b"\xef\xbb\xbf{}",
                Some("UTF-8 with a byte order mark: JSON texts have none"),
            ),
            (
                b"\x03\0\xb7\xb4\xa7\xf0\x9c\x96\x4e\x4a\xa6\x87\xfb\x5d\xe9\xef\x0c\x63{}",
                Some(
                    "an AWS Glue schema registry's frame: an Avro, Protobuf or JSON Schema serializer wrote it",
                ),
            ),
            (
                b"\x03\x05\xb7\xb4\xa7\xf0\x9c\x96\x4e\x4a\xa6\x87\xfb\x5d\xe9\xef\x0c\x63x\x9c",
                Some("an AWS Glue schema registry's frame: the value behind it is compressed (zlib)"),
            ),
            (
                b"\xc3\x01\x01\x02\x03\x04\x05\x06\x07\x08\x02",
                Some("an Avro message (single-object encoding): the value is not JSON but Avro"),
            ),
            (b"\x82SNAPPY\0\0\0\0\x01", Some("Snappy: the value is compressed")),
            (b"x\x9c\xabV", Some("zlib: the value is compressed")),
            (b"BZh91AY", Some("bzip2: the value is compressed")),
            (b"\xfd7zXZ\0\0", Some("xz: the value is compressed")),
            (b"PK\x03\x04\x14", Some("a ZIP archive: the value is compressed")),
            (
                b"\xac\xed\0\x05t\0\x07",
                Some("a Java object: Java's own serialization wrote it, not a JSON serializer"),
            ),
            (b"\xc3\xa9", None),
            (b"\x03\0", None),
            (b"x^2", None),
            (b"", None),
            (b"\0", None),
            (b"\0\0\0\0", None),
            (b"{", None),
            (b"not JSON", None),
            (b"Object", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(lookalike(bytes).as_deref(), *expected, "{bytes:?}");
        }
    }
}
