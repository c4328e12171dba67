//! The built-in functions: names, signatures, and how many arguments a higher-order function passes them.

/// A built-in function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// Its name, without `$`.
    pub name: &'static str,
    /// Its signature.
    pub signature: &'static str,
    /// How many arguments `$map` and its like call it with.
    pub arity: usize,
}

const fn builtin(name: &'static str, signature: &'static str, arity: usize) -> Builtin {
    Builtin {
        name,
        signature,
        arity,
    }
}

/// The functions of JSONata 2.0.6, by name, without `$eval`.
pub const BUILTINS: &[Builtin] = &[
    builtin("abs", "<n-:n>", 1),
    builtin("append", "<xx:a>", 2),
    builtin("assert", "<bs?:x>", 2),
    builtin("average", "<a<n>:n>", 1),
    builtin("base64decode", "<s-:s>", 1),
    builtin("base64encode", "<s-:s>", 1),
    builtin("boolean", "<x-:b>", 1),
    builtin("ceil", "<n-:n>", 1),
    builtin("clone", "<(oa)-:o>", 1),
    builtin("contains", "<s-(sf):b>", 2),
    builtin("count", "<a:n>", 1),
    builtin("decodeUrl", "<s-:s>", 1),
    builtin("decodeUrlComponent", "<s-:s>", 1),
    builtin("distinct", "<x:x>", 1),
    builtin("each", "<o-f:a>", 2),
    builtin("encodeUrl", "<s-:s>", 1),
    builtin("encodeUrlComponent", "<s-:s>", 1),
    builtin("error", "<s?:x>", 1),
    builtin("exists", "<x:b>", 1),
    builtin("filter", "<af>", 2),
    builtin("floor", "<n-:n>", 1),
    builtin("formatBase", "<n-n?:s>", 2),
    builtin("formatInteger", "<n-s:s>", 2),
    builtin("formatNumber", "<n-so?:s>", 3),
    builtin("fromMillis", "<n-s?s?:s>", 3),
    builtin("join", "<a<s>s?:s>", 2),
    builtin("keys", "<x-:a<s>>", 1),
    builtin("length", "<s-:n>", 1),
    builtin("lookup", "<x-s:x>", 2),
    builtin("lowercase", "<s-:s>", 1),
    builtin("map", "<af>", 2),
    builtin("match", "<s-f<s:o>n?:a<o>>", 3),
    builtin("max", "<a<n>:n>", 1),
    builtin("merge", "<a<o>:o>", 1),
    builtin("millis", "<:n>", 0),
    builtin("min", "<a<n>:n>", 1),
    builtin("not", "<x-:b>", 1),
    builtin("now", "<s?s?:s>", 2),
    builtin("number", "<(nsb)-:n>", 1),
    builtin("pad", "<s-ns?:s>", 3),
    builtin("parseInteger", "<s-s:n>", 2),
    builtin("power", "<n-n:n>", 2),
    builtin("random", "<:n>", 0),
    builtin("reduce", "<afj?:j>", 3),
    builtin("replace", "<s-(sf)(sf)n?:s>", 4),
    builtin("reverse", "<a:a>", 1),
    builtin("round", "<n-n?:n>", 2),
    builtin("shuffle", "<a:a>", 1),
    builtin("sift", "<o-f?:o>", 2),
    builtin("single", "<af?>", 2),
    builtin("sort", "<af?:a>", 2),
    builtin("split", "<s-(sf)n?:a<s>>", 3),
    builtin("spread", "<x-:a<o>>", 1),
    builtin("sqrt", "<n-:n>", 1),
    builtin("string", "<x-b?:s>", 1),
    builtin("substring", "<s-nn?:s>", 3),
    builtin("substringAfter", "<s-s:s>", 2),
    builtin("substringBefore", "<s-s:s>", 2),
    builtin("sum", "<a<n>:n>", 1),
    builtin("toMillis", "<s-s?:n>", 2),
    builtin("trim", "<s-:s>", 1),
    builtin("type", "<x:s>", 1),
    builtin("uppercase", "<s-:s>", 1),
    builtin("zip", "<a+>", 0),
];

/// AWS's own functions, which come before those of the language. Their signatures are inferred from which
/// argument AWS's errors name (facts 7).
pub const AWS: &[Builtin] = &[
    builtin("hash", "<s-s:s>", 2),
    builtin("parse", "<s-:x>", 1),
    builtin("partition", "<a<any>n?:a>", 2),
    builtin("random", "<n?:n>", 1),
    builtin("range", "<nnn?:a>", 3),
    builtin("uuid", "<:s>", 0),
];
