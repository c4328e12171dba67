//! Holds arguments against a signature.

use super::{Kind, Parameter, Signature};

/// The arguments of a call, as far as a signature asks about them.
pub trait Arguments {
    /// Returns how many there are.
    fn count(&self) -> usize;
    /// Returns what an argument is.
    fn kind(&self, argument: usize) -> Kind;
    /// Whether every element of an argument that is an array is of a kind; of an empty one they are.
    fn holds_only(&self, argument: usize, kind: Kind) -> bool;
    /// Whether an argument that is an array is empty.
    fn is_empty(&self, argument: usize) -> bool;
    /// Returns what the context item is.
    fn context(&self) -> Kind;
}

/// Where a parameter's value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// An argument, by its index; nothing if there are not as many.
    Argument(usize),
    /// An argument as the one element of an array.
    Wrapped(usize),
    /// The context item.
    Context,
    /// Nothing.
    Nothing,
}

/// Arguments that do not fit; `argument` counts from one, as the text does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// T0410
    Argument {
        /// Which one.
        argument: usize,
    },
    /// T0411: the context item may not stand for the argument.
    Context {
        /// Which one.
        argument: usize,
    },
    /// T0412: an array holds something else.
    Elements {
        /// Which one.
        argument: usize,
        /// What the array has to hold, as the text says it: `numbers`.
        expected: Option<&'static str>,
    },
}

/// The outcome of a check, and the memory it takes; reused from call to call.
#[derive(Debug, Default)]
pub struct Matching {
    /// Where each parameter's value comes from.
    pub uses: Vec<Use>,
    /// How many arguments each parameter takes.
    taken: Vec<usize>,
    /// Whether parameters from one on can match arguments from one on.
    possible: Vec<bool>,
}

impl Signature {
    /// Returns how many parameters there are.
    pub fn parameters(&self) -> usize {
        self.parameters.len()
    }

    /// Finds where the value of each parameter comes from: `matching.uses`.
    ///
    /// # Errors
    ///
    /// Says which argument does not fit.
    pub fn check(&self, arguments: &impl Arguments, matching: &mut Matching) -> Result<(), Mismatch> {
        matching.uses.clear();
        if !self.is_plain_match(arguments, matching)
            && matching.find(&self.parameters, arguments, true).is_none()
        {
            return Err(self.first_mismatch(arguments, matching));
        }
        let mut next = 0;
        for (index, parameter) in self.parameters.iter().enumerate() {
            match matching.taken[index] {
                0 => next += place_missing(parameter, arguments, next, &mut matching.uses)?,
                count if parameter.is_array => {
                    for argument in next..next + count {
                        let value = as_array(parameter, arguments, argument, next..next + count)?;
                        matching.uses.push(value);
                    }
                    next += count;
                }
                count => {
                    // The reference repeats the first one of many.
                    matching
                        .uses
                        .extend(std::iter::repeat_n(Use::Argument(next), count));
                    next += count;
                }
            }
        }
        Ok(())
    }

    /// Whether each parameter gets the argument at its place as it is, and nothing where there is none: most calls.
    /// What is found here needs no memory.
    pub fn is_direct(&self, arguments: &impl Arguments) -> bool {
        let count = arguments.count();
        let is_direct = |(index, parameter): (usize, &Parameter)| {
            let quantity = parameter.quantity;
            if quantity.is_many() || quantity.is_lazy() {
                return false;
            }
            if index >= count {
                return quantity.is_optional() && parameter.context.is_none();
            }
            let kind = arguments.kind(index);
            let is_array = kind == Kind::Missing
                || kind == Kind::Array
                    && parameter.elements.as_deref().is_none_or(|letters| {
                        let expected = letters.chars().next().and_then(Kind::of);
                        letters == ANY
                            || arguments.is_empty(index)
                            || expected.is_some_and(|kind| arguments.holds_only(index, kind))
                    });
            parameter.kinds.contains(kind) && (!parameter.is_array || is_array)
        };
        count <= self.parameters.len() && self.parameters.iter().enumerate().all(is_direct)
    }

    /// Whether the one argument becomes an array by itself, as `$sum(price)` has it of a single item.
    pub fn is_lone_element(&self, arguments: &impl Arguments) -> bool {
        let [parameter] = self.parameters.as_slice() else {
            return false;
        };
        let is_array = parameter.is_array && !parameter.quantity.is_many() && !parameter.quantity.is_lazy();
        if !is_array || arguments.count() != 1 {
            return false;
        }
        let kind = arguments.kind(0);
        let is_element = !matches!(kind, Kind::Array | Kind::Missing) && parameter.kinds.contains(kind);
        let mut letters = parameter.elements.as_deref().unwrap_or_default().chars();
        is_element && letters.next().is_none_or(|letter| letter == kind.letter()) && letters.next().is_none()
    }

    /// Whether each argument is simply that of its parameter, the common case.
    fn is_plain_match(&self, arguments: &impl Arguments, matching: &mut Matching) -> bool {
        let count = arguments.count();
        matching.taken.clear();
        for (index, parameter) in self.parameters.iter().enumerate() {
            let is_given = index < count;
            let fits = match parameter.quantity {
                quantity if quantity.is_many() || quantity.is_lazy() => false,
                _ if is_given => parameter.kinds.contains(arguments.kind(index)),
                quantity => quantity.is_optional(),
            };
            if !fits {
                return false;
            }
            matching.taken.push(usize::from(is_given));
        }
        count <= self.parameters.len()
    }

    /// Finds the argument to blame: the one behind the longest run of parameters that still match.
    fn first_mismatch(&self, arguments: &impl Arguments, matching: &mut Matching) -> Mismatch {
        let mut good = 0;
        for count in 1..=self.parameters.len() {
            match matching.find(&self.parameters[..count], arguments, false) {
                Some(end) => good = end,
                None => break,
            }
        }
        Mismatch::Argument { argument: good + 1 }
    }
}

impl Matching {
    /// Matches parameters against the arguments from the first on, up to the last if `all`; returns how many
    /// arguments they took. `taken` is how many each one did.
    ///
    /// What can match is worked out from the end, so no choice is ever taken back: time and memory are the
    /// product of parameters and arguments.
    fn find(&mut self, parameters: &[Parameter], arguments: &impl Arguments, all: bool) -> Option<usize> {
        let (count, width) = (arguments.count(), arguments.count() + 1);
        self.possible.clear();
        self.possible.resize((parameters.len() + 1) * width, false);
        let end = parameters.len() * width;
        self.possible[end..].fill(!all);
        self.possible[end + count] = true;
        for (index, parameter) in parameters.iter().enumerate().rev() {
            for from in (0..width).rev() {
                let fits = from < count && parameter.kinds.contains(arguments.kind(from));
                let next = (index + 1) * width + from;
                let skip = parameter.quantity.is_optional() && self.possible[next];
                let take = fits && self.possible[next + 1];
                let more = fits && parameter.quantity.is_many() && self.possible[index * width + from + 1];
                self.possible[index * width + from] = skip || take || more;
            }
        }
        if !self.possible[0] {
            return None;
        }
        self.taken.clear();
        let mut from = 0;
        for (index, parameter) in parameters.iter().enumerate() {
            let run = (from..count).take_while(|&at| parameter.kinds.contains(arguments.kind(at)));
            let least = usize::from(!parameter.quantity.is_optional());
            let most = run
                .take(if parameter.quantity.is_many() { count } else { 1 })
                .count();
            let next = (index + 1) * width + from;
            let fits = |taken: &usize| self.possible[next + taken];
            let taken = if parameter.quantity.is_lazy() {
                (least..=most).find(fits)
            } else {
                (least..=most).rev().find(fits)
            }?;
            self.taken.push(taken);
            from += taken;
        }
        Some(from)
    }
}

/// Fills a parameter that no argument matched; returns how many arguments are passed over.
fn place_missing(
    parameter: &Parameter,
    arguments: &impl Arguments,
    next: usize,
    uses: &mut Vec<Use>,
) -> Result<usize, Mismatch> {
    let Some(context) = parameter.context else {
        // As the reference has it: the argument that did not match is taken all the same.
        uses.push(Use::Argument(next));
        return Ok(1);
    };
    if !context.contains(arguments.context()) {
        return Err(Mismatch::Context { argument: next + 1 });
    }
    uses.push(Use::Context);
    Ok(0)
}

/// Makes an argument an array, which holds what it has to.
fn as_array(
    parameter: &Parameter,
    arguments: &impl Arguments,
    argument: usize,
    run: std::ops::Range<usize>,
) -> Result<Use, Mismatch> {
    let kind = arguments.kind(argument);
    if kind == Kind::Missing {
        return Ok(Use::Nothing);
    }
    if let Some(elements) = &parameter.elements {
        let letters = elements.as_ref();
        let holds = if kind == Kind::Array {
            let expected = letters.chars().next().and_then(Kind::of);
            arguments.is_empty(argument)
                || letters == ANY
                || expected.is_some_and(|kind| arguments.holds_only(argument, kind))
        } else {
            run.map(|index| arguments.kind(index).letter())
                .eq(letters.chars())
        };
        if !holds {
            return Err(Mismatch::Elements {
                argument: argument + 1,
                expected: plural(letters),
            });
        }
    }
    Ok(if kind == Kind::Array {
        Use::Argument(argument)
    } else {
        Use::Wrapped(argument)
    })
}

/// Elements of any kind, but in an array: how AWS's own `$partition` behaves. No author can write it.
pub(super) const ANY: &str = "any";

fn plural(letters: &str) -> Option<&'static str> {
    Some(match letters {
        "a" => "arrays",
        "b" => "booleans",
        "f" => "functions",
        "n" => "numbers",
        "o" => "objects",
        "s" => "strings",
        _ => return None,
    })
}
