//! Checksums of bodies, as the SDK adds them where a service can check them: S3's.
//!
//! A checksum that the parameters give goes as it is. One of an algorithm that is not here is not added, and S3 says so.

use super::Draft;
use crate::services::model::Operation;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

const ALGORITHM: &str = "x-amz-sdk-checksum-algorithm";
/// What the SDK takes unless it is told another.
const USUAL: &str = "CRC32";

/// Adds the checksum of a body.
pub(super) fn add(operation: &Operation, draft: &mut Draft) {
    let is_checksum = |(name, _): &(String, String)| {
        let name = name.to_ascii_lowercase();
        name == "content-md5" || (name.starts_with("x-amz-checksum-") && name != "x-amz-checksum-type")
    };
    if draft.headers.iter().any(is_checksum) {
        return;
    }
    if operation.has_checksum_algorithm {
        let algorithm = draft.header(ALGORITHM).unwrap_or(USUAL).to_owned();
        if let Some(sum) = sum(&algorithm, &draft.body) {
            let name = format!("x-amz-checksum-{}", algorithm.to_ascii_lowercase());
            draft.default_header(ALGORITHM, &algorithm);
            draft.default_header(&name, &STANDARD.encode(sum));
        }
    } else if operation.needs_checksum {
        let sum = STANDARD.encode(Md5::digest(&draft.body));
        draft.default_header("Content-MD5", &sum);
    }
}

fn sum(algorithm: &str, body: &[u8]) -> Option<Vec<u8>> {
    Some(match algorithm {
        "CRC32" => crc32(body).to_be_bytes().to_vec(),
        "MD5" => Md5::digest(body).to_vec(),
        "SHA1" => Sha1::digest(body).to_vec(),
        "SHA256" => Sha256::digest(body).to_vec(),
        "SHA512" => Sha512::digest(body).to_vec(),
        _ => return None,
    })
}

/// The remainders of single bytes.
const REMAINDERS: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let (mut value, mut bit) = (index as u32, 0);
        while bit < 8 {
            value = (value >> 1) ^ (0xEDB8_8320 * (value & 1));
            bit += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
};

/// The CRC-32 of zlib and Ethernet.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| REMAINDERS[((sum ^ u32::from(*byte)) & 255) as usize] ^ (sum >> 8);
    !bytes.iter().fold(!0, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What S3 was recorded to answer.
    #[test]
    fn sums_are_those_of_s3() {
        for (body, expected) in [("false", "K81oMA=="), ("\"text data\"", "KUmHvQ==")] {
            assert_eq!(STANDARD.encode(crc32(body.as_bytes()).to_be_bytes()), expected);
        }
        assert_eq!(sum("CRC64NVME", b""), None);
        // The ETag of the same recording.
        let md5 = sum("MD5", b"false").map(|sum| STANDARD.encode(sum));
        assert_eq!(md5.as_deref(), Some("aJNKPpRV+nJCAjfrBZAjJw=="));
    }
}
