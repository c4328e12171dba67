//! Names as the Java SDK makes them: Step Functions calls AWS through it, so services, members and errors have its names.
//!
//! Owns the rules of the SDK's code generator (version 2). Must not know models or values. A name is only text here.

/// What is appended to a member whose getter would clash with Java.
const CONFLICT: &str = "Value";

/// Java's words, and the methods that every object of the SDK has: no member can be called so.
const TAKEN: &[&str] = &[
    "abstract",
    "assert",
    "boolean",
    "break",
    "build",
    "builder",
    "byte",
    "case",
    "catch",
    "char",
    "class",
    "clone",
    "const",
    "continue",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "equals",
    "extends",
    "false",
    "final",
    "finalize",
    "finally",
    "float",
    "for",
    "getClass",
    "goto",
    "hashCode",
    "if",
    "implements",
    "import",
    "instanceof",
    "int",
    "interface",
    "long",
    "native",
    "new",
    "notify",
    "notifyAll",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "short",
    "static",
    "strictfp",
    "super",
    "switch",
    "synchronized",
    "this",
    "throw",
    "throws",
    "toBuilder",
    "toString",
    "transient",
    "true",
    "try",
    "void",
    "volatile",
    "wait",
    "while",
];

/// Returns the name of a service from its id: `DynamoDb` of `DynamoDB`, `Config` of `Config Service`.
pub fn service(id: &str) -> String {
    let name = pascal(id);
    let name = strip(&name, |name| name.strip_prefix("Amazon"));
    let name = strip(name, |name| name.strip_prefix("Aws"));
    strip(name, |name| name.strip_suffix("Service")).to_owned()
}

/// Returns what remains after a strip that leaves something.
fn strip<'a>(name: &'a str, strip: impl Fn(&'a str) -> Option<&'a str>) -> &'a str {
    strip(name).filter(|rest| !rest.is_empty()).unwrap_or(name)
}

/// Returns the name of an error from its shape: `NoSuchKeyException` of `NoSuchKey`, `DbClusterNotFoundException` of
/// `DBClusterNotFoundFault`.
pub fn error(shape: &str) -> String {
    let base = shape.strip_suffix("Fault").unwrap_or(shape);
    let name = pascal(base);
    match name.ends_with("Exception") {
        true => name,
        false => name + "Exception",
    }
}

/// Returns the name of a member, in parameters and results: `DbInstances` of `DBInstances`, `Arn` of `arn`.
pub fn member(name: &str) -> String {
    let variable = uncapitalize(name);
    let variable = match TAKEN.contains(&variable.as_str()) {
        true => variable + CONFLICT,
        false => variable,
    };
    capitalize(&variable)
}

/// Returns the text with its first letter in upper case.
pub fn capitalize(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

/// Returns the text with its first letter in lower case: an operation's name in a resource.
pub fn action(operation: &str) -> String {
    let mut letters = operation.chars();
    match letters.next() {
        Some(first) => first.to_ascii_lowercase().to_string() + letters.as_str(),
        None => String::new(),
    }
}

/// Lowers the first letter and the capitals after it, but for one that begins a word.
fn uncapitalize(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let is_upper = |index: usize| letters.get(index).is_some_and(|letter| letter.is_uppercase());
    let is_lower = |index: usize| letters.get(index).is_some_and(|letter| letter.is_lowercase());
    let mut end = 1;
    while is_upper(end) && !is_lower(end + 1) {
        end += 1;
    }
    let lowered = letters.iter().take(end).flat_map(|letter| letter.to_lowercase());
    lowered.chain(letters.iter().skip(end).copied()).collect()
}

/// Joins the words of a text, each capitalized and the rest of it lowered.
fn pascal(text: &str) -> String {
    words(text)
        .iter()
        .map(|word| capitalize(&word.to_lowercase()))
        .collect()
}

/// Splits a text into words as the SDK's generator does, step by step.
fn words(text: &str) -> Vec<String> {
    let text: String = text
        .chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                ' '
            }
        })
        .collect();
    let text = before_versions(&text);
    let text = spaced(&text, |before, letter, after| {
        // Between lower case and a capital that a letter or a digit follows.
        before.is_some_and(|before| before.is_ascii_lowercase())
            && letter.is_ascii_uppercase()
            && after.is_some_and(|after| after.is_ascii_alphanumeric())
    });
    let text = spaced(&text, |before, letter, after| {
        // After an acronym: its last capital begins the next word.
        before.is_some_and(|before| before.is_ascii_uppercase())
            && letter.is_ascii_uppercase()
            && after.is_some_and(|after| after.is_ascii_lowercase())
    });
    let text = spaced(&text, |before, letter, _| {
        // After a number inside a word.
        before.is_some_and(|before| before.is_ascii_digit()) && letter.is_ascii_alphabetic()
    });
    text.split_whitespace().map(str::to_owned).collect()
}

/// Puts a blank before each letter that begins a word.
fn spaced(text: &str, begins: impl Fn(Option<char>, char, Option<char>) -> bool) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    for (index, &letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| letters[index]);
        if begins(before, letter, letters.get(index + 1).copied()) {
            out.push(' ');
        }
        out.push(letter);
    }
    out
}

/// Puts blanks around a version: `TESTv4` and `TestV4` end in a word of their own.
fn before_versions(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    let mut index = 0;
    while index < letters.len() {
        let digits = letters[index + 1..]
            .iter()
            .take_while(|letter| letter.is_ascii_digit())
            .count();
        let two_before =
            |case: fn(&char) -> bool| index >= 2 && letters[index - 2..index].iter().all(|one| !case(one));
        let is_version = match letters[index] {
            'v' => two_before(char::is_ascii_lowercase),
            'V' => two_before(char::is_ascii_uppercase),
            _ => false,
        };
        if is_version && digits > 0 {
            out.push(' ');
            out.extend(&letters[index..=index + digits]);
            out.push(' ');
            index += digits;
        } else {
            out.push(letters[index]);
        }
        index += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rule: fn(&str) -> String, cases: &[(&str, &str)]) {
        for (name, expected) in cases {
            assert_eq!(rule(name), *expected, "{name}");
        }
    }

    #[test]
    fn services() {
        check(
            service,
            &[
                ("DynamoDB", "DynamoDb"),
                ("SFN", "Sfn"),
                ("SQS", "Sqs"),
                ("S3", "S3"),
                ("IoTAnalytics", "IoTAnalytics"),
                ("RDS Data", "RdsData"),
                ("Config Service", "Config"),
                ("CloudWatch Logs", "CloudWatchLogs"),
                ("Bedrock Agent", "BedrockAgent"),
                ("EMR Serverless", "EmrServerless"),
                ("EventBridge", "EventBridge"),
                ("Lex Models V2", "LexModelsV2"),
                ("ApiGatewayV2", "ApiGatewayV2"),
                ("Elastic Load Balancing v2", "ElasticLoadBalancingV2"),
            ],
        );
    }

    #[test]
    fn errors() {
        check(
            error,
            &[
                ("NoSuchKey", "NoSuchKeyException"),
                ("InvalidToken", "InvalidTokenException"),
                ("DBClusterNotFoundFault", "DbClusterNotFoundException"),
                ("ResourceNotFoundException", "ResourceNotFoundException"),
                ("KMSInvalidStateException", "KmsInvalidStateException"),
            ],
        );
    }

    #[test]
    fn members() {
        check(
            member,
            &[
                ("DBInstances", "DbInstances"),
                ("ARN", "Arn"),
                ("SSEKMSKeyId", "SsekmsKeyId"),
                ("ETag", "ETag"),
                ("ChecksumCRC32", "ChecksumCRC32"),
                ("equals", "EqualsValue"),
                ("default", "DefaultValue"),
                ("executionArn", "ExecutionArn"),
                ("BOOL", "Bool"),
                ("SS", "Ss"),
                ("S", "S"),
            ],
        );
    }

    #[test]
    fn actions() {
        check(action, &[("BatchGetItem", "batchGetItem"), ("", "")]);
    }
}
