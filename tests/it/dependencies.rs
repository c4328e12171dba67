//! Licences and duplicate versions of everything that is linked, against the lists in `deny.toml`.
//!
//! `cargo deny` says the same with better words; this one runs wherever the tests run.

use std::collections::BTreeMap;
use std::process::Command;

#[test]
fn licences_are_allowed_and_versions_unique() {
    let rules = include_str!("../../deny.toml");
    let (allowed, skipped) = (list(rules, "allow"), list(rules, "skip"));
    assert!(
        allowed.iter().any(|licence| licence == "Apache-2.0"),
        "{allowed:?}"
    );
    let (mut wrong, mut versions) = (Vec::new(), BTreeMap::<String, usize>::new());
    for package in linked() {
        let text = |name: &str| package[name].as_str().unwrap_or_default().to_owned();
        let (name, licence) = (text("name"), text("license"));
        if !is_allowed(&licence, &allowed) {
            wrong.push(format!("{name}: licence '{licence}' is not in deny.toml"));
        }
        *versions.entry(name).or_default() += 1;
    }
    for (name, count) in versions {
        let known = skipped
            .iter()
            .any(|entry| entry.split(['@', ':']).next() == Some(name.as_str()));
        if count > 1 && !known {
            wrong.push(format!("{name}: {count} versions, and no reason in deny.toml"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Packages that end up in the binary: not those that only tests and benchmarks need.
fn linked() -> Vec<serde_json::Value> {
    let metadata: serde_json::Value =
        serde_json::from_slice(&cargo(&["metadata", "--format-version", "1", "--locked"])).expect("JSON");
    let tree = cargo(&[
        "tree",
        "--locked",
        "--all-features",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ]);
    let tree = String::from_utf8(tree).expect("UTF-8");
    let mut names: Vec<(&str, &str)> = tree
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?, words.next()?.trim_start_matches('v')))
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    let is_linked = |package: &serde_json::Value| {
        let (name, version) = (package["name"].as_str(), package["version"].as_str());
        names
            .iter()
            .any(|known| (Some(known.0), Some(known.1)) == (name, version))
    };
    packages.into_iter().filter(is_linked).collect()
}

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Returns the strings of a list in `deny.toml`, which keeps to one entry a line.
fn list(rules: &str, name: &str) -> Vec<String> {
    let entries = rules
        .lines()
        .skip_while(|line| !line.starts_with(&format!("{name} = [")));
    entries
        .skip(1)
        .take_while(|line| !line.starts_with(']'))
        .filter_map(|line| Some(line.trim().split('"').nth(1)?.to_owned()))
        .collect()
}

/// Says whether an SPDX expression is satisfied: every part of `AND` needs an allowed alternative of `OR`.
fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], "");
    !expression.is_empty()
        && expression.split(" AND ").all(|part| {
            part.split(" OR ")
                .any(|one| allowed.iter().any(|licence| licence == one.trim()))
        })
}
