//! Licences and duplicate versions of everything that is linked, against the lists in `deny.toml`.
//!
//! `cargo deny` says the same with better words; this one runs wherever the tests run.

use std::collections::BTreeMap;
use std::path::Path;
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

/// Advisories of C libraries reach no tool of ours, so whoever runs the binary is told what to watch.
#[test]
fn the_c_libraries_built_in_are_named_with_their_versions() {
    let page = include_str!("../../deploy/README.md");
    let section = page.split("## What is built in").nth(1).expect("the section");
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        Some((cells.next()?.to_owned(), cells.next()?.to_owned()))
    };
    let told: BTreeMap<String, String> = section.lines().filter_map(row).skip(2).collect();
    let built: BTreeMap<String, String> = linked().iter().filter_map(c_library).collect();
    assert_eq!(built, told);
}

/// Returns the C library that a crate builds, and its version: from the crate's own version, or from the library's header.
fn c_library(package: &serde_json::Value) -> Option<(String, String)> {
    let text = |name: &str| package[name].as_str().unwrap_or_default();
    let header = |file: &str| {
        let folder = Path::new(text("manifest_path")).parent().expect("a folder");
        std::fs::read_to_string(folder.join(file)).expect(file)
    };
    let version = text("version");
    let behind_plus = || {
        version
            .split('+')
            .nth(1)
            .expect("a version behind '+'")
            .to_owned()
    };
    let (library, version) = match text("name") {
        "curl-sys" => ("curl", behind_plus().replace("curl-", "")),
        "libmimalloc-sys" => (
            "mimalloc",
            mimalloc(&header("c_src/mimalloc/v3/include/mimalloc.h")),
        ),
        "libz-sys" => ("zlib", define(&header("src/zlib/zlib.h"), "ZLIB_VERSION")),
        "openssl-src" => ("OpenSSL", behind_plus()),
        "rdkafka-sys" => ("librdkafka", behind_plus()),
        "ring" => ("ring", version.to_owned()),
        "zstd-sys" => ("zstd", behind_plus().replace("zstd.", "")),
        // It only links what `openssl-src` builds.
        "openssl-sys" => return None,
        name => {
            assert!(!builds_c(package), "{name} may build C code: name it here");
            return None;
        }
    };
    Some((library.to_owned(), version))
}

/// Whether a crate says that it links a native library, but for those that only reserve a name so.
fn builds_c(package: &serde_json::Value) -> bool {
    let links = package["links"].as_str().unwrap_or_default();
    !links.is_empty() && !["rayon-core", "wasm_bindgen", "prettyplease02"].contains(&links)
}

fn define(header: &str, name: &str) -> String {
    let line = header
        .lines()
        .find(|line| line.starts_with(&format!("#define {name} ")));
    let value = line.and_then(|line| line.split_whitespace().nth(2));
    value.expect(name).trim_matches('"').to_owned()
}

/// `30302` is 3.3.2: two digits each but for the first.
fn mimalloc(header: &str) -> String {
    let number: u32 = define(header, "MI_MALLOC_VERSION").parse().expect("a number");
    format!("{}.{}.{}", number / 10_000, number / 100 % 100, number % 100)
}

/// The image ships the notices that the licences ask for.
#[cfg(target_os = "linux")]
#[test]
fn notices_name_all_that_is_linked() {
    let output = Command::new("deploy/notices")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the script");
    let (notices, said) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{said}");
    for package in linked() {
        let (name, version) = (&package["name"], &package["version"]);
        let title = format!(
            "= {} {} (",
            name.as_str().unwrap_or("?"),
            version.as_str().unwrap_or("?")
        );
        assert!(notices.contains(&title) || name == "stepstream", "{title}");
    }
    assert!(notices.contains("librdkafka - Apache Kafka C driver library"));
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
