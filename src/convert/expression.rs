//! The text of a JSONata expression while it is put together.
//!
//! Owns how names and texts are written and where parentheses are needed. Must not know what an expression stands
//! for in a state. Invariant: an [`Expression`] is always a whole expression, never half of one.

/// How tightly the operators bind, as the language has it; a higher number binds tighter.
pub(super) mod level {
    /// `? :`.
    pub(in crate::convert) const CONDITIONAL: u8 = 20;
    /// `or`.
    pub(in crate::convert) const OR: u8 = 25;
    /// `and`.
    pub(in crate::convert) const AND: u8 = 30;
    /// `=`, `<`, `in` and their like.
    pub(in crate::convert) const COMPARISON: u8 = 40;
    /// `+`, `-`, `&`.
    pub(in crate::convert) const SUM: u8 = 50;
    /// `*`.
    pub(in crate::convert) const PRODUCT: u8 = 60;
    /// Numbers, texts, `true` and their like: operands as they are, but no beginning of a path.
    pub(in crate::convert) const LITERAL: u8 = 70;
    /// What a step may follow without parentheses.
    pub(in crate::convert) const STEP: u8 = 75;
    /// Names, calls, constructors.
    pub(in crate::convert) const WHOLE: u8 = 100;
}

/// What is known of an expression's value before it is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Unknown,
    Text,
    Number,
    Other,
    /// An array that an operator or function makes.
    Array,
    /// `[…]`: the language does not spread it in another one.
    ArrayConstructor,
}

/// A whole expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    text: String,
    level: u8,
    /// The operator on that level.
    operator: &'static str,
    pub(super) shape: Shape,
}

impl Expression {
    /// Takes a text that needs no parentheses anywhere.
    pub(super) fn whole(text: impl Into<String>, shape: Shape) -> Expression {
        Expression::at(level::WHOLE, text, shape)
    }

    fn at(level: u8, text: impl Into<String>, shape: Shape) -> Expression {
        Expression {
            text: text.into(),
            level,
            operator: "",
            shape,
        }
    }

    /// Takes a text of which nothing is known.
    pub(super) fn unknown(text: &str) -> Expression {
        let is_step = |character: char| character.is_ascii_alphanumeric() || "_.$".contains(character);
        let is_path = text.starts_with('$') && text.chars().all(is_step);
        Expression::at(if is_path { level::WHOLE } else { 0 }, text, Shape::Unknown)
    }

    /// Makes a text literal.
    pub(super) fn string(text: &str) -> Expression {
        Expression::at(level::LITERAL, quoted(text), Shape::Text)
    }

    /// Makes `true`, `false` or `null`.
    pub(super) fn word(word: impl Into<String>) -> Expression {
        Expression::at(level::LITERAL, word, Shape::Other)
    }

    /// Makes a number literal.
    pub(super) fn number(text: &str) -> Expression {
        // A sign is an operator.
        let level = if text.starts_with('-') {
            level::PRODUCT
        } else {
            level::LITERAL
        };
        Expression::at(level, text, Shape::Number)
    }

    /// Returns the number literal without its sign, if it is a negative one.
    pub(super) fn without_sign(&self) -> Option<Expression> {
        let is_literal = self.level == level::PRODUCT && self.operator.is_empty();
        let positive = self.text.strip_prefix('-').filter(|_| is_literal)?;
        Some(Expression::number(positive))
    }

    /// Makes a call.
    pub(super) fn call(name: &str, arguments: &[&Expression], shape: Shape) -> Expression {
        let texts: Vec<&str> = arguments.iter().map(|argument| argument.text.as_str()).collect();
        Expression::whole(format!("${name}({})", texts.join(", ")), shape)
    }

    /// Makes an array of expressions.
    pub(super) fn array(items: &[Expression]) -> Expression {
        let texts: Vec<&str> = items.iter().map(Expression::text).collect();
        Expression::whole(format!("[{}]", texts.join(", ")), Shape::ArrayConstructor)
    }

    /// Makes an object.
    pub(super) fn object(members: &[(String, Expression)]) -> Expression {
        let members = members.iter();
        let texts: Vec<String> = members
            .map(|(key, value)| format!("{}: {}", quoted(key), value.text))
            .collect();
        Expression::whole(format!("{{{}}}", texts.join(", ")), Shape::Other)
    }

    /// Joins operands of one operator that is the same whichever two are joined first.
    pub(super) fn chain(operator: &'static str, at: u8, operands: &[Expression], shape: Shape) -> Expression {
        if let [one] = operands {
            return one.clone();
        }
        if operands.len() > CHAIN_MAX {
            let groups = operands.chunks(CHAIN_MAX).map(|group| {
                let group = Expression::chain(operator, at, group, shape);
                Expression::whole(format!("({})", group.text), shape)
            });
            return Expression::chain(operator, at, &groups.collect::<Vec<_>>(), shape);
        }
        let texts: Vec<String> = operands
            .iter()
            .map(|operand| operand.operand(operator, at))
            .collect();
        Expression {
            text: texts.join(&format!(" {operator} ")),
            level: at,
            operator,
            shape,
        }
    }

    /// Joins two operands.
    pub(super) fn binary(
        left: &Expression,
        operator: &'static str,
        at: u8,
        right: &Expression,
        shape: Shape,
    ) -> Expression {
        Expression {
            text: format!(
                "{} {operator} {}",
                left.operand(operator, at),
                right.within(at + 1)
            ),
            level: at,
            operator,
            shape,
        }
    }

    /// Makes `condition ? then : otherwise`.
    pub(super) fn conditional(
        condition: &Expression,
        then: &Expression,
        otherwise: &Expression,
    ) -> Expression {
        let [condition, then, otherwise] =
            [condition, then, otherwise].map(|part| part.within(level::CONDITIONAL + 1));
        Expression::at(
            level::CONDITIONAL,
            format!("{condition} ? {then} : {otherwise}"),
            Shape::Unknown,
        )
    }

    /// Returns the expression with more behind it: a step or a predicate.
    pub(super) fn then(&self, more: &str) -> Expression {
        Expression::whole(format!("{}{more}", self.within(level::STEP)), Shape::Unknown)
    }

    /// Returns the expression's member of this name.
    pub(super) fn member(&self, name: &str) -> Expression {
        match step(name) {
            Some(step) => self.then(&format!(".{step}")),
            None => Expression::call("lookup", &[self, &Expression::string(name)], Shape::Unknown),
        }
    }

    /// Returns the text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the text as the left operand of an operator, or as any of a chain: in parentheses as well where another
    /// operator binds alike. `+` and `-` alone need none on the left of each other.
    fn operand(&self, operator: &str, at: u8) -> String {
        let is_sum = |operator: &str| matches!(operator, "+" | "-");
        let is_alike = self.operator == operator || is_sum(self.operator) && is_sum(operator);
        // `and` within `or`: a reader need not know which binds tighter.
        let is_mixed = self.level == level::AND && at == level::OR;
        match self.level == at && !is_alike || is_mixed {
            true => format!("({})", self.text),
            false => self.within(at),
        }
    }

    /// Returns the text, in parentheses where it binds less tightly than this.
    fn within(&self, at: u8) -> String {
        match self.level < at {
            true => format!("({})", self.text),
            false => self.text.clone(),
        }
    }
}

/// Operands of one operator in a row: each is one level of evaluation deeper than the next, and AWS allows 100.
const CHAIN_MAX: usize = 40;

/// Words that are no names where a name stands.
const WORDS: [&str; 7] = ["and", "or", "in", "true", "false", "null", "function"];

/// Returns a name as a step is written; none for what backquotes cannot hold.
pub(super) fn step(name: &str) -> Option<String> {
    let is_letter = |character: char| character.is_ascii_alphabetic() || character == '_';
    let is_plain = name.starts_with(is_letter)
        && name
            .chars()
            .all(|character| is_letter(character) || character.is_ascii_digit())
        && !WORDS.contains(&name);
    match name {
        _ if is_plain => Some(name.to_owned()),
        name if name.is_empty() || name.contains('`') => None,
        name => Some(format!("`{name}`")),
    }
}

/// Returns a text as a literal: in single quotes where that saves the definition's JSON its backslashes.
pub(super) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            character if character == quote => out.extend(['\\', character]),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push(quote);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        for (name, written) in [
            ("total", ".total"),
            ("_a1", "._a1"),
            ("1a", ".`1a`"),
            ("and", ".`and`"),
            ("null", ".`null`"),
            ("delivery-partner", ".`delivery-partner`"),
            ("grün", ".`grün`"),
        ] {
            assert_eq!(
                Expression::whole("$x", Shape::Unknown).member(name).text(),
                format!("$x{written}")
            );
        }
        assert_eq!(
            Expression::whole("$x", Shape::Unknown).member("a`b").text(),
            "$lookup($x, 'a`b')"
        );
    }

    #[test]
    fn texts_take_the_quotes_that_need_no_backslash() {
        for (text, written) in [
            ("a", "'a'"),
            ("it's", "\"it's\""),
            ("'\"", "\"'\\\"\""),
            ("\\\n", "'\\\\\\n'"),
        ] {
            assert_eq!(quoted(text), written);
        }
    }

    #[test]
    fn parentheses_stand_where_an_operator_binds_tighter() {
        let x = Expression::whole("$x", Shape::Unknown);
        let less = Expression::binary(
            &x,
            "<",
            level::COMPARISON,
            &Expression::number("-1"),
            Shape::Other,
        );
        let both = Expression::chain("and", level::AND, &[less.clone(), x.clone()], Shape::Other);
        let either = Expression::chain("or", level::OR, &[both.clone(), x.clone()], Shape::Other);
        let all = Expression::chain("and", level::AND, &[either, x.clone()], Shape::Other);
        assert_eq!(all.text(), "(($x < -1 and $x) or $x) and $x");
        assert_eq!(both.member("a").text(), "($x < -1 and $x).a");
        let sum = |left: &Expression, sign| Expression::binary(left, sign, level::SUM, &x, Shape::Number);
        let joined = |parts: &[Expression]| Expression::chain("&", level::SUM, parts, Shape::Text);
        let (more, word) = (sum(&x, "+"), Expression::string("n"));
        for (expression, written) in [
            (joined(&[word.clone(), more.clone()]), "'n' & ($x + $x)"),
            (joined(&[more.clone(), word.clone()]), "($x + $x) & 'n'"),
            (sum(&joined(&[word.clone(), x.clone()]), "-"), "('n' & $x) - $x"),
            (sum(&more, "-"), "$x + $x - $x"),
            (
                Expression::binary(&x, "-", level::SUM, &more, Shape::Number),
                "$x - ($x + $x)",
            ),
            (
                Expression::binary(&less, "=", level::COMPARISON, &less, Shape::Other),
                "($x < -1) = ($x < -1)",
            ),
            (
                Expression::conditional(&less, &x, &more).member("a"),
                "($x < -1 ? $x : $x + $x).a",
            ),
            (word.member("a"), "('n').a"),
            (Expression::number("3").then("[0]"), "(3)[0]"),
            (Expression::unknown("3").member("a"), "(3).a"),
        ] {
            assert_eq!(expression.text(), written);
        }
        let many = Expression::chain("&", level::SUM, &vec![x; CHAIN_MAX + 1], Shape::Text);
        assert!(many.text().ends_with(" & $x) & ($x)"), "{}", many.text());
    }
}
