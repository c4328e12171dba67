//! AWS's shared files: `~/.aws/config` and `~/.aws/credentials`.
//!
//! Owns their grammar: sections, keys, and keys of keys by indentation. Must not know what keys mean, and reads no file.
//! Invariant: it reads any text; a line that means nothing is passed over, as AWS's own tools do.

use std::collections::BTreeMap;

/// A file's sections by their names, as `profile dev`.
#[derive(Default)]
pub(super) struct Ini {
    sections: BTreeMap<String, Section>,
}

/// A section's keys. One that stands indented below another is `outer.inner`.
pub(super) type Section = BTreeMap<String, String>;

impl Ini {
    /// Reads a file's text. Of two equal keys the last counts.
    pub(super) fn parse(text: &str) -> Ini {
        let (mut ini, mut section, mut outer) = (Ini::default(), None, String::new());
        for line in text.lines() {
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                let name = rest.split(']').next().unwrap_or_default();
                let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
                ini.sections.entry(name.clone()).or_default();
                section = Some(name);
                outer.clear();
                continue;
            }
            let (Some(section), Some((key, value))) = (&section, trimmed.split_once('=')) else {
                continue;
            };
            let (key, value) = (key.trim().to_ascii_lowercase(), without_comment(value).trim());
            let is_inner = line.starts_with([' ', '\t']) && !outer.is_empty();
            let key = match is_inner {
                true => format!("{outer}.{key}"),
                false => {
                    outer = if value.is_empty() {
                        key.clone()
                    } else {
                        String::new()
                    };
                    key
                }
            };
            if let Some(section) = ini.sections.get_mut(section) {
                section.insert(key, value.to_owned());
            }
        }
        ini
    }

    /// Returns a section.
    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.get(name)
    }
}

/// Cuts a comment off a value: it begins behind a blank.
fn without_comment(value: &str) -> &str {
    let starts = [" #", " ;", "\t#", "\t;"];
    let end = starts.iter().filter_map(|start| value.find(start)).min();
    &value[..end.unwrap_or(value.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_keys() {
        let ini = Ini::parse(
            "region = lost\n[default]\nregion=eu-west-1 # home\n# no\nAWS_access_key_id = A#B\n\n[ profile   dev ]\nservices = local\nregion =\n[services local]\nsqs =\n  endpoint_url = http://127.0.0.1:9324\n\ts3 = 1\ns3 =\n endpoint_url = http://s3\nodd\n[default]\nregion = eu-west-2\n",
        );
        let get = |section: &str, key: &str| Some(ini.section(section)?.get(key)?.as_str());
        assert_eq!(get("default", "region"), Some("eu-west-2"));
        assert_eq!(get("default", "aws_access_key_id"), Some("A#B"));
        assert_eq!(get("profile dev", "services"), Some("local"));
        assert_eq!(get("profile dev", "region"), Some(""));
        assert_eq!(
            get("services local", "sqs.endpoint_url"),
            Some("http://127.0.0.1:9324")
        );
        assert_eq!(get("services local", "s3.endpoint_url"), Some("http://s3"));
        assert_eq!(get("other", "region"), None);
    }

    #[test]
    fn any_text() {
        for text in [
            "[",
            "]",
            "[]\n=",
            "[a\nb=c",
            "\u{0}",
            "[a]\n =x",
            "[ü]\nü = ü # ü",
        ] {
            Ini::parse(text);
        }
        assert!(Ini::parse("[a\nb=c").section("a").is_some());
    }
}
