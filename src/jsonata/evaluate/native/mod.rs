//! The built-in functions on values: what each does, by family.
//!
//! Arguments have been held against the signature; what is not given is nothing. Texts and numbers are worked on by
//! [`crate::jsonata::function`], which knows no values.

mod array;
mod aws;
mod higher;
mod number;
mod object;
pub(super) mod pattern;
mod string;
mod time;

use std::sync::LazyLock;

use super::value::{Function, Kind, Value};
use super::{Error, Machine};
use crate::jsonata::builtin;
use crate::jsonata::function::Text;
use crate::value::ValueRef;

/// The most arguments that a function with a fixed number of parameters has.
const ARGUMENTS_MAX: usize = 4;

/// What it costs to call a built-in function, beside the instruction.
const NATIVE_UNITS: usize = 2;

/// So many bytes that a function writes cost one unit of fuel.
const WRITTEN_BYTES_PER_UNIT: usize = 4;

/// The arguments of a call.
pub(super) struct Arguments<'a> {
    values: [Value<'a>; ARGUMENTS_MAX],
    /// Where all of them stand on the stack.
    bottom: usize,
}

impl<'a> Arguments<'a> {
    fn get(&self, index: usize) -> Value<'a> {
        self.values[index]
    }
}

type Native = for<'a, 'm, 's, 'r> fn(&'m mut Machine<'a, 's>, &'r Arguments<'a>) -> Result<Value<'a>, Error>;

/// The functions in the order of their numbers.
static NATIVES: LazyLock<Vec<Native>> = LazyLock::new(|| {
    (0..builtin::count() as u16)
        .map(|id| native(builtin::of(id).name, builtin::is_aws(id)))
        .collect()
});

fn native(name: &str, aws: bool) -> Native {
    if aws {
        return match name {
            "hash" => aws::hash,
            "parse" => aws::parse,
            "partition" => aws::partition,
            "random" => aws::random,
            "range" => aws::range,
            _ => aws::uuid,
        };
    }
    match name {
        "abs" => number::abs,
        "append" => array::append,
        "assert" => object::assert,
        "average" => number::average,
        "base64decode" => string::base64_decode,
        "base64encode" => string::base64_encode,
        "boolean" => object::boolean,
        "ceil" => number::ceil,
        "clone" => object::clone,
        "contains" => pattern::contains,
        "count" => array::count,
        "decodeUrl" => string::decode_url,
        "decodeUrlComponent" => string::decode_url_component,
        "distinct" => array::distinct,
        "each" => higher::each,
        "encodeUrl" => string::encode_url,
        "encodeUrlComponent" => string::encode_url_component,
        "error" => object::error,
        "exists" => object::exists,
        "filter" => higher::filter,
        "floor" => number::floor,
        "formatBase" => number::format_base,
        "formatInteger" => number::format_integer,
        "formatNumber" => number::format_number,
        "fromMillis" => time::from_millis,
        "join" => string::join,
        "keys" => object::keys,
        "length" => string::length,
        "lookup" => object::lookup,
        "lowercase" => string::lowercase,
        "map" => higher::map,
        "match" => pattern::matches,
        "max" => number::max,
        "merge" => object::merge,
        "millis" => time::millis,
        "min" => number::min,
        "not" => object::not,
        "now" => time::now,
        "number" => number::number,
        "pad" => string::pad,
        "parseInteger" => number::parse_integer,
        "power" => number::power,
        "random" => number::random,
        "reduce" => higher::reduce,
        "replace" => pattern::replace,
        "reverse" => array::reverse,
        "round" => number::round,
        "shuffle" => array::shuffle,
        "sift" => higher::sift,
        "single" => higher::single,
        "sort" => higher::sort,
        "split" => pattern::split,
        "spread" => object::spread,
        "sqrt" => number::square_root,
        "string" => string::string,
        "substring" => string::substring,
        "substringAfter" => string::substring_after,
        "substringBefore" => string::substring_before,
        "sum" => number::sum,
        "toMillis" => time::to_millis,
        "trim" => string::trim,
        "type" => object::type_of,
        "uppercase" => string::uppercase,
        "zip" => array::zip,
        _ => object::unknown,
    }
}

impl<'a> Machine<'a, '_> {
    /// Calls what is not a lambda with what stands on the stack from `bottom` on.
    pub(super) fn native(
        &mut self,
        callee: Value<'a>,
        bottom: usize,
        context: Value<'a>,
    ) -> Result<Value<'a>, Error> {
        match callee {
            Value::Builtin(id) => {
                self.owe(NATIVE_UNITS);
                if let Some(signature) = builtin::signature(id) {
                    self.check(signature, bottom, context, Some(id))?;
                }
                self.without_signature(id, bottom)
            }
            Value::Function(Function::Regex(regex)) => {
                let argument = self.stack.get(bottom).copied().unwrap_or(Value::Nothing);
                self.match_regex(*regex, argument)
            }
            Value::Function(Function::Next { regex, text, from }) => self.match_next(*regex, text, *from),
            Value::Function(Function::Transform { code, environment }) => {
                self.check(builtin::transformer(), bottom, context, None)?;
                let argument = self.stack.get(bottom).copied().unwrap_or(Value::Nothing);
                self.transform(*code, environment, argument)
            }
            _ => Err(Error::new("T1006")),
        }
    }

    /// Calls a built-in function with arguments as they are.
    pub(super) fn without_signature(&mut self, id: u16, bottom: usize) -> Result<Value<'a>, Error> {
        let mut values = [Value::Nothing; ARGUMENTS_MAX];
        for (value, given) in values.iter_mut().zip(&self.stack[bottom..]) {
            *value = *given;
        }
        NATIVES[usize::from(id)](self, &Arguments { values, bottom })
    }

    pub(super) fn null(&self) -> Value<'a> {
        Value::Json(ValueRef::NULL)
    }

    /// Makes a string of what a function writes, with the room that is left.
    fn written(
        &mut self,
        write: impl FnOnce(&mut Text<'_>) -> Result<(), Error>,
    ) -> Result<Value<'a>, Error> {
        let mut out = std::mem::take(self.text);
        out.clear();
        let room = self.memory / 2;
        let result = write(&mut Text::new(&mut out, room));
        let result = result
            .and_then(|()| self.spend(out.len() / WRITTEN_BYTES_PER_UNIT))
            .and_then(|()| self.make_text(&out));
        *self.text = out;
        result
    }

    /// Returns a string argument; `None` ends the function with nothing.
    fn text_of(&mut self, value: Value<'a>) -> Result<Option<&'a str>, Error> {
        let text = self.string(value);
        self.spend(text.map_or(0, str::len) / 16)?;
        Ok(text)
    }

    fn shown_kind(&self, value: Value<'a>) -> &'static str {
        match self.kind(value) {
            Kind::Nothing => "undefined",
            Kind::Null => "null",
            Kind::Boolean => "boolean",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Array => "array",
            Kind::Object => "object",
            Kind::Function => "function",
        }
    }
}
