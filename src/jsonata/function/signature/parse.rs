//! Reads a signature.

use super::{Kinds, Parameter, Quantity, Signature};

/// Most parameters that a signature has.
pub const PARAMETERS_MAX: usize = 64;

/// What is wrong with a signature.
#[derive(Clone, Debug, PartialEq)]
pub enum SignatureError {
    /// S0401 or S0402.
    Coded {
        /// The code.
        code: &'static str,
        /// The kind that takes no type parameter, or the text of the choice.
        value: Option<String>,
        /// Where in the signature, in UTF-16 units, its `<` being 0.
        offset: usize,
    },
    /// Quantifiers that exclude each other, or more than [`PARAMETERS_MAX`] parameters. The reference fails
    /// without a code.
    Malformed,
}

impl Signature {
    /// Reads a signature with its angle brackets; what follows the colon is not looked at.
    ///
    /// # Errors
    ///
    /// See [`SignatureError`].
    pub fn parse(text: &str) -> Result<Signature, SignatureError> {
        let letters: Vec<char> = text.chars().collect();
        let mut signature = Signature {
            parameters: Vec::new(),
        };
        let mut position = 1;
        while let Some(&letter) = letters.get(position) {
            match letter {
                ':' => break,
                's' | 'n' | 'b' | 'l' | 'o' => signature.add(&format!("{letter}m"))?,
                'a' => {
                    signature.add("asnblfom")?;
                    signature.last(|parameter| parameter.is_array = true);
                }
                'f' => signature.add("f")?,
                'j' => signature.add("asnblom")?,
                'x' => signature.add("asnblfom")?,
                '-' => {
                    signature.last(Parameter::take_context);
                    signature.quantify('?')?;
                }
                '?' | '+' => signature.quantify(letter)?,
                '(' => position = signature.choice(&letters, position)?,
                '<' => position = signature.type_parameter(&letters, position)?,
                _ => {}
            }
            position += 1;
        }
        Ok(signature)
    }

    fn add(&mut self, letters: &str) -> Result<(), SignatureError> {
        if self.parameters.len() == PARAMETERS_MAX {
            return Err(SignatureError::Malformed);
        }
        self.parameters.push(Parameter {
            kinds: Kinds::of(letters),
            quantity: Quantity::One,
            context: None,
            is_array: false,
            elements: None,
        });
        Ok(())
    }

    fn last(&mut self, change: impl FnOnce(&mut Parameter)) {
        if let Some(parameter) = self.parameters.last_mut() {
            change(parameter);
        }
    }

    /// Applies `?` or `+` to the last parameter, as a regular expression has it: a second `?` makes lazy.
    fn quantify(&mut self, quantifier: char) -> Result<(), SignatureError> {
        let Some(parameter) = self.parameters.last_mut() else {
            return Ok(());
        };
        parameter.quantity = match (parameter.quantity, quantifier) {
            (Quantity::One, '?') => Quantity::Optional,
            (Quantity::One, _) => Quantity::Many,
            (Quantity::Optional, '?') => Quantity::LazyOptional,
            (Quantity::Many, '?') => Quantity::LazyMany,
            _ => return Err(SignatureError::Malformed),
        };
        Ok(())
    }

    /// Reads `(sn)`, returns where it ends.
    fn choice(&mut self, letters: &[char], start: usize) -> Result<usize, SignatureError> {
        let end = closing(letters, start, '(', ')');
        let choice: String = letters.get(start + 1..end).unwrap_or_default().iter().collect();
        if choice.contains('<') {
            return Err(coded("S0402", Some(choice), letters, start));
        }
        self.add(&(choice + "m"))?;
        Ok(end)
    }

    /// Reads `<n>` behind `a` or `f`, returns where it ends.
    fn type_parameter(&mut self, letters: &[char], start: usize) -> Result<usize, SignatureError> {
        let kind = kind_before(letters, start);
        if !matches!(kind.as_deref(), Some("a" | "f")) {
            return Err(coded("S0401", kind, letters, start));
        }
        let end = closing(letters, start, '<', '>');
        let elements: String = letters.get(start + 1..end).unwrap_or_default().iter().collect();
        self.last(|parameter| parameter.elements = Some(elements.into()));
        Ok(end)
    }
}

impl Parameter {
    fn take_context(&mut self) {
        self.context = Some(match self.quantity {
            Quantity::One | Quantity::Many => self.kinds,
            // The reference's expression for the context may match nothing then, so it always does.
            _ => Kinds::ALL,
        });
    }
}

fn coded(code: &'static str, value: Option<String>, letters: &[char], at: usize) -> SignatureError {
    SignatureError::Coded {
        code,
        value,
        offset: letters[..at].iter().map(|letter| letter.len_utf16()).sum(),
    }
}

/// Returns what the parameter before a type parameter is called: a letter, or a choice with its brackets.
fn kind_before(letters: &[char], end: usize) -> Option<String> {
    let before = letters.get(1..end)?;
    let last = before.iter().rposition(|letter| "snblofajx)".contains(*letter))?;
    if before[last] != ')' {
        return Some(before[last].to_string());
    }
    let start = before.iter().rposition(|letter| *letter == '(')?;
    Some(before.get(start..=last)?.iter().collect())
}

/// Returns where a bracket is closed, or the text's end.
fn closing(letters: &[char], start: usize, open: char, close: char) -> usize {
    let mut depth = 0usize;
    for (position, &letter) in letters.iter().enumerate().skip(start) {
        if letter == open {
            depth += 1;
        } else if letter == close {
            depth -= 1;
            if depth == 0 {
                return position;
            }
        }
    }
    letters.len()
}
