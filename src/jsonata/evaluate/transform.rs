//! `| pattern | update, delete |`: a copy of a value, changed.

use super::value::{Environment, Kind, Value};
use super::{Error, Machine};

/// What a transformer costs, and each value that it changes, beside the expressions for them.
const TRANSFORM_UNITS: usize = 4;

impl<'a> Machine<'a, '_> {
    /// Applies a transformer to a value.
    pub(super) fn transform(
        &mut self,
        code: u32,
        environment: &'a Environment<'a>,
        value: Value<'a>,
    ) -> Result<Value<'a>, Error> {
        if value.is_nothing() {
            return Ok(Value::Nothing);
        }
        let transform = &self.code.transforms[code as usize];
        let own = std::mem::replace(&mut self.environment, environment);
        let clone = self.load(transform.clone);
        self.environment = own;
        if !self.is_function(clone) {
            return Err(Error::new("T2013").at(transform.position));
        }
        let result = self.apply(clone, &[value])?;
        let matches = self.run_part(transform.pattern, result, environment)?;
        self.spend(TRANSFORM_UNITS * (1 + self.count(matches)))?;
        for found in self.elements(matches) {
            self.transform_one(code, environment, found)?;
        }
        Ok(result)
    }

    fn transform_one(
        &mut self,
        code: u32,
        environment: &'a Environment<'a>,
        found: Value<'a>,
    ) -> Result<(), Error> {
        let transform = &self.code.transforms[code as usize];
        let update = self.run_part(transform.update, found, environment)?;
        if !update.is_nothing() {
            if self.kind(update) != Kind::Object {
                let error = Error::new("T2011").at(transform.update_position);
                return Err(self.with_value(error, update));
            }
            if let Value::Object(object) = found {
                let mut members = self.members(update);
                while let Some((key, value)) = members.next(self) {
                    self.put(object, key, value)?;
                }
            }
        }
        let Some(delete) = transform.delete else {
            return Ok(());
        };
        let deletions = self.run_part(delete, found, environment)?;
        if deletions.is_nothing() {
            return Ok(());
        }
        if !self
            .elements(deletions)
            .all(|name| self.kind(name) == Kind::String)
        {
            let error = Error::new("T2012").at(transform.delete_position);
            return Err(self.with_value(error, deletions));
        }
        for name in self.elements(deletions) {
            if let (Value::Object(object), Some(name)) = (found, self.string(name)) {
                self.spend(object.len())?;
                object.remove(name);
            }
        }
        Ok(())
    }

    /// Copies a value so that its objects can be changed, with numbers and functions as a text has them.
    pub(super) fn copied(&mut self, value: Value<'a>) -> Result<Value<'a>, Error> {
        self.descend()?;
        self.spend(2)?;
        let copy = match self.kind(value) {
            Kind::Array => {
                let bottom = self.stack.len();
                for item in self.items(value) {
                    let item = self.copied(item)?;
                    self.stack
                        .push(if item.is_nothing() { self.null() } else { item });
                }
                self.array_from_stack(bottom, 0)?
            }
            Kind::Object => {
                let object = self.make_object(self.count_members(value))?;
                let mut members = self.members(value);
                while let Some((key, member)) = members.next(self) {
                    if !member.is_nothing() {
                        let member = self.copied(member)?;
                        self.put(object, key, member)?;
                    }
                }
                Value::Object(object)
            }
            Kind::Function => self.share_text("")?,
            Kind::Number => self.copied_number(value)?,
            _ => value,
        };
        self.ascend();
        Ok(copy)
    }

    fn copied_number(&mut self, value: Value<'a>) -> Result<Value<'a>, Error> {
        let number = self.number(value).unwrap_or_default();
        if number.is_nan() {
            return Ok(self.null());
        }
        if number.is_infinite() {
            return Err(Error::new("D1001").with_value(number));
        }
        if number.fract() == 0.0 {
            return Ok(value);
        }
        let text = self.stringified(value, false)?;
        let number = self
            .string(text)
            .and_then(|text| text.parse().ok())
            .unwrap_or(number);
        Ok(Value::Number(number))
    }
}
