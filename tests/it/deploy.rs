//! What `deploy/` names is there: metrics, configuration keys. The rest is checked by `deploy/lint`.

use super::cli::{Folder, run};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use stepstream::config::Config;
use stepstream::metrics::names::{ALL, Kind, Metric};

/// Tables of the configuration whose keys are the user's own.
const FREE: [&str; 6] = [
    "kafka.properties",
    "kafka.consumer",
    "kafka.producer",
    "kafka.secrets",
    "workflow.substitutions",
    "tasks",
];

#[test]
fn rules_and_dashboard_use_metrics_that_exist() {
    let files = files(&root().join("deploy"));
    let used = series(&files, "deploy");
    let missing: Vec<&String> = used.iter().filter(|name| metric(name).is_none()).collect();
    assert!(
        !used.is_empty() && missing.is_empty(),
        "no such metric: {missing:?}"
    );

    let shown = series(&files, "deploy/helm/stepstream/files/dashboard.json");
    let shown: BTreeSet<&str> = shown
        .iter()
        .filter_map(|name| metric(name))
        .map(|metric| metric.name)
        .collect();
    let hidden: Vec<&str> = ALL
        .iter()
        .map(|metric| metric.name)
        .filter(|name| !shown.contains(name))
        .collect();
    assert!(hidden.is_empty(), "not on the dashboard: {hidden:?}");
}

/// The port that the pods open is reachable for a few only, unless somebody says otherwise.
#[test]
fn the_chart_has_a_network_policy() {
    let read = |name: &str| {
        let path = root().join("deploy/helm/stepstream").join(name);
        std::fs::read_to_string(path).expect(name)
    };
    let policy = read("templates/networkpolicy.yaml");
    for part in [
        "kind: NetworkPolicy",
        "policyTypes: [Ingress]",
        "- port: metrics",
        "stepstream.selector",
    ] {
        assert!(policy.contains(part), "{part}");
    }
    let values = block(&read("values.yaml"), "networkPolicy:");
    assert!(
        values.contains("enabled: true") && values.contains("from:"),
        "{values}"
    );
}

/// The words of a label are in the sentence that describes its metric; a rule that asks for another word
/// never fires.
#[test]
fn rules_and_dashboard_ask_for_labels_that_exist() {
    let mut asked = 0;
    for file in files(&root().join("deploy")) {
        let text = std::fs::read_to_string(&file)
            .unwrap_or_default()
            .replace("\\\"", "\"");
        for part in text.split("stepstream_").skip(1) {
            let Some((name, rest)) = part.split_once('{') else {
                continue;
            };
            let Some(metric) = metric(&format!("stepstream_{name}")) else {
                continue;
            };
            let selectors = rest.split('}').next().unwrap_or_default();
            for selector in selectors.split(',').filter(|selector| selector.contains('"')) {
                let label = selector.trim().split(['=', '!']).next().unwrap_or_default();
                // What Prometheus adds to a target's series.
                if ["job", "instance", "namespace"].contains(&label) {
                    continue;
                }
                let place = format!("{}: {name}{{{selector}}}", file.display());
                assert!(metric.labels.contains(&label), "{place}");
                if ["outcome", "status"].contains(&label) {
                    let value = selector.split('"').nth(1).unwrap_or_default();
                    let words = value.split('|').filter(|word| !word.starts_with('$'));
                    words.for_each(|word| assert!(metric.help.contains(word), "{place}"));
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 5, "the search finds too little: {asked}");
}

#[test]
fn configurations_use_keys_that_exist() {
    let sample = std::fs::read_to_string(root().join("config/stepstream.toml")).expect("the sample");
    let known = keys(&uncommented(&sample));
    let mut problems = Vec::new();
    for file in files(&root().join("deploy")) {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let config = match file.extension().and_then(|ending| ending.to_str()) {
            Some("toml") => text.clone(),
            Some("yaml") => block(&text, "config: |"),
            _ => String::new(),
        };
        for key in keys(&config) {
            let is_free = FREE.iter().any(|table| key.starts_with(&format!("{table}.")));
            if !is_free && !known.contains(&key) {
                problems.push(format!("{}: {key}", file.display()));
            }
        }
    }
    assert!(
        problems.is_empty(),
        "not in config/stepstream.toml:\n{}",
        problems.join("\n")
    );
}

/// Each variable that a file here sets is one that the sample configuration takes, with some value.
#[test]
fn variables_override_keys_that_exist() {
    let sample = std::fs::read_to_string(root().join("config/stepstream.toml")).expect("the sample");
    // One key of this section is nothing without the other.
    let sample = sample + "[service.tls]\ncertificate = \"tls.crt\"\nkey = \"tls.key\"\n";
    let is_taken = |name: &str| {
        ["1", "1s", "json", "true", "127.0.0.1:9464"].iter().any(|value| {
            let variable = [(name.to_owned(), (*value).to_owned())];
            Config::read(&sample, &root().join("config"), variable)
                .config
                .is_some()
        })
    };
    let mut found = BTreeSet::new();
    for file in files(&root().join("deploy")) {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        // A name that ends in `__` is put together by a template: `deploy/lint` checks what comes of it.
        let names = words(&text, "STEPSTREAM__").into_iter();
        for name in names.filter(|name| !name.ends_with("__")) {
            assert!(is_taken(&name), "{}: {name}", file.display());
            found.insert(name);
        }
    }
    assert!(
        found.contains("STEPSTREAM__WORKFLOW__ORDER_FULFILLMENT__INSTANCE_ID"),
        "{found:?}"
    );
}

/// In the container the definitions lie beside the configuration.
#[test]
fn the_configuration_of_the_compose_file_is_accepted() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("workflows")).expect("a folder");
    for name in ["stepstream.toml", "workflows/order_fulfillment.asl.json"] {
        let source = if name == "stepstream.toml" {
            "deploy/compose"
        } else {
            "config"
        };
        let source = root().join(source).join(name);
        std::fs::copy(source, folder.path().join(name)).expect("a copy");
    }
    let file = folder.path().join("stepstream.toml").display().to_string();
    let (code, out, err) = run(&["check", "--config", &file]);
    assert_eq!((code, &*err), (0, ""), "{out}");
}

#[test]
fn keys_are_found_with_their_table() {
    let text = "[[workflow]]\nname = \"a\" # x\n[workflow.log]\n# level = \"ALL\"\n# Not = a key of ours\n";
    let found = keys(&uncommented(text));
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        ["workflow.log.level", "workflow.name"]
    );
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let paths = entries
        .map(|entry| entry.path())
        .filter(|path| !path.is_symlink())
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        });
    paths.collect()
}

/// Returns the series that the files below a path (from the root) name.
fn series(files: &[PathBuf], below: &str) -> BTreeSet<String> {
    let chosen = files.iter().filter(|file| {
        let path = file.strip_prefix(root()).unwrap_or(file).display().to_string();
        // The page of metrics names histograms as a whole; a test of `metrics` compares its table.
        path.starts_with(below) && path != "deploy/METRICS.md"
    });
    chosen
        .flat_map(|file| words(&std::fs::read_to_string(file).unwrap_or_default(), "stepstream_"))
        .collect()
}

/// Returns the metric that a series belongs to: as itself, or as a part of a histogram.
fn metric(series: &str) -> Option<&'static Metric> {
    let parts = ["_bucket", "_sum", "_count"];
    let whole = parts.iter().find_map(|part| series.strip_suffix(part));
    ALL.iter().find(|metric| match metric.kind {
        Kind::Histogram => Some(metric.name) == whole,
        Kind::Counter | Kind::Gauge => metric.name == series,
    })
}

/// Returns the words (letters, digits, underscores) that begin with a prefix.
fn words(text: &str, prefix: &str) -> Vec<String> {
    text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_')
        .filter(|word| word.len() > prefix.len() && word.starts_with(prefix))
        .map(str::to_owned)
        .collect()
}

/// Turns examples in comments (`# key = value`) into keys.
fn uncommented(text: &str) -> String {
    text.lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || rest.split(' ').nth(1) == Some("=") => rest,
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns the keys of a configuration, each with its table, as `workflow.log.level`.
fn keys(text: &str) -> BTreeSet<String> {
    let mut table = String::new();
    let mut found = BTreeSet::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[') {
            table = name
                .trim_start_matches('[')
                .split(']')
                .next()
                .unwrap_or_default()
                .to_owned();
        } else if let Some((key, _)) = line.split_once(" = ")
            && !key.starts_with('#')
            && key
                .chars()
                .next()
                .is_some_and(|first| first == '"' || first.is_lowercase())
        {
            found.insert(format!("{table}.{key}"));
        }
    }
    found
}

/// Returns the indented text after a line of a YAML file.
fn block(text: &str, begin: &str) -> String {
    text.lines()
        .skip_while(|line| *line != begin)
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with("  "))
        .collect::<Vec<_>>()
        .join("\n")
}
