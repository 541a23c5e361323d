# The customer's pages. Plain, short; no "please", no exclamation marks.
# Words with an -end stand around a window of time: before it, and after it.
# One word for one thing: hand over, home, later, held, taken, given back.

skip = To the page
back = Back
language-name = English
error-prefix = Error: { $title }
there-is-a-problem = There is a problem
call-the-shop = Call the shop
phone-optional = (optional)

ask-title = Will you be home?
ask-window = Will you be home
ask-window-end = ?
ask-open = When will you be home?
ask-open-sub = We tell you the exact time before anyone sets off.
ask-sub = { $day }, { $address }
ask-late = We are late. New time:
ask-late-end = { "" }
ask-late-sub = { $day }, { $address }. Does it still suit you?
ask-missed = We missed you at { $at }
ask-missed-sub = Nothing was left at your door. You were not charged.
ask-yes = Yes, I’ll be home
ask-yes-small = Leave a light on for us
ask-yes-late = Still fine, I’m home
ask-later = Later today
ask-not-today = Another day
ask-other = Someone else will take it
ask-cancel = Cancel my order
ask-answers = Your answer
change-until = You can change your answer until { $at }.
refused-too-late = It is too late to change this here. Call the shop.
refused-moved-on = Something has changed in the meantime. This is how it stands now.
refused-stale = The page was too old. Choose again.
refused-set-off = The courier has set off already. Your answer still reaches them.
refused-at-door = The courier is at your door already. Your answer still reaches them.

later-title = When are you home today?
later-hint = Only times a courier can keep. Free of charge.
later-slots = Times on offer
later-none = No courier has time left today. Choose another day.
later-to = to { $at }
later-time = Another time, not before
later-time-none = None
later-cold = Something is cold. It stays in the shop’s fridge until then.
later-submit = Come then
later-submit-small = You can still change it afterwards
no-time = Choose a time
time-taken = This time is taken now. Choose another
after-hours = No courier comes after { $at }. Choose an earlier time or another day

not-today-title = Which day suits you?
not-today-days = Days on offer
not-today-none = No day is on offer yet. Call the shop.
not-today-hint = We ask you again before anyone sets off.
not-today-cold = What is cold cannot wait. The shop packs it again.
not-today-submit = Come that day
not-today-submit-small = Your payment stays on hold
no-day = Choose a day
day-taken = This day is taken now. Choose another

other-title = Who will take it?
other-name = Their name
other-phone = Their phone
other-phone-hint = So that the courier can reach them.
other-submit = They will take it
other-submit-small = They need the code from this page
no-name = Write the name of the person at home
bad-name = Write a name of at most 120 letters
bad-phone = Write the phone number with its country code, like +1 555 0110

address-title = Where is it?
address-sub = We could not find your address. Nobody can set off before it is clear.
address-told = Thank you. We are looking it up.
address-told-sub = You can still correct what you wrote.
address-shop-has = The shop has this address
address-label = Your address
address-hint = Street, house, entrance, floor, and what is nearby.
address-submit = Send the address
address-submit-small = Somebody places it on the map
no-address = Write your address
bad-address = Write an address of at most 300 letters

cancel-title = Cancel this order?
cancel-back = You get { $amount } back.
cancel-carried = The courier has it already and brings it back to the shop. Your money comes back once it is there.
cancel-kept = The trip, { $amount }, has begun and is kept.
cancel-later = Rather later today
cancel-not-today = Rather another day
cancel-yes = Yes, cancel it
cancel-no = No, keep it

answered-home = Good. See you
answered-home-end = { "" }
answered-home-open = Good. You are home
answered-from = Good. We come after { $at }
answered-day = Good. We come { $day }
answered-day-open = Good. Not today
answered-until = Good. You are home until { $at }
answered-place = Good. We ask the dispatcher
answered-receiver = Good. { $name } takes it
answered-sub = Nobody asks you again unless the time changes.
answered-sub-later = We ask you again before anyone sets off.
answered-sub-place = The place you named: { $place }. Somebody of the service looks at it before anyone sets off.
answered-sub-receiver = { $name } needs the code from this page at the door.
courier-comes = { $courier } comes to you
courier-none = We tell you who comes
stops-before = { $count ->
    [0] You are the next stop
    [one] { $count } stop before you
   *[other] { $count } stops before you
  }
note-label = Anything the courier should know?
note-hint = At most 140 letters: an entrance, a door code, a dog.
note-submit = Keep the note
note-kept = The note is kept.
note-too-long = Write at most 140 letters
kept-set-off = Your answer is kept. { $courier } has set off already and sees it.
kept-at-door = Your answer is kept, but { $courier } is at your door already.
code-label = Your code for the door
code-later = At the door you say a code. It appears here when the courier is close.
code-never = We never ask for it by phone.
change-answer = Change my answer

way-title = Your order is on its way
way-minutes = min
way-soon = soon
way-about = about
way-promised = promised by { $at }
step-packed = Packed
step-on-the-way = On the way
step-next = You are next
step-at-door = At your door
way-next = You are the next stop
way-brings = brings your order
way-seen = { $minutes ->
    [0] Seen just now.
    [one] Seen { $minutes } minute ago.
   *[other] Seen { $minutes } minutes ago.
  }
way-last-seen = Last seen at { $at }.
way-not-home = Not home after all?
way-show-code = Show my code
way-still = Stop refreshing
way-refresh = Refresh by itself

near-title = { $courier } is at your door
near-title-early = Your code for { $courier }
near-sub = Say or show this. { $count ->
    [one] { $count } parcel
   *[other] { $count } parcels
  }, { $total }.
near-sub-open = Say or show this. { $count ->
    [one] { $count } parcel
   *[other] { $count } parcels
  }.
near-early = Is the courier in front of you? Show the code only then.
near-warn-head = Only at the door.
near-warn = Giving this code means you have your order. Nobody from us asks for it by phone or text.
near-locked = Too many wrong codes were tried: the code is void. Make a new one and say it at the door.
near-new-code = Make a new code

receipt-title = Yours since { $at }
receipt-title-other = Handed over at { $at }
receipt-sub = Handed to you by { $courier }, { $day }.
receipt-sub-other = Handed to { $name } by { $courier }, { $day }.
receipt-sub-open = Handed to you, { $day }.
receipt-sub-other-open = Handed to { $name }, { $day }.
receipt-proof = Proved by
proof-code = your code
proof-scan = scan
proof-photo = photo
proof-signature = signature
proof-witness = a person of the service
receipt-total = Total
money-held = Held
money-taken = Taken
money-given-back = Given back
money-owed = Could not be taken yet; the shop tells you
money-wanted = Not held yet; nobody comes before it is
money-waiting = Held until the shop agrees
receipt-problem = Something missing, broken, or was it not you?
receipt-problem-call = Call the shop
receipt-object = I did not get it
receipt-object-reason = What is wrong?
receipt-object-hint = Nothing is taken until somebody of the service has looked at it.
receipt-objected = You said that something is wrong. Somebody of the service looks at it; nothing is taken until then.
receipt-closes = This page closes on { $day }.

gone-unknown = This link leads nowhere
gone-unknown-sub = It may be mistyped, or its delivery is over. Ask the shop where you bought.
gone-finished = This delivery is finished
gone-finished-sub = Questions? Ask the shop.
gone-cancelled = This order was cancelled
gone-cancelled-sub = It does not come.
gone-returned = Your order went back to the shop
gone-returned-sub = The shop tells you what happens now.
gone-lost = Your order was lost
gone-lost-sub = The shop knows and tells you what happens now.

error-bad-request = This did not work
error-bad-request-sub = The page was too old or something was missing. Nothing has changed. Go back and try again.
error-too-many = Too many tries
error-too-many-sub = Wait a minute, then try again. Nothing has changed.
error-internal = Something broke on our side
error-internal-sub = What you answered before is safe. Try again in a minute, or call the shop.
error-number = For the shop: { $id }
error-go-on = To my delivery
