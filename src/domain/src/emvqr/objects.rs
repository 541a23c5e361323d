//! The flat list of objects in a payload or in a template.

use super::EmvError;

/// One object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object<'a> {
    /// Its number, 0 to 99.
    pub id: u8,
    /// Its text, at least one character.
    pub value: &'a str,
}

/// The objects of a text, one after the other. After an error there are no more.
#[derive(Debug, Clone)]
pub struct Objects<'a> {
    rest: &'a str,
}

impl<'a> Objects<'a> {
    /// Of this text.
    #[must_use]
    pub fn of(text: &'a str) -> Self {
        Self { rest: text }
    }

    fn take(&mut self) -> Result<Object<'a>, EmvError> {
        let (id, rest) = two_digits(self.rest)?;
        let (length, rest) = two_digits(rest)?;
        if length == 0 {
            return Err(EmvError::Header);
        }
        let (value, rest) = split_chars(rest, usize::from(length)).ok_or(EmvError::Truncated)?;
        self.rest = rest;
        Ok(Object { id, value })
    }
}

impl<'a> Iterator for Objects<'a> {
    type Item = Result<Object<'a>, EmvError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let object = self.take();
        if object.is_err() {
            self.rest = "";
        }
        Some(object)
    }
}

/// A number of two ASCII digits, and what follows it.
fn two_digits(text: &str) -> Result<(u8, &str), EmvError> {
    let mut letters = text.chars();
    let mut digit = || {
        let letter = letters.next().ok_or(EmvError::Truncated)?;
        letter.to_digit(10).and_then(|digit| u8::try_from(digit).ok()).ok_or(EmvError::Header)
    };
    let number = digit()? * 10 + digit()?;
    Ok((number, letters.as_str()))
}

/// The first `count` characters and the rest; `None` if there are fewer.
fn split_chars(text: &str, count: usize) -> Option<(&str, &str)> {
    let end = text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(count)?;
    text.split_at_checked(end)
}
