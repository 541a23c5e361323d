# Notices. Of each kind: the subject, the lead (one or two sentences), the words on the link, and the short form for
# text messages (at most 160 GSM characters with the link; no en dash, no typographic quotes).

greeting = Hello { $name },
no-code-by-phone = We never ask for the code by phone. Say it only at your door.
sign-off = { $shop }, order { $reference }
call-the-shop = Questions? Call the shop: { $phone }
own-page = This link is yours alone. Whoever has it can answer for you.

ask-subject = { $shop }: will you be home { $day } { $window }?
ask-lead = Will you be home { $day } { $window }? Nobody sets off before you answer.
ask-button = Answer
ask-short = { $shop }: will you be home { $day } { $window }? Answer: { $link }

reminder-subject = { $shop }: will you be home { $day } { $window }? We have no answer yet
reminder-lead = We have no answer from you yet. Will you be home { $day } { $window }?
reminder-button = Answer
reminder-short = { $shop }: no answer yet. Home { $day } { $window }? { $link }

last-ask-subject = { $shop }: last question before { $window }
last-ask-lead = We could not reach you. Tell us now whether you will be home { $day } { $window }. Without an answer your order may not come then.
last-ask-button = Answer now
last-ask-short = { $shop }: we could not reach you. Home { $day } { $window }? Last chance to answer: { $link }

on-the-way-subject = { $shop }: { $courier } is on the way to you
on-the-way-lead = { $courier } is on the way with your order and comes { $day } { $window }. Your code for the door is on your page.
on-the-way-button = See where your order is
on-the-way-short = { $shop }: { $courier } is on the way, { $window }. Your door code: { $link } Say it only at the door.

late-subject = { $shop }: we are late, new time { $window }
late-lead = We are late. Your order now comes { $day } { $window }. If that does not suit you, choose another time.
late-button = Still home, or another time
late-short = { $shop }: we are late. New time { $day } { $window }. Does not suit? { $link }

missed-subject = { $shop }: we missed you at { $at }
missed-lead = { $courier } was at your door at { $at } and met nobody. Nothing was left there, and you were not charged.
missed-button = Choose what happens now
missed-short = { $shop }: we missed you at { $at }. Nothing was left, nothing charged. Choose a new time: { $link }

handed-over-subject = { $shop }: your order was handed over at { $at }
handed-over-lead = Your order was handed over { $day } at { $at }. The receipt is on your page. Was it not you? Tell the shop at once.
handed-over-button = See the receipt
handed-over-short = { $shop }: handed over at { $at }. Receipt: { $link } Not you? Call the shop.

cancelled-subject = { $shop }: your order was cancelled
cancelled-lead = Your order { $reference } was cancelled and does not come. Money that was held for it is given back.
cancelled-button = See what happened
cancelled-short = { $shop }: order { $reference } was cancelled. Held money is given back. { $link }

payment-wanted-subject = { $shop }: your payment needs you
payment-wanted-lead = The payment for your order { $reference } did not go through, or its hold is about to end. Nobody comes before it is mended. Look at your page or speak with the shop.
payment-wanted-button = See what to do
payment-wanted-short = { $shop }: your payment did not go through. Nobody comes before it is mended: { $link }

courier-sign-in-code-subject = Your sign-in code
courier-sign-in-code-lead = Your sign-in code is { $code }. It works once and for a few minutes. Did you not ask for it? Then do nothing.
courier-sign-in-code-short = Your sign-in code: { $code }
