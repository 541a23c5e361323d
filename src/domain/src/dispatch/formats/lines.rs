//! Lines of numbers, read field by field.

use super::fault::{FormatFault, Problem};

/// The fields of one line.
pub(super) struct Fields<'a> {
    index: usize,
    fields: std::str::SplitWhitespace<'a>,
    count: usize,
}

impl<'a> Fields<'a> {
    /// A line, counted from 0.
    pub(super) fn new(index: usize, line: &'a str) -> Self {
        Self { index, fields: line.split_whitespace(), count: 0 }
    }

    fn text(&mut self, name: &'static str) -> Result<&'a str, FormatFault> {
        self.count += 1;
        self.fields.next().ok_or_else(|| Problem::Missing(name).on(self.index))
    }

    /// A finite number.
    pub(super) fn number(&mut self, name: &'static str) -> Result<f64, FormatFault> {
        let text = self.text(name)?;
        let number: f64 =
            text.parse().map_err(|_| Problem::NotANumber(name, text.to_owned()).on(self.index))?;
        match number.is_finite() {
            true => Ok(number),
            false => Err(Problem::OutOfRange(name, text.to_owned()).on(self.index)),
        }
    }

    /// A number that is not below zero.
    pub(super) fn amount(&mut self, name: &'static str) -> Result<f64, FormatFault> {
        let number = self.number(name)?;
        match number >= 0.0 {
            true => Ok(number),
            false => Err(Problem::OutOfRange(name, number.to_string()).on(self.index)),
        }
    }

    /// A whole number, below zero or not. Some published files write `10.0`.
    pub(super) fn whole(&mut self, name: &'static str) -> Result<i32, FormatFault> {
        let number = self.number(name)?;
        let fits = number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX);
        let text = || format!("{number:.0}");
        // Through text: a whole number this small is written exactly.
        fits.then(|| text().parse().ok())
            .flatten()
            .ok_or_else(|| Problem::OutOfRange(name, number.to_string()).on(self.index))
    }

    /// A whole number that is not below zero.
    pub(super) fn count(&mut self, name: &'static str) -> Result<u32, FormatFault> {
        let number = self.whole(name)?;
        u32::try_from(number).map_err(|_| Problem::OutOfRange(name, number.to_string()).on(self.index))
    }

    /// Nothing may follow.
    pub(super) fn end(mut self) -> Result<(), FormatFault> {
        match self.fields.next() {
            None => Ok(()),
            Some(_) => Err(Problem::TooMany(self.count).on(self.index)),
        }
    }
}

/// The lines that are not blank, counted from 0.
pub(super) fn filled(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty())
}
