# الرسائل: العنوان، والكلمات الأولى، ونص الرابط، والصيغة القصيرة (70 حرفا مع الرابط على الأكثر).

greeting = مرحبا { $name }،
no-code-by-phone = لا نطلب الرمز بالهاتف أبدا. قله عند بابك فقط.
sign-off = { $shop }، الطلب { $reference }
call-the-shop = أسئلة؟ هاتف المتجر: { $phone }
own-page = هذا الرابط لك وحدك. من لديه الرابط يستطيع أن يجيب عنك.

ask-subject = { $shop }: هل ستكون في البيت { $day } { $window }؟
ask-lead = هل ستكون في البيت { $day } { $window }؟ لا ينطلق أحد قبل أن تجيب.
ask-button = أجب
ask-short = { $shop }: في البيت { $window }؟ { $link }

reminder-subject = { $shop }: هل ستكون في البيت { $day } { $window }؟ لا جواب بعد
reminder-lead = لم يصلنا جوابك بعد. هل ستكون في البيت { $day } { $window }؟
reminder-button = أجب
reminder-short = { $shop }: لا جواب بعد، { $window }؟ { $link }

last-ask-subject = { $shop }: آخر سؤال قبل { $window }
last-ask-lead = لم نستطع الوصول إليك. قل لنا الآن هل ستكون في البيت { $day } { $window }. بلا جواب قد لا يأتي طلبك حينها.
last-ask-button = أجب الآن
last-ask-short = { $shop }: آخر سؤال، { $window }؟ { $link }

on-the-way-subject = { $shop }: { $courier } في الطريق إليك
on-the-way-lead = { $courier } يحمل طلبك ويأتي { $day } { $window }. رمزك عند الباب في صفحتك.
on-the-way-button = أين طلبي
on-the-way-short = { $shop }: في الطريق { $window }. الرمز: { $link }

late-subject = { $shop }: نحن متأخرون، الوقت الجديد { $window }
late-lead = نحن متأخرون. يأتي طلبك الآن { $day } { $window }. إن لم يناسبك فاختر وقتا آخر.
late-button = ما زال يناسبني، أو وقت آخر
late-short = { $shop }: تأخرنا، { $window }. { $link }

missed-subject = { $shop }: لم نجدك عند { $at }
missed-lead = كان { $courier } عند بابك عند { $at } ولم يجد أحدا. لم نترك شيئا ولم نأخذ أي مبلغ.
missed-button = اختر ما يحدث الآن
missed-short = { $shop }: لم نجدك { $at }. { $link }

handed-over-subject = { $shop }: سلم طلبك عند { $at }
handed-over-lead = سلم طلبك { $day } عند { $at }. الإيصال في صفحتك. لم تستلم أنت؟ أخبر المتجر حالا.
handed-over-button = عرض الإيصال
handed-over-short = { $shop }: سلم { $at }. الإيصال: { $link }

cancelled-subject = { $shop }: ألغي طلبك
cancelled-lead = ألغي الطلب { $reference } ولن يأتي. يعاد المال الذي حجز له.
cancelled-button = انظر ما حدث
cancelled-short = { $shop }: ألغي الطلب. { $link }

payment-wanted-subject = { $shop }: لم تنجح الدفعة
payment-wanted-lead = تعذر حجز مبلغ طلبك { $reference }، أو ينتهي الحجز قبل وصوله. لا ينطلق أحد حتى تصل إلى المتجر دفعة جديدة.
payment-wanted-button = انظر ما يلزم
payment-wanted-short = { $shop }: لم تنجح الدفعة. { $link }

courier-sign-in-code-subject = رمز الدخول
courier-sign-in-code-lead = رمز الدخول هو { $code }. يعمل مرة واحدة ولدقائق قليلة. لم تطلبه؟ لا تفعل شيئا.
courier-sign-in-code-short = رمز الدخول: { $code }
