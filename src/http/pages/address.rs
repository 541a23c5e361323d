//! The page of an order whose address was not found.

use super::draw::{Told, refused_key, told};
use super::shell::{Say, Shell};
use super::view::AddressView;
use askama::{Result, Template};
use callahead_domain::contact::Language;

#[derive(Template)]
#[template(path = "customer/address.html")]
struct AddressPage {
    s: Shell,
    p: AddressParts,
}

struct AddressParts {
    answer: &'static str,
    errors: Vec<Told>,
    error: Option<String>,
    refused: Option<String>,
    heading: String,
    sub: String,
    address: String,
    text: String,
    may_cancel: bool,
}

pub(super) fn address(view: &AddressView, language: Language) -> Result<String> {
    let (say, frame) = (Say(language), &view.frame);
    let (heading, sub) =
        if view.told { ("address-told", "address-told-sub") } else { ("address-title", "address-sub") };
    let errors = view.error.map(|error| told(say, error)).transpose()?.into_iter().collect::<Vec<_>>();
    let heading = say.word(heading)?;
    let failed = view.error.is_some() || view.refused.is_some();
    let s = Shell::framed(say, frame, &heading).art("ask").failed(failed)?;
    let p = AddressParts {
        answer: "address",
        error: errors.first().map(|error| error.text.clone()),
        errors,
        refused: view.refused.map(|why| say.word(refused_key(why))).transpose()?,
        heading,
        sub: say.word(sub)?,
        address: view.address.clone(),
        text: view.text.clone(),
        may_cancel: view.may_cancel,
    };
    AddressPage { s, p }.render()
}
