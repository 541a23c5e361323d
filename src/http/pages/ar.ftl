# صفحات المستلم. جمل قصيرة وواضحة.

skip = إلى الصفحة
back = رجوع
language-name = العربية
error-prefix = خطأ: { $title }
there-is-a-problem = هناك ما يجب تصحيحه
call-the-shop = اتصل بالمتجر
phone-optional = (اختياري)

ask-title = هل ستكون في البيت؟
ask-window = هل ستكون في البيت
ask-window-end = ؟
ask-open = متى تكون في البيت؟
ask-open-sub = نخبرك بالوقت بدقة قبل الانطلاق.
ask-sub = { $day }، { $address }
ask-late = نحن متأخرون. الوقت الجديد:
ask-late-end = { "" }
ask-late-sub = { $day }، { $address }. هل ما زال يناسبك؟
ask-missed = لم نجدك عند { $at }
ask-missed-sub = لم نترك شيئا عند بابك ولم نأخذ أي مبلغ.
ask-yes = نعم، سأكون في البيت
ask-yes-small = اترك لنا ضوءا
ask-yes-late = لا بأس، أنا في البيت
ask-later = لاحقا اليوم
ask-not-today = يوم آخر
ask-other = سيستلمه شخص آخر
ask-cancel = إلغاء طلبي
ask-answers = جوابك
change-until = يمكنك تغيير جوابك حتى { $at }.
refused-too-late = فات وقت التغيير هنا. اتصل بالمتجر.
refused-moved-on = تغير شيء في هذه الأثناء. هذا هو الوضع الآن.
refused-stale = الصفحة قديمة. اختر من جديد.
refused-set-off = انطلق المندوب. جوابك يصل إليه.
refused-at-door = المندوب عند بابك. جوابك يصل إليه.

later-title = متى تكون في البيت اليوم؟
later-hint = فقط الأوقات التي يستطيعها المندوب. بلا رسوم.
later-slots = الأوقات المتاحة
later-none = لم يبق وقت اليوم. اختر يوما آخر.
later-to = حتى { $at }
later-time = وقت آخر، ليس قبل
later-time-none = لا شيء
later-cold = في الطلب شيء بارد. يبقى في ثلاجة المتجر حتى ذلك الوقت.
later-submit = تعالوا حينها
later-submit-small = يمكنك التغيير بعد ذلك
no-time = اختر وقتا
time-taken = حجز هذا الوقت للتو. اختر وقتا آخر
after-hours = لا يأتي مندوب بعد { $at }. اختر وقتا أبكر أو يوما آخر

not-today-title = أي يوم يناسبك؟
not-today-days = الأيام المتاحة
not-today-none = لا يوجد يوم متاح بعد. اتصل بالمتجر.
not-today-hint = نسألك مرة أخرى قبل الانطلاق.
not-today-cold = البارد لا ينتظر. يجهزه المتجر من جديد.
not-today-submit = تعالوا في ذلك اليوم
not-today-submit-small = يبقى المبلغ محجوزا
no-day = اختر يوما
day-taken = حجز هذا اليوم للتو. اختر يوما آخر

other-title = من سيستلمه؟
other-name = الاسم
other-phone = الهاتف
other-phone-hint = ليتمكن المندوب من الاتصال.
other-submit = هذا الشخص يستلمه
other-submit-small = يلزمه الرمز من هذه الصفحة
no-name = اكتب اسم من يكون في البيت
bad-name = اكتب اسما لا يزيد على 120 حرفا
bad-phone = اكتب الرقم مع رمز البلد، مثل +1 555 0110

address-title = أين هو؟
address-sub = لم نجد عنوانك. لا ينطلق أحد قبل أن يتضح.
address-told = شكرا. نبحث عنه.
address-told-sub = يمكنك تصحيح ما كتبت.
address-shop-has = العنوان الذي لدى المتجر
address-label = عنوانك
address-hint = الشارع والبناية والمدخل والطابق وما هو قريب.
address-submit = إرسال العنوان
address-submit-small = يحدده موظف على الخريطة
no-address = اكتب عنوانك
bad-address = اكتب عنوانا لا يزيد على 300 حرف

cancel-title = إلغاء هذا الطلب؟
cancel-back = يعود إليك { $amount }.
cancel-carried = الطلب مع المندوب ويعود إلى المتجر. يعود مالك حين يصل.
cancel-kept = بدأت الرحلة، ويحتسب منها { $amount }.
cancel-later = الأفضل لاحقا اليوم
cancel-not-today = الأفضل يوم آخر
cancel-yes = نعم، ألغه
cancel-no = لا، أبقه

answered-home = حسنا. نراك
answered-home-end = { "" }
answered-home-open = حسنا. أنت في البيت
answered-from = حسنا. نأتي بعد { $at }
answered-day = حسنا. نأتي { $day }
answered-day-open = حسنا. ليس اليوم
answered-until = حسنا. أنت في البيت حتى { $at }
answered-place = حسنا. نسأل المنسق
answered-receiver = حسنا. يستلمه { $name }
answered-sub = لا نسألك مرة أخرى إلا إذا تغير الوقت.
answered-sub-later = نسألك مرة أخرى قبل الانطلاق.
answered-sub-place = المكان الذي ذكرته: { $place }. ينظر فيه موظف قبل الانطلاق.
answered-sub-receiver = { $name }: يلزم الرمز من هذه الصفحة عند الباب.
courier-comes = { $courier } يأتي إليك
courier-none = نخبرك من سيأتي
stops-before = { $count ->
    [0] أنت المحطة التالية
    [one] قبلك محطة واحدة
    [two] قبلك محطتان
    [few] قبلك { $count } محطات
   *[other] قبلك { $count } محطة
  }
note-label = هل من شيء يجب أن يعرفه المندوب؟
note-hint = حتى 140 حرفا: مدخل، رمز باب، كلب.
note-submit = حفظ الملاحظة
note-kept = حفظت الملاحظة.
note-too-long = حتى 140 حرفا
kept-set-off = وصل جوابك. انطلق { $courier } ويراه.
kept-at-door = وصل جوابك، لكن { $courier } عند بابك.
code-label = رمزك عند الباب
code-later = عند الباب تقول رمزا. يظهر هنا حين يقترب المندوب.
code-never = لا نطلب الرمز بالهاتف أبدا.
change-answer = تغيير جوابي

way-title = طلبك في الطريق
way-minutes = دقيقة
way-soon = قريبا
way-about = نحو
way-promised = الموعد حتى { $at }
step-packed = جهز
step-on-the-way = في الطريق
step-next = أنت التالي
step-at-door = عند بابك
way-next = أنت المحطة التالية
way-brings = يحمل طلبك
way-seen = { $minutes ->
    [0] شوهد الآن.
    [one] شوهد قبل دقيقة.
    [two] شوهد قبل دقيقتين.
    [few] شوهد قبل { $minutes } دقائق.
   *[other] شوهد قبل { $minutes } دقيقة.
  }
way-last-seen = شوهد آخر مرة عند { $at }.
way-not-home = لست في البيت؟
way-show-code = إظهار الرمز
way-still = إيقاف التحديث
way-refresh = تحديث تلقائي

near-title = { $courier } عند بابك
near-title-early = رمزك للمندوب { $courier }
near-sub = قله أو أره. عدد الطرود: { $count }، { $total }.
near-sub-open = قله أو أره. عدد الطرود: { $count }.
near-early = هل المندوب أمامك؟ لا تظهر الرمز إلا حينها.
near-warn-head = عند الباب فقط.
near-warn = إعطاء الرمز يعني أن طلبك معك. لا يطلبه أحد منا بالهاتف أو برسالة.
near-locked = أدخلت رموز خاطئة كثيرة وبطل هذا الرمز. أنشئ رمزا جديدا وقله عند الباب.
near-new-code = إنشاء رمز جديد

receipt-title = استلمته عند { $at }
receipt-title-other = سلم عند { $at }
receipt-sub = سلمه إليك { $courier }، { $day }.
receipt-sub-other = سلمه { $courier } إلى { $name }، { $day }.
receipt-sub-open = سلم إليك، { $day }.
receipt-sub-other-open = سلم إلى { $name }، { $day }.
receipt-proof = الإثبات
proof-code = رمزك
proof-scan = مسح الرمز
proof-photo = صورة
proof-signature = توقيع
proof-witness = موظف الخدمة
receipt-total = المجموع
money-held = محجوز
money-taken = مأخوذ
money-given-back = معاد
money-owed = تعذر أخذه بعد؛ يخبرك المتجر
money-wanted = لم يحجز بعد؛ لا يأتي أحد قبل ذلك
money-waiting = محجوز حتى يوافق المتجر
receipt-problem = هل ينقص شيء أو انكسر، أو لم تستلم أنت؟
receipt-problem-call = اتصل بالمتجر
receipt-object = لم أستلمه
receipt-object-reason = ما المشكلة؟
receipt-object-hint = لا يؤخذ شيء قبل أن ينظر موظف في الأمر.
receipt-objected = قلت إن هناك مشكلة. ينظر موظف فيها، ولا يؤخذ شيء قبل ذلك.
receipt-closes = تغلق هذه الصفحة { $day }.

gone-unknown = هذا الرابط لا يؤدي إلى شيء
gone-unknown-sub = ربما كتب خطأ أو انتهى التوصيل. اسأل المتجر.
gone-finished = انتهى هذا التوصيل
gone-finished-sub = أسئلة؟ اسأل المتجر.
gone-cancelled = ألغي هذا الطلب
gone-cancelled-sub = لن يأتي.
gone-returned = عاد طلبك إلى المتجر
gone-returned-sub = يخبرك المتجر بما يحدث الآن.
gone-lost = ضاع طلبك
gone-lost-sub = المتجر يعلم ويخبرك بما يحدث الآن.

error-bad-request = لم ينجح ذلك
error-bad-request-sub = الصفحة قديمة أو ينقص شيء. لم يتغير شيء. ارجع وحاول من جديد.
error-too-many = محاولات كثيرة
error-too-many-sub = انتظر دقيقة ثم حاول من جديد. لم يتغير شيء.
error-internal = تعطل شيء عندنا
error-internal-sub = أجوبتك السابقة محفوظة. حاول بعد دقيقة أو اتصل بالمتجر.
error-number = رقم للمتجر: { $id }
error-go-on = إلى توصيلتي
