//! Names of regions.
//!
//! Must not know configurations. Invariant: a text that is no region becomes no part of a host.

/// Most characters of a region's name.
const REGION_MAX: usize = 32;

/// Says whether a text looks like a region's name: words of letters, then a number.
pub(super) fn is_region(text: &str) -> bool {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let Some((words, number)) = text.rsplit_once('-') else {
        return false;
    };
    text.len() <= REGION_MAX && is_number(number) && words.contains('-') && words.split('-').all(is_word)
}

/// Checks the name of a region.
///
/// # Errors
/// What is wrong with it, in a sentence.
pub(super) fn check(region: &str) -> Result<(), String> {
    match is_region(region) {
        true => Ok(()),
        false => Err(format!(
            "'{}' is not a region, such as eu-west-1",
            region.escape_debug()
        )),
    }
}

/// Returns the region that an ARN names, or the URL of a queue at AWS.
pub(super) fn of(text: &str) -> Option<&str> {
    let region = match text.strip_prefix("arn:") {
        // arn:partition:service:region:account:…
        Some(rest) => rest.split(':').nth(2)?,
        None => {
            let host = text.strip_prefix("https://").or(text.strip_prefix("http://"))?;
            let host = host.split(['/', ':']).next()?;
            let suffixes = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws"];
            if !suffixes.iter().any(|suffix| host.ends_with(suffix)) {
                return None;
            }
            // sqs.eu-west-1.amazonaws.com, eu-west-1.queue.amazonaws.com
            host.split('.').find(|label| is_region(label))?
        }
    };
    is_region(region).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions() {
        for region in [
            "us-east-1",
            "ap-southeast-7",
            "cn-northwest-1",
            "us-gov-west-1",
            "us-isob-east-1",
            "eusc-de-east-1",
        ] {
            assert!(is_region(region), "{region}");
        }
        let long = format!("us-{}-1", "a".repeat(REGION_MAX));
        let texts = [
            "",
            "us",
            "us-east",
            "us-east-",
            "-east-1",
            "us-east-1.evil.example/",
            "US-EAST-1",
            "us-1",
            "us-east-1a",
        ];
        for text in texts.into_iter().chain([long.as_str()]) {
            assert!(!is_region(text), "{text}");
        }
    }

    #[track_caller]
    fn check_of(text: &str, expected: Option<&str>) {
        assert_eq!(of(text), expected, "{text}");
    }

    #[test]
    fn regions_of_parameters() {
        check_of("arn:aws:sns:eu-west-1:111111111111:topic", Some("eu-west-1"));
        check_of("arn:aws:s3:::bucket", None);
        check_of("arn:aws:sns:evil.example/:1:t", None);
        check_of(
            "https://sqs.eu-west-1.amazonaws.com/111111111111/q",
            Some("eu-west-1"),
        );
        check_of(
            "https://eu-west-2.queue.amazonaws.com/111111111111/q",
            Some("eu-west-2"),
        );
        check_of("https://sqs.cn-north-1.amazonaws.com.cn/1/q", Some("cn-north-1"));
        check_of("http://127.0.0.1:4566/111111111111/eu-west-1", None);
        check_of("https://eu-west-1.evil.example/q", None);
        check_of("https://queue.amazonaws.com/1/q", None);
        check_of("orders", None);
    }
}
