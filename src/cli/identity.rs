//! Who a run is: names, ARNs (facts 1.4), and where its randomness comes from.

use super::output::Stop;
use crate::execution::name::{NAME_CHARACTERS_MAX, is_name, may_stand_in_name};
use crate::random::{Random, push_uuid};
use crate::registry::address::Address;
use std::path::Path;

/// The names of one run.
pub(super) struct Names {
    pub(super) execution_arn: String,
    pub(super) execution_name: String,
    pub(super) role_arn: String,
    pub(super) state_machine_arn: String,
    pub(super) state_machine_name: String,
}

impl Names {
    /// Composes the names of a run of the definition in a file.
    pub(super) fn new(file: &Path, name: Option<&str>, region: &str, account: &str) -> Result<Names, Stop> {
        let machine = machine_name(file);
        let execution = match name {
            None => uuid(),
            Some(name) if is_name(name) => name.to_owned(),
            Some(name) => {
                return Err(Stop::new(format!(
                    "error: Invalid Name: '{name}': a name has 1 to {NAME_CHARACTERS_MAX} characters, \
                     without blanks, brackets and any of ? * \" # % \\ ^ | ~ ` $ & , ; : /"
                )));
            }
        };
        let prefix = format!("arn:aws:states:{region}:{account}");
        Ok(Names {
            execution_arn: format!("{prefix}:express:{machine}:{execution}:{}", uuid()),
            execution_name: execution,
            role_arn: format!("arn:aws:iam::{account}:role/stepstream"),
            state_machine_arn: format!("{prefix}:stateMachine:{machine}"),
            state_machine_name: machine,
        })
    }
}

/// Names the state machine after its file: `order.asl.json` is `order`, and so is `template.yaml#order`.
pub(super) fn machine_name(file: &Path) -> String {
    let address = Address::of(file);
    let stem = address.file.file_stem().unwrap_or_default().to_string_lossy();
    let stem = address.name.as_deref().unwrap_or(&stem);
    let stem = stem.strip_suffix(".asl").unwrap_or(stem);
    let allowed = |character: char| {
        if may_stand_in_name(character) {
            character
        } else {
            '-'
        }
    };
    let name: String = stem.chars().take(NAME_CHARACTERS_MAX).map(allowed).collect();
    if name.is_empty() {
        "workflow".to_owned()
    } else {
        name
    }
}

/// Returns 64 random bits, seeded by the operating system.
pub(super) fn random() -> u64 {
    Random::from_system().next_u64()
}

/// Returns a fresh UUID, version 4.
pub(super) fn uuid() -> String {
    let mut text = String::new();
    push_uuid(Random::from_system().uuid(), &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_named_after_its_file() {
        for (file, name) in [
            ("config/order fulfillment.asl.json", "order-fulfillment"),
            ("a:b.yaml", "a-b"),
            ("x.asl.yml", "x"),
            ("", "workflow"),
        ] {
            assert_eq!(machine_name(Path::new(file)), name, "{file}");
        }
    }
}
