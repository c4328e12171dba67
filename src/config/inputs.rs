//! Which topics a configuration's workflows read.
//!
//! Must not know who asks. Invariant: a topic belongs to the configuration exactly if one of its workflows would read it.

use super::Config;
use regex_lite::Regex;
use std::collections::HashSet;

/// The topics that workflows read.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    topics: HashSet<String>,
    patterns: Vec<Regex>,
}

impl Inputs {
    /// Says whether a topic is one of them.
    pub fn has(&self, topic: &str) -> bool {
        self.topics.contains(topic) || self.patterns.iter().any(|pattern| pattern.is_match(topic))
    }
}

impl Config {
    /// Returns the topics that its workflows read.
    pub fn inputs(&self) -> Inputs {
        let topics = self.workflow.iter().flat_map(|workflow| workflow.topics.clone());
        let patterns = self.workflow.iter().filter_map(|workflow| {
            // A pattern that is none is told when the configuration is checked.
            Regex::new(workflow.topics_pattern.as_deref()?).ok()
        });
        Inputs {
            topics: topics.collect(),
            patterns: patterns.collect(),
        }
    }
}
