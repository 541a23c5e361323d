//! Every problem the API may answer with: code, status, title, what to do. `docs/ERRORS.md` is made from this list.

/// One kind of problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Stable code.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Short title.
    pub title: &'static str,
    /// What the caller can do.
    pub remedy: &'static str,
}

macro_rules! catalogue {
    ($( $name:ident $status:literal $code:literal $title:literal, $remedy:literal; )+) => {
        $( #[doc = $title] pub const $name: Entry = Entry { code: $code, status: $status, title: $title, remedy: $remedy }; )+
        /// Every entry, by status and code.
        pub const ALL: &[Entry] = &[$($name),+];
    };
}

catalogue! {
    MALFORMED_JSON 400 "malformed_json" "The body is not JSON", "Send one JSON document in UTF-8.";
    INVALID_UTF8 400 "invalid_utf8" "The body is not UTF-8", "Encode the body as UTF-8.";
    TOO_DEEP 400 "too_deep" "The body is nested too deeply", "No resource needs more than a few levels.";
    UNKNOWN_FIELD 400 "unknown_field" "The body has a field this resource does not have", "Remove or rename the field; the reference lists them.";
    WRONG_TYPE 400 "wrong_type" "A field has the wrong type", "Send the type the reference names.";
    MISSING_FIELD 400 "missing_field" "A required field is missing", "Add the field.";
    INVALID_QUERY 400 "invalid_query" "A query parameter cannot be read", "Correct or remove the parameter.";
    UNKNOWN_PARAMETER 400 "unknown_parameter" "The query has a parameter this address does not have", "Remove or rename the parameter; the reference lists them.";
    INVALID_ID 400 "invalid_id" "This is not an id of the wanted kind", "Use the id as the API gave it.";
    INVALID_CURSOR 400 "invalid_cursor" "The cursor was not made by this list", "Start again without a cursor.";
    INVALID_HEADER 400 "invalid_header" "A header cannot be read", "Correct or remove the header.";
    IDEMPOTENCY_KEY_REQUIRED 400 "idempotency_key_required" "An Idempotency-Key is required", "Send a key of 1 to 255 visible characters, a new one for each order.";
    WEBHOOK_REJECTED 400 "webhook_rejected" "The message was not taken", "Sign the raw body with the agreed secret, within five minutes.";
    UNAUTHENTICATED 401 "unauthenticated" "No valid credential", "Send Authorization: Bearer with a valid key or session.";
    WRONG_CODE 401 "wrong_code" "The code did not match", "Check the newest message, or ask for a new code.";
    FORBIDDEN 403 "forbidden" "This credential may not do that", "Use a credential of the right role.";
    NOT_FOUND 404 "not_found" "There is nothing here for you", "Check the address and whose it is.";
    METHOD_NOT_ALLOWED 405 "method_not_allowed" "The address does not take this method", "Use a method the reference lists.";
    BODY_TIMEOUT 408 "body_timeout" "The body did not arrive in time", "Send the body without pause.";
    ILLEGAL_TRANSITION 409 "illegal_transition" "The state does not allow that", "Look at current_state and allowed.";
    DUPLICATE_ORDER 409 "duplicate_order" "An order with this external_id exists", "metadata.order_id names it.";
    DUPLICATE 409 "duplicate" "Such a thing exists already", "Use the existing one, or another name.";
    REQUEST_IN_FLIGHT 409 "request_in_flight" "A request with this key is being carried out", "Try again after Retry-After seconds.";
    HOLDING_PARCELS 409 "holding_parcels" "The shift cannot end while parcels are held", "Hand over, return or transfer them first.";
    LAST_OPERATOR_KEY 409 "last_operator_key" "The last operator's key cannot be ended", "Make another operator's key first.";
    SHIFT_OPEN 409 "shift_open" "A shift is open already", "End it first, or go on with it.";
    NO_SHIFT 409 "no_shift" "No shift is open", "Start a shift first.";
    SESSION_SUPERSEDED 409 "session_superseded" "You are signed in on another phone", "Sign in here again to act; what was done before the switch is still taken.";
    CONFLICT 409 "conflict" "Somebody else changed it at the same time", "Read it again and decide anew.";
    INSUFFICIENT_FUNDS 409 "insufficient_funds" "Less is available than is asked for", "Top up, or ask for less, under a new transfer_id.";
    ACCOUNT_FROZEN 409 "account_frozen" "Nothing may leave this account", "Ask the operator.";
    ACCOUNT_CLOSED 409 "account_closed" "The account is closed", "Ask the operator.";
    ACCOUNT_MISSING 409 "account_missing" "There is no such account", "Check whose it is and its currency.";
    ACCOUNT_IN_USE 409 "account_in_use" "The account cannot be closed", "Pay out what is there, and wait for what is held.";
    REFERENCE_USED 409 "reference_used" "The receipt, card or code was used before", "Each counts once.";
    EXCEEDS_TAKEN 409 "exceeds_taken" "More would be given back than was taken", "Look at what was given back before.";
    EXCEEDS_LIMIT 409 "exceeds_limit" "A limit does not allow that", "Pay less, or tomorrow, or from the customer's own phone.";
    EXCEEDS_HOLD 409 "exceeds_hold" "More is asked for than is held", "Take the hold or a part of it.";
    HOLD_MISSING 409 "hold_missing" "There is no such hold", "Check the transfer's id.";
    HOLD_RESOLVED 409 "hold_resolved" "The hold was taken or given back before", "Read the statement.";
    HOLD_EXPIRED 409 "hold_expired" "The hold is over", "Hold the amount anew.";
    HOLD_RUNS 409 "hold_runs" "The hold is not over yet", "Wait for its end.";
    HOLD_NEEDED 409 "hold_needed" "The hold waits for a hand-off", "Decide about the hand-off first.";
    CURRENCY_DIFFERS 409 "currency_differs" "The account has another currency", "Use an account of this currency.";
    BALANCE_TOO_LARGE 409 "balance_too_large" "The balance would be too large", "Ask for less.";
    TRANSFER_ID_TAKEN 409 "transfer_id_taken" "The transfer_id was used for another request", "Make a new transfer_id for a new request.";
    PIN_REQUIRED 409 "pin_required" "This amount needs the wallet's PIN", "Send pin; set one first where there is none.";
    WRONG_PIN 409 "wrong_pin" "The PIN is not the right one", "Five wrong ones in an hour lock it for the rest of it.";
    CARD_UNKNOWN 409 "card_unknown" "There is no such card", "Check the number; the operator sells cards.";
    WALLET_UNKNOWN 409 "wallet_unknown" "Nobody has a wallet of this currency there", "Check the number or address.";
    REFUND_TOO_LATE 409 "refund_too_late" "A stall gives back within the day", "Ask the operator.";
    NOT_REFUNDABLE 409 "not_refundable" "This transfer is not given back here", "An order's payment is given back by the order.";
    BAD_CODE 409 "bad_code" "The code does not pay", "Scan the one the customer's phone shows now.";
    CODE_USED 409 "code_used" "The code was used before", "Scan the next one; it comes within half a minute.";
    CHARGE_OVER 409 "charge_over" "The charge is over", "Scan a new code.";
    STALL_CLOSED 409 "stall_closed" "The stall takes no payments", "Ask its shop.";
    PAID_JUST_NOW 409 "paid_just_now" "The same amount was paid there a moment ago", "Send again: true if it is to be paid once more.";
    GONE 410 "gone" "This is used up or over", "Ask for a new one.";
    STALE_VERSION 412 "stale_version" "The version is not the current one", "Read it again; the other's change is there.";
    TOO_LARGE 413 "too_large" "The body is too large", "Send less; the limit is in detail.";
    UNSUPPORTED_TYPE 415 "unsupported_type" "The content type is not taken", "Send application/json.";
    INVALID 422 "invalid" "A value is not allowed", "errors names each value and what is allowed.";
    IDEMPOTENCY_KEY_REUSED 422 "idempotency_key_reused" "The key was used for another body", "Use a new key for a new request.";
    INVALID_SHAPE 422 "invalid_shape" "A region cannot be used as drawn", "errors names each feature, the place and the fault.";
    OUTSIDE_EVERY_REGION 422 "outside_every_region" "The address is in no region", "Check the point; detail names the nearest region.";
    RULE_BROKEN 422 "rule_broken" "A rule does not allow that", "code and detail say which.";
    TOO_MANY 429 "too_many_requests" "Too many requests", "Wait for Retry-After seconds.";
    TOO_MANY_TRIES 429 "too_many_tries" "Too many wrong tries", "Wait for Retry-After seconds.";
    INTERNAL 500 "internal" "Something went wrong on our side", "Try again with the same key; tell us the request_id if it stays.";
    OVERLOADED 503 "overloaded" "The service is busy", "Try again after Retry-After seconds, with the same key.";
    UNAVAILABLE 503 "unavailable" "The database cannot be reached", "Try again after Retry-After seconds, with the same key.";
}

/// Codes of refusals and verdicts beside the entries: `(code, what it means)`; their status is 409 or 422.
pub const REFUSALS: &[(&str, &str)] = &[
    ("role_may_not", "The command exists here, but not for this role."),
    ("not_yours", "The delivery is with another courier."),
    ("offer_ended", "The offer's time is over."),
    ("not_cleared", "Nobody goes to a door without an answer, a policy or an override."),
    ("too_early", "Leaving now arrives before the customer is home."),
    ("authorisation_ends", "The payment's authorisation does not last until the arrival."),
    ("payment_not_authorised", "Nobody holds the customer's money: nobody is given the delivery."),
    ("renewal_open", "A new hold was asked for already."),
    ("renewal_otherwise", "While a payment stands, how the customer pays cannot change."),
    ("refund_too_much", "More than was captured and is not given back yet."),
    ("wait_longer", "Giving up at the door opens later."),
    ("undo_too_late", "The time to undo is over."),
    ("no_such_parcel", "The courier does not hold this parcel."),
    ("parcel_values_unknown", "Parcels without a value cannot be handed over in part."),
    ("code_wrong", "The typed code is not the valid one."),
    ("code_locked", "Five wrong codes; the customer or a dispatcher makes a new one."),
    ("code_replayed", "This scanned code, or a later one, was taken already."),
    ("proof_incomplete", "The code is right, and something must come with it."),
    ("proof_not_allowed", "This proof may not be used here."),
    ("amend_too_late", "This cannot be changed any more."),
    ("amount_raised", "Amounts may only be lowered."),
    ("nothing_to_change", "The amendment names nothing."),
    ("hand_off_decided", "The hand-off does not wait for a decision."),
    ("after_hours", "No courier comes so late."),
    ("time_over", "The named time is over."),
    ("too_far_ahead", "The named time is further ahead than a parcel is kept; nothing was changed."),
    ("not_sayable", "This role cannot give this answer."),
    ("bad_text", "A text is empty or too long."),
    ("same_courier", "The parcels are with this courier already."),
    ("no_such_flag", "There is no such open matter."),
    ("wrong_amount", "The provider took another amount than asked."),
    ("occurred_before_shift", "The action is older than the shift."),
    ("on_the_way", "The courier is on the way to a door, or at it."),
    ("courier_off_duty", "The courier has no shift, or its time is over."),
    (
        "rules_broken",
        "Rules would be broken by it; rules_broken names each. Send override to do it all the same.",
    ),
    ("not_givable", "The delivery is collected, over, or has no place on the map: nobody can be given it."),
    ("courier_inactive", "The courier does not work at present."),
    ("unknown_delivery", "The delivery is not this courier's."),
    ("code_of_another_delivery", "The scanned code is of another delivery; no try is used."),
    ("code_stale", "The scanned code was shown at another moment; no try is used."),
    ("code_void", "The scanned code was replaced, or is of another courier's chain; no try is used."),
    ("scan_malformed", "The scanned text is no hand-off code; no try is used."),
    ("code_malformed", "The typed code is not six digits with a right check digit; no try is used."),
    ("unknown_photo", "There is no such photo of this courier and delivery."),
    ("too_many_photos", "A delivery has its ten photos already."),
    ("unknown_type", "There is no such type of action."),
    ("action_id_reused", "The id of the action was used for another one."),
];

/// The reference page.
pub fn markdown() -> String {
    let mut text = "# Errors\n\nEvery error is `application/problem+json` (RFC 9457) with `code`, `detail` and `request_id`.\nThis page is made from the catalogue in `src/http/catalogue.rs`.\n\n| status | code | title | what to do |\n|---|---|---|---|\n".to_owned();
    for entry in ALL {
        text.push_str(&format!(
            "| {} | `{}` | {} | {} |\n",
            entry.status, entry.code, entry.title, entry.remedy
        ));
    }
    text.push_str("\n## Refusals\n\nCodes of a refused command (409 when the state is in the way, 422 when the content is) and of a courier's verdicts.\n\n| code | meaning |\n|---|---|\n");
    for (code, meaning) in REFUSALS {
        text.push_str(&format!("| `{code}` | {meaning} |\n"));
    }
    text
}
